# The lexicon's phrases in numbers of rows: which groups of phrases a passage holds, and in which places.

cdef enum:
    MARKS = 1 << 14

cdef struct Phrase:
    int32_t group
    int32_t first       # into `rest`: the rows of the words after the first
    int32_t count


@cython.final
cdef class Phrases:
    """The phrases by first word: bucket b, from 1, is `phrases[starts[b - 1]:starts[b]]`."""

    cdef Phrase *phrases
    cdef int32_t *rest
    cdef int32_t *starts
    cdef uint16_t *bucket           # (bucket_rows,): the bucket of a row that is a first word, else 0
    cdef uint16_t *begins_of_known  # (V, BUCKETS), as `Spellings.begins`
    cdef unsigned char *beginning   # (V,): whether a word begins any phrase; small enough to stay near
    cdef unsigned char *marks       # (MARKS,): whether a word of this mark begins a phrase; few others share one
    cdef uint16_t *proclitics       # (proclitic_count, PROCLITIC): units, ended by 0
    cdef int32_t bucket_rows
    cdef int proclitic_count, groups
    cdef readonly tuple words       # all words of phrases, each once

    def __cinit__(self, phrases, proclitics, int groups):
        """`phrases` are pairs of words and number of group; `proclitics` are what a first word can carry."""
        cdef int number, at
        self.groups = groups
        self.words = tuple(dict.fromkeys(word for words, _ in phrases for word in words))
        self.proclitic_count = len(proclitics)
        self.proclitics = <uint16_t *> calloc(<size_t> self.proclitic_count * PROCLITIC + 1, sizeof(uint16_t))
        self.marks = <unsigned char *> calloc(MARKS, 1)
        if not (self.proclitics and self.marks):
            raise MemoryError()
        for number, proclitic in enumerate(proclitics):
            if len(proclitic) >= PROCLITIC:
                raise UnfitModelError("its proclitics are too long")
            for at in range(len(proclitic)):
                self.proclitics[number * PROCLITIC + at] = <uint16_t> ord(proclitic[at])
        for words, _ in phrases:
            encoded = words[0].encode("utf-16-le")
            self.marks[self.mark_of(<const uint16_t *> <const char *> encoded, <uint32_t> (len(encoded) // 2))] = 1

    def __dealloc__(self):
        free(self.phrases)
        free(self.rest)
        free(self.starts)
        free(self.bucket)
        free(self.begins_of_known)
        free(self.beginning)
        free(self.marks)
        free(self.proclitics)

    cdef number_words(self, phrases, rows, int32_t known):
        """Take the rows of all words; until then, no word begins a phrase."""
        cdef int32_t place = 0, at = 0, number
        by_first = {}
        for words, group in phrases:
            if not 0 <= group < self.groups:
                raise UnfitModelError("a phrase is of no group")
            by_first.setdefault(rows[words[0]], []).append((words[1:], group))
        if len(by_first) > 0xFFFF:
            raise UnfitModelError("its phrases begin with too many words")
        self.bucket_rows = 1 + max(rows.values(), default=-1)
        self.phrases = <Phrase *> calloc(len(phrases) + 1, sizeof(Phrase))
        self.rest = <int32_t *> calloc(sum(len(words) for words, _ in phrases) + 1, sizeof(int32_t))
        self.starts = <int32_t *> calloc(len(by_first) + 1, sizeof(int32_t))
        self.bucket = <uint16_t *> calloc(self.bucket_rows + 1, sizeof(uint16_t))
        self.begins_of_known = <uint16_t *> calloc(<size_t> known * BUCKETS + 1, sizeof(uint16_t))
        self.beginning = <unsigned char *> calloc(known + 1, 1)
        if not (self.phrases and self.rest and self.starts and self.bucket and self.begins_of_known and self.beginning):
            raise MemoryError()
        for number, (first, fellows) in enumerate(by_first.items(), 1):
            self.bucket[<int32_t> first] = <uint16_t> number
            for rest, group in fellows:
                self.phrases[place].group, self.phrases[place].first = group, at
                self.phrases[place].count = <int32_t> len(rest)
                for word in rest:
                    self.rest[at] = rows[word]
                    at += 1
                place += 1
            self.starts[number] = place

    cdef bint is_proclitic(self, const uint16_t *form, int length) noexcept nogil:
        cdef int number, at
        cdef const uint16_t *proclitic
        if length == 0:
            return True
        for number in range(self.proclitic_count):
            proclitic = self.proclitics + number * PROCLITIC
            at = 0
            while at < length and proclitic[at] == form[at]:
                at += 1
            if at == length and proclitic[at] == 0:
                return True
        return False

    cdef inline uint32_t mark_of(self, const uint16_t *form, uint32_t length) noexcept nogil:
        cdef uint32_t mark = length, at
        for at in range(min(length, 32)):
            mark = mark * 61 + form[at]
        return mark * <uint32_t> 2654435769u >> 18

    cdef bint begun_by(self, Spellings table, const uint16_t *form, uint32_t length, uint16_t *begins) noexcept nogil:
        """Fill (BUCKETS,) with the buckets that a form can begin, whatever proclitics it carries; whether there are any."""
        cdef int found = 0, cut
        cdef int32_t row
        memset(begins, 0, BUCKETS * sizeof(uint16_t))
        for cut in range(min(PROCLITIC, <int> length)):
            if not self.marks[self.mark_of(form + cut, length - cut)] or not self.is_proclitic(form, cut):
                continue
            row = table.find(table.hash_of(form + cut, length - cut), form + cut, length - cut)
            if 0 <= row < self.bucket_rows and self.bucket[row]:
                begins[found] = self.bucket[row]
                found += 1
        return found > 0

    cdef inline const uint16_t *begins(self, Spellings table, Scratch *scratch, int32_t row) noexcept nogil:
        """The buckets that a row's word can begin, or NULL where it can begin none."""
        if row < table.known:
            return self.begins_of_known + <size_t> row * BUCKETS if self.beginning[row] else NULL
        if row < table.most_rows:
            return table.begins_of(row) if table.beginning[row - table.known] else NULL
        return scratch.spilled_begins + <size_t> (row - table.most_rows) * BUCKETS

    cdef int find(self, Spellings table, Scratch *scratch) except -1 nogil:
        """Mark the groups that are there in `scratch.groups`; with places, mark each group's words in `scratch.marks`."""
        cdef int32_t at, number, step
        cdef const uint16_t *begins
        cdef Phrase *phrase
        cdef int bucket
        if self.groups == 0:
            return 0
        grown(<void **> &scratch.groups, &scratch.groups_size, self.groups, 1)
        memset(scratch.groups, 0, self.groups)
        if scratch.with_places:
            grown(<void **> &scratch.marks, &scratch.marks_size, <size_t> self.groups * scratch.n, 1)
            memset(scratch.marks, 0, <size_t> self.groups * scratch.n)
        for at in range(scratch.n):
            begins = self.begins(table, scratch, scratch.ids[at])
            if begins == NULL:
                continue
            bucket = 0
            while bucket < BUCKETS and begins[bucket]:
                for number in range(self.starts[begins[bucket] - 1], self.starts[begins[bucket]]):
                    phrase = &self.phrases[number]
                    if at + 1 + phrase.count > scratch.n:
                        continue
                    step = 0
                    while step < phrase.count and scratch.ids[at + 1 + step] == self.rest[phrase.first + step]:
                        step += 1
                    if step == phrase.count:
                        scratch.groups[phrase.group] = 1
                        if scratch.with_places:
                            memset(scratch.marks + <size_t> phrase.group * scratch.n + at, 1, phrase.count + 1)
                bucket += 1
        return 0

    cdef begin_own(self, Spellings table):
        """Find out which phrases the words of phrases can begin, now that all of them have rows."""
        cdef bytes encoded
        cdef const uint16_t *units
        cdef uint32_t length
        cdef int32_t row
        for word in self.words:
            encoded = word.encode("utf-16-le")
            units, length = <const uint16_t *> <const char *> encoded, <uint32_t> (len(encoded) // 2)
            row = table.find(table.hash_of(units, length), units, length)
            if row >= table.known:
                table.beginning[row - table.known] = self.begun_by(table, units, length, table.begins_of(row))

    cdef begin_known(self, Spellings table, bytes words):
        """Find out which phrases each known word can begin."""
        cdef const uint16_t *units = <const uint16_t *> <const char *> words
        cdef Py_ssize_t at, start = 0, size = len(words) // 2
        cdef int32_t row = 0
        for at in range(size):
            if units[at] == 10:
                self.beginning[row] = self.begun_by(
                    table, units + start, <uint32_t> (at - start), self.begins_of_known + <size_t> row * BUCKETS
                )
                start, row = at + 1, row + 1
