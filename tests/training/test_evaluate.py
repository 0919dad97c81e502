import csv
import io
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tagger import Tagger
from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from training import FitOptions, LabelledData, evaluate
from training.bootstrap import intervals_of
from training.evidence_csv import errors_csv, safe_cell
from training.judged import Judged, judged
from training.measurement import Confusion, confusions_of
from training.rows import LabelledRow
from training.suspects import cross_validated, suspicious_labels

WORDS = {
    "attacks": ["انفجار", "تفجير", "قنبلة", "هجوم", "انتحاري", "مفخخة", "عبوة", "ناسفة"],
    "ideology": ["فكر", "عقيدة", "فتوى", "تكفير", "غلو", "منهج", "خطاب", "مذهب"],
    "financing": ["مال", "تمويل", "فدية", "نفط", "حوالة", "تبرع", "مصرف", "ضريبة"],
}
TOPICS = tuple(Topic(id, id, id) for id in WORDS)
FILLER = ["قال", "في", "بيان", "صحافي", "امس", "ان", "المدينة", "شهدت", "يوما", "وان", "المسؤول", "اضاف"]


def made_rows(seed: int, rows: int = 180) -> LabelledData:
    """Rows whose labels show in their words; every fourth has no topic."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(rows):
        label = [*WORDS, None][number % 4]
        words = [*random.choice(FILLER, 6), *(random.choice(WORDS[label], 4) if label else [])]
        random.shuffle(words)
        labels = frozenset([label] if label else [])
        made.append(LabelledRow(number + 2, f"r{number}", f"r{number}", " ".join(words), labels))
    return LabelledData(tuple(made), (), "")


def table_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_judged_rows_are_what_the_service_would_say(tiny_tagger: Tagger, tiny_data: LabelledData) -> None:
    data = replace(tiny_data, rows=tiny_data.rows[:40])
    rows = judged(tiny_tagger, data)
    place = next(place for place in range(40) if rows.decided[place].any())
    tagged = tiny_tagger.tag(data.rows[place].text)
    assert {topic.topic.id for topic in tagged.topics} == {
        topic for topic, given_ in zip(rows.topics, rows.decided[place], strict=True) if given_
    }
    assert rows.scores is not None
    assert rows.scores[place].tolist() == list(tagged.passages[0].scores.values())
    found = evaluate(tiny_tagger, data)
    assert found.rows == 40
    assert found.exact_match == (rows.targets == rows.decided).all(axis=1).mean()
    turned = judged(tiny_tagger, data, tiny_tagger.topics[::-1])
    assert (turned.decided[:, ::-1] == rows.decided).all()
    assert (turned.targets[:, ::-1] == rows.targets).all()


def test_a_short_text_gets_no_topic_whatever_its_scores(tiny_tagger: Tagger, tiny_data: LabelledData) -> None:
    short = replace(tiny_data, rows=(replace(tiny_data.rows[0], text="انفجار كبير"),))
    assert not judged(tiny_tagger, short).decided.any()


def test_confusions_by_hand() -> None:
    targets = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    decided = np.array([[0, 1, 0], [0, 1, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=bool)
    rows = Judged(("a", "b", "c"), tuple("vwxyz"), targets, None, decided)
    assert confusions_of(rows) == (Confusion("a", "b", 2), Confusion("a", "c", 1))


def test_intervals_of_5000_rows_and_16_topics_take_seconds_at_most() -> None:
    random = np.random.default_rng(0)
    targets = random.random((5000, 16)) < 0.08
    scores = np.clip(targets * 0.3 + random.random((5000, 16)) * 0.7, 0, 1)
    articles = tuple(map(str, random.integers(3000, size=5000)))
    began = time.process_time()
    intervals_of(Judged(tuple(map(str, range(16))), articles, targets, scores, scores > 0.6))
    assert time.process_time() - began < 4


def test_errors_tell_row_line_topics_scores_and_words(tiny_tagger: Tagger, tiny_data: LabelledData) -> None:
    """The first row's labels are turned round, so that every decision of it is an error."""
    ids = {topic.id for topic in tiny_tagger.topics}
    row = next(row for row in tiny_data.rows if row.labels & ids)
    turned = replace(row, labels=frozenset(ids - row.labels), text=row.text)
    data = replace(tiny_data, rows=(turned,))
    rows = judged(tiny_tagger, data)
    (told,) = table_of(errors_csv(tiny_tagger, data, rows))
    assert (told["id"], told["line"], told["text"]) == (row.id, str(row.line), row.text)
    assert set(told["missed"].split("|")) == turned.labels - {
        topic.topic.id for topic in tiny_tagger.tag(row.text).topics
    }
    assert set(told["wrongly_given"].split("|")) <= row.labels
    for topic in (*told["missed"].split("|"), *told["wrongly_given"].split("|")):
        assert f"{topic}: " in told["words"]
        assert f"{topic} {tiny_tagger.tag(row.text).passages[0].scores[topic]:.3f}" in told["scores"]
    wrong = told["wrongly_given"].split("|")[0]
    words = told["words"].split(f"{wrong}: ")[1].split(";")[0].split(", ")
    assert len(words) == 5
    assert all(word.rsplit(" ", 1)[0] in row.text for word in words)
    sizes = [abs(float(word.rsplit(" ", 1)[1])) for word in words]
    assert sizes == sorted(sizes, reverse=True)


def test_right_rows_are_no_errors(tiny_tagger: Tagger, tiny_data: LabelledData) -> None:
    given_ = judged(tiny_tagger, tiny_data).decided
    ids = np.array([topic.id for topic in tiny_tagger.topics])
    right = [replace(row, labels=frozenset(ids[found])) for row, found in zip(tiny_data.rows, given_, strict=True)]
    data = replace(tiny_data, rows=tuple(right))
    assert table_of(errors_csv(tiny_tagger, data, judged(tiny_tagger, data))) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "＝"])
def test_cells_that_begin_a_formula_are_made_safe(start: str, tiny_tagger: Tagger, tiny_data: LabelledData) -> None:
    assert safe_cell(f"{start}SUM(A1)") == f"'{start}SUM(A1)"
    row = replace(tiny_data.rows[0], id=f"{start}1", labels=frozenset(topic.id for topic in tiny_tagger.topics))
    data = replace(tiny_data, rows=(replace(row, text=start + row.text),))
    (told,) = table_of(errors_csv(tiny_tagger, data, judged(tiny_tagger, data)))
    assert told["id"] == f"'{start}1"
    assert told["text"] == f"'{start}{row.text}"


@given(st.text(max_size=20))
def test_no_cell_begins_a_formula_and_nothing_else_changes(cell: str) -> None:
    safe = safe_cell(cell)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe in (cell, f"'{cell}")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_labels_flipped_at_random_are_found_near_the_top(seed: int) -> None:
    data, random = made_rows(seed), np.random.default_rng(seed + 10)
    flipped = {(int(row), int(random.integers(3))) for row in random.choice(len(data.rows), 9, replace=False)}
    rows = list(data.rows)
    for row, k in flipped:
        rows[row] = replace(rows[row], labels=rows[row].labels ^ {TOPICS[k].id})
    spoilt = replace(data, rows=tuple(rows))
    scores = cross_validated(spoilt, TOPICS, options=FitOptions(folds=3, jobs=1))
    assert scores.shape == (180, 3)
    found = suspicious_labels(spoilt, TOPICS, scores)
    assert [suspect.distance for suspect in found] == sorted((each.distance for each in found), reverse=True)
    wanted = {(rows[row].id, rows[row].line, TOPICS[k].id) for row, k in flipped}
    top = {(suspect.id, suspect.line, suspect.topic) for suspect in found[: len(flipped) + 3]}
    assert len(wanted & top) >= 7
    for suspect in found:
        row = next(row for row in rows if row.id == suspect.id)
        assert suspect.labelled == (suspect.topic in row.labels)


@given(st.sets(st.tuples(st.integers(0, 39), st.integers(0, 2)), max_size=10))
def test_scores_that_know_the_truth_find_all_flipped_labels_and_no_other(flipped: set[tuple[int, int]]) -> None:
    data = made_rows(0, rows=40)
    scores = np.where(data.targets(TOPICS), 0.9, 0.1)
    rows = list(data.rows)
    for row, k in flipped:
        rows[row] = replace(rows[row], labels=rows[row].labels ^ {TOPICS[k].id})
    found = suspicious_labels(replace(data, rows=tuple(rows)), TOPICS, scores)
    assert {(suspect.id, suspect.topic) for suspect in found} == {(f"r{row}", TOPICS[k].id) for row, k in flipped}


def test_out_of_fold_scores_are_the_fits_own(
    tiny_data: LabelledData, tiny_topics: tuple[Topic, ...], tiny_bundle, phrases
) -> None:  # type: ignore[no-untyped-def]
    """Measured, they give the numbers that `fit` writes as its cross-validation."""
    scores = cross_validated(tiny_data, tiny_topics, phrases, FitOptions(folds=3, jobs=1))
    decided = scores >= tiny_bundle.thresholds
    hits = (decided & tiny_data.targets(tiny_topics)).sum()
    micro = 2 * hits / (decided.sum() + tiny_data.targets(tiny_topics).sum())
    assert round(float(micro), 4) == tiny_bundle.training["cross_validation"]["micro_f1"]


def test_too_few_rows_cannot_be_cross_validated() -> None:
    with pytest.raises(LabelledDataError, match="articles are too few"):
        cross_validated(made_rows(0, rows=2), TOPICS)
