// The CRC-32 of zip and zlib: polynomial 0x04c11db7, bits reflected.
//
// Polynomials over GF(2) are written with the lowest power in the highest bit.
#include <stdint.h>
#include <string.h>

#include "Kernels.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

static constexpr uint32_t polynomial = 0xedb88320;

// MARK: With tables, eight bytes at a time

/// table[k][b] is the CRC of byte b followed by k zero bytes, without pre- and postconditioning.
static uint32_t table[8][256];

// Once, before main, so that no thread ever sees it half done.
__attribute__((constructor)) static void fill_table(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? polynomial : 0);
    table[0][byte] = crc;
  }
  for (int zeros = 1; zeros < 8; zeros++) {
    for (uint32_t byte = 0; byte < 256; byte++) {
      uint32_t crc = table[zeros - 1][byte];
      table[zeros][byte] = (crc >> 8) ^ table[0][crc & 0xff];
    }
  }
}

static uint32_t crc32_table(uint32_t crc, const uint8_t *bytes, size_t count) {
  for (; count >= 8; count -= 8, bytes += 8) {
    uint32_t x = crc ^ ((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                        (uint32_t)bytes[3] << 24);
    crc = table[7][x & 0xff] ^ table[6][(x >> 8) & 0xff] ^ table[5][(x >> 16) & 0xff] ^
          table[4][x >> 24] ^ table[3][bytes[4]] ^ table[2][bytes[5]] ^ table[1][bytes[6]] ^
          table[0][bytes[7]];
  }
  for (; count > 0; count--, bytes++) crc = (crc >> 8) ^ table[0][(crc ^ *bytes) & 0xff];
  return crc;
}

// MARK: With carry-less multiplication

#ifdef __x86_64__
#define GM_CLMUL __attribute__((target("pclmul,sse4.1")))
#define GM_VCLMUL __attribute__((target("avx512f,vpclmulqdq,pclmul,sse4.1")))

// Gopal et al. 2009, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction".
//
// To move a polynomial on by n bits takes x^(n+32) and x^(n-32) modulo the polynomial, reflected.
static const uint64_t by_256_bytes[2] = {0x11542778a, 0x1322d1430};
static const uint64_t by_64_bytes[2] = {0x154442bd4, 0x1c6e41596};
static const uint64_t by_16_bytes[2] = {0x1751997d0, 0x0ccaa009e};

GM_CLMUL static inline __m128i load(const void *bytes) {
  return _mm_loadu_si128((const __m128i *)bytes);
}

/// Moves `x` on by as many bits as the powers in `powers` say, and adds `next`.
GM_CLMUL static inline __m128i fold(__m128i x, __m128i powers, __m128i next) {
  __m128i low = _mm_clmulepi64_si128(x, powers, 0x00);
  __m128i high = _mm_clmulepi64_si128(x, powers, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/// The CRC of what was folded into `x` and of `count` more bytes, a multiple of 16.
GM_CLMUL static inline uint32_t reduce(__m128i x, const uint8_t *bytes, size_t count) {
  const __m128i by_16 = load(by_16_bytes);
  // x^64, reflected.
  const __m128i by_8_bytes = _mm_set_epi64x(0, 0x163cd6124);
  // The polynomial, and its reciprocal for Barrett's reduction.
  const __m128i barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641);
  const __m128i lower_32 = _mm_setr_epi32(-1, 0, -1, 0);
  for (; count >= 16; bytes += 16, count -= 16) x = fold(x, by_16, load(bytes));

  // 128 bits to 96, to 64, to 32.
  __m128i moved = _mm_clmulepi64_si128(x, by_16, 0x10);
  x = _mm_xor_si128(_mm_srli_si128(x, 8), moved);
  moved = _mm_clmulepi64_si128(_mm_and_si128(x, lower_32), by_8_bytes, 0x00);
  x = _mm_xor_si128(_mm_srli_si128(x, 4), moved);
  moved = _mm_clmulepi64_si128(_mm_and_si128(x, lower_32), barrett, 0x10);
  moved = _mm_clmulepi64_si128(_mm_and_si128(moved, lower_32), barrett, 0x00);
  return (uint32_t)_mm_extract_epi32(_mm_xor_si128(x, moved), 1);
}

/// At least 64 bytes, a multiple of 16.
GM_CLMUL static uint32_t crc32_clmul(uint32_t crc, const uint8_t *bytes, size_t count) {
  const __m128i by_16 = load(by_16_bytes), by_64 = load(by_64_bytes);
  __m128i x0 = _mm_xor_si128(load(bytes), _mm_cvtsi32_si128((int)crc));
  __m128i x1 = load(bytes + 16), x2 = load(bytes + 32), x3 = load(bytes + 48);
  for (bytes += 64, count -= 64; count >= 64; bytes += 64, count -= 64) {
    x0 = fold(x0, by_64, load(bytes));
    x1 = fold(x1, by_64, load(bytes + 16));
    x2 = fold(x2, by_64, load(bytes + 32));
    x3 = fold(x3, by_64, load(bytes + 48));
  }
  x0 = fold(x0, by_16, x1);
  x0 = fold(x0, by_16, x2);
  x0 = fold(x0, by_16, x3);
  return reduce(x0, bytes, count);
}

GM_VCLMUL static inline __m512i wide_load(const uint8_t *bytes) {
  return _mm512_loadu_si512(bytes);
}

/// `fold` of four lanes at once.
GM_VCLMUL static inline __m512i wide_fold(__m512i x, __m512i powers, __m512i next) {
  __m512i low = _mm512_clmulepi64_epi128(x, powers, 0x00);
  __m512i high = _mm512_clmulepi64_epi128(x, powers, 0x11);
  return _mm512_ternarylogic_epi64(low, high, next, 0x96);
}

/// At least 256 bytes, a multiple of 16.
GM_VCLMUL static uint32_t crc32_vclmul(uint32_t crc, const uint8_t *bytes, size_t count) {
  const __m512i by_256 = _mm512_broadcast_i32x4(load(by_256_bytes));
  const __m512i by_64 = _mm512_broadcast_i32x4(load(by_64_bytes));
  const __m128i by_16 = load(by_16_bytes);
  __m512i start = _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)crc));
  __m512i x0 = _mm512_xor_si512(wide_load(bytes), start), x1 = wide_load(bytes + 64);
  __m512i x2 = wide_load(bytes + 128), x3 = wide_load(bytes + 192);
  for (bytes += 256, count -= 256; count >= 256; bytes += 256, count -= 256) {
    x0 = wide_fold(x0, by_256, wide_load(bytes));
    x1 = wide_fold(x1, by_256, wide_load(bytes + 64));
    x2 = wide_fold(x2, by_256, wide_load(bytes + 128));
    x3 = wide_fold(x3, by_256, wide_load(bytes + 192));
  }
  x0 = wide_fold(x0, by_64, x1);
  x0 = wide_fold(x0, by_64, x2);
  x0 = wide_fold(x0, by_64, x3);
  for (; count >= 64; bytes += 64, count -= 64) x0 = wide_fold(x0, by_64, wide_load(bytes));
  __m128i x = fold(_mm512_extracti32x4_epi32(x0, 0), by_16, _mm512_extracti32x4_epi32(x0, 1));
  x = fold(x, by_16, _mm512_extracti32x4_epi32(x0, 2));
  x = fold(x, by_16, _mm512_extracti32x4_epi32(x0, 3));
  return reduce(x, bytes, count);
}

static bool has_clmul(void) {
  return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

static bool has_vclmul(void) {
  return has_clmul() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
}
#endif

uint32_t gm_crc32(uint32_t crc, const void *data, size_t count) {
  const uint8_t *bytes = data;
  crc = ~crc;
#ifdef __x86_64__
  if (count >= 64 && has_clmul()) {
    size_t folded = count & ~(size_t)15;
    crc = count >= 256 && has_vclmul() ? crc32_vclmul(crc, bytes, folded)
                                       : crc32_clmul(crc, bytes, folded);
    bytes += folded;
    count -= folded;
  }
#endif
  return ~crc32_table(crc, bytes, count);
}

// MARK: Combination

/// a * b modulo the polynomial.
static uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b >> 1) ^ ((b & 1) ? polynomial : 0);
  }
  return product;
}

uint32_t gm_crc32_combine(uint32_t first, uint32_t second, uint64_t second_count) {
  // first * x^(8 * second_count), by squaring.
  uint32_t power = 0x00800000;  // x^8
  for (; second_count != 0; second_count >>= 1) {
    if (second_count & 1) first = multiply(power, first);
    power = multiply(power, power);
  }
  return first ^ second;
}
