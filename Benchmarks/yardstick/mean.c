// The arithmetic: the exact sum in binary64, divided, rounded once to bfloat16.
#include "yardstick.h"

#include <math.h>
#include <string.h>

#if defined __AVX512F__ && defined __AVX512BW__
#include <immintrin.h>
#endif

/// Elements at a time; sums of this many stay in the first-level cache.
enum { tile = 512 };

static inline double decode(const uint8_t *input, size_t i) {
  uint16_t raw;
  memcpy(&raw, input + 2 * i, sizeof raw);
  uint32_t bits = (uint32_t)raw << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// Rounds to nearest. Before, in binary32, to odd: so only the last rounding counts.
static inline uint16_t encode(double value) {
  float nearest = (float)value;
  uint32_t bits;
  memcpy(&bits, &nearest, sizeof bits);
  bits -= fabs((double)nearest) > fabs(value);
  bits |= (double)nearest != value;
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return (uint16_t)(value != value ? 0x7fc0 : rounded);
}

/// sum / divisor, cut off, with the last bit set if anything was cut off.
static inline double quotient_to_odd(double sum, double divisor) {
  double quotient = sum / divisor;
  double rest = fma(-quotient, divisor, sum);
  uint64_t bits;
  memcpy(&bits, &quotient, sizeof bits);
  bool outwards = (rest < 0) == (sum < 0);
  // NaN and infinity give a rest that is NaN, and stay.
  uint64_t odd = bits + (outwards ? 1 : (uint64_t)-1);
  bits = (rest < 0 || rest > 0) && (bits & 1) == 0 ? odd : bits;
  memcpy(&quotient, &bits, sizeof bits);
  return quotient;
}

static inline void add(const uint8_t *restrict input, double weight, bool first,
                       double *restrict sums, size_t count) {
  for (size_t i = 0; i < count; i++) {
    double product = weight * decode(input, i);
    sums[i] = first ? product : sums[i] + product;
  }
}

static void divide(double divisor, const double *restrict sums, uint8_t *restrict output,
                   size_t count) {
  int exponent;
  bool exact = frexp(divisor, &exponent) == 0.5;
  double reciprocal = 1 / divisor;
  for (size_t i = 0; i < count; i++) {
    uint16_t raw = encode(exact ? sums[i] * reciprocal : quotient_to_odd(sums[i], divisor));
    memcpy(output + 2 * i, &raw, sizeof raw);
  }
}

/// At most a tile, in binary64.
static void mean_in_binary64(const ys_mean *mean, const uint8_t *const *inputs, size_t from,
                             uint8_t *output, size_t count) {
  double sums[tile];
  for (size_t k = 0; k < mean->inputs; k++) {
    double weight = mean->weights == nullptr ? 1 : mean->weights[k];
    if (k == 0) {
      add(inputs[k] + 2 * from, weight, true, sums, count);
    } else {
      add(inputs[k] + 2 * from, weight, false, sums, count);
    }
  }
  divide(mean->divisor, sums, output + 2 * from, count);
}

#if defined __AVX512F__ && defined __AVX512BW__
/// A tile of a simple mean of 2, 4, 8, ... inputs in binary32; false if anything was rounded there,
/// overflowed, or is NaN, so that the result may be wrong.
///
/// Inputs have 8 significant bits and are mostly of like magnitude, so that sums are mostly exact in
/// binary32's 24 bits. The processor's flags say whether they all were.
static bool mean_in_binary32(const ys_mean *mean, const uint8_t *const *inputs, size_t from,
                             uint8_t *output) {
  const __m512i upper = _mm512_set1_epi32((int)0xffff0000), one = _mm512_set1_epi32(1);
  const __m512i half = _mm512_set1_epi32(0x7fff);
  const __m512 reciprocal = _mm512_set1_ps((float)(1 / mean->divisor));
  __mmask16 nan = 0;
  _mm_setcsr(0x1f80);
  for (size_t i = 0; i < tile; i += 32) {
    __m512 even, odd;
    for (size_t k = 0; k < mean->inputs; k++) {
      __m512i raw = _mm512_loadu_si512(inputs[k] + 2 * (from + i));
      __m512 low = _mm512_castsi512_ps(_mm512_slli_epi32(raw, 16));
      __m512 high = _mm512_castsi512_ps(_mm512_and_si512(raw, upper));
      even = k == 0 ? low : _mm512_add_ps(even, low);
      odd = k == 0 ? high : _mm512_add_ps(odd, high);
    }
    even = _mm512_mul_ps(even, reciprocal);
    odd = _mm512_mul_ps(odd, reciprocal);
    nan |= _mm512_cmp_ps_mask(even, odd, _CMP_UNORD_Q);
    __m512i low = _mm512_castps_si512(even), high = _mm512_castps_si512(odd);
    __m512i low_bit = _mm512_and_si512(_mm512_srli_epi32(low, 16), one);
    __m512i high_bit = _mm512_and_si512(_mm512_srli_epi32(high, 16), one);
    low = _mm512_add_epi32(low, _mm512_add_epi32(low_bit, half));
    high = _mm512_add_epi32(high, _mm512_add_epi32(high_bit, half));
    low = _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(low, 16), high);
    _mm512_storeu_si512(output + 2 * (from + i), low);
  }
  // Stores above stay before, and loads of the next tile behind.
  __asm__ volatile("" : : : "memory");
  unsigned int invalid_overflow_underflow_inexact = 0x39;
  return nan == 0 && (_mm_getcsr() & invalid_overflow_underflow_inexact) == 0;
}

static bool fits_binary32(const ys_mean *mean) {
  return mean->weights == nullptr && (mean->inputs & (mean->inputs - 1)) == 0;
}
#endif

void ys_mean_bf16(const ys_mean *mean, const uint8_t *const *inputs, uint8_t *output,
                  size_t count) {
  for (size_t from = 0; from < count; from += tile) {
    size_t left = count - from;
#if defined __AVX512F__ && defined __AVX512BW__
    if (left >= tile && fits_binary32(mean) && mean_in_binary32(mean, inputs, from, output)) {
      continue;
    }
#endif
    mean_in_binary64(mean, inputs, from, output, left < tile ? left : tile);
  }
}
