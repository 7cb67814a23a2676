// gm_decode and gm_encode by way of binary32, in a fraction of the operations: OpenCL C 1.2.
//
// For devices with binary64 in hardware that keep the subnormal numbers of binary32.
#ifndef GPUMERGE_SINGLE_H
#define GPUMERGE_SINGLE_H

#ifndef FAST_F32
#define FAST_F32 0
#endif

#if FAST_F32

/// What binary32's biased exponent is for the type's biased exponent of 0.
GM_FUNCTION uint gm_single_rebias(gm_element type) { return (uint)gm_rebias(type) - (1023 - 127); }

/// gm_decode for float16 and types of 8 bits, whose subnormal numbers are normal in binary32.
GM_FUNCTION float gm_single_decode(gm_element type, uint raw) {
  uint width = 8 * (uint)gm_element_size(type);
  uint shifted = (raw & ((1U << (width - 1)) - 1)) << (23 - gm_fraction_bits(type));
  uint rebias = gm_single_rebias(type) << 23;
  uint least_normal = rebias + 0x00800000;
  // A subnormal: see gm_decode.
  uint subnormal = as_uint(as_float(shifted + least_normal) - as_float(least_normal));
  uint bits = shifted < 0x00800000 ? subnormal : shifted + rebias;
  uint special = gm_has_unsigned_zero(type) ? 0x7fc00000 : shifted | 0x7f800000;
  bits = gm_is_nonfinite(type, raw) ? special : bits;
  return as_float(bits | (raw >> (width - 1)) << 31);
}

/// The bits of the binary32 number next to the value that has an odd last bit, or of the value: see
/// gm_round_to_odd.
GM_FUNCTION uint gm_single_odd(double value) {
  float nearest = (float)value;
  // Both have the same sign, so bits compare as magnitudes do.
  ulong rounded = as_ulong((double)nearest), exact = as_ulong(value);
  uint bits = as_uint(nearest) - (rounded > exact ? 1 : 0);
  return bits | (rounded != exact ? 1 : 0);
}

/// The bits of a + b, rounded to odd in binary32.
GM_FUNCTION uint gm_single_odd_sum(double a, double b) {
  // What is lost by either rounding; of both, that to binary32 is the larger if it is not zero.
  double sum = a + b, b_part = sum - a, lost = (a - (sum - b_part)) + (b - b_part);
  float nearest = (float)sum;
  double left = (sum - (double)nearest) + lost;
  // Not where the sum is infinite or NaN: what is left is NaN then.
  uint inexact = left < 0 || left > 0, bits = as_uint(nearest);
  uint beyond = ((uint)(as_ulong(left) >> 32) ^ bits) >> 31;
  return (bits - (beyond & inexact)) | inexact;
}

/// The bits of dividend / divisor, rounded to odd or, where that is the output, to nearest; `reciprocal`
/// is 1 / divisor, and the divisor a whole number up to 1024.
///
/// Quotients that are no numbers of binary32, nor half-way between two, differ from all of these by 2^-36
/// of themselves, and products from quotients by 2^-52. So what is nearest is the same of both, and a
/// product that is rounded to 41 bits is the number, or on the side of it, that the quotient is.
GM_FUNCTION uint gm_single_quotient(gm_element output, float dividend, double reciprocal) {
  double product = dividend * reciprocal;
  if (output == gm_f32) return as_uint((float)product);
  return gm_single_odd(as_double((as_ulong(product) + 0x800) & ~0xfffUL));
}

/// The bits of bfloat16 of a number that is not NaN, rounded to odd. A sign in the highest bit stays there.
GM_FUNCTION uint gm_single_upper_half(uint odd) { return (odd + 0x7fff + (odd >> 16 & 1)) >> 16; }

/// gm_encode for types of 8 or 16 bits, of a number rounded to odd.
GM_FUNCTION uint gm_single_encode(gm_element type, uint odd) {
  uint lost = 23 - (uint)gm_fraction_bits(type), rebias = gm_single_rebias(type);
  uint magnitude = odd & 0x7fffffff, sign = (odd >> 31) << (8 * gm_element_size(type) - 1);
  uint to_nearest = (1U << (lost - 1)) - 1 + ((odd >> lost) & 1);
  if (type == gm_bf16) {
    return magnitude > 0x7f800000 ? (uint)gm_quiet_nan(type) : gm_single_upper_half(odd);
  }
  uint result = (magnitude - (rebias << 23) + to_nearest) >> lost;
  // The last place of this number is that of the type's subnormals, so a sum is rounded to it.
  uint anchor = (rebias + 1 + lost) << 23;
  uint subnormal = as_uint(as_float(magnitude) + as_float(anchor)) - anchor;
  result = magnitude < (rebias + 1) << 23 ? subnormal : result;
  result = result < (uint)gm_finite_end(type) ? result : (uint)gm_overflow(type);
  if (gm_has_unsigned_zero(type)) sign = result == 0 ? 0 : sign;
  return magnitude > 0x7f800000 ? (uint)gm_quiet_nan(type) : result | sign;
}

/// gm_decode for all types but float64.
GM_FUNCTION float gm_single_value(gm_element type, gm_u64 raw) {
  if (type == gm_f32) return as_float((uint)raw);
  if (type == gm_bf16) return as_float((uint)raw << 16);
  return gm_single_decode(type, (uint)raw);
}

/// gm_decode.
GM_FUNCTION gm_real gm_value(gm_element type, gm_u64 raw) {
  return type == gm_f64 ? gm_real_of(raw) : gm_single_value(type, raw);
}

/// gm_encode.
GM_FUNCTION gm_u64 gm_nearest(gm_element type, gm_real value) {
  if (type == gm_f64) return gm_encode(type, value);
  if (type != gm_f32) return gm_single_encode(type, gm_single_odd(value));
  return value != value ? (uint)gm_quiet_nan(type) : as_uint((float)value);
}

#else

GM_FUNCTION gm_real gm_value(gm_element type, gm_u64 raw) { return gm_decode(type, raw); }
GM_FUNCTION gm_u64 gm_nearest(gm_element type, gm_real value) { return gm_encode(type, value); }

#endif

#endif
