"""What a long run tells: one row of the table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What was asked of the service, what was done to it, what was found; `faults` says what isn't as it should be."""

    asked: str
    done: str
    found: str
    faults: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def counted(faults: dict[str, int | bool]) -> tuple[str, ...]:
    """The faults that there were, of all that were looked for."""
    return tuple(f"{name}: {count}" for name, count in faults.items() if count)
