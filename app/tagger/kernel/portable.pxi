# What C needs and Cython has no name for: CPython's classes of characters, publishing between threads, prefetching.

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define RASID_PUBLISH(place, value) __atomic_store_n((place), (value), __ATOMIC_RELEASE)
    #define RASID_READ(place) __atomic_load_n((place), __ATOMIC_ACQUIRE)
    #define RASID_TRY_LOCK(flag) (!__atomic_test_and_set((flag), __ATOMIC_ACQUIRE))
    #define RASID_UNLOCK(flag) __atomic_clear((flag), __ATOMIC_RELEASE)
    #define RASID_PREFETCH(place) __builtin_prefetch(place)
    #else
    #error "the kernel wants GCC or Clang; without it Rasid scores with NumPy"
    #endif

    /* sums[k] += value * weights[k], for weights in half precision; exact for all finite numbers, without special
       instructions: the exponent is put right by a multiplication, which is a shift for numbers of this kind. */
    static inline void rasid_add_halves(double *sums, double value, const uint16_t *weights, int count) {
        for (int k = 0; k < count; k++) {
            uint32_t bits = (uint32_t)(weights[k] & 0x7fffu) << 13;
            float number;
            memcpy(&number, &bits, sizeof number);
            number *= (weights[k] & 0x8000u) ? -0x1p112f : 0x1p112f;
            sums[k] += value * number;
        }
    }
    """
    void publish "RASID_PUBLISH"(int32_t *place, int32_t value) noexcept nogil
    int32_t published "RASID_READ"(int32_t *place) noexcept nogil
    bint try_lock "RASID_TRY_LOCK"(char *flag) noexcept nogil
    void unlock "RASID_UNLOCK"(char *flag) noexcept nogil
    void prefetch "RASID_PREFETCH"(const void *place) noexcept nogil
    void add_halves "rasid_add_halves"(double *sums, double value, const uint16_t *weights, int count) noexcept nogil

cdef extern from "Python.h":
    bint Py_UNICODE_ISALNUM(Py_UCS4 character) noexcept nogil
    bint Py_UNICODE_ISALPHA(Py_UCS4 character) noexcept nogil
    int PyUnicode_KIND(object text)
    void *PyUnicode_DATA(object text)
    Py_UCS4 PyUnicode_READ(int kind, const void *data, Py_ssize_t at) noexcept nogil
