import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.tagger.features import NgramRange
from app.tagger.lexicon import Lexicon, Phrase
from app.tagger.normalise import Normaliser
from training.matrix import counts_of
from training.sequences import WordSequences

BASMALA = "\ufdfd"
SPELLINGS = ["داعش", "دَاعِش", "تنظيم_الدولة", "2014", "ـــ", BASMALA, "هجوم", "،", "Raqqa"]
TEXTS = st.lists(st.lists(st.sampled_from(SPELLINGS), max_size=8).map(" ".join), max_size=6)


@given(TEXTS)
def test_texts_have_the_words_of_the_normaliser(texts: list[str]) -> None:
    sequences = WordSequences.of(texts, Normaliser())
    assert len(sequences) == len(texts)
    assert list(sequences.forms) == sorted(set(sequences.forms))
    for place, text in enumerate(texts):
        found = [sequences.forms[number] for number in sequences.numbers_of(place)]
        assert found == [word.form for word in Normaliser().words(text)]


@given(TEXTS)
def test_gains_and_phrases_are_those_of_each_text(texts: list[str]) -> None:
    lexicon = Lexicon([Phrase(("تنظيم", "الدوله"), 0), Phrase(("هجوم", "داعش"), 1)])
    sequences = WordSequences.of(texts, Normaliser())
    counts = counts_of(sequences, NgramRange(), lexicon)
    for place, text in enumerate(texts):
        forms = [word.form for word in Normaliser().words(text)]
        gains = [1 + np.log(forms.count(form)) if form in forms else 0 for form in sequences.forms]
        assert counts.gains[[place]].toarray().ravel().tolist() == gains
        assert counts.phrases[[place]].indices.tolist() == list(lexicon.places(forms))
