"""Imports what workers need, once, in the process that they are forked from, so that they share its memory."""

import gc

import app.cli
import app.late_routes
import app.rare_routes
import app.serving  # noqa: F401

gc.collect()
# What is there now stays: a collector that visits it would write to its pages, and writing ends the sharing.
gc.freeze()
