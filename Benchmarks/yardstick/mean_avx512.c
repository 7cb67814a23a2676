// The arithmetic of mean.c with AVX-512, in one pass over the inputs.
#include "yardstick.h"

#include <math.h>

#if defined __AVX512F__ && defined __AVX512BW__
#include <immintrin.h>

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
  for (size_t i = 0; i < ys_tile; i += 32) {
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

/// sum / divisor, cut off, with the last bit set if anything was cut off.
static inline __m512d quotient_to_odd(__m512d sum, __m512d divisor) {
  __m512d quotient = _mm512_div_pd(sum, divisor);
  __m512d rest = _mm512_fnmadd_pd(quotient, divisor, sum);
  __m512i bits = _mm512_castpd_si512(quotient);
  __m512i signs = _mm512_xor_si512(_mm512_castpd_si512(rest), _mm512_castpd_si512(sum));
  // NaN and infinity give a rest that is NaN, and stay.
  __mmask8 wrong = _mm512_cmp_pd_mask(rest, _mm512_setzero_pd(), _CMP_NEQ_OQ);
  wrong &= _mm512_testn_epi64_mask(bits, _mm512_set1_epi64(1));
  __mmask8 inwards = _mm512_cmplt_epi64_mask(signs, _mm512_setzero_si512());
  __m512i step = _mm512_mask_set1_epi64(_mm512_set1_epi64(1), inwards, -1);
  return _mm512_castsi512_pd(_mm512_mask_add_epi64(bits, wrong, bits, step));
}

/// Eight of `sums`, divided, as binary32 numbers rounded to odd.
static inline __m256i divide(__m512d sums, __m512d divisor, __m512d reciprocal, bool exact) {
  __m512d quotient = exact ? _mm512_mul_pd(sums, reciprocal) : quotient_to_odd(sums, divisor);
  __m256 cut = _mm512_cvt_roundpd_ps(quotient, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
  __mmask8 lost = _mm512_cmp_pd_mask(_mm512_cvtps_pd(cut), quotient, _CMP_NEQ_OQ);
  __m512i bits = _mm512_castsi256_si512(_mm256_castps_si256(cut));
  bits = _mm512_mask_or_epi32(bits, lost, bits, _mm512_set1_epi32(1));
  return _mm512_castsi512_si256(bits);
}

/// Sixteen binary32 numbers to nearest in bfloat16.
static inline __m256i encode(__m512i bits) {
  __m512 values = _mm512_castsi512_ps(bits);
  __mmask16 nan = _mm512_cmp_ps_mask(values, values, _CMP_UNORD_Q);
  __m512i low_bit = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  bits = _mm512_add_epi32(bits, _mm512_add_epi32(low_bit, _mm512_set1_epi32(0x7fff)));
  bits = _mm512_mask_set1_epi32(_mm512_srli_epi32(bits, 16), nan, 0x7fc0);
  return _mm512_cvtepi32_epi16(bits);
}

/// A tile of any mean, in binary64.
static void mean_in_binary64(const ys_mean *mean, const uint8_t *const *inputs, size_t from,
                             uint8_t *output) {
  int exponent;
  bool exact = frexp(mean->divisor, &exponent) == 0.5;
  const __m512d divisor = _mm512_set1_pd(mean->divisor);
  const __m512d reciprocal = _mm512_set1_pd(1 / mean->divisor);
  for (size_t i = 0; i < ys_tile; i += 16) {
    __m512d low, high;
    for (size_t k = 0; k < mean->inputs; k++) {
      const uint8_t *input = inputs[k] + 2 * (from + i);
      __m512i raw = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)input));
      raw = _mm512_slli_epi32(raw, 16);
      __m512d first = _mm512_cvtps_pd(_mm256_castsi256_ps(_mm512_castsi512_si256(raw)));
      __m512d second = _mm512_cvtps_pd(_mm256_castsi256_ps(_mm512_extracti64x4_epi64(raw, 1)));
      if (mean->weights != nullptr) {
        __m512d weight = _mm512_set1_pd(mean->weights[k]);
        first = _mm512_mul_pd(weight, first);
        second = _mm512_mul_pd(weight, second);
      }
      low = k == 0 ? first : _mm512_add_pd(low, first);
      high = k == 0 ? second : _mm512_add_pd(high, second);
    }
    __m512i bits = _mm512_castsi256_si512(divide(low, divisor, reciprocal, exact));
    bits = _mm512_inserti64x4(bits, divide(high, divisor, reciprocal, exact), 1);
    _mm256_storeu_si256((__m256i *)(output + 2 * (from + i)), encode(bits));
  }
}

bool ys_mean_tile_avx512(const ys_mean *mean, const uint8_t *const *inputs, size_t from,
                         uint8_t *output) {
  bool is_power_of_two = (mean->inputs & (mean->inputs - 1)) == 0;
  bool fits = mean->weights == nullptr && is_power_of_two;
  if (!fits || !mean_in_binary32(mean, inputs, from, output)) {
    mean_in_binary64(mean, inputs, from, output);
  }
  return true;
}

#else

bool ys_mean_tile_avx512(const ys_mean *mean, const uint8_t *const *inputs, size_t from,
                         uint8_t *output) {
  (void)mean, (void)inputs, (void)from, (void)output;
  return false;
}

#endif
