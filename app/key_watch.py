"""The keys as they are now: a change of the key file is seen within seconds, a damaged file changes nothing."""

import logging
import time

from app.keys import Keys, KeysError, key_file, load_keys
from app.settings import Settings

LOOK_EVERY_S = 1.0
logger = logging.getLogger("rasid")


class KeyWatch:
    """The keys of one worker. Reads nothing until it is asked, then looks at the file once a second at most."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys: Keys | None = None
        self._seen: tuple[int, int, int] | None = None
        self._fault: str | None = None
        self._look_at = 0.0

    def keys(self) -> Keys:
        """The keys now, the last good ones if the file is damaged. Raises `KeysError` if there never were good ones."""
        now = time.monotonic()
        if self._keys is None or now >= self._look_at:
            self._look_at = now + LOOK_EVERY_S
            self._look()
        if self._keys is None:
            raise KeysError(self._fault)
        return self._keys

    def _look(self) -> None:
        try:
            seen = self._signature()
            if self._keys is not None and self._fault is None and seen == self._seen:
                return
            if seen is None and self._seen is not None:
                # Without its file a service with keys would be open to everyone on the machine.
                raise KeysError(f"{key_file(self._settings)} is gone: restore it.")
            self._keys = load_keys(self._settings)
        except KeysError as fault:
            if str(fault) != self._fault:
                logger.error("the keys can't be read, the last good ones stay in use: %s", fault)
            self._fault = str(fault)
        else:
            self._seen, self._fault = seen, None

    def _signature(self) -> tuple[int, int, int] | None:
        """What tells one state of the key file from the next; None where there is no file."""
        path = key_file(self._settings)
        try:
            facts = path.stat()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise KeysError(f"{path} can't be read: {fault.strerror}: check its disk and rights.") from None
        return facts.st_ino, facts.st_mtime_ns, facts.st_size
