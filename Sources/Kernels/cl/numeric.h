// Element types, exact sums and products, and roundings: valid C23 and valid OpenCL C 1.2.
#ifndef GPUMERGE_NUMERIC_H
#define GPUMERGE_NUMERIC_H

#ifndef __OPENCL_VERSION__
#include "real.h"
#endif

// MARK: Element types

GM_FUNCTION int gm_element_size(gm_element type) {
  return type == gm_f64 ? 8 : type == gm_f32 ? 4 : type == gm_f16 || type == gm_bf16 ? 2 : 1;
}

/// The bits of the fraction of a type narrower than binary64.
GM_FUNCTION int gm_fraction_bits(gm_element type) {
  return type == gm_f16                                   ? 10
         : type == gm_bf16                                ? 7
         : type == gm_f32                                 ? 23
         : type == gm_f8_e4m3fn || type == gm_f8_e4m3fnuz ? 3
                                                          : 2;
}

/// What binary64's biased exponent is for the type's biased exponent of 0.
GM_FUNCTION gm_u64 gm_rebias(gm_element type) {
  return type == gm_f16 || type == gm_f8_e5m2 ? 1023 - 15
         : type == gm_f8_e4m3fn               ? 1023 - 7
         : type == gm_f8_e4m3fnuz             ? 1023 - 8
         : type == gm_f8_e5m2fnuz             ? 1023 - 16
                                              : 1023 - 127;
}

/// Whether zero has no sign, and what would be negative zero is NaN.
GM_FUNCTION bool gm_has_unsigned_zero(gm_element type) {
  return type == gm_f8_e4m3fnuz || type == gm_f8_e5m2fnuz;
}

/// The magnitude that follows that of the largest finite number: infinity, or else NaN. Where
/// zero has no sign it is NaN with its sign, all magnitudes being finite.
GM_FUNCTION gm_u64 gm_finite_end(gm_element type) {
  return type == gm_f16         ? 0x7c00
         : type == gm_bf16      ? 0x7f80
         : type == gm_f32       ? 0x7f800000
         : type == gm_f64       ? GM_INFINITY
         : type == gm_f8_e5m2   ? 0x7c
         : type == gm_f8_e4m3fn ? 0x7f
                                : 0x80;
}

/// What too large a number becomes, sign aside. float8_e4m3fn saturates, as it does in PyTorch.
GM_FUNCTION gm_u64 gm_overflow(gm_element type) {
  return type == gm_f8_e4m3fn ? 0x7e : gm_finite_end(type);
}

/// The one NaN that is encoded: quiet and positive, without payload; PyTorch's in types of 8 bits.
GM_FUNCTION gm_u64 gm_quiet_nan(gm_element type) {
  return type == gm_f64       ? GM_NAN
         : type == gm_f8_e5m2 ? 0x7f
         : gm_element_size(type) == 1
             ? gm_finite_end(type)
             : gm_finite_end(type) | ((gm_u64)1 << (gm_fraction_bits(type) - 1));
}

/// The bits that tell whether an element is finite: it is not if they are those of gm_finite_end.
GM_FUNCTION gm_u64 gm_finite_mask(gm_element type) {
  return gm_has_unsigned_zero(type) ? 0xff : gm_finite_end(type);
}

/// Whether an encoded element is NaN or infinite.
GM_FUNCTION bool gm_is_nonfinite(gm_element type, gm_u64 raw) {
  return (raw & gm_finite_mask(type)) == gm_finite_end(type);
}

/// The value of an element. Integer operations only, apart from the subtraction of two normal
/// numbers, so that a device that flushes subnormal binary32 to zero has no say in it.
GM_FUNCTION gm_real gm_decode(gm_element type, gm_u64 raw) {
  if (type == gm_f64) return gm_real_of(raw);
  int width = 8 * gm_element_size(type);
  gm_u64 sign = (raw >> (width - 1)) << 63;
  gm_u64 magnitude = raw & (((gm_u64)1 << (width - 1)) - 1);
  gm_u64 shifted = magnitude << (52 - gm_fraction_bits(type));
  gm_u64 bits = shifted + (gm_rebias(type) << 52);
  bool nonfinite = gm_is_nonfinite(type, raw);
  if (nonfinite) bits = gm_has_unsigned_zero(type) ? GM_NAN : shifted | GM_INFINITY;
  if (!nonfinite && shifted < GM_HIDDEN) {
    // A subnormal: give it the leading bit that it lacks, then take that away as a number.
    gm_u64 least_normal = (gm_rebias(type) + 1) << 52;
    bits = gm_bits(gm_sub(gm_real_of(shifted + least_normal), gm_real_of(least_normal)));
  }
  return gm_real_of(bits | sign);
}

/// Rounds to the nearest element, ties to even; every NaN becomes gm_quiet_nan.
GM_FUNCTION gm_u64 gm_encode(gm_element type, gm_real value) {
  gm_u64 bits = gm_bits(value), magnitude = bits & ~GM_SIGN;
  if (type == gm_f64) return magnitude > GM_INFINITY ? GM_NAN : bits;
  gm_u64 fraction_bits = (gm_u64)gm_fraction_bits(type);
  gm_u64 least_normal = gm_rebias(type) + 1;
  gm_u64 exponent = magnitude >> 52;
  gm_u64 significand = (magnitude & GM_FRACTION) | GM_HIDDEN;
  // Below the least normal number, one more bit is lost per step. From 54 on none is left.
  gm_u64 shift = 52 - fraction_bits + (exponent < least_normal ? least_normal - exponent : 0);
  shift = shift < 54 ? shift : 54;
  gm_u64 tie = (gm_u64)1 << (shift - 1);
  gm_u64 rounded = (significand + (tie - 1) + ((significand >> shift) & 1)) >> shift;
  // The leading bit counts as one step of the exponent, which a subnormal does not have.
  gm_u64 result = rounded;
  result += (exponent > least_normal ? exponent - least_normal : 0) << fraction_bits;
  result = result < gm_finite_end(type) ? result : gm_overflow(type);
  gm_u64 sign = (bits >> 63) << (8 * gm_element_size(type) - 1);
  if (gm_has_unsigned_zero(type) && result == 0) sign = 0;
  return magnitude > GM_INFINITY ? gm_quiet_nan(type) : result | sign;
}

// MARK: Exact sums and products

/// The unevaluated sum of two numbers, where |lo| is at most half a unit of hi's last place.
typedef struct {
  gm_real hi;
  gm_real lo;
} gm_pair;

GM_FUNCTION gm_pair gm_make_pair(gm_real hi, gm_real lo) {
  gm_pair pair;
  pair.hi = hi;
  pair.lo = lo;
  return pair;
}

GM_FUNCTION gm_pair gm_opposite(gm_pair x) {
  return gm_make_pair(gm_real_of(gm_bits(x.hi) ^ GM_SIGN), gm_real_of(gm_bits(x.lo) ^ GM_SIGN));
}

/// An error term. Where a sum or product is infinite or NaN, what is computed for its error is NaN.
GM_FUNCTION gm_real gm_error(gm_real x) { return gm_select(gm_is_finite(x), x, gm_real_of(0)); }

/// a + b, exactly, in whatever order (Knuth, The Art of Computer Programming 2, 4.2.2, theorem B).
GM_FUNCTION gm_pair gm_two_sum(gm_real a, gm_real b) {
  gm_real sum = gm_add(a, b);
  gm_real b_part = gm_sub(sum, a);
  gm_real a_part = gm_sub(sum, b_part);
  return gm_make_pair(sum, gm_error(gm_add(gm_sub(a, a_part), gm_sub(b, b_part))));
}

GM_FUNCTION gm_pair gm_two_difference(gm_real a, gm_real b) {
  return gm_two_sum(a, gm_real_of(gm_bits(b) ^ GM_SIGN));
}

/// A number rounded to its upper 26 bits; what x is above that fits in 26 bits, too.
///
/// Rounding the bits instead of multiplying by 2^27 + 1, as Veltkamp did, gives a split that is as
/// good and cannot overflow.
GM_FUNCTION gm_real gm_upper_half(gm_real x) {
  return gm_real_of((gm_bits(x) + 0x4000000UL) & ~0x7ffffffUL);
}

/// a * b, exactly unless it over- or underflows (Dekker 1971, doi:10.1007/BF01397083). Without a
/// fused multiply-add, which not every device has in hardware.
GM_FUNCTION gm_pair gm_two_product(gm_real a, gm_real b) {
  gm_real product = gm_mul(a, b);
  gm_real a_hi = gm_upper_half(a), b_hi = gm_upper_half(b);
  gm_real a_lo = gm_sub(a, a_hi), b_lo = gm_sub(b, b_hi);
  gm_real error = gm_sub(gm_mul(a_hi, b_hi), product);
  error = gm_add(error, gm_mul(a_hi, b_lo));
  error = gm_add(error, gm_mul(a_lo, b_hi));
  error = gm_add(error, gm_mul(a_lo, b_lo));
  return gm_make_pair(product, gm_error(error));
}

/// a + b, exactly if it has no more than about 106 bits, else with an error near 2^-106 of it.
GM_FUNCTION gm_pair gm_pair_sum(gm_pair a, gm_pair b) {
  gm_pair upper = gm_two_sum(a.hi, b.hi);
  gm_pair lower = gm_two_sum(a.lo, b.lo);
  gm_pair middle = gm_two_sum(upper.lo, lower.hi);
  gm_pair sum = gm_two_sum(upper.hi, middle.hi);
  gm_real rest = gm_add(sum.lo, gm_add(middle.lo, lower.lo));
  gm_pair result = gm_two_sum(sum.hi, rest);
  // -0 + -0 is -0, but the zeros added since are positive.
  bool zero = gm_is_zero(upper.hi) && gm_is_zero(result.hi);
  result.hi = gm_select(zero, upper.hi, result.hi);
  return result;
}

// MARK: Roundings

/// Of the two binary64 numbers next to value + error, the one with an odd last bit; value if error
/// is zero. `value` is value + error rounded in whatever direction; of `error` only the sign counts.
///
/// Rounded to odd first, a number can be rounded again to nearest, to a type at least two bits
/// narrower, as if it had been rounded once: an odd last bit is never a tie and never crosses one
/// (Boldo and Melquiond 2008, doi:10.1109/TC.2007.70819).
GM_FUNCTION gm_real gm_round_to_odd(gm_real value, gm_real error) {
  gm_u64 inexact = gm_is_zero(error) ? 0 : 1;
  gm_u64 beyond = (gm_bits(value) ^ gm_bits(error)) >> 63;
  // Towards zero, then the last bit is set.
  return gm_real_of((gm_bits(value) - (beyond & inexact)) | inexact);
}

/// dividend / divisor, rounded to odd.
GM_FUNCTION gm_real gm_quotient_to_odd(gm_real dividend, gm_real divisor) {
  gm_real quotient = gm_div(dividend, divisor);
  gm_pair product = gm_two_product(quotient, divisor);
  // Both differences are exact: a quotient to nearest has a remainder that is a binary64 number.
  gm_real remainder = gm_error(gm_sub(gm_sub(dividend, product.hi), product.lo));
  gm_real error = gm_real_of(gm_bits(remainder) ^ (gm_bits(divisor) & GM_SIGN));
  bool rounded = gm_is_finite(quotient) && !gm_is_zero(quotient);
  return gm_select(rounded, gm_round_to_odd(quotient, error), quotient);
}

/// Whether the bits of a number are those of one from 2^-100 to 2^100, sign aside. Weights and
/// divisors like that make no product or quotient of numbers of binary32 over- or underflow.
GM_FUNCTION bool gm_is_moderate(gm_u64 bits) {
  gm_u64 magnitude = bits & ~GM_SIGN;
  return magnitude >= (gm_u64)(1023 - 100) << 52 && magnitude <= (gm_u64)(1023 + 100) << 52;
}

/// A divisor with up to 106 bits, and 1 / divisor.
typedef struct {
  gm_pair value;
  gm_real reciprocal;
} gm_divisor;

GM_FUNCTION gm_divisor gm_make_divisor(gm_u64 divisor, gm_u64 rest, gm_u64 reciprocal) {
  gm_divisor result;
  result.value = gm_make_pair(gm_real_of(divisor), gm_real_of(rest));
  result.reciprocal = gm_real_of(reciprocal);
  return result;
}

/// dividend / divisor - quotient, rounded to odd, where `quotient` is dividend.hi / divisor.hi.
GM_FUNCTION gm_real gm_quotient_rest(gm_pair dividend, gm_pair divisor, gm_real quotient) {
  gm_pair product = gm_two_product(quotient, divisor.hi);
  gm_pair upper = gm_two_difference(dividend.hi, product.hi);
  gm_pair lower = gm_two_difference(dividend.lo, product.lo);
  gm_pair remainder = gm_two_sum(upper.hi, lower.hi);
  remainder.lo = gm_add(remainder.lo, gm_add(upper.lo, lower.lo));
  remainder.lo = gm_sub(remainder.lo, gm_mul(quotient, divisor.lo));
  remainder = gm_two_sum(remainder.hi, remainder.lo);
  gm_real rest = gm_div(remainder.hi, divisor.hi);
  gm_pair covered = gm_two_product(rest, divisor.hi);
  gm_real left = gm_sub(gm_sub(remainder.hi, covered.hi), covered.lo);
  left = gm_error(gm_add(left, remainder.lo));
  gm_real error = gm_real_of(gm_bits(left) ^ (gm_bits(divisor.hi) & GM_SIGN));
  rest = gm_select(gm_is_zero(rest), rest, gm_round_to_odd(rest, error));
  return gm_select(gm_is_finite(quotient), gm_error(rest), gm_real_of(0));
}

/// dividend / divisor, rounded to binary64 once, also where it is subnormal.
GM_FUNCTION gm_real gm_pair_quotient(gm_pair dividend, gm_pair divisor) {
  gm_real quotient = gm_div(dividend.hi, divisor.hi);
  gm_u64 magnitude = gm_magnitude(quotient);
  gm_u64 largest = gm_magnitude(dividend.hi);
  largest = largest < magnitude ? magnitude : largest;
  // Away from both ends of the range, where error terms would not be exact, by 2^300 or 2^-300.
  bool large = largest >= 0x7830000000000000UL;   // 2^900
  bool small = magnitude < 0x0df0000000000000UL;  // 2^-800
  gm_u64 two_to_300 = 0x52b0000000000000UL, two_to_minus_300 = 0x2d30000000000000UL;
  gm_u64 one = 0x3ff0000000000000UL;
  gm_real scale = gm_real_of(large ? two_to_minus_300 : small ? two_to_300 : one);
  gm_real unscale = gm_real_of(large ? two_to_300 : small ? two_to_minus_300 : one);
  gm_real scaled = gm_mul(quotient, scale);
  gm_pair scaled_dividend = gm_make_pair(gm_mul(dividend.hi, scale), gm_mul(dividend.lo, scale));
  gm_real rest = gm_quotient_rest(scaled_dividend, divisor, scaled);
  // Below 2^-1021 the last place is 2^-1074 (2^-774 scaled) whatever the exponent. Added to 1.5 *
  // 2^52 of these, and as odd or even as the quotient, the rest is rounded to that place.
  gm_real anchor = gm_real_of(0x12d8000000000000UL | (gm_bits(quotient) & 1));
  gm_real rounded_rest = gm_sub(gm_add(anchor, rest), anchor);
  rest = gm_select(magnitude < 0x0020000000000000UL, rounded_rest, rest);
  gm_u64 result = gm_magnitude(gm_mul(gm_add(scaled, rest), unscale));
  // Zero keeps its sign, and infinity and NaN are what the division gave.
  result |= gm_bits(quotient) & GM_SIGN;
  return gm_select(gm_is_finite(quotient), gm_real_of(result), quotient);
}

#endif
