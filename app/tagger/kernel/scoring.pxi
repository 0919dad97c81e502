# From numbers of rows to scores: `raw = intercept + sum of g(tf) row / norm + phrases`, `g(tf) = 1 + ln tf`.

cdef double GAIN[256]
for _count in range(1, 256):
    GAIN[_count] = 1.0 + log(_count)


cdef inline double gain(int32_t count) noexcept nogil:
    return GAIN[count] if count < 256 else 1.0 + log(count)


@cython.final
cdef class Weights:
    """What scoring needs besides the rows of unseen words: the bundle's own mapped arrays and a few small ones."""

    cdef const float *rows          # (V, K + 1)
    cdef const float *shares        # (G, K)
    cdef double *intercepts         # (K,) and so are the next two
    cdef double *slopes
    cdef double *offsets
    cdef int topics, groups
    cdef int32_t known
    cdef object owners              # keeps the mapped files open

    def __cinit__(self, const float[::1] rows, const float[::1] shares, intercepts, slopes, offsets):
        """`rows` (V * (K + 1),), `shares` (G * K,); the others are sequences of K numbers."""
        self.topics = len(intercepts)
        if not 1 <= self.topics <= MOST_TOPICS:
            raise UnfitModelError(f"it has {self.topics} topics, not 1 to {MOST_TOPICS}")
        if rows.shape[0] % (self.topics + 1) or shares.shape[0] % self.topics:
            raise UnfitModelError("its arrays have other shapes")
        self.known, self.groups = <int32_t> (rows.shape[0] // (self.topics + 1)), <int> (shares.shape[0] // self.topics)
        self.owners = (rows, shares)
        self.rows = &rows[0] if rows.shape[0] else NULL
        self.shares = &shares[0] if shares.shape[0] else NULL
        self.intercepts = <double *> calloc(3 * <size_t> self.topics + 1, sizeof(double))
        if not self.intercepts:
            raise MemoryError()
        self.slopes, self.offsets = self.intercepts + self.topics, self.intercepts + 2 * self.topics
        for place, (intercept, slope, offset) in enumerate(zip(intercepts, slopes, offsets, strict=True)):
            self.intercepts[<Py_ssize_t> place] = intercept
            self.slopes[<Py_ssize_t> place] = slope
            self.offsets[<Py_ssize_t> place] = offset

    def __dealloc__(self):
        free(self.intercepts)

    cdef inline const float *row(self, Spellings table, Scratch *scratch, int32_t row) noexcept nogil:
        if row < table.known:
            return self.rows + <size_t> row * table.width
        if row < table.most_rows:
            return table.unseen + <size_t> (row - table.known) * table.width
        return scratch.spilled_rows + <size_t> (row - table.most_rows) * table.width

    cdef int count(self, Spellings table, Scratch *scratch) except -1 nogil:
        """Count the types among the forms that were read."""
        cdef uint32_t size = 64, place
        cdef int32_t at, row, type_
        while size < 2 * <uint32_t> scratch.n:
            size *= 2
        grown(<void **> &scratch.types, &scratch.types_size, scratch.n, sizeof(int32_t))
        grown(<void **> &scratch.counts, &scratch.counts_size, scratch.n, sizeof(int32_t))
        grown(<void **> &scratch.place_of, &scratch.place_of_size, size, sizeof(int32_t))
        scratch.place_mask = size - 1
        memset(scratch.place_of, 0xFF, size * sizeof(int32_t))
        for at in range(scratch.n):
            row = scratch.ids[at]
            scratch.unknown += row >= table.known
            place = <uint32_t> row * <uint32_t> 2654435769u >> 7 & scratch.place_mask
            while True:
                type_ = scratch.place_of[place]
                if type_ < 0:
                    prefetch(self.row(table, scratch, row))
                    prefetch(self.row(table, scratch, row) + 16)
                    scratch.place_of[place] = scratch.type_count
                    scratch.types[scratch.type_count], scratch.counts[scratch.type_count] = row, 1
                    scratch.type_count += 1
                    break
                if scratch.types[type_] == row:
                    scratch.counts[type_] += 1
                    break
                place = (place + 1) & scratch.place_mask
        return 0

    cdef inline int32_t type_of(self, Scratch *scratch, int32_t row) noexcept nogil:
        """The type of a row that was counted."""
        cdef uint32_t place = <uint32_t> row * <uint32_t> 2654435769u >> 7 & scratch.place_mask
        while scratch.types[scratch.place_of[place]] != row:
            place = (place + 1) & scratch.place_mask
        return scratch.place_of[place]

    cdef int scale(self, Scratch *scratch, double norm) except -1 nogil:
        """Fill `type_at` (n,) and `scales`, so that a form's share is its type's scale times its row."""
        cdef int32_t at, type_
        grown(<void **> &scratch.type_at, &scratch.type_at_size, scratch.n, sizeof(int32_t))
        grown(<void **> &scratch.scales, &scratch.scales_size, scratch.type_count, sizeof(double))
        for at in range(scratch.n):
            scratch.type_at[at] = self.type_of(scratch, scratch.ids[at])
        for type_ in range(scratch.type_count):
            scratch.scales[type_] = gain(scratch.counts[type_]) / scratch.counts[type_] / norm
        return 0

    cdef double add_up(self, Spellings table, Scratch *scratch, double *sums) noexcept nogil:
        """Fill `sums` (K + 1,) with the words' shares before the norm, and return the norm."""
        cdef int32_t type_
        cdef int k, topics = self.topics
        cdef double times
        cdef const float *row
        memset(sums, 0, (topics + 1) * sizeof(double))
        for type_ in range(scratch.type_count):
            row = self.row(table, scratch, scratch.types[type_])
            times = gain(scratch.counts[type_])
            for k in range(topics):
                sums[k] += times * row[k]
            sums[topics] += times * times * row[topics]
        return sqrt(sums[topics]) if sums[topics] > 0 else 1.0

    cdef double norm(self, Spellings table, Scratch *scratch) noexcept nogil:
        """The norm that `add_up` returns, without the sums."""
        cdef int32_t type_
        cdef double times, squares = 0
        for type_ in range(scratch.type_count):
            times = gain(scratch.counts[type_])
            squares += times * times * self.row(table, scratch, scratch.types[type_])[self.topics]
        return sqrt(squares) if squares > 0 else 1.0

    cdef void calibrated(self, const double *raw, double *scores) noexcept nogil:
        cdef int k
        for k in range(self.topics):
            scores[k] = 1.0 / (1.0 + exp(-min(max(self.slopes[k] * raw[k] + self.offsets[k], -500.0), 500.0)))
