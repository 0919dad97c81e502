# cython: language_level=3, boundscheck=True, wraparound=False, cdivision=True, embedsignature=True
"""Raw and calibrated scores of passages in compiled code; `app.tagger.score` is the same in NumPy, and the oracle.

It reads untrusted text: places in it come from its own length only, each passage costs time linear in its length, and
words of any number and length are kept in bounded memory.
"""

cimport cython
from cpython.unicode cimport PyUnicode_DecodeUTF16
from libc.math cimport exp, log, sqrt
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

import os

cdef enum:
    MOST_TOPICS = 1023
    PROCLITIC = 5       # units of the longest proclitic and the 0 after it
    LONG = 4000         # code points from which a passage is scored without the GIL
    CHUNK = 64          # passages that are scored without the GIL at once
    MOST_CHARACTERS = 1 << 29

cdef enum:
    WORD = 1
    LETTER = 2
    ARABIC = 4

cdef enum:
    SLOW = 0            # a character whose normal form depends on its fellows, or is several
    DROPPED = 1


class UnfitModelError(Exception):
    """A model that the kernel can't hold; the NumPy engine can."""


include "portable.pxi"
include "spellings.pxi"
include "ngrams.pxi"
include "scratch.pxi"
include "phrases.pxi"
include "reading.pxi"
include "scoring.pxi"
include "views.pxi"
include "scorer.pxi"
