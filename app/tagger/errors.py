"""The one error tree: every error Rasid raises on purpose, each a sentence that names fault and cure."""


class RasidError(Exception):
    """Base of all errors raised on purpose; its text never holds any of the tagged text."""


class InputError(RasidError):
    """A request, option or argument that can't be used as it is."""


class BundleError(RasidError):
    """A model folder that is missing, damaged or of another format."""


class LabelledDataError(RasidError):
    """A labelled CSV or topics file that can't be used for training."""
