"""What is learnt from reviews, and what never is."""

import csv
from contextlib import closing
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.settings import Settings
from app.store.database import Store
from app.store.learning import Disagreement, LearningOptions, merged_reviews, write_training_csv
from app.store.models import HistoryEntry, Passage, Review
from app.store.reviews import change_review, refuse_on_passage, undo_review
from app.store.sampling import spread_order
from app.tagger import Tagger
from app.tagger.types import Topic
from tests.arabic import with_tatweel
from tests.conftest import TINY_TOPICS
from tests.store.saving import decision, saved
from tests.store.test_reviews_http import ARRESTS, ATTACK, WEATHER, reviewed
from training import LabelledData, load_labelled

FREE = LearningOptions(labelled=None)


def learnt(store: Store, path: Path, options: LearningOptions = FREE) -> dict[str, str]:
    write_training_csv(store, path, options)
    rows = csv.DictReader(StringIO(path.read_bytes().decode(), newline=""))
    return {row["text"]: row["labels"] for row in rows}


def test_the_latest_decision_of_each_reader_counts(store: Store, tmp_path: Path) -> None:
    first = saved(store, ATTACK, decision("huda", "ideology"))
    store.write(lambda session: change_review(session, first.id, decision("huda", "attacks"), 1))
    saved(store, ATTACK, decision("omar", "attacks"))
    gone = saved(store, WEATHER, decision("huda", "attacks"))
    store.write(lambda session: undo_review(session, gone.id, "huda", 1))
    assert learnt(store, tmp_path / "a.csv") == {ATTACK: "attacks"}


def test_passages_that_readers_differ_on_are_listed_and_not_learnt(store: Store, tmp_path: Path) -> None:
    first = saved(store, ATTACK, decision("huda", "attacks"), "a1")
    # The same words in another article and another spelling are the same passage to learn from.
    saved(store, with_tatweel(ATTACK), decision("omar", "ideology"), "a2")
    saved(store, ARRESTS, decision("omar", "counterterrorism", "attacks"))
    merged = write_training_csv(store, tmp_path / "a.csv", FREE)
    assert [found.readers for found in merged.disagreements] == [("huda", "omar")]
    assert merged.rows == 1
    assert learnt(store, tmp_path / "a.csv") == {ARRESTS: "attacks|counterterrorism"}
    store.write(lambda session: change_review(session, first.id, decision("huda", "ideology"), 1))
    assert merged_reviews(store, FREE).disagreements == ()


def test_nobody_outweighs_the_others(store: Store, tmp_path: Path) -> None:
    for number in range(40):
        # One caller, under many readers' names: what counts is through whom it came.
        by = decision(f"name {number}", "attacks", saved_by="flood", time=f"2024-01-01T00:00:{number:02}.000000+00:00")
        saved(store, f"فيضان {'ا' * (number + 1)} {ATTACK}", by)
    for number in range(20):
        saved(store, f"خبر {'ب' * (number + 1)} {WEATHER}", decision("huda"))
    for reader in ("huda", "omar"):
        saved(store, ARRESTS, decision(reader, "counterterrorism"))
    options = LearningOptions(reader_share=0.3, reader_rows=5, labelled=None)
    merged = write_training_csv(store, tmp_path / "a.csv", options)
    assert {found.name: found.left_out for found in merged.capped} == {"flood": 22, "huda": 2}
    kept = learnt(store, tmp_path / "a.csv", options)
    assert len(kept) == merged.rows == 18 + 18 + 1
    assert kept[ARRESTS] == "counterterrorism"
    assert f"فيضان {'ا' * 40} {ATTACK}" in kept
    assert f"فيضان {'ا' * 1} {ATTACK}" not in kept
    assert merged_reviews(store, LearningOptions(reader_rows=100, labelled=None)).capped == ()


def test_the_golden_set_is_never_overridden(
    store: Store, tmp_path: Path, tiny_tagger: Tagger, tiny_data: LabelledData
) -> None:
    golden = tiny_tagger.bundle.golden[0].text
    corpus = tiny_data.rows[5].text
    for text in (with_tatweel(golden), corpus, ATTACK):
        saved(store, text, decision("huda", "attacks"))
    # Run from the repository, the shipped labels are there; the golden passages are those of the model in use.
    merged = write_training_csv(store, tmp_path / "a.csv")
    assert (merged.rows, merged.protected) == (1, 2)
    labelled = tmp_path / "labelled.csv"
    labelled.write_text(f'text,labels\n"{ATTACK}",ideology\n', "utf-8")
    assert merged_reviews(store, LearningOptions(golden=frozenset({golden}), labelled=labelled)).protected == 2
    assert merged_reviews(store, FREE).rows == 3


def test_the_merged_csv_trains_and_the_service_tells_what_it_holds(
    client: TestClient, store: Store, tmp_path: Path, tiny_topics: tuple[Topic, ...]
) -> None:
    review = reviewed(client, f'{ATTACK}\n"=1', ["attacks", "ideology"])
    reviewed(client, ARRESTS, [])
    client.get("/v1/training-jobs")  # jobs begin with the first request about them
    client.app.state.jobs.export_reviews(tmp_path / "a.csv")  # type: ignore[attr-defined]
    data = load_labelled(tmp_path / "a.csv", tiny_topics)
    assert {row.text: row.labels for row in data.rows} == {
        f'{ATTACK}\n"=1': {"attacks", "ideology"},
        ARRESTS: frozenset(),
    }
    assert data.refusals == ()
    assert client.get("/v1/reviews/merged").json() == {"rows": 2, "disagreements": [], "capped": [], "protected": 0}
    # Another reader's decision, brought by a file, makes the passage disputed.
    row = {"text": f'{ATTACK}\n"=1', "labels": [], "reviewer": "omar", "passage_id": review["passage_id"]}
    assert client.post("/v1/reviews/import", json=[row]).json()["created"] == 1
    told = client.get("/v1/reviews/merged").json()
    assert told["disagreements"] == [{"passage_id": review["passage_id"], "readers": ["local", "omar"]}]
    assert Disagreement(review["passage_id"], ("local", "omar")) in merged_reviews(store).disagreements
    assert client.get("/v1/reviews/progress").json()["disputed"] == 1


def test_spread_order_begins_far_from_what_was_seen() -> None:
    seen = [{"a": 1.0, "b": 0.0}]
    profiles = [{"a": 0.9, "b": 0.1}, {"a": 0.1, "b": 0.9}, {"a": 0.5, "b": 0.5}, {}]
    assert spread_order(profiles, seen) == [3, 1, 2, 0]
    assert spread_order(profiles, []) == [0, 1, 2, 3]
    assert spread_order([], seen) == []


steps = st.lists(
    st.tuples(st.sampled_from(["change", "undo", "stale"]), st.sets(st.sampled_from(TINY_TOPICS))), max_size=12
)


@settings(max_examples=30, deadline=None)
@given(steps)
def test_history_only_grows_and_undo_goes_back_through_it(chosen: list[tuple[str, set[str]]]) -> None:
    with TemporaryDirectory() as folder, closing(Store(Settings(state=Path(folder)))) as store:
        review = saved(store, ATTACK, decision("huda"))
        states: list[tuple[str, ...]] = [()]
        before = entries_of(store)
        for step, topics in chosen:
            made = decision("huda", *topics)
            revision = row_of(store, review.id).revision
            if step == "stale":
                store.write(partial(refuse_on_passage, passage_id=review.passage_id, decided=made))
            elif step == "change" and states:
                store.write(partial(change_review, review_id=review.id, decided=made, revision=revision))
                states.append(tuple(sorted(topics)))
            elif step == "undo" and states:
                store.write(partial(undo_review, review_id=review.id, reviewer="huda", revision=revision))
                states.pop()
            after = entries_of(store)
            assert after[: len(before)] == before
            before = after
            row = row_of(store, review.id)
            assert (row.withdrawn, row.topics if states else None) == (not states, states[-1] if states else None)
            state = store.read(lambda session: session.get_one(Passage, review.passage_id).state)
            assert state == ("done" if states else "open")


def row_of(store: Store, review_id: str) -> Review:
    return store.read(lambda session: session.get_one(Review, review_id))


def entries_of(store: Store) -> list[tuple[object, ...]]:
    query = select(HistoryEntry.number, HistoryEntry.action, HistoryEntry.topics_after, HistoryEntry.revision)
    return store.read(lambda session: [tuple(row) for row in session.execute(query.order_by(HistoryEntry.number))])
