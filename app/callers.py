"""Who calls: a name and a role."""

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What a caller may do; each role may do all that those below it may."""

    CLASSIFY = 1
    REVIEW = 2
    ADMIN = 3

    @property
    def label(self) -> str:
        """The role's name in commands, files and answers."""
        return self.name.lower()

    @classmethod
    def named(cls, label: str) -> "Role":
        """The role of a name, `classify`, `review` or `admin`. Raises `ValueError` for others."""
        for role in cls:
            if role.label == label:
                return role
        raise ValueError(f"a role is {', '.join(role.label for role in cls)}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: the name of a key and its role."""

    name: str
    role: Role


LOCAL = Caller("local", Role.ADMIN)
"""Everybody on this machine, as long as the service has no keys."""
