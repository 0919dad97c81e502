"""The compiled engine: the same scores as `app.tagger.score`, many times faster. Optional: a build may lack it.

`engine.pyx` and the files that it includes are one extension module in Cython: `portable` (what C needs),
`spellings` (the table of written words), `ngrams` (rows of unseen words), `phrases`, `scratch` (the memory that a call
works in), `reading` (from text to rows), `scoring` (from rows to scores), `views` and
`scorer` (what Python calls).
"""
