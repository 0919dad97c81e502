# The door from Python: one passage, many passages, and the words' shares.

@cython.final
cdef class Kernel:
    """Scores passages. Safe to share between threads; long and many passages are scored without the GIL."""

    cdef Reader reader
    cdef Weights weights
    cdef Phrases phrases
    cdef Spellings table
    cdef Scratch scratch
    cdef char scratch_lock
    cdef bytes words
    cdef int32_t cached, kept

    def __init__(self, str words, Reader reader, Weights weights, phrases, int32_t cached, int32_t kept):
        """`words` one a line in the order of the rows; `phrases` are pairs of words and number of group.

        `cached` unseen words have their rows kept, and `kept` spellings are known besides the words; when either is
        full, both start anew. Raises `UnfitModelError`.
        """
        cdef int32_t row
        self.reader, self.weights, self.phrases = reader, weights, reader.phrases
        if reader.ngrams.topics != weights.topics or reader.phrases.groups != weights.groups:
            raise UnfitModelError("its parts have other shapes")
        self.words = words.encode("utf-16-le")
        self.cached = cached + <int32_t> len(self.phrases.words)
        self.kept = kept + <int32_t> len(self.phrases.words)
        self.table = self.fresh_table()
        rows = {word: self.row_of(self.table, word) for word in self.phrases.words}
        self.phrases.number_words(phrases, rows, weights.known)
        self.phrases.begin_known(self.table, self.words)
        self.phrases.begin_own(self.table)

    def __dealloc__(self):
        released(&self.scratch)

    def score(self, str text):
        """Raw scores (K,), calibrated scores (K,), words, unknown words, letters, Arabic letters."""
        cdef View view = view_of(text)
        cdef Spellings table = self.table
        cdef Scratch own
        cdef Scratch *scratch = self.borrowed(&own)
        cdef double raw[MOST_TOPICS + 1]
        cdef double scores[MOST_TOPICS + 1]
        cdef int k
        try:
            if view.size > LONG:
                with nogil:
                    self.score_view(table, scratch, view, raw, scores)
            else:
                self.score_view(table, scratch, view, raw, scores)
            return (
                [raw[k] for k in range(self.weights.topics)],
                [scores[k] for k in range(self.weights.topics)],
                scratch.n, scratch.unknown, scratch.letters, scratch.arabic,
            )
        finally:
            self.given_back(scratch, &own)
            self.renew(table)

    def score_many(self, list texts, double[:, ::1] scores not None, int32_t[:, ::1] facts not None):
        """Fill `scores` (N, K) with the calibrated scores of N texts.

        `facts` (N, 4) get the numbers of words, unknown words, letters and Arabic letters.
        """
        cdef View views[CHUNK]
        cdef Py_ssize_t start, count, at
        cdef Spellings table
        cdef Scratch own
        cdef Scratch *scratch
        cdef double raw[MOST_TOPICS + 1]
        cdef list chunk
        if scores.shape[0] != len(texts) or scores.shape[1] != self.weights.topics:
            raise ValueError(f"scores is {scores.shape[0]} x {scores.shape[1]}, not {len(texts)} x {self.weights.topics}")
        if facts.shape[0] != len(texts) or facts.shape[1] != 4:
            raise ValueError(f"facts is {facts.shape[0]} x {facts.shape[1]}, not {len(texts)} x 4")
        for start in range(0, len(texts), CHUNK):
            chunk = texts[start : start + CHUNK]    # keeps the texts, whatever becomes of the list
            count = len(chunk)
            for at in range(count):
                views[at] = view_of(chunk[at])
            table, scratch = self.table, self.borrowed(&own)
            try:
                with nogil:
                    for at in range(count):
                        self.score_view(table, scratch, views[at], raw, &scores[start + at, 0])
                        facts[start + at, 0], facts[start + at, 1] = scratch.n, scratch.unknown
                        facts[start + at, 2], facts[start + at, 3] = scratch.letters, scratch.arabic
            finally:
                self.given_back(scratch, &own)
                self.renew(table)

    def explain(self, str text, list topics):
        """Starts and ends of the words in code points, and for each topic the words' shares in its raw score."""
        cdef View view = view_of(text)
        cdef Spellings table = self.table
        cdef Scratch own
        cdef Scratch *scratch = self.borrowed(&own)
        cdef int32_t word
        cdef int topic
        for topic in topics:
            if not 0 <= topic < self.weights.topics:
                raise IndexError(f"no topic {topic}")
        scratch.with_places = True
        try:
            self.reader.read(table, scratch, view.kind, view.data, view.size)
            self.weights.count(table, scratch)
            self.weights.scale(scratch, self.weights.norm(table, scratch))
            self.phrases.find(table, scratch)
            return (
                [scratch.starts[word] for word in range(scratch.words)],
                [scratch.ends[word] for word in range(scratch.words)],
                [self.shares_of(table, scratch, topic) for topic in topics],
            )
        finally:
            scratch.with_places = False
            self.given_back(scratch, &own)
            self.renew(table)

    cdef int score_view(self, Spellings table, Scratch *scratch, View view, double *raw, double *scores) except -1 nogil:
        cdef double norm
        cdef int k, group
        emptied(scratch)
        self.reader.read(table, scratch, view.kind, view.data, view.size)
        self.weights.count(table, scratch)
        norm = self.weights.add_up(table, scratch, raw)
        for k in range(self.weights.topics):
            raw[k] = self.weights.intercepts[k] + raw[k] / norm
        self.phrases.find(table, scratch)
        for group in range(self.phrases.groups):
            if scratch.groups[group]:
                for k in range(self.weights.topics):
                    raw[k] += self.weights.shares[group * self.weights.topics + k]
        self.weights.calibrated(raw, scores)
        return 0

    cdef list shares_of(self, Spellings table, Scratch *scratch, int topic):
        """Each written word's share in a topic's raw score."""
        cdef int32_t word, at, end, group, marked
        cdef double share, of_phrase
        cdef list shares = []
        cdef unsigned char *marks
        grown(<void **> &scratch.extra, &scratch.extra_size, scratch.n, sizeof(double))
        memset(scratch.extra, 0, scratch.n * sizeof(double))
        for group in range(self.phrases.groups):
            if scratch.groups[group]:
                marks, marked = scratch.marks + <size_t> group * scratch.n, 0
                for at in range(scratch.n):
                    marked += marks[at]
                of_phrase = self.weights.shares[group * self.weights.topics + topic] / <double> marked
                for at in range(scratch.n):
                    if marks[at]:
                        scratch.extra[at] += of_phrase
        for word in range(scratch.words):
            end = scratch.firsts[word + 1] if word + 1 < scratch.words else scratch.n
            share = 0
            for at in range(scratch.firsts[word], end):
                share += scratch.extra[at] + scratch.scales[scratch.type_at[at]] * (
                    self.weights.row(table, scratch, scratch.ids[at])[topic]
                )
            shares.append(share)
        return shares

    cdef Scratch *borrowed(self, Scratch *own):
        """The shared working memory if it is free, else the caller's own."""
        cdef Scratch *scratch = own
        memset(own, 0, sizeof(Scratch))
        if try_lock(&self.scratch_lock):
            scratch = &self.scratch
        emptied(scratch)
        return scratch

    cdef given_back(self, Scratch *scratch, Scratch *own):
        if scratch == own:
            released(own)
        else:
            unlock(&self.scratch_lock)

    cdef renew(self, Spellings table):
        """Start the table anew if it is full and nobody else has."""
        if table.full and self.table is table:
            self.table = self.fresh_table()

    cdef Spellings fresh_table(self):
        """A table of the known words and those of phrases, whose rows always follow in the same order."""
        cdef Spellings table
        for _ in range(8):
            table = Spellings(
                self.weights.known, self.cached, self.kept, self.weights.topics + 1,
                int.from_bytes(os.urandom(8), "little"),
            )
            if self.add_known(table) and all([self.row_of(table, word) >= 0 for word in self.phrases.words]):
                self.phrases.begin_own(table)
                return table
        raise UnfitModelError("its words don't fit into a table")

    cdef bint add_known(self, Spellings table) except -1:
        cdef const uint16_t *units = <const uint16_t *> <const char *> self.words
        cdef Py_ssize_t at, start = 0, size = len(self.words) // 2
        cdef int32_t row = 0
        for at in range(size):
            if units[at] != 10:
                continue
            if at - start > LONGEST_KEPT:
                raise UnfitModelError("it knows a word that is too long")
            if row == table.known:
                raise UnfitModelError("it has more words than rows")
            if not table.keep(table.hash_of(units + start, at - start), units + start, at - start, row):
                return False
            start, row = at + 1, row + 1
        if row != table.known:
            raise UnfitModelError("it has fewer words than rows")
        return True

    cdef int32_t row_of(self, Spellings table, str word) except -2:
        """The row of a normalised word, made if need be; EMPTY if there is no place for it."""
        cdef bytes encoded = word.encode("utf-16-le")
        cdef const uint16_t *units = <const uint16_t *> <const char *> encoded
        cdef uint32_t length = <uint32_t> (len(encoded) // 2)
        cdef uint64_t hashed = table.hash_of(units, length)
        cdef int32_t row = EMPTY
        if length <= LONGEST_KEPT:
            row = table.find(hashed, units, length)
            if row == EMPTY:
                row = self.reader.new_row(table, hashed, units, length)
        return row
