# Python's texts and bytes as C sees them.

cdef struct View:
    int kind
    const void *data
    Py_ssize_t size


cdef View view_of(str text) except *:
    cdef View view
    view.kind, view.data, view.size = PyUnicode_KIND(text), PyUnicode_DATA(text), len(text)
    if view.size > MOST_CHARACTERS:
        raise ValueError(f"a passage of {view.size} characters is too long: at most {MOST_CHARACTERS}")
    return view


def all_finite(const unsigned char[::1] data, int size):
    """Whether no number, of `size` bytes 2, 4 or 8 in IEEE 754, is infinite or not a number."""
    cdef Py_ssize_t at = size - 1
    cdef uint16_t exponent = 0x7C00 if size == 2 else 0x7F80 if size == 4 else 0x7FF0
    cdef const unsigned char *bytes_ = &data[0] if data.shape[0] else NULL
    while at < data.shape[0]:
        if (bytes_[at] << 8 | bytes_[at - 1]) & exponent == exponent:
            return False
        at += size
    return True
