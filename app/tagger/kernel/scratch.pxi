# What one call works in: the words of a passage as numbers of rows, their counts, and rows that no table keeps.

cdef enum:
    GIANT = 65536       # items that a call's memory may keep for the next

cdef struct Spilled:
    uint64_t hashed
    size_t offset       # of the form in `forms`
    uint32_t length

cdef struct Scratch:
    # The forms of a passage in order, as numbers of rows; those past the table's rows are spilled ones.
    int32_t *ids
    size_t ids_size
    int32_t n
    # The written words: places in code points, and the first of each one's forms in `ids`.
    bint with_places
    int32_t *starts
    int32_t *ends
    int32_t *firsts
    size_t starts_size, ends_size, firsts_size
    int32_t words
    # The types and how often each is there; `place_of` is a hash table from row to type.
    int32_t *types
    int32_t *counts
    int32_t *place_of
    size_t types_size, counts_size, place_of_size
    int32_t type_count
    uint32_t place_mask
    # Words that found no place in the table.
    Spilled *spilled
    float *spilled_rows
    uint16_t *spilled_begins
    uint16_t *forms
    int32_t *spilled_index
    size_t spilled_size, spilled_rows_size, spilled_begins_size, forms_size, spilled_index_size, forms_used
    int32_t spilled_count
    uint32_t spilled_mask
    # One word as UTF-16 units, as written and in normal form.
    uint16_t *word
    uint16_t *form
    size_t word_size, form_size
    # Groups of phrases that are there, and for each the places of its words among the forms.
    unsigned char *groups
    unsigned char *marks
    double *extra
    size_t groups_size, marks_size, extra_size
    # For shares: the type of each form, and `g(tf) / tf / norm` of each type.
    int32_t *type_at
    double *scales
    size_t type_at_size, scales_size
    int32_t letters, arabic, unknown


cdef int grown(void **place, size_t *size, size_t wanted, size_t item) except -1 nogil:
    """Make room for `wanted` items of `item` bytes; what is there stays."""
    cdef void *larger
    cdef size_t room
    if wanted <= size[0]:
        return 0
    room = max(wanted, 2 * size[0])
    larger = realloc(place[0], room * item)
    if larger == NULL:
        with gil:
            raise MemoryError()
    place[0], size[0] = larger, room
    return 0


cdef void released(Scratch *scratch) noexcept nogil:
    free(scratch.ids)
    free(scratch.starts)
    free(scratch.ends)
    free(scratch.firsts)
    free(scratch.types)
    free(scratch.counts)
    free(scratch.place_of)
    free(scratch.spilled)
    free(scratch.spilled_rows)
    free(scratch.spilled_begins)
    free(scratch.forms)
    free(scratch.spilled_index)
    free(scratch.word)
    free(scratch.form)
    free(scratch.groups)
    free(scratch.marks)
    free(scratch.extra)
    free(scratch.type_at)
    free(scratch.scales)
    memset(scratch, 0, sizeof(Scratch))


cdef void emptied(Scratch *scratch) noexcept nogil:
    """Ready for the next passage; memory stays, unless a giant passage took it."""
    if scratch.ids_size > GIANT or scratch.spilled_index_size > GIANT:
        released(scratch)
    elif scratch.spilled_count:
        memset(scratch.spilled_index, 0xFF, scratch.spilled_index_size * sizeof(int32_t))
    scratch.n = scratch.words = scratch.type_count = scratch.letters = scratch.arabic = scratch.unknown = 0
    scratch.spilled_count, scratch.forms_used = 0, 0


cdef int room_for_spilled(Scratch *scratch) except -1 nogil:
    """Keep the hash table of spilled words at most half full."""
    cdef size_t size = scratch.spilled_index_size
    cdef int32_t number
    cdef uint32_t place
    if 2 * (<size_t> scratch.spilled_count + 1) <= size:
        return 0
    size = 64 if size == 0 else 4 * size
    grown(<void **> &scratch.spilled_index, &scratch.spilled_index_size, size, sizeof(int32_t))
    memset(scratch.spilled_index, 0xFF, scratch.spilled_index_size * sizeof(int32_t))
    scratch.spilled_mask = <uint32_t> (scratch.spilled_index_size - 1)
    for number in range(scratch.spilled_count):
        place = <uint32_t> (scratch.spilled[number].hashed >> 32) & scratch.spilled_mask
        while scratch.spilled_index[place] >= 0:
            place = (place + 1) & scratch.spilled_mask
        scratch.spilled_index[place] = number
    return 0
