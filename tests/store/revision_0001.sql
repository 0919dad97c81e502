BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE articles (
	id VARCHAR(64) NOT NULL, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	source TEXT NOT NULL, 
	date TEXT NOT NULL, 
	saved_by VARCHAR(200) NOT NULL, 
	time VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "articles" VALUES('01a20f0b72545de2f56e378e3a18cbcf','عنوان','انفجرت عبوة.

قرأ الوزير كتابا في المعرض.','','','local','2026-11-24T19:32:18.132244+00:00');
CREATE TABLE kept_answers (
	caller VARCHAR(200) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	request_sha256 VARCHAR(64) NOT NULL, 
	answer JSON NOT NULL, 
	time VARCHAR(32) NOT NULL, 
	PRIMARY KEY (caller, "key")
);
INSERT INTO "kept_answers" VALUES('local','first','1d53a1752123321494ea471f458da10cb85f608e36cb3494b4c940f092a287af','{"id": "01a20f0b71f2253e3211635cc0eb1551", "passage_id": "01a20f0b71f0bd0c4bb08d501772732c", "article_id": "", "reviewer": "local", "topics_before": ["attacks"], "topics": ["attacks"], "model_version": "ff04c738951a", "note": "\u0648\u0627\u0636\u062d", "time": "2026-11-24T19:32:18.034914+00:00", "revision": 1, "passage_revision": 1, "withdrawn": false}','2026-11-24T19:32:18.038536+00:00');
CREATE TABLE passages (
	id VARCHAR(64) NOT NULL, 
	article_id VARCHAR(200) NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	text_sha256 VARCHAR(64) NOT NULL, 
	source TEXT NOT NULL, 
	date TEXT NOT NULL, 
	topics TEXT NOT NULL, 
	scores JSON NOT NULL, 
	margin DOUBLE, 
	model_version VARCHAR(200) NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	revision INTEGER NOT NULL, 
	leased_by VARCHAR(200), 
	leased_until DOUBLE, 
	added_by VARCHAR(200) NOT NULL, 
	time VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_passages_place UNIQUE (article_id, text_sha256, start)
);
INSERT INTO "passages" VALUES('01a20f0b71f0bd0c4bb08d501772732c','',0,22,'انفجرت عبوة قرب السوق.','9d71cc014b0877dc9daf3b6298eda4ecacc651566db873fceb272cb3f83401ec','','','|attacks|','{"attacks": 0.999949, "culture": 5.1e-05}',9.99843161946576408638e-01,'ff04c738951a','done',2,NULL,NULL,'local','2026-11-24T19:32:18.032192+00:00');
INSERT INTO "passages" VALUES('01a20f0b72315d794039b34c84789c1f','a-1',0,17,'قرأ الطالب كتابا.','7023fd496c78603c2d1dabdc056d126ea069e12f2ff09f0b617c4c9bffc1cc8f','جريدة','','|culture|','{"attacks": 0.000225, "culture": 0.999775}',9.99308028293089622984e-01,'ff04c738951a','done',1,NULL,NULL,'local','2026-11-24T19:32:18.097193+00:00');
INSERT INTO "passages" VALUES('01a20f0b72549f159db55baa4f73ef87','01a20f0b72545de2f56e378e3a18cbcf',0,12,'انفجرت عبوة.','1285a30be0c91f4fef28d673c631c2d46ccb9b5dd537e20a874c35a1d56b8107','','','','{"attacks": 0.999943, "culture": 5.7e-05}',9.99823135491314407552e-01,'ff04c738951a','open',0,'local',1.79554933823802876473e+09,'local','2026-11-24T19:32:18.132432+00:00');
INSERT INTO "passages" VALUES('01a20f0b7254d68700518222862030bf','01a20f0b72545de2f56e378e3a18cbcf',14,41,'قرأ الوزير كتابا في المعرض.','35cc4f11523678ed8a5d8ecbf7690ee8a56f766f7ad2e602c77f1e7576d89629','','','|culture|','{"attacks": 5e-06, "culture": 0.999995}',9.99983933815112413512e-01,'ff04c738951a','open',0,NULL,NULL,'local','2026-11-24T19:32:18.132495+00:00');
CREATE TABLE review_history (
	number INTEGER NOT NULL, 
	passage_id VARCHAR(64) NOT NULL, 
	review_id VARCHAR(64), 
	action VARCHAR(10) NOT NULL, 
	reviewer VARCHAR(200) NOT NULL, 
	saved_by VARCHAR(200) NOT NULL, 
	topics_before TEXT, 
	topics_after TEXT, 
	note TEXT NOT NULL, 
	model_version VARCHAR(200) NOT NULL, 
	revision INTEGER NOT NULL, 
	time VARCHAR(32) NOT NULL, 
	PRIMARY KEY (number), 
	FOREIGN KEY(passage_id) REFERENCES passages (id)
);
INSERT INTO "review_history" VALUES(1,'01a20f0b71f0bd0c4bb08d501772732c','01a20f0b71f2253e3211635cc0eb1551','save','local','local','|attacks|','|attacks|','واضح','ff04c738951a',1,'2026-11-24T19:32:18.034934+00:00');
INSERT INTO "review_history" VALUES(2,'01a20f0b71f0bd0c4bb08d501772732c','01a20f0b71f2253e3211635cc0eb1551','change','local','local','|attacks|','','خبر لا هجوم','ff04c738951a',2,'2026-11-24T19:32:18.068154+00:00');
INSERT INTO "review_history" VALUES(3,'01a20f0b72315d794039b34c84789c1f','01a20f0b72326b3963f3d892b552b75c','save','local','local','|culture|','|culture|','','ff04c738951a',1,'2026-11-24T19:32:18.098120+00:00');
CREATE TABLE reviews (
	id VARCHAR(64) NOT NULL, 
	passage_id VARCHAR(64) NOT NULL, 
	reviewer VARCHAR(200) NOT NULL, 
	saved_by VARCHAR(200) NOT NULL, 
	topics_before TEXT, 
	topics TEXT NOT NULL, 
	model_version VARCHAR(200) NOT NULL, 
	note TEXT NOT NULL, 
	time VARCHAR(32) NOT NULL, 
	revision INTEGER NOT NULL, 
	withdrawn BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_reviews_reader UNIQUE (passage_id, reviewer), 
	FOREIGN KEY(passage_id) REFERENCES passages (id)
);
INSERT INTO "reviews" VALUES('01a20f0b71f2253e3211635cc0eb1551','01a20f0b71f0bd0c4bb08d501772732c','local','local','|attacks|','','ff04c738951a','خبر لا هجوم','2026-11-24T19:32:18.068131+00:00',2,0);
INSERT INTO "reviews" VALUES('01a20f0b72326b3963f3d892b552b75c','01a20f0b72315d794039b34c84789c1f','local','local','|culture|','|culture|','ff04c738951a','','2026-11-24T19:32:18.098103+00:00',1,0);
CREATE TABLE skips (
	passage_id VARCHAR(64) NOT NULL, 
	reviewer VARCHAR(200) NOT NULL, 
	time VARCHAR(32) NOT NULL, 
	PRIMARY KEY (passage_id, reviewer), 
	FOREIGN KEY(passage_id) REFERENCES passages (id)
);
INSERT INTO "skips" VALUES('01a20f0b7254d68700518222862030bf','local','2026-11-24T19:32:18.236944+00:00');
CREATE INDEX ix_passages_state_margin ON passages (state, margin, id);
CREATE INDEX ix_passages_text_sha256 ON passages (text_sha256);
CREATE INDEX ix_reviews_reviewer ON reviews (reviewer);
CREATE INDEX ix_review_history_passage_id ON review_history (passage_id);
CREATE INDEX ix_review_history_review_id ON review_history (review_id);
CREATE INDEX ix_kept_answers_time ON kept_answers (time);
CREATE TRIGGER review_history_no_update BEFORE UPDATE ON review_history BEGIN SELECT RAISE(ABORT, 'review_history is only added to'); END;
CREATE TRIGGER review_history_no_delete BEFORE DELETE ON review_history BEGIN SELECT RAISE(ABORT, 'review_history is only added to'); END;
COMMIT;
