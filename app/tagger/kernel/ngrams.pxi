# The n-grams of a word and the row they make: an n-gram is a number made of its letters' codes, so no text is compared.

cdef enum:
    LONGEST_WORD = 40
    MOST_NGRAMS = 8 * (LONGEST_WORD + 2)    # up to 8 lengths, from each letter of the padded word


@cython.final
cdef class Ngrams:
    """The n-grams that training kept, with idf and weights; the weights are the bundle's own mapped file."""

    cdef uint16_t *code_of      # (65536,): a letter's code from 1, or 0 for a letter of no n-gram
    cdef uint64_t *entries      # an n-gram's key, then its number from 1 in the low bits; 0 is empty
    cdef const float *idf
    cdef const uint16_t *halves # (F, K)
    cdef object owners          # keeps the mapped files open
    cdef int bits, number_bits, shift, shortest, longest, topics
    cdef bint closed            # whether the beginning of every n-gram is one too, so that a search can end early
    cdef uint32_t mask

    def __cinit__(self, str lines, const float[::1] idf, const uint16_t[::1] halves, int topics, int shortest, int longest):
        """From the n-grams, one a line, in the order of `idf` (F,) and `halves` (F * K,), the weights in half precision."""
        cdef int size = 10
        self.number_bits = 1
        while idf.shape[0] >> self.number_bits:
            self.number_bits += 1
        if halves.shape[0] != idf.shape[0] * topics:
            raise UnfitModelError("its arrays have other shapes")
        while (<int64_t> 1 << size) < idf.shape[0] * 3 // 2:
            size += 1
        self.shift, self.mask = 64 - size, <uint32_t> ((<int64_t> 1 << size) - 1)
        self.shortest, self.longest, self.topics = shortest, longest, topics
        self.owners = (idf, halves)
        self.idf = &idf[0] if idf.shape[0] else NULL
        self.halves = &halves[0] if halves.shape[0] else NULL
        self.code_of = <uint16_t *> calloc(65536, sizeof(uint16_t))
        self.entries = <uint64_t *> calloc(<size_t> self.mask + 1, sizeof(uint64_t))
        if not (self.code_of and self.entries):
            raise MemoryError()
        self._number_letters(lines)
        if not 1 <= shortest <= longest <= 8 or self.bits * longest + self.number_bits > 64:
            raise UnfitModelError("its n-grams are too long")
        self._add(lines, idf.shape[0])
        self.closed = self._all_begin_others(lines)

    def __dealloc__(self):
        free(self.code_of)
        free(self.entries)

    cdef _number_letters(self, str lines):
        cdef Py_UCS4 letter
        cdef uint16_t count = 0
        for letter in lines:
            if letter > 0xFFFF:
                raise UnfitModelError("its n-grams hold letters past the basic plane")
            if letter != u"\n" and self.code_of[letter] == 0:
                count += 1
                self.code_of[letter] = count
        while count >> self.bits:
            self.bits += 1

    cdef _add(self, str lines, Py_ssize_t expected):
        cdef uint64_t key = 0
        cdef int32_t number = 0
        cdef uint32_t place
        cdef Py_UCS4 character
        for character in lines:
            if character != u"\n":
                key = key << self.bits | self.code_of[character]
                continue
            if number >= expected:
                raise UnfitModelError("it has more n-grams than weights")
            if key:
                place = self.place_of(key)
                while self.entries[place] and self.entries[place] >> self.number_bits != key:
                    place = (place + 1) & self.mask
                self.entries[place] = key << self.number_bits | <uint64_t> (number + 1)
            key, number = 0, number + 1
        if number != expected:
            raise UnfitModelError("it has fewer n-grams than weights")

    cdef bint _all_begin_others(self, str lines):
        cdef uint64_t key = 0
        cdef int size = 0
        cdef Py_UCS4 character
        for character in lines:
            if character == u"\n":
                if size > self.shortest and self.find(key >> self.bits) < 0:
                    return False
                key, size = 0, 0
            else:
                key, size = key << self.bits | self.code_of[character], size + 1
        return True

    cdef inline uint32_t place_of(self, uint64_t key) noexcept nogil:
        return <uint32_t> ((key ^ key >> 29) * MIXER >> self.shift)

    cdef inline int32_t find(self, uint64_t key) noexcept nogil:
        """The number of an n-gram, or -1."""
        cdef uint32_t place = self.place_of(key)
        cdef uint64_t entry = self.entries[place]
        while entry and entry >> self.number_bits != key:
            place = (place + 1) & self.mask
            entry = self.entries[place]
        return <int32_t> (entry & ((<uint64_t> 1 << self.number_bits) - 1)) - 1

    cdef void row_of(self, const uint16_t *form, uint32_t length, float *row) noexcept nogil:
        """The row (K + 1,) of a word from its n-grams: shares, then the squared length."""
        cdef uint16_t codes[LONGEST_WORD + 2]
        cdef int32_t ids[MOST_NGRAMS]
        cdef float values[MOST_NGRAMS]
        cdef int found = 0, letters, start, size, at
        cdef int32_t ngram
        cdef uint64_t key
        cdef float squares = 0
        letters = self.padded(form, length, codes)
        for start in range(letters):
            key = 0
            for size in range(1, min(self.longest, letters - start) + 1):
                if codes[start + size - 1] == 0:
                    break
                key = key << self.bits | codes[start + size - 1]
                if size < self.shortest:
                    continue
                ngram = self.find(key)
                if ngram >= 0:
                    prefetch(self.halves + <size_t> ngram * self.topics)
                    ids[found], found = ngram, found + 1
                elif self.closed:
                    break
        if self.repeats(codes, letters):
            found = self.counted(ids, values, found)
        else:
            for at in range(found):
                values[at] = self.idf[ids[at]]
        for at in range(found):
            squares += values[at] * values[at]
        memset(row, 0, sizeof(float) * self.topics)
        add_halves(row, self.halves, self.topics, ids, values, found)
        row[self.topics] = squares

    cdef inline bint repeats(self, const uint16_t *codes, int letters) noexcept nogil:
        """Whether two places of a word can begin with the same n-gram, so that n-grams must be counted."""
        cdef uint64_t seen[4]
        cdef uint64_t bit
        cdef uint32_t mixed_codes
        cdef int at
        memset(seen, 0, sizeof(seen))
        for at in range(letters - 1):
            mixed_codes = (codes[at] * 31u + codes[at + 1]) * <uint32_t> 2654435769u >> 24
            bit = <uint64_t> 1 << (mixed_codes & 63)
            if seen[mixed_codes >> 6] & bit:
                return True
            seen[mixed_codes >> 6] |= bit
        return self.shortest < 2

    cdef int counted(self, int32_t *ids, float *values, int count) noexcept nogil:
        """Leave each n-gram once in `ids`, with its idf as often as it was there in `values`; returns how many."""
        cdef int found = 0, at, before
        for at in range(count):
            before = 0
            while before < found and ids[before] != ids[at]:
                before += 1
            if before == found:
                ids[found], values[found], found = ids[at], 0, found + 1
            values[before] += self.idf[ids[before]]
        return found

    cdef inline int padded(self, const uint16_t *form, uint32_t length, uint16_t *codes) noexcept nogil:
        """The codes of a word's first 40 letters between two spaces, and how many they are."""
        cdef int letters = 1
        cdef uint32_t at = 0
        codes[0] = self.code_of[32]
        while at < length and letters <= LONGEST_WORD:
            if 0xD800 <= form[at] < 0xDC00:
                codes[letters] = 0
                at += 1
            else:
                codes[letters] = self.code_of[form[at]]
            at += 1
            letters += 1
        codes[letters] = self.code_of[32]
        return letters + 1
