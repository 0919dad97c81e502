# The table of spellings: what was written (or a normalised form) to the number of its row, in one look-up.
#
# One generation of it is only ever added to. A writer fills a slot and publishes its row last; a reader that sees no row
# takes the word as unseen. Only one thread writes at a time, and none waits: a word that finds the table taken is
# scored without being kept.

cdef enum:
    EMPTY = -1          # no word in this slot
    NOTHING = -2        # a spelling of nothing but marks
    SEVERAL = -3        # and below: a ligature that stands for several words
    LINE = 64           # bytes that memory gives at once; no slot lies across two
    INLINE = 13         # units of a key inside its slot, so that most words take one cache line
    LONGEST_KEPT = 128  # units of the longest spelling that is kept
    MOST_PROBES = 64    # a crowded neighbourhood gives up: keys can't be chosen to make look-ups slow
    BUCKETS = 6         # of phrases that one word can begin: one for each length of proclitics
    MOST_SEVERAL = 512
    MOST_FORMS = 18     # words that one ligature stands for

cdef struct Slot:
    int32_t row
    uint16_t length     # UTF-16 units; over INLINE, the key lies in the arena at the offset in `key`
    uint16_t key[INLINE]

cdef struct Several:
    int32_t count
    int32_t rows[MOST_FORMS]

cdef uint64_t MIXER = <uint64_t> 0x9E3779B97F4A7C15u


cdef inline uint64_t mixed(uint64_t hashed, uint32_t character) noexcept nogil:
    return (hashed ^ character) * MIXER


@cython.final
cdef class Spellings:
    """One generation of spellings and of rows for words that training never kept."""

    cdef Slot *slots
    cdef uint16_t *arena
    cdef float *unseen          # (most_rows - known, K + 1)
    cdef uint16_t *begins       # (most_rows - known, BUCKETS): the buckets of phrases that a word can begin, 0 for none
    cdef unsigned char *beginning   # (most_rows - known,): whether a word begins any phrase; small enough to stay near
    cdef Several *several
    cdef int shift, width
    cdef uint32_t mask
    cdef int32_t known, rows, most_rows, filled, most_filled, several_count
    cdef uint32_t arena_used, arena_size
    cdef uint64_t seed
    cdef char lock
    cdef bint full

    def __cinit__(self, int32_t known, int32_t cached, int32_t kept, int width, uint64_t seed):
        """A table for `known` words, `cached` rows of unseen ones and `kept` keys besides the known."""
        cdef int bits = 8
        while (<int64_t> 1 << bits) < (known + kept) * 3 // 2:
            bits += 1
        self.shift, self.mask = 64 - bits, <uint32_t> ((<int64_t> 1 << bits) - 1)
        self.known, self.rows, self.most_rows, self.width, self.seed = known, known, known + cached, width, seed
        self.most_filled = known + kept
        self.arena_size = LONGEST_KEPT * 1024 + 16 * <uint32_t> (known + kept)
        self.slots = <Slot *> aligned_alloc(LINE, (<size_t> self.mask + 1) * sizeof(Slot))
        self.arena = <uint16_t *> calloc(self.arena_size, sizeof(uint16_t))
        self.unseen = <float *> calloc(<size_t> cached * width, sizeof(float))
        self.begins = <uint16_t *> calloc(<size_t> cached * BUCKETS, sizeof(uint16_t))
        self.beginning = <unsigned char *> calloc(cached + 1, 1)
        self.several = <Several *> calloc(MOST_SEVERAL, sizeof(Several))
        if not (self.slots and self.arena and self.unseen and self.begins and self.beginning and self.several):
            raise MemoryError()
        cdef uint32_t place
        for place in range(self.mask + 1):
            self.slots[place].row = EMPTY

    def __dealloc__(self):
        free(self.slots)
        free(self.arena)
        free(self.unseen)
        free(self.begins)
        free(self.beginning)
        free(self.several)

    cdef inline uint16_t *begins_of(self, int32_t row) noexcept nogil:
        return self.begins + <size_t> (row - self.known) * BUCKETS

    cdef inline uint64_t hash_of(self, const uint16_t *key, uint32_t length) noexcept nogil:
        """As `mixed` over code points: a pair of surrogates counts as the one character that it is."""
        cdef uint64_t hashed = self.seed
        cdef uint32_t at = 0
        cdef uint32_t character
        while at < length:
            character = key[at]
            if 0xD800 <= character < 0xDC00 and at + 1 < length:
                at += 1
                character = 0x10000 + ((character - 0xD800) << 10) + (key[at] & 0x3FF)
            hashed = mixed(hashed, character)
            at += 1
        return hashed

    cdef inline void expect(self, uint64_t hashed) noexcept nogil:
        """Say that a key of this hash will be looked up soon."""
        prefetch(&self.slots[<uint32_t> (hashed >> self.shift)])

    cdef inline int32_t find(self, uint64_t hashed, const uint16_t *key, uint32_t length) noexcept nogil:
        """The row of a key, or EMPTY."""
        cdef uint32_t place = <uint32_t> (hashed >> self.shift)
        cdef Slot *slot
        cdef int32_t row
        cdef int probe
        for probe in range(MOST_PROBES):
            slot = &self.slots[place]
            row = published(&slot.row)
            if row == EMPTY:
                return EMPTY
            if slot.length == length and memcmp(self.key_of(slot), key, length * sizeof(uint16_t)) == 0:
                return row
            place = (place + 1) & self.mask
        return EMPTY

    cdef inline const uint16_t *key_of(self, Slot *slot) noexcept nogil:
        if slot.length <= INLINE:
            return slot.key
        return self.arena + (slot.key[0] | <uint32_t> slot.key[1] << 16)

    cdef bint keep(self, uint64_t hashed, const uint16_t *key, uint32_t length, int32_t row) noexcept nogil:
        """Keep a key that isn't there; the caller has the lock. False where there is no place for it."""
        cdef uint32_t place = <uint32_t> (hashed >> self.shift)
        cdef Slot *slot
        cdef int probe
        if self.filled >= self.most_filled or (length > INLINE and self.arena_used + length > self.arena_size):
            self.full = True
            return False
        for probe in range(MOST_PROBES):
            slot = &self.slots[place]
            if slot.row == EMPTY:
                slot.length = <uint16_t> length
                if length <= INLINE:
                    memcpy(slot.key, key, length * sizeof(uint16_t))
                else:
                    memcpy(self.arena + self.arena_used, key, length * sizeof(uint16_t))
                    slot.key[0], slot.key[1] = self.arena_used & 0xFFFF, self.arena_used >> 16
                    self.arena_used += length
                self.filled += 1
                publish(&slot.row, row)
                return True
            place = (place + 1) & self.mask
        return False
