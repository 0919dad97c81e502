"""Why the store refuses: one class for each answer that a caller can react to."""

from app.tagger.errors import RasidError


class StoreError(RasidError):
    """Base of the store's errors; none holds any saved text."""


class StoreUnavailableError(StoreError):
    """The database can't be reached or used now; nothing was saved."""


class UnknownItemError(StoreError):
    """There is no article, passage or review of this id."""


class StaleEditError(StoreError):
    """Somebody decided meanwhile; what was sent is kept in the history as refused."""


class AlreadyReviewedError(StoreError):
    """The reader has a review of this passage, which wants a change instead."""


class NothingToUndoError(StoreError):
    """The review is withdrawn already."""


class NotYourReviewError(StoreError):
    """Only the reader who made a review changes it."""


class KeyReusedError(StoreError):
    """An idempotency key came again with another body."""


class BadReviewError(StoreError):
    """A review, article or upload that can't be used as it is."""
