from hypothesis import given
from hypothesis import strategies as st

from training.duplicates import LikePair, grouped, near_duplicates

TEXT = "أعلنت السلطات يوم أمس توقيف ثلاثة أشخاص في المدينة بعد بلاغ من سكان الحي القديم"


def test_equal_after_normalising_and_nearly_equal() -> None:
    marked = TEXT.replace("أعلنت", "أَعلنت").replace("المدينة", "المديـــنة")
    changed = TEXT.replace("القديم", "الجديد")
    other = "افتتح الوزير معرض الكتاب في العاصمة بحضور جمهور كبير من القراء والناشرين العرب"
    pairs = near_duplicates([TEXT, marked, changed, other])
    assert pairs[0] == LikePair(0, 1, 1.0)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (0, 2)]
    assert 0.5 <= pairs[1].similarity < 1


def test_a_formula_of_many_texts_pairs_nobody() -> None:
    texts = [f"{TEXT} خبر رقم {'كلمة' * number}" for number in range(1, 60)]
    assert near_duplicates(texts) == []


@given(st.lists(st.sampled_from(["نص أول", "نص ثان", "", "خبر عن الطقس في العاصمة اليوم وغدا", TEXT]), max_size=12))
def test_every_repeated_text_is_paired_once_with_its_first(texts: list[str]) -> None:
    pairs = near_duplicates(texts)
    assert len(pairs) == len(texts) - len(set(texts))
    assert all(texts.index(texts[pair.second]) == pair.first for pair in pairs)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=20), st.data())
def test_groups_grow_by_pairs_and_are_never_cut(groups: list[str], data: st.DataObject) -> None:
    place = st.integers(0, len(groups) - 1)
    pairs = [LikePair(*ends, 1.0) for ends in data.draw(st.lists(st.tuples(place, place), max_size=6))]
    found = grouped(groups, pairs)
    assert all(found[pair.first] == found[pair.second] for pair in pairs)
    for one in range(len(groups)):
        for other in range(one):
            assert groups[one] != groups[other] or found[one] == found[other]
    assert grouped(groups, []) == groups
