# From text to numbers of rows: finds the written words and looks each up; an unseen one is normalised and gets its row.

cdef enum:
    AHEAD = 32          # words found before the first is looked up, so that memory has time to come near

cdef struct Found:
    Py_ssize_t start, end   # places in code points
    uint64_t hashed


@cython.final
cdef class Reader:
    """Reads passages by one generation of spellings."""

    cdef unsigned char *classes     # (65536,): WORD, LETTER, ARABIC
    cdef uint16_t *normal           # (65536,): SLOW, DROPPED, or the one unit that a character becomes
    cdef Ngrams ngrams
    cdef Phrases phrases
    cdef object normalised          # str to str, for characters that are SLOW

    def __cinit__(self, str in_words, dict normal_forms, object normalised, Ngrams ngrams, Phrases phrases):
        """`in_words` are characters of words that aren't letters or digits; `normal_forms` maps one to one or none."""
        cdef Py_UCS4 character
        self.classes = <unsigned char *> calloc(65536, 1)
        self.normal = <uint16_t *> calloc(65536, sizeof(uint16_t))
        if not (self.classes and self.normal):
            raise MemoryError()
        self.normalised, self.ngrams, self.phrases = normalised, ngrams, phrases
        for character in range(65536):
            if Py_UNICODE_ISALNUM(character):
                self.classes[character] = WORD
            if Py_UNICODE_ISALPHA(character):
                self.classes[character] |= LETTER
                if 0x600 <= character <= 0x6FF or 0xFB50 <= character <= 0xFEFC:
                    self.classes[character] |= ARABIC
        for character in in_words:
            if character <= 0xFFFF:
                self.classes[character] |= WORD
        for written, form in normal_forms.items():
            self.normal[<uint16_t> ord(written)] = <uint16_t> ord(form) if form else <uint16_t> DROPPED

    def __dealloc__(self):
        free(self.classes)
        free(self.normal)

    cdef inline unsigned char class_of(self, Py_UCS4 character) noexcept nogil:
        if character <= 0xFFFF:
            return self.classes[character]
        if Py_UNICODE_ISALNUM(character):
            return WORD | LETTER if Py_UNICODE_ISALPHA(character) else WORD
        return 0

    cdef int read(self, Spellings table, Scratch *scratch, int kind, const void *data, Py_ssize_t size) except -1 nogil:
        """Put the forms of a passage into `scratch`."""
        cdef Py_ssize_t at = 0
        cdef Py_UCS4 character = 0
        cdef unsigned char sort
        cdef Found found[AHEAD]
        cdef Found *word
        cdef int count = 0
        while at < size:
            character = PyUnicode_READ(kind, data, at)
            sort = self.class_of(character)
            if not sort & WORD:
                at += 1
                continue
            word = &found[count]
            word.start, word.hashed = at, table.seed
            while sort & WORD:
                word.hashed = mixed(word.hashed, <uint32_t> character)
                scratch.letters += sort >> 1 & 1
                scratch.arabic += sort >> 2 & 1
                at += 1
                if at == size:
                    break
                character = PyUnicode_READ(kind, data, at)
                sort = self.class_of(character)
            word.end, count = at, count + 1
            table.expect(word.hashed)
            if count == AHEAD:
                self.look_up(table, scratch, kind, data, found, count)
                count = 0
        self.look_up(table, scratch, kind, data, found, count)
        if scratch.spilled_count:
            self.settle(table, scratch)
        return 0

    cdef int look_up(
        self, Spellings table, Scratch *scratch, int kind, const void *data, const Found *found, int count
    ) except -1 nogil:
        """Add the forms of some written words."""
        cdef int number
        cdef uint32_t length
        cdef const Found *word
        for number in range(count):
            word = &found[number]
            if scratch.with_places:
                self.note_place(scratch, <int32_t> word.start, <int32_t> word.end)
            if kind == 2:
                length = <uint32_t> (word.end - word.start)
                self.add(table, scratch, <const uint16_t *> data + word.start, length, word.hashed)
            else:
                length = self.in_units(scratch, kind, data, word.start, word.end)
                self.add(table, scratch, scratch.word, length, word.hashed)
        return 0

    cdef void settle(self, Spellings table, Scratch *scratch) noexcept nogil:
        """Give forms that another thread kept meanwhile the row that it made: a type has one number in a passage."""
        cdef int32_t at, row
        cdef Spilled *spilled
        for at in range(scratch.n):
            if scratch.ids[at] >= table.most_rows:
                spilled = &scratch.spilled[scratch.ids[at] - table.most_rows]
                if spilled.length <= LONGEST_KEPT:
                    row = table.find(spilled.hashed, scratch.forms + spilled.offset, spilled.length)
                    if row >= 0:
                        scratch.ids[at] = row

    cdef int note_place(self, Scratch *scratch, int32_t start, int32_t end) except -1 nogil:
        cdef int32_t word = scratch.words
        grown(<void **> &scratch.starts, &scratch.starts_size, word + 1, sizeof(int32_t))
        grown(<void **> &scratch.ends, &scratch.ends_size, word + 1, sizeof(int32_t))
        grown(<void **> &scratch.firsts, &scratch.firsts_size, word + 1, sizeof(int32_t))
        scratch.starts[word], scratch.ends[word], scratch.firsts[word] = start, end, scratch.n
        scratch.words += 1
        return 0

    cdef uint32_t in_units(
        self, Scratch *scratch, int kind, const void *data, Py_ssize_t start, Py_ssize_t end
    ) except? 0 nogil:
        """Write a word into `scratch.word` as UTF-16 units, and return how many."""
        cdef uint32_t units = 0, character
        cdef Py_ssize_t at
        grown(<void **> &scratch.word, &scratch.word_size, 2 * <size_t> (end - start), sizeof(uint16_t))
        for at in range(start, end):
            character = <uint32_t> PyUnicode_READ(kind, data, at)
            if character > 0xFFFF:
                scratch.word[units] = <uint16_t> (0xD800 + ((character - 0x10000) >> 10))
                units += 1
                character = 0xDC00 + (character & 0x3FF)
            scratch.word[units] = <uint16_t> character
            units += 1
        return units

    cdef inline int add(
        self, Spellings table, Scratch *scratch, const uint16_t *key, uint32_t length, uint64_t hashed
    ) except -1 nogil:
        """Add the forms of a written word."""
        cdef int32_t row = table.find(hashed, key, length) if length <= LONGEST_KEPT else <int32_t> EMPTY
        if row >= 0:
            self.push(scratch, row)
        elif row == EMPTY:
            self.add_unseen(table, scratch, key, length, hashed)
        elif row <= SEVERAL:
            self.push_several(scratch, &table.several[SEVERAL - row])
        return 0

    cdef inline int push(self, Scratch *scratch, int32_t row) except -1 nogil:
        if <size_t> scratch.n >= scratch.ids_size:
            grown(<void **> &scratch.ids, &scratch.ids_size, scratch.n + 256, sizeof(int32_t))
        scratch.ids[scratch.n] = row
        scratch.n += 1
        return 0

    cdef int push_several(self, Scratch *scratch, Several *several) except -1 nogil:
        cdef int32_t at
        for at in range(several.count):
            self.push(scratch, several.rows[at])
        return 0

    cdef int add_unseen(
        self, Spellings table, Scratch *scratch, const uint16_t *key, uint32_t length, uint64_t hashed
    ) except -1 nogil:
        """Add a spelling met for the first time, and keep it if there is room."""
        cdef uint32_t at, units = 0
        cdef uint16_t unit
        cdef int32_t row = NOTHING
        grown(<void **> &scratch.form, &scratch.form_size, length, sizeof(uint16_t))
        for at in range(length):
            unit = self.normal[key[at]]
            if unit == SLOW:
                return self.add_slowly(table, scratch, key, length, hashed)
            if unit != DROPPED:
                scratch.form[units] = unit
                units += 1
        if units:
            row = self.row_of(table, scratch, scratch.form, units)
            self.push(scratch, row)
        if units != length or memcmp(scratch.form, key, units * sizeof(uint16_t)):  # else row_of has kept it
            self.keep(table, hashed, key, length, row)
        return 0

    cdef int add_slowly(
        self, Spellings table, Scratch *scratch, const uint16_t *key, uint32_t length, uint64_t hashed
    ) except -1 with gil:
        """The same by the normaliser itself, which knows every character and gives several words for some."""
        cdef Several several
        cdef int32_t slot, row
        cdef bytes units
        several.count = 0
        written = PyUnicode_DecodeUTF16(<char *> key, 2 * <Py_ssize_t> length, "surrogatepass", NULL)
        for form in self.normalised(written).split():
            units = form.encode("utf-16-le", "surrogatepass")
            row = self.row_of(table, scratch, <const uint16_t *> <const char *> units, <uint32_t> (len(units) // 2))
            self.push(scratch, row)
            if several.count < MOST_FORMS and row < table.most_rows:
                several.rows[several.count] = row
                several.count += 1
            else:
                length = LONGEST_KEPT + 1   # not to be kept: a row that is gone with this passage, or too many
        if several.count < 2:
            self.keep(table, hashed, key, length, several.rows[0] if several.count else <int32_t> NOTHING)
        elif length <= LONGEST_KEPT and not table.full and try_lock(&table.lock):
            slot = table.several_count
            if slot < MOST_SEVERAL and table.find(hashed, key, length) == EMPTY:
                table.several[slot] = several
                if table.keep(hashed, key, length, SEVERAL - slot):
                    table.several_count += 1
            unlock(&table.lock)
        return 0

    cdef void keep(self, Spellings table, uint64_t hashed, const uint16_t *key, uint32_t length, int32_t row) noexcept nogil:
        if row >= table.most_rows or length > LONGEST_KEPT or table.full or not try_lock(&table.lock):
            return
        if table.find(hashed, key, length) == EMPTY:
            table.keep(hashed, key, length, row)
        unlock(&table.lock)

    cdef int32_t row_of(self, Spellings table, Scratch *scratch, const uint16_t *form, uint32_t length) except -2 nogil:
        """The number of a form's row, made now if need be; past the table's rows if it is kept for this passage only."""
        cdef uint64_t hashed = table.hash_of(form, length)
        cdef int32_t row = table.find(hashed, form, length) if length <= LONGEST_KEPT else <int32_t> EMPTY
        if row == EMPTY and length <= LONGEST_KEPT and not table.full and try_lock(&table.lock):
            row = table.find(hashed, form, length)
            if row == EMPTY:
                row = self.new_row(table, hashed, form, length)
            unlock(&table.lock)
        if row == EMPTY:
            row = self.spilled_row(table, scratch, hashed, form, length)
        return row

    cdef int32_t new_row(self, Spellings table, uint64_t hashed, const uint16_t *form, uint32_t length) noexcept nogil:
        """Make and keep a form's row; the caller has the lock."""
        cdef int32_t row = table.rows
        if row >= table.most_rows:
            table.full = True
            return EMPTY
        self.ngrams.row_of(form, length, table.unseen + <size_t> (row - table.known) * table.width)
        table.beginning[row - table.known] = self.phrases.begun_by(table, form, length, table.begins_of(row))
        if not table.keep(hashed, form, length, row):
            return EMPTY
        table.rows += 1
        return row

    cdef int32_t spilled_row(
        self, Spellings table, Scratch *scratch, uint64_t hashed, const uint16_t *form, uint32_t length
    ) except -2 nogil:
        cdef int32_t number
        cdef uint32_t place
        room_for_spilled(scratch)
        place = <uint32_t> (hashed >> 32) & scratch.spilled_mask
        while scratch.spilled_index[place] >= 0:
            number = scratch.spilled_index[place]
            if scratch.spilled[number].hashed == hashed and scratch.spilled[number].length == length:
                if memcmp(scratch.forms + scratch.spilled[number].offset, form, length * sizeof(uint16_t)) == 0:
                    return table.most_rows + number
            place = (place + 1) & scratch.spilled_mask
        number = scratch.spilled_count
        grown(<void **> &scratch.spilled, &scratch.spilled_size, number + 1, sizeof(Spilled))
        grown(<void **> &scratch.spilled_rows, &scratch.spilled_rows_size, (<size_t> number + 1) * table.width, sizeof(float))
        grown(<void **> &scratch.spilled_begins, &scratch.spilled_begins_size, (<size_t> number + 1) * BUCKETS, sizeof(uint16_t))
        grown(<void **> &scratch.forms, &scratch.forms_size, scratch.forms_used + length, sizeof(uint16_t))
        memcpy(scratch.forms + scratch.forms_used, form, length * sizeof(uint16_t))
        scratch.spilled[number].hashed, scratch.spilled[number].length = hashed, length
        scratch.spilled[number].offset = scratch.forms_used
        scratch.forms_used += length
        self.ngrams.row_of(form, length, scratch.spilled_rows + <size_t> number * table.width)
        self.phrases.begun_by(table, form, length, scratch.spilled_begins + <size_t> number * BUCKETS)
        scratch.spilled_index[place] = number
        scratch.spilled_count += 1
        return table.most_rows + number
