import subprocess
import sys

import pytest
from hypothesis import given

from app.tagger import InputError, Tagger, TagOptions
from tests import arabic

ATTACK = "انفجرت سيارة مفخخة في سوق شعبي وقتل عشرة أشخاص وأعلن تنظيم داعش مسؤوليته عن الهجوم الانتحاري."


@given(arabic.mixed_text)
def test_passages_are_slices_and_topics_are_sorted(tiny_tagger: Tagger, article: str) -> None:
    tagged = tiny_tagger.tag(article, TagOptions(thresholds={"attacks": 0.0, "ideology": 0.0}))
    for found in tagged.passages:
        assert article[found.passage.start : found.passage.end] == found.passage.text
        order = [(-topic.score, topic.topic.id) for topic in found.topics]
        assert order == sorted(order)
        assert all(topic.score >= topic.threshold for topic in found.topics)
        assert set(found.scores) == {topic.id for topic in tiny_tagger.topics}
        assert ("no_topic" in found.notes) == (not found.topics)


def test_an_article_has_the_topics_of_its_passages(shipped_tagger: Tagger) -> None:
    tagged = shipped_tagger.tag(f"{ATTACK}\n\nتفوز البلدية بجائزة أجمل حديقة عامة في المنطقة.\n\n{ATTACK}")
    attacks = next(topic for topic in tagged.topics if topic.topic.id == "attacks")
    assert attacks.passages == (0, 2)
    assert attacks.score == max(tagged.passages[place].scores["attacks"] for place in (0, 2))
    assert tagged.passages[1].notes == ("no_topic",)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("هجوم انتحاري", "too_short"),
        ("A car bomb exploded in a market.", "not_arabic"),
        ("خزعبلن طقمشير زغلبوت", "unknown_words"),
    ],
)
def test_notes_say_why(tiny_tagger: Tagger, text: str, note: str) -> None:
    (found,) = tiny_tagger.tag(text, TagOptions(thresholds={"attacks": 0.0})).passages
    assert note in found.notes
    assert (found.topics == ()) == (note != "unknown_words")


def test_thresholds_of_the_caller_win(tiny_tagger: Tagger) -> None:
    none = tiny_tagger.tag(ATTACK, TagOptions(thresholds={topic.id: 1.0 for topic in tiny_tagger.topics}))
    assert none.passages[0].topics == ()
    with pytest.raises(InputError, match="unknown topics"):
        tiny_tagger.tag(ATTACK, TagOptions(thresholds={"weather": 0.5}))


def test_too_many_passages_are_refused(tiny_tagger: Tagger) -> None:
    with pytest.raises(InputError, match="3 passages are more than 2"):
        tiny_tagger.tag("فقرة\nفقرة\nفقرة", TagOptions(max_passages=2))


def test_one_passage_on_request(tiny_tagger: Tagger) -> None:
    article = f" {ATTACK}\n{ATTACK} "
    (found,) = tiny_tagger.tag(article, TagOptions(segment="none")).passages
    assert (found.passage.start, found.passage.end) == (1, len(article) - 1)


@pytest.mark.parametrize("article", ["", " \n ", "\u200f"])
def test_nothing_to_tag(tiny_tagger: Tagger, article: str) -> None:
    assert tiny_tagger.tag(article).topics == []


def test_serving_imports_no_training_library() -> None:
    code = (
        "import sys; from app.main import create_app; from app.tagger import Tagger; create_app(); "
        "Tagger.open('models/default').tag('نص قصير للتجربة'); "
        "sys.exit([m for m in ('sklearn', 'scipy', 'joblib', 'training') if m in sys.modules] or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
