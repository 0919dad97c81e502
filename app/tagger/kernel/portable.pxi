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

    /* How many bits are set (Warren: Hacker's Delight, 5-1); not every processor can count them by itself. */
    static inline int rasid_bits_in(uint64_t bits) {
        bits -= bits >> 1 & 0x5555555555555555u;
        bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
        bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
        return (int)(bits * 0x0101010101010101u >> 56);
    }

    /* sums[k] += values[n] * weights[rows[n]][k] for all n, the weights in half precision.
       A half is exact in single precision; where the processor can't turn one into the other, the exponent is put right
       by a multiplication, which is a shift for numbers of this kind. */
    static void rasid_add_halves_anywhere(
        float *sums, const uint16_t *weights, int width, const int32_t *rows, const float *values, int count
    ) {
        for (int n = 0; n < count; n++) {
            const uint16_t *row = weights + (size_t) rows[n] * width;
            for (int k = 0; k < width; k++) {
                uint32_t bits = (uint32_t)(row[k] & 0x7fffu) << 13;
                float number;
                memcpy(&number, &bits, sizeof number);
                number *= (row[k] & 0x8000u) ? -0x1p112f : 0x1p112f;
                sums[k] += values[n] * number;
            }
        }
    }

    #if defined(__x86_64__)
    #include <immintrin.h>
    __attribute__((target("avx,f16c"))) static void rasid_add_halves_f16c(
        float *sums, const uint16_t *weights, int width, const int32_t *rows, const float *values, int count
    ) {
        int k = 0;
        for (; k + 8 <= width; k += 8) {
            __m256 sum = _mm256_loadu_ps(sums + k);
            for (int n = 0; n < count; n++) {
                __m128i halves = _mm_loadu_si128((const __m128i *)(weights + (size_t) rows[n] * width + k));
                sum = _mm256_add_ps(sum, _mm256_mul_ps(_mm256_set1_ps(values[n]), _mm256_cvtph_ps(halves)));
            }
            _mm256_storeu_ps(sums + k, sum);
        }
        for (; k < width; k++)
            for (int n = 0; n < count; n++)
                sums[k] += values[n] * _cvtsh_ss(weights[(size_t) rows[n] * width + k]);
    }
    /* Whatever has AVX2 has F16C, whose name older compilers don't know. */
    #define RASID_ADD_HALVES (__builtin_cpu_supports("avx2") ? rasid_add_halves_f16c : rasid_add_halves_anywhere)
    #else
    #define RASID_ADD_HALVES rasid_add_halves_anywhere
    #endif
    """
    void publish "RASID_PUBLISH"(int32_t *place, int32_t value) noexcept nogil
    int32_t published "RASID_READ"(int32_t *place) noexcept nogil
    bint try_lock "RASID_TRY_LOCK"(char *flag) noexcept nogil
    void unlock "RASID_UNLOCK"(char *flag) noexcept nogil
    int bits_in "rasid_bits_in"(uint64_t bits) noexcept nogil
    void prefetch "RASID_PREFETCH"(const void *place) noexcept nogil
    void (*add_halves "RASID_ADD_HALVES")(
        float *sums, const uint16_t *weights, int width, const int32_t *rows, const float *values, int count
    ) noexcept nogil

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef extern from "Python.h":
    bint Py_UNICODE_ISALNUM(Py_UCS4 character) noexcept nogil
    bint Py_UNICODE_ISALPHA(Py_UCS4 character) noexcept nogil
    int PyUnicode_KIND(object text)
    void *PyUnicode_DATA(object text)
    Py_UCS4 PyUnicode_READ(int kind, const void *data, Py_ssize_t at) noexcept nogil
