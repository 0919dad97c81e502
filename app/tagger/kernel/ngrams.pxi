# The n-grams of a word and the row they make: a trie of letters, so that a search ends with the first letter too many.

cdef enum:
    LONGEST_WORD = 40
    MOST_NGRAMS = 8 * (LONGEST_WORD + 2)    # up to 8 lengths, from each letter of the padded word
    ESCAPE = 63                             # a step before a letter of a code past it
    NO_CODE = 0xFFFF                        # of a letter of no n-gram

cdef struct Node:
    uint64_t steps      # bit c: whether there is a step of code c from here
    int32_t first       # where the first of the steps leads; the others follow in the order of their codes
    int32_t number      # of the n-gram that ends here, or -1

cdef struct Branch:     # a node while the trie is built
    int32_t child, last_child, sibling, number
    int32_t code


@cython.final
cdef class Ngrams:
    """The n-grams that training kept, with idf and weights; the weights are the bundle's own mapped file."""

    cdef uint16_t *code_of      # (65536,): a letter's code, or NO_CODE
    cdef Node *nodes
    cdef const float *idf
    cdef const uint16_t *halves # (F, K)
    cdef object owners          # keeps the mapped files open
    cdef int shortest, longest, topics

    def __cinit__(self, str lines, const float[::1] idf, const uint16_t[::1] halves, int topics, int shortest, int longest):
        """From the n-grams, one a line, in the order of `idf` (F,) and `halves` (F * K,), the weights in half precision."""
        if halves.shape[0] != idf.shape[0] * topics:
            raise UnfitModelError("its arrays have other shapes")
        if not 1 <= shortest <= longest <= 8:
            raise UnfitModelError("its n-grams are too long")
        self.shortest, self.longest, self.topics = shortest, longest, topics
        self.owners = (idf, halves)
        self.idf = &idf[0] if idf.shape[0] else NULL
        self.halves = &halves[0] if halves.shape[0] else NULL
        self.code_of = <uint16_t *> malloc(65536 * sizeof(uint16_t))
        if not self.code_of:
            raise MemoryError()
        self._build(lines, self._number_letters(lines), idf.shape[0])

    def __dealloc__(self):
        free(self.code_of)
        free(self.nodes)

    cdef Py_ssize_t _number_letters(self, str lines) except -1:
        """Give each letter a code, and return how many steps all n-grams take at most."""
        cdef Py_UCS4 letter
        cdef Py_ssize_t steps = 0
        cdef uint16_t count = 0
        memset(self.code_of, 0xFF, 65536 * sizeof(uint16_t))
        for letter in lines:
            if letter > 0xFFFF:
                raise UnfitModelError("its n-grams hold letters past the basic plane")
            if letter != u"\n":
                if self.code_of[letter] == NO_CODE:
                    self.code_of[letter], count = count, count + 1
                steps += 1 + self.code_of[letter] // ESCAPE
        return steps

    cdef _build(self, str lines, Py_ssize_t steps, Py_ssize_t expected):
        cdef Branch *branches
        cdef Py_UCS4 character
        cdef int32_t at = 0, count = 1, number = 0
        cdef int code
        if steps > 0x3FFFFFFF:
            raise UnfitModelError("it has too many n-grams")
        branches = <Branch *> malloc((steps + 1) * sizeof(Branch))
        self.nodes = <Node *> malloc((steps + 1) * sizeof(Node))
        if not (branches and self.nodes):
            free(branches)
            raise MemoryError()
        branches[0] = Branch(-1, -1, -1, -1, -1)
        for character in lines:
            if character != u"\n":
                code = self.code_of[character]
                while code >= ESCAPE:
                    at, code = self._branch(branches, &count, at, ESCAPE), code - ESCAPE
                at = self._branch(branches, &count, at, code)
                continue
            if at:
                branches[at].number = number
            at, number = 0, number + 1
        self._set_out(branches, count)
        free(branches)
        self.nodes = <Node *> realloc(self.nodes, count * sizeof(Node))
        if number != expected:
            raise UnfitModelError(f"it has {number} n-grams for {expected} weights")

    cdef int32_t _branch(self, Branch *branches, int32_t *count, int32_t parent, int code) noexcept nogil:
        """The child of a branch by a step, made if need be; n-grams that are sorted find theirs last."""
        cdef int32_t child = branches[parent].last_child
        if child < 0 or branches[child].code != code:
            child = branches[parent].child
            while child >= 0 and branches[child].code != code:
                child = branches[child].sibling
        if child < 0:
            child, count[0] = count[0], count[0] + 1
            branches[child] = Branch(-1, -1, -1, -1, code)
            if branches[parent].child < 0:
                branches[parent].child = child
            else:
                branches[branches[parent].last_child].sibling = child
            branches[parent].last_child = child
        return child

    cdef void _set_out(self, Branch *branches, int32_t count) noexcept nogil:
        """Make nodes of branches, the children of each side by side in the order of their codes."""
        cdef int32_t at, child, placed = 1
        cdef uint64_t steps
        self.nodes[0].first = 0     # until a node is set out, `first` is its branch
        for at in range(count):
            steps, child = 0, branches[self.nodes[at].first].child
            while child >= 0:
                steps |= <uint64_t> 1 << branches[child].code
                child = branches[child].sibling
            child = branches[self.nodes[at].first].child
            self.nodes[at].steps, self.nodes[at].number = steps, branches[self.nodes[at].first].number
            self.nodes[at].first = placed
            while child >= 0:
                self.nodes[placed + bits_in(steps & ((<uint64_t> 1 << branches[child].code) - 1))].first = child
                child = branches[child].sibling
            placed += bits_in(steps)

    cdef inline int32_t step(self, int32_t node, int code) noexcept nogil:
        """Where a letter leads from a node, or -1."""
        cdef uint64_t bit
        while code >= ESCAPE:
            bit = <uint64_t> 1 << ESCAPE
            if not self.nodes[node].steps & bit:
                return -1
            node = self.nodes[node].first + bits_in(self.nodes[node].steps & (bit - 1))
            code -= ESCAPE
        bit = <uint64_t> 1 << code
        if not self.nodes[node].steps & bit:
            return -1
        return self.nodes[node].first + bits_in(self.nodes[node].steps & (bit - 1))

    cdef void row_of(self, const uint16_t *form, uint32_t length, float *row) noexcept nogil:
        """The row (K + 1,) of a word from its n-grams: shares, then the squared length."""
        cdef uint16_t codes[LONGEST_WORD + 2]
        cdef int32_t ids[MOST_NGRAMS]
        cdef float values[MOST_NGRAMS]
        cdef int32_t ends[LONGEST_WORD + 2]
        cdef int starts[LONGEST_WORD + 2]
        cdef int found = 0, letters, start, size, at, going, still
        cdef int32_t node
        cdef float squares = 0
        letters = self.padded(form, length, codes)
        going = letters
        for at in range(letters):
            starts[at], ends[at] = at, 0
        # One step from every place, then the next: what a step leads to is read a round later, when it has come near.
        for size in range(self.longest + 1):
            still = 0
            for at in range(going):
                start, node = starts[at], ends[at]
                if size >= self.shortest and self.nodes[node].number >= 0:
                    ids[found] = self.nodes[node].number
                    prefetch(self.halves + <size_t> ids[found] * self.topics)
                    prefetch(self.idf + ids[found])
                    found += 1
                if size == self.longest or start + size >= letters or codes[start + size] == NO_CODE:
                    continue
                node = self.step(node, codes[start + size])
                if node >= 0:
                    prefetch(&self.nodes[node])
                    starts[still], ends[still], still = start, node, still + 1
            going = still
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
                codes[letters] = NO_CODE
                at += 1
            else:
                codes[letters] = self.code_of[form[at]]
            at += 1
            letters += 1
        codes[letters] = self.code_of[32]
        return letters + 1
