// The page where an article is read: paste or drop, see the topics, correct, save, take the tags along.

import { ask, newKey, Refusal } from "./api.js";
import { isConflict, resolved } from "./conflict.js";
import { Known } from "./decisions.js";
import { tell } from "./dom.js";
import { textOfFile } from "./files.js";
import { mostBytes, say, timeOf } from "./page.js";
import { Passage } from "./passage.js";
import { taggedSection } from "./reading.js";
import { copyTable, saveCsv, saveJson } from "./tables.js";

const form = document.getElementById("article-form");
const area = document.getElementById("article-text");
const formStatus = document.getElementById("form-status");
const desk = document.getElementById("desk");
const deskStatus = document.getElementById("desk-status");
const saveButton = document.getElementById("save");

/** The article on the page; `known` has an entry for each passage once the article is saved. */
let article = { text: "", source: "", passages: [], known: null, key: "", unsaved: new Set() };
let source = "";

function begin(text) {
  const passages = [...document.querySelectorAll("#passages > .passage")];
  article = { text, source, passages: [], known: null, key: newKey(), unsaved: new Set() };
  article.passages = passages.map((node) => new Passage(node, { onChange: noteChange }));
  desk.hidden = !passages.length;
  tell(deskStatus, "");
}

function noteChange(passage) {
  article.unsaved.add(passage);
  passage.tell(say("unsaved"), "open");
}

async function tag(text) {
  if (article.unsaved.size && !confirm(say("leave_unsaved"))) return;
  if (new URLSearchParams({ text }).toString().length > mostBytes - 200) {
    tell(formStatus, say("problem_body-too-large"), "bad");
    return;
  }
  tell(formStatus, say("tagging"));
  try {
    const section = await taggedSection(text);
    document.getElementById("result").replaceWith(section);
    begin(text);
    tell(formStatus, "");
    section.querySelector("#passages, .fault")?.scrollIntoView({ block: "start" });
    section.querySelector(".passage")?.focus({ preventScroll: true });
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    tell(formStatus, refusal.message, "bad");
  }
}

async function openFile(file) {
  try {
    area.value = await textOfFile(file);
  } catch {
    tell(formStatus, say("file_unreadable"), "bad");
    return;
  }
  source = file.name.slice(0, 500);
  tell(formStatus, say("file_opened", { name: `\u2068${file.name}\u2069` }));
  await tag(area.value);
}

async function save() {
  saveButton.disabled = true;
  tell(deskStatus, say("saving"));
  try {
    if (article.known === null) await saveArticle();
    else for (const passage of [...article.unsaved]) await savePassage(passage);
    tell(deskStatus, article.unsaved.size ? say("some_unsaved") : say("article_saved"), article.unsaved.size ? "bad" : "good");
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    tell(deskStatus, refusal.message, "bad");
  } finally {
    saveButton.disabled = false;
  }
}

async function saveArticle() {
  const sent = article.passages.filter((passage) => passage.decided).map((passage) => ({ passage, topics: passage.topics }));
  const reviews = sent.map(({ passage, topics }) => ({ start: passage.start, end: passage.end, topics }));
  const json = { text: article.text, source: article.source, reviews };
  const print = JSON.stringify(json);
  if (article.sent !== print) article.key = newKey();
  article.sent = print;
  const saved = await ask("POST", "/v1/articles", { json, key: article.key });
  const byPassage = new Map(saved.reviews.map((review) => [review.passage_id, review]));
  article.known = new Map(saved.tagged.map((each) => [each.start, new Known(each.id, each.revision, byPassage.get(each.id))]));
  for (const { passage, topics } of sent) settled(passage, topics, article.known.get(passage.start).review);
}

async function savePassage(passage) {
  const known = article.known.get(passage.start);
  const { topics } = passage;
  try {
    settled(passage, topics, await known.save(topics));
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (!isConflict(refusal)) {
      passage.tell(refusal.message, "bad");
      throw refusal;
    }
    passage.tell(refusal.message, "bad");
    if (await resolved(passage.article, known, topics)) await savePassage(passage);
    else {
      article.unsaved.delete(passage);
      passage.tell(say("left_to_others"));
    }
  }
}

function settled(passage, topics, review) {
  if (passage.topics.join() !== topics.join()) return;
  article.unsaved.delete(passage);
  passage.tell(say("saved_at", { time: timeOf(review.time) }), "good");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tag(area.value);
});
area.addEventListener("input", () => (source = ""));
for (const name of ["dragover", "drop"]) {
  form.addEventListener(name, (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    if (name === "drop" && event.dataTransfer.files.length) openFile(event.dataTransfer.files[0]);
  });
}
const picker = document.getElementById("article-file");
picker.addEventListener("change", () => {
  if (picker.files.length) openFile(picker.files[0]);
  picker.value = "";
});
saveButton?.addEventListener("click", save);
document.getElementById("copy-table").addEventListener("click", async () => {
  try {
    await copyTable(article.passages);
    tell(deskStatus, say("copied"), "good");
  } catch {
    tell(deskStatus, say("copy_refused"), "bad");
  }
});
const version = () => document.getElementById("result-version").textContent;
document.getElementById("export-csv").addEventListener("click", () => saveCsv(article.passages));
document.getElementById("export-json").addEventListener("click", () => saveJson(article.passages, version()));
addEventListener("beforeunload", (event) => {
  if (article.unsaved.size) event.preventDefault();
});
document.querySelectorAll(".needs-script").forEach((node) => (node.hidden = false));
begin(area.defaultValue);
document.documentElement.dataset.ready = "yes";
