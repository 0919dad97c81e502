"""The lock that lets one training job run at a time, over all workers and the children they start."""

import fcntl
import os
from pathlib import Path


class HeldLock:
    """A lock file that is held until `release`, and longer by children that inherit its `descriptor`.

    The system frees it when the last holder dies, however it dies.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> "HeldLock | None":
        """The lock, or None if somebody holds it. Raises `OSError` if the file can't be made."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Close this process's hold on the lock."""
        os.close(self.descriptor)

    def __enter__(self) -> "HeldLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
