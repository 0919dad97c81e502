"""How topics look and which key toggles each: by their place, so that any model's topics get both."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.tagger import Tagger
from app.tagger.types import Topic

KEYS = "1234567890QWERTY"
"""The keys in the order of topics; U, S and others are left for commands."""
GROUPS = ("inside", "message", "field", "response")
_SHADES = 4


@dataclass(frozen=True, slots=True)
class ShownTopic:
    """A topic as pages show it; `style` is a class of the style sheet, `key` is empty where keys ran out."""

    id: str
    name_ar: str
    name_en: str
    definition: str
    group: str
    style: str
    key: str

    def name(self, code: str) -> str:
        """The name in a language."""
        return self.name_en if code == "en" else self.name_ar


def shown_topics(tagger: Tagger | None) -> dict[str, ShownTopic]:
    """The model's topics by id, in its order; none without a model."""
    topics: Sequence[Topic] = tagger.topics if tagger else ()
    seen: Counter[str] = Counter()
    shown = {}
    for number, topic in enumerate(topics):
        group = topic.group if topic.group in GROUPS else "other"
        style = f"topic-{group}-{seen[group] % _SHADES}"
        seen[group] += 1
        key = KEYS[number] if number < len(KEYS) else ""
        shown[topic.id] = ShownTopic(topic.id, topic.name_ar, topic.name_en, topic.definition, group, style, key)
    return shown
