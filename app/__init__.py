"""Rasid at request time: the tagger core and the service around it."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("rasid")
except PackageNotFoundError:  # a source tree that nobody installed
    __version__ = "0.0.0"
