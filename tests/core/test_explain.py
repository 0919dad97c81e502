import numpy as np
import pytest

from app.tagger import Tagger, TagOptions
from tests import arabic
from training import LabelledData

EVERYTHING = TagOptions(
    explain=True, thresholds=dict.fromkeys(("attacks", "counterterrorism", "foreign_fighters", "ideology"), 0.0)
)


@pytest.mark.parametrize("write", [str, arabic.with_marks, lambda text: text + "\n\n" + text + " ﷺ داعش داعش"])
def test_intercept_and_shares_add_up_to_the_raw_score(tiny_tagger: Tagger, corpus: LabelledData, write) -> None:  # type: ignore[no-untyped-def]
    model = tiny_tagger.bundle.model
    for row in corpus.rows[::150]:
        article = write(row.text)
        for passage in tiny_tagger.tag(article, EVERYTHING).passages:
            assert len(passage.topics) == 4
            for found in passage.topics:
                why = found.explanation
                assert why is not None
                assert why.intercept + sum(word.share for word in why.evidence) == pytest.approx(why.raw, abs=1e-9)
                k = [topic.id for topic in tiny_tagger.topics].index(found.topic.id)
                assert 1 / (1 + np.exp(-(model.slopes[k] * why.raw + model.offsets[k]))) == pytest.approx(
                    found.score, abs=1e-9
                )


def test_evidence_names_words_of_the_article(tiny_tagger: Tagger) -> None:
    article = "افتتاح المعرض اليوم.\n\nانفجرت سيارة مفخخة في سوق وقتل عشرة أشخاص في الهجوم الانتحاري."
    tagged = tiny_tagger.tag(article, EVERYTHING)
    (attacks,) = (found for found in tagged.passages[1].topics if found.topic.id == "attacks")
    assert attacks.explanation is not None
    strongest = max(attacks.explanation.evidence, key=lambda word: word.share)
    assert article[strongest.start : strongest.end] in {"انفجرت", "مفخخة", "الهجوم", "الانتحاري"}


def test_without_explain_there_is_no_explanation(tiny_tagger: Tagger) -> None:
    tagged = tiny_tagger.tag("انفجرت سيارة مفخخة في سوق وقتل عشرة في الهجوم.")
    assert all(found.explanation is None for found in tagged.passages[0].topics)
