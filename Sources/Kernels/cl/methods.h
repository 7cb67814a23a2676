// What each family does to one element: valid C23 and valid OpenCL C 1.2.
//
// Narrow functions keep one binary64 number per element, wide ones a pair. A function that ends in
// `finish` gives a number to encode: where the output is narrower than binary64 it is rounded to
// odd, so that encoding it is the only rounding of the result.
#ifndef GPUMERGE_METHODS_H
#define GPUMERGE_METHODS_H

#ifndef __OPENCL_VERSION__
#include "numeric.h"
#include "words.h"
#endif

// MARK: Exact sums in binary32

/// When numbers of a type of 16 bits add up exactly in binary32, in whatever order.
///
/// All are multiples of the last place of the least of them, and 24 bits reach from there to the sum
/// if the largest is not much larger. Of the sums that networks have, nearly all are like that.
///
/// Magnitudes are the bits of elements but for the sign, as integers. For the least of them they are taken
/// less 1, so that zero is larger than all others.
typedef struct {
  /// The most that the largest and the least may be apart.
  gm_u16 spread;
  /// How small the least and how large the largest may be, for what comes of them to be normal.
  gm_u16 least, most;
} gm_exactness;

/// The conditions for sums of so many elements.
GM_FUNCTION gm_exactness gm_find_exactness(gm_element type, gm_u32 terms) {
  int fraction_bits = gm_fraction_bits(type), carries = 0;
  while (terms > (gm_u32)1 << carries) carries++;
  gm_exactness result;
  // Less than nothing for types of more bits, of which nothing is made.
  result.spread = (gm_u16)((24 - (fraction_bits + 1) - carries) * (1 << fraction_bits) + 1);
  // Of bfloat16, from 2^-77 to 2^103; of float16, all that are finite.
  result.least = type == gm_bf16 ? 50 << 7 : 0;
  result.most = type == gm_bf16 ? 230 << 7 : 0x7bff;
  return result;
}

#if !SOFT_FP64

/// How DARE divides in binary32: by multiplication with `factor`, and with `rest`, which is what
/// 1 / divisor has more than that.
typedef struct {
  float factor;
  float rest;
  /// Whether the factor has at most 8 bits and 1 / divisor nearly no more. Products are exact then but for
  /// what the division's own rounding to binary64 adds. Of `rest` only the sign counts, where base + sum *
  /// factor is half-way between two elements.
  bool is_short;
  /// Whether all this is of use, which it is not if most changes are far larger than the base.
  bool is_useful;
  /// When it is right.
  gm_exactness when;
} gm_dare_factor;

GM_FUNCTION gm_dare_factor gm_find_dare_factor(gm_element type, double divisor, gm_u32 inputs) {
  double reciprocal = 1 / divisor, growth = reciprocal > 1 ? reciprocal : 1;
  gm_dare_factor result;
  result.factor = (float)reciprocal;
  result.rest = (float)(reciprocal - (double)result.factor);
  gm_pair product = gm_two_product((double)result.factor, divisor);
  double excess = (product.hi - 1) + product.lo, size = excess < 0 ? -excess : excess;
  // In between, the significand decides whether the division's rounding changes sum * factor.
  bool is_known = size <= 0x1p-54 || (size >= 0x1p-53 && size <= 0x1p-46);
  result.is_short = is_known && (gm_bits((double)result.factor) & (GM_FRACTION >> 7)) == 0;
  if (result.is_short) {
    // Less than the last place of what it is added to.
    float least = result.factor * (excess > 0 ? -0x1p-34F : 0x1p-34F);
    result.rest = size <= 0x1p-54 ? 0 : least;
  }
  result.is_useful = gm_element_size(type) == 2 && divisor > 0x1p-7 && divisor < 0x1p10;
  // Two numbers for each difference. A change may be larger than all of them, but not by so much that it
  // takes more bits to add it to the base.
  double terms = 2 * inputs * growth + 1;
  gm_exactness never = {0, 0xffff, 0};
  result.when = result.is_useful ? gm_find_exactness(type, (gm_u32)terms) : never;
  return result;
}

#endif

// MARK: Philox4x32-10

#define GM_PHILOX_FACTOR0 0xd2511f53
#define GM_PHILOX_FACTOR1 0xcd9e8d57
#define GM_PHILOX_STEP0 0x9e3779b9
#define GM_PHILOX_STEP1 0xbb67ae85

/// Four numbers of 32 bits in the lower halves; what is in the upper halves does not matter, which
/// spares the CPU's vector loops the masks.
typedef struct {
  gm_word word[4];
} gm_philox_state;

/// Salmon, Moraes, Dror, Shaw 2011, doi:10.1145/2063384.2063405.
GM_FUNCTION gm_philox_state gm_philox(gm_philox_state counter, gm_u32 key0, gm_u32 key1) {
  gm_word c0 = counter.word[0], c1 = counter.word[1], c2 = counter.word[2], c3 = counter.word[3];
#pragma unroll
  for (int round = 0; round < 10; round++) {
    gm_double_word product0 = gm_multiply(c0, GM_PHILOX_FACTOR0);
    gm_double_word product1 = gm_multiply(c2, GM_PHILOX_FACTOR1);
    c0 = gm_upper_word(product1) ^ c1 ^ key0;
    c1 = gm_lower_word(product1);
    c2 = gm_upper_word(product0) ^ c3 ^ key1;
    c3 = gm_lower_word(product0);
    key0 += GM_PHILOX_STEP0;
    key1 += GM_PHILOX_STEP1;
  }
  gm_philox_state result;
  result.word[0] = c0;
  result.word[1] = c1;
  result.word[2] = c2;
  result.word[3] = c3;
  return result;
}

/// Half of the random bits of the eight elements from 8 * group on, for one model: the upper 16 bits of
/// each, or with 1 as `part` the lower ones. Two elements share a word, the first in its lower half.
GM_FUNCTION gm_philox_state gm_dare_random(gm_double_word group, gm_u32 model, gm_u32 part,
                                           gm_u32 key0, gm_u32 key1) {
  gm_philox_state counter;
  counter.word[0] = gm_lower_word(group);
  counter.word[1] = gm_upper_word(group);
  counter.word[2] = model;
  counter.word[3] = part;
  return gm_philox(counter, key0, key1);
}

/// The random bits among these of an element of the (first) group, in the upper half.
GM_FUNCTION gm_u32 gm_random_bits(gm_philox_state random, gm_u32 lane) {
  gm_word first = lane & 2 ? random.word[1] : random.word[0];
  gm_word last = lane & 2 ? random.word[3] : random.word[2];
  gm_u32 word = gm_first_word(lane & 4 ? last : first);
  return lane & 1 ? word & 0xffff0000 : word << 16;
}

/// The lower 16 of an element's random bits.
GM_FUNCTION gm_u32 gm_dare_lower_bits(gm_u64 element, gm_u32 model, gm_u32 key0, gm_u32 key1) {
  gm_philox_state random = gm_dare_random(gm_groups_from(element >> 3), model, 1, key0, key1);
  return gm_random_bits(random, (gm_u32)(element & 7)) >> 16;
}

/// Whether an element's random bits, of which `upper` are the upper ones, are at least `threshold`.
///
/// The lower ones decide for one element in 65536 only, so that all others do without.
GM_FUNCTION bool gm_dare_keeps(gm_u32 upper, gm_u64 threshold, gm_u64 element, gm_u32 model,
                               gm_u32 key0, gm_u32 key1) {
  gm_u32 limit = (gm_u32)(threshold >> 16);
  if (upper != limit) return upper > limit;
  return gm_dare_lower_bits(element, model, key0, key1) >= (gm_u32)(threshold & 0xffff);
}

// MARK: linear

GM_FUNCTION gm_real gm_linear_add(gm_real sum, gm_real weight, gm_real x, bool start) {
  gm_real product = gm_mul(weight, x);
  // Not added to zero, which would make the average of -0 positive.
  return start ? product : gm_add(sum, product);
}

GM_FUNCTION gm_pair gm_linear_add_wide(gm_pair sum, gm_real weight, gm_real x, bool start) {
  gm_pair product = gm_two_product(weight, x);
  return start ? product : gm_pair_sum(sum, product);
}

GM_FUNCTION gm_real gm_linear_finish(gm_real sum, gm_division division, gm_divisor divisor) {
  if (division == gm_divide_none) return sum;
  // Exact, or subnormal in binary64 and so zero in every narrower type.
  if (division == gm_divide_exact) return gm_mul(sum, divisor.reciprocal);
  return gm_quotient_to_odd(sum, divisor.value.hi);
}

GM_FUNCTION gm_real gm_linear_finish_wide(gm_element output, gm_pair sum, gm_division division,
                                          gm_divisor divisor) {
  if (output == gm_f64) {
    return division == gm_divide_none ? sum.hi : gm_pair_quotient(sum, divisor.value);
  }
  if (division == gm_divide_none) return gm_round_to_odd(sum.hi, sum.lo);
  gm_real quotient = gm_div(sum.hi, divisor.value.hi);
  gm_pair result = gm_two_sum(quotient, gm_quotient_rest(sum, divisor.value, quotient));
  gm_real odd = gm_round_to_odd(result.hi, result.lo);
  return gm_select(gm_is_zero(quotient), quotient, odd);
}

// MARK: dare

GM_FUNCTION gm_real gm_dare_add(gm_real sum, gm_real x, gm_real base, bool keep) {
  // A choice, not a product with zero: NaN and infinity in a dropped element must not matter.
  return gm_select(keep, gm_add(sum, gm_sub(x, base)), sum);
}

GM_FUNCTION gm_pair gm_dare_add_wide(gm_pair sum, gm_real x, gm_real base, bool keep) {
  gm_pair more = gm_pair_sum(sum, gm_two_difference(x, base));
  return gm_make_pair(gm_select(keep, more.hi, sum.hi), gm_select(keep, more.lo, sum.lo));
}

/// What is added to the base.
GM_FUNCTION gm_real gm_dare_change(gm_real sum, gm_division division, gm_divisor divisor) {
  return division == gm_divide_none    ? sum
         : division == gm_divide_exact ? gm_mul(sum, divisor.reciprocal)
                                       : gm_div(sum, divisor.value.hi);
}

GM_FUNCTION gm_real gm_dare_finish(gm_real sum, gm_real base, gm_division division,
                                   gm_divisor divisor) {
  gm_real change = gm_dare_change(sum, division, divisor);
  gm_pair result = gm_two_sum(base, change);
  gm_real odd = gm_round_to_odd(result.hi, result.lo);
  // -0 + 0 would be +0.
  return gm_select(gm_is_zero(change), base, odd);
}

GM_FUNCTION gm_real gm_dare_finish_wide(gm_element output, gm_pair sum, gm_real base,
                                        gm_division division, gm_divisor divisor) {
  gm_real change = sum.hi, rest = sum.lo;
  if (division != gm_divide_none) {
    change = gm_div(sum.hi, divisor.value.hi);
    rest = gm_quotient_rest(sum, divisor.value, change);
  }
  gm_pair upper = gm_two_sum(base, change);
  gm_pair lower = gm_two_sum(upper.lo, rest);
  gm_pair result = gm_two_sum(upper.hi, gm_round_to_odd(lower.hi, lower.lo));
  gm_real rounded = output == gm_f64 ? result.hi : gm_round_to_odd(result.hi, result.lo);
  return gm_select(gm_is_zero(change), base, rounded);
}

#endif
