import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from app.tagger import Tagger
from app.tagger.types import Topic
from training import LabelledData
from training.evaluate import evaluate
from training.measurement import BY_TOPIC, OVERALL, Measurement, measurement_of, metrics_json
from training.plots import calibration_svg, scores_svg, topics_svg
from training.report import MOST_SUSPECTS, report_page
from training.suspects import Suspect

VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """Reads a page; fails where a tag closes another than the one that is open."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data


@pytest.fixture(scope="module")
def measurement(tiny_tagger: Tagger, corpus: LabelledData) -> Measurement:
    ids = {topic.id for topic in tiny_tagger.topics}
    rows = tuple(replace(row, labels=row.labels & ids) for row in corpus.rows[300:420])
    data = LabelledData(rows, (), "ab" * 32)
    suspects = tuple(Suspect(f"row-{line}", line, "attacks", line % 2 == 0, 0.25) for line in range(60))
    found = measurement_of(tiny_tagger, data, "rows & columns.csv")
    return replace(found, baselines={"majority": evaluate(tiny_tagger, data)}, suspects=suspects)


def test_the_page_is_right_to_left_html_that_holds_every_topic(measurement: Measurement) -> None:
    page = Page(report_page(measurement))
    assert ("html", {"lang": "ar", "dir": "rtl"}) in page.tags
    assert sum(tag == "img" for tag, _ in page.tags) == 3
    for topic, found in zip(measurement.topics, measurement.evaluation.topics, strict=True):
        assert topic.name_ar in page.text
        assert topic.name_en in page.text
        assert f"{found.f1:.3f}" in page.text
    micro = measurement.intervals.micro_f1
    assert f"{micro.low:.3f}–{micro.high:.3f}" in page.text
    for told in ("rows & columns.csv", measurement.model, "ab" * 32, "majority", "row-0", "120"):
        assert told in page.text
    assert f"row-{MOST_SUSPECTS}" not in page.text


def test_the_page_needs_no_script_and_no_host(measurement: Measurement) -> None:
    content = report_page(measurement)
    for tag, attributes in Page(content).tags:
        assert tag not in ("script", "link", "iframe", "object", "form")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "srcset", "action"):
                assert (value or "").startswith("data:")
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//|@import|url\(", content)


def test_intervals_and_numbers_stay_left_to_right(measurement: Measurement) -> None:
    """In a right-to-left line the two ends of a range would change places."""
    ranges = [attributes for _, attributes in Page(report_page(measurement)).tags if attributes.get("class") == "range"]
    assert len(ranges) > 7
    assert all(attributes["dir"] == "ltr" for attributes in ranges)


def test_names_and_ids_are_escaped(measurement: Measurement) -> None:
    evil = '<script>alert("x")</script>'
    first, *others = measurement.topics
    changed = replace(
        measurement,
        topics=(Topic(first.id, evil, evil), *others),
        data=replace(measurement.data, name=evil),
        baselines={evil: measurement.evaluation},
        suspects=(Suspect(evil, 2, first.id, True, 0.1),),
    )
    content = report_page(changed)
    assert "<script" not in content
    assert Page(content).text.count(evil) >= 5


def test_a_page_without_baselines_suspects_and_confusions(measurement: Measurement) -> None:
    page = Page(report_page(replace(measurement, baselines={}, suspects=(), confusions=())))
    assert "simpler methods" not in page.text
    assert "Labels of the training data" not in page.text


def test_the_page_holds_no_passage(measurement: Measurement, corpus: LabelledData) -> None:
    content = report_page(measurement)
    assert not any(row.text[:40] in content for row in corpus.rows[300:420])


def test_equal_measurements_give_equal_bytes(measurement: Measurement) -> None:
    assert report_page(measurement) == report_page(measurement)


def test_plots_hold_their_text_and_no_date(measurement: Measurement) -> None:
    drawn = [
        topics_svg(measurement.evaluation, measurement.intervals),
        calibration_svg(measurement.calibration),
        scores_svg(measurement.histogram),
    ]
    for svg in drawn:
        assert svg.startswith("<svg")
        assert "dc:date" not in svg
        assert len(svg) < 60_000
    for topic in measurement.topics:
        assert topic.id in drawn[0]
    assert f"{measurement.calibration[0].count:,}" in drawn[1]


@pytest.mark.parametrize("id", ["a$b$c", "a$b", "هجمات وتفجيرات"])
def test_any_id_is_drawn_as_it_is_written(measurement: Measurement, id: str) -> None:
    """Dollars are no formula, and Arabic letters stay text, which the browser joins."""
    topics = (replace(measurement.evaluation.topics[0], topic=id), *measurement.evaluation.topics[1:])
    assert id in topics_svg(replace(measurement.evaluation, topics=topics), measurement.intervals)


def test_metrics_are_valid_json_without_nan(measurement: Measurement) -> None:
    told = metrics_json(measurement)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert {"format", "model", "data", "overall", "topics", "calibration", "confusions", "baselines"} <= set(told)
    assert set(told["overall"]) == {*OVERALL, "calibration_error"}
    assert told["overall"]["micro_f1"]["value"] == round(measurement.evaluation.micro_f1, 4)
    assert told["data"]["rows"] == 120
    assert told["data"]["articles"] == measurement.data.articles
    for topic in measurement.topics:
        entry = told["topics"][topic.id]
        assert entry["name_ar"] == topic.name_ar
        for name in BY_TOPIC:
            measure = entry[name]
            assert 0 <= measure["low"] <= measure["value"] <= measure["high"] <= 1
    assert sum(found["count"] for found in told["calibration"]) == 120 * len(measurement.topics)


def test_a_measure_that_does_not_exist_is_null(tiny_tagger: Tagger, corpus: LabelledData) -> None:
    rows = tuple(replace(row, labels=frozenset()) for row in corpus.rows[:10])
    found = measurement_of(tiny_tagger, LabelledData(rows, (), ""), "no topic")
    told = metrics_json(found)
    json.dumps(told, allow_nan=False)
    assert told["overall"]["macro_f1"] == {"value": None, "low": None, "high": None}
    assert told["topics"]["attacks"]["average_precision"]["value"] is None
    assert "–" in Page(report_page(found)).text
