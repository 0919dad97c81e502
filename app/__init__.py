"""Rasid at request time: the tagger core and the service around it."""

__version__ = "0.1.0"
