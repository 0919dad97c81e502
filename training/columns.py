"""Which column of a labelled CSV holds what."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from app.tagger.errors import LabelledDataError
from app.tagger.types import Topic
from training.labels import LabelNames
from training.table import Table, clean_name

_TEXT_NAMES = (
    "text",
    "passage",
    "paragraph",
    "\u0646\u0635",  # text
    "\u0627\u0644\u0646\u0635",  # the text
    "\u0627\u0644\u0641\u0642\u0631\u0629",  # the paragraph
    "\u0641\u0642\u0631\u0629",  # paragraph
    "\u0627\u0644\u0645\u0642\u0637\u0639",  # the passage
)
_LABELS_NAMES = (
    "labels",
    "label",
    "topics",
    "topic",
    "\u0645\u0648\u0636\u0648\u0639\u0627\u062a",  # topics
    "\u0627\u0644\u0645\u0648\u0636\u0648\u0639\u0627\u062a",  # the topics
    "\u0645\u0648\u0627\u0636\u064a\u0639",  # topics, the other plural
    "\u0627\u0644\u0645\u0648\u0627\u0636\u064a\u0639",  # the topics, the other plural
    "\u0627\u0644\u0645\u0648\u0636\u0648\u0639",  # the topic
    "\u062a\u0635\u0646\u064a\u0641",  # category
    "\u0627\u0644\u062a\u0635\u0646\u064a\u0641",  # the category
    "\u0627\u0644\u062a\u0635\u0646\u064a\u0641\u0627\u062a",  # the categories
    "\u0627\u0644\u0648\u0633\u0648\u0645",  # the tags
)
_ID, _ARTICLE, _SPLIT = "id", "article_id", "split"
_OTHER_NAMES = (_ID, _ARTICLE, _SPLIT, "source", "date", "url", "title", "author", "register", "region")
TRUE = frozenset({"1", "1.0", "true", "yes", "x", "\u0646\u0639\u0645"})
_LONGEST_NAME, _MOST_SPACES, _MOST_NAMES = 30, 2, 20
FALSE = frozenset({"", "0", "0.0", "false", "no", "\u0644\u0627"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Places in the header, from 0. Either `labels` is a column or `topics` has one 0/1 column per topic id.

    `strange` are beside those: names of further columns of nothing but 0 and 1.
    """

    text: int
    labels: int | None
    topics: dict[str, int]
    id: int | None = None
    article: int | None = None
    split: int | None = None
    strange: tuple[str, ...] = ()

    @property
    def last_needed(self) -> int:
        """The rightmost of the columns that a row can't do without."""
        return max(self.text, *([self.labels] if self.labels is not None else self.topics.values()))


def columns_of(
    table: Table, topics: Sequence[Topic] | None, text_column: str | None = None, labels_column: str | None = None
) -> Columns:
    """Find the columns by the names given, else by their English and Arabic names.

    Without `topics`, columns of nothing but 0 and 1 are taken as topics. Raises `LabelledDataError` naming what the
    file has where a column is missing, stands twice or is only nearly named so.
    """
    header = table.header
    text = _place(header, (clean_name(text_column),) if text_column else _TEXT_NAMES)
    if text is None:
        raise LabelledDataError(_missing("text", text_column, header))
    labels = _place(header, (clean_name(labels_column),) if labels_column else _LABELS_NAMES)
    if labels is None and labels_column:
        raise LabelledDataError(_missing("labels", labels_column, header))
    ticked = {} if labels is not None else _ticked_columns(table, text)
    one_each = ticked if labels is not None or topics is None else _topic_columns(header, topics, text)
    if labels is None and not one_each:
        raise LabelledDataError(_missing("labels", None, header))
    places = {name: _place(header, (name,)) for name in (_ID, _ARTICLE, _SPLIT)}
    strange = tuple(name for name, place in ticked.items() if place not in one_each.values())
    return Columns(text, labels, one_each, places[_ID], places[_ARTICLE], places[_SPLIT], strange)


def _place(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Where the first of `names` stands that the header has."""
    for name in names:
        places = [place for place, found in enumerate(header) if found == name]
        if len(places) > 1:
            numbers = " and ".join(str(place + 1) for place in places)
            raise LabelledDataError(f"column {name!r} stands more than once (columns {numbers}): rename all but one.")
        if places:
            return places[0]
    return None


def _topic_columns(header: Sequence[str], topics: Sequence[Topic], text: int) -> dict[str, int]:
    """The columns that are called by a topic's id or one of its names."""
    names, found = LabelNames.of_topics(topics), dict[str, int]()
    for place, name in enumerate(header):
        topic = names.id_of(name) if name and place != text else None
        if topic in found:
            both = f"{header[found[topic]]!r} and {name!r}"
            raise LabelledDataError(f"the columns {both} mean the same topic: rename or delete one of them.")
        if topic is not None:
            found[topic] = place
    return found


def _ticked_columns(table: Table, text: int) -> dict[str, int]:
    """The columns of nothing but 0 and 1, whatever they are called."""
    cells = TRUE | FALSE
    return {
        name: place
        for place, name in enumerate(table.header)
        if place != text
        and name
        and name not in _OTHER_NAMES
        and all(record.cells[place].strip().lower() in cells for record in table.records if place < len(record.cells))
        and any(record.cells[place].strip() for record in table.records if place < len(record.cells))
    }


def _missing(wanted: str, given: str | None, header: Sequence[str]) -> str:
    has = f"it has {_shown(header)}"
    near = get_close_matches(given or wanted, header, n=1, cutoff=0.7)
    if near:
        return f"there is no column {given or wanted!r} ({has}): name it so, or give --{wanted}-column {near[0]!r}."
    if wanted == "labels" and not given:
        return f"there is neither a column 'labels' nor one per topic ({has}): add one, or give --labels-column NAME."
    return f"there is no column {given or wanted!r} ({has}): name it so, or give --{wanted}-column NAME."


def _shown(header: Sequence[str]) -> str:
    """Names for a message; what is too long for a name may be a text, whose header line is missing."""
    names = [
        "(a long name)" if len(name) > _LONGEST_NAME or name.count(" ") > _MOST_SPACES else name or "(no name)"
        for name in header[:_MOST_NAMES]
    ]
    return ", ".join([*names, *(["…"] if len(header) > _MOST_NAMES else [])])
