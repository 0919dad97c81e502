# The n-grams of a word and the row they make: an n-gram is a number made of its letters' codes, so no text is compared.

cdef enum:
    LONGEST_WORD = 40
    MOST_NGRAMS = 8 * (LONGEST_WORD + 2)    # up to 8 lengths, from each letter of the padded word


@cython.final
cdef class Ngrams:
    """The n-grams that training kept, with idf and weights; the weights are the bundle's own mapped file."""

    cdef uint16_t *code_of      # (65536,): a letter's code from 1, or 0 for a letter of no n-gram
    cdef uint64_t *keys
    cdef int32_t *ids
    cdef const float *idf
    cdef const uint16_t *halves # (F, K)
    cdef object owners          # keeps the mapped files open
    cdef int bits, shift, shortest, longest, topics
    cdef uint32_t mask

    def __cinit__(self, str lines, const float[::1] idf, const uint16_t[::1] halves, int topics, int shortest, int longest):
        """From the n-grams, one a line, in the order of `idf` (F,) and `halves` (F * K,), the weights in half precision."""
        cdef int size = 10
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
        self.keys = <uint64_t *> calloc(<size_t> self.mask + 1, sizeof(uint64_t))
        self.ids = <int32_t *> malloc((<size_t> self.mask + 1) * sizeof(int32_t))
        if not (self.code_of and self.keys and self.ids):
            raise MemoryError()
        self._number_letters(lines)
        if not 1 <= shortest <= longest <= 8 or self.bits * longest > 64:
            raise UnfitModelError("its n-grams are too long")
        self._add(lines, idf.shape[0])

    def __dealloc__(self):
        free(self.code_of)
        free(self.keys)
        free(self.ids)

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
                while self.keys[place] and self.keys[place] != key:
                    place = (place + 1) & self.mask
                self.keys[place], self.ids[place] = key, number
            key, number = 0, number + 1
        if number != expected:
            raise UnfitModelError("it has fewer n-grams than weights")

    cdef inline uint32_t place_of(self, uint64_t key) noexcept nogil:
        return <uint32_t> ((key ^ key >> 29) * MIXER >> self.shift)

    cdef inline int32_t find(self, uint64_t key) noexcept nogil:
        cdef uint32_t place = self.place_of(key)
        while self.keys[place]:
            if self.keys[place] == key:
                return self.ids[place]
            place = (place + 1) & self.mask
        return -1

    cdef void row_of(self, const uint16_t *form, uint32_t length, float *row) noexcept nogil:
        """The row (K + 1,) of a word from its n-grams: shares, then the squared length."""
        cdef uint16_t codes[LONGEST_WORD + 2]
        cdef int32_t ids[MOST_NGRAMS]
        cdef int32_t times[MOST_NGRAMS]
        cdef double sums[MOST_TOPICS + 1]
        cdef int found = 0, letters, start, size, at, k
        cdef int32_t ngram
        cdef uint64_t key
        cdef double value
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
                if ngram < 0:
                    continue
                prefetch(self.halves + <size_t> ngram * self.topics)
                at = 0
                while at < found and ids[at] != ngram:
                    at += 1
                if at == found:
                    ids[at], times[at], found = ngram, 0, found + 1
                times[at] += 1
        memset(sums, 0, sizeof(double) * (self.topics + 1))
        for at in range(found):
            value = times[at] * <double> self.idf[ids[at]]
            add_halves(sums, value, self.halves + <size_t> ids[at] * self.topics, self.topics)
            sums[self.topics] += value * value
        for k in range(self.topics + 1):
            row[k] = <float> sums[k]

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
