// binary64 arithmetic, by hardware or by integers: valid C23 and valid OpenCL C 1.2.
//
// All arithmetic is written with the functions of this file, so that a device without cl_khr_fp64
// computes the same bits as every other.
#ifndef GPUMERGE_REAL_H
#define GPUMERGE_REAL_H

#ifndef SOFT_FP64
#define SOFT_FP64 0
#endif

#ifdef __OPENCL_VERSION__

#if !SOFT_FP64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
// A fused multiply-add rounds once where the definition rounds twice.
#pragma OPENCL FP_CONTRACT OFF
#if !SOFT_FP64 && !defined(GM_KEEPS_CALLS)
// What is a call costs what is in registers.
#define GM_FUNCTION static inline __attribute__((always_inline))
#else
#define GM_FUNCTION static inline
#endif

#else

#include "../include/kernel_types.h"
#pragma STDC FP_CONTRACT OFF
#if SOFT_FP64
#define GM_FUNCTION static inline
#else
// The CPU's loops vectorise only if every call in them is inlined.
#define GM_FUNCTION static inline __attribute__((always_inline))
#endif

#endif

#define GM_SIGN 0x8000000000000000UL
#define GM_INFINITY 0x7ff0000000000000UL
#define GM_NAN 0x7ff8000000000000UL
#define GM_FRACTION 0x000fffffffffffffUL
#define GM_HIDDEN 0x0010000000000000UL

#if SOFT_FP64

/// A binary64 number as its bits.
typedef gm_u64 gm_real;

GM_FUNCTION gm_u64 gm_bits(gm_real x) { return x; }
GM_FUNCTION gm_real gm_real_of(gm_u64 bits) { return bits; }

GM_FUNCTION int gm_leading_zeros(gm_u64 x) {
#ifdef __OPENCL_VERSION__
  return (int)clz(x);
#else
  return x == 0 ? 64 : __builtin_clzll(x);
#endif
}

GM_FUNCTION gm_u64 gm_high_product(gm_u64 a, gm_u64 b) {
#ifdef __OPENCL_VERSION__
  return mul_hi(a, b);
#else
  return (gm_u64)(((unsigned __int128)a * b) >> 64);
#endif
}

/// Shifts right; any one that falls off stays as the lowest bit, for rounding to see.
GM_FUNCTION gm_u64 gm_shift_right_sticky(gm_u64 x, int count) {
  if (count == 0) return x;
  if (count > 63) return x != 0;
  return (x >> count) | ((x << (64 - count)) != 0);
}

/// Rounds to nearest even. `significand` has its highest bit set, and its lowest bit is sticky;
/// `exponent` is the biased exponent if the result is normal.
GM_FUNCTION gm_real gm_soft_round(gm_u64 sign, int exponent, gm_u64 significand) {
  if (exponent >= 2047) return sign | GM_INFINITY;
  if (exponent < 1) {
    significand = gm_shift_right_sticky(significand, 1 - exponent);
    exponent = 1;
  }
  gm_u64 kept = significand >> 11;
  gm_u64 lost = significand & 0x7ff;
  kept += (lost > 0x400) || (lost == 0x400 && (kept & 1) != 0);
  // The leading bit adds one to the exponent, a carry another one, and a subnormal has neither.
  return sign | (((gm_u64)(exponent - 1) << 52) + kept);
}

/// The biased exponent and the 53 bits of a finite number; subnormals are not normalised.
GM_FUNCTION gm_u64 gm_soft_unpack(gm_u64 magnitude, int *exponent) {
  int field = (int)(magnitude >> 52);
  *exponent = field == 0 ? 1 : field;
  return (magnitude & GM_FRACTION) | (field == 0 ? 0 : GM_HIDDEN);
}

/// The same for a number that is not zero, with bit 52 set in every case.
GM_FUNCTION gm_u64 gm_soft_unpack_normal(gm_u64 magnitude, int *exponent) {
  gm_u64 significand = gm_soft_unpack(magnitude, exponent);
  int shift = gm_leading_zeros(significand) - 11;
  *exponent -= shift;
  return significand << shift;
}

GM_FUNCTION gm_real gm_add(gm_real a, gm_real b) {
  if ((a & ~GM_SIGN) < (b & ~GM_SIGN)) {
    gm_real swapped = a;
    a = b;
    b = swapped;
  }
  gm_u64 larger = a & ~GM_SIGN, smaller = b & ~GM_SIGN, sign = a & GM_SIGN;
  bool subtract = ((a ^ b) & GM_SIGN) != 0;
  if (larger >= GM_INFINITY) {
    return larger > GM_INFINITY || (subtract && smaller == GM_INFINITY) ? GM_NAN : a;
  }
  int exponent, smaller_exponent;
  gm_u64 x = gm_soft_unpack(larger, &exponent) << 10;
  gm_u64 y = gm_soft_unpack(smaller, &smaller_exponent) << 10;
  y = gm_shift_right_sticky(y, exponent - smaller_exponent);
  gm_u64 sum = subtract ? x - y : x + y;
  if (sum == 0) return subtract ? 0 : sign;
  int shift = gm_leading_zeros(sum);
  return gm_soft_round(sign, exponent + 1 - shift, sum << shift);
}

GM_FUNCTION gm_real gm_sub(gm_real a, gm_real b) { return gm_add(a, b ^ GM_SIGN); }

GM_FUNCTION gm_real gm_mul(gm_real a, gm_real b) {
  gm_u64 x = a & ~GM_SIGN, y = b & ~GM_SIGN, sign = (a ^ b) & GM_SIGN;
  if (x > GM_INFINITY || y > GM_INFINITY) return GM_NAN;
  if (x == GM_INFINITY || y == GM_INFINITY) return x == 0 || y == 0 ? GM_NAN : sign | GM_INFINITY;
  if (x == 0 || y == 0) return sign;
  int x_exponent, y_exponent;
  x = gm_soft_unpack_normal(x, &x_exponent) << 11;
  y = gm_soft_unpack_normal(y, &y_exponent) << 11;
  gm_u64 product = gm_high_product(x, y) | (x * y != 0);
  int shift = gm_leading_zeros(product);
  return gm_soft_round(sign, x_exponent + y_exponent - 1022 - shift, product << shift);
}

GM_FUNCTION gm_real gm_div(gm_real a, gm_real b) {
  gm_u64 x = a & ~GM_SIGN, y = b & ~GM_SIGN, sign = (a ^ b) & GM_SIGN;
  if (x > GM_INFINITY || y > GM_INFINITY) return GM_NAN;
  if (x == y && (x == 0 || x == GM_INFINITY)) return GM_NAN;
  if (x == GM_INFINITY || y == 0) return sign | GM_INFINITY;
  if (x == 0 || y == GM_INFINITY) return sign;
  int exponent, y_exponent;
  x = gm_soft_unpack_normal(x, &exponent);
  y = gm_soft_unpack_normal(y, &y_exponent);
  exponent += 1023 - y_exponent;
  if (x < y) {
    x <<= 1;
    exponent -= 1;
  }
  // 1 <= x / y < 2: long division, eleven bits at a time so that the remainder fits in 64.
  gm_u64 quotient = 1, remainder = x - y;
  for (int step = 0; step < 5; step++) {
    remainder <<= 11;
    gm_u64 digit = remainder / y;
    quotient = (quotient << 11) | digit;
    remainder -= digit * y;
  }
  return gm_soft_round(sign, exponent, (quotient << 8) | (remainder != 0));
}

#else

/// A binary64 number.
typedef double gm_real;

#ifdef __OPENCL_VERSION__
GM_FUNCTION gm_u64 gm_bits(gm_real x) { return as_ulong(x); }
GM_FUNCTION gm_real gm_real_of(gm_u64 bits) { return as_double(bits); }
#else
GM_FUNCTION gm_u64 gm_bits(gm_real x) {
  gm_u64 bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}
GM_FUNCTION gm_real gm_real_of(gm_u64 bits) {
  gm_real x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
#endif

GM_FUNCTION gm_real gm_add(gm_real a, gm_real b) { return a + b; }
GM_FUNCTION gm_real gm_sub(gm_real a, gm_real b) { return a - b; }
GM_FUNCTION gm_real gm_mul(gm_real a, gm_real b) { return a * b; }
GM_FUNCTION gm_real gm_div(gm_real a, gm_real b) { return a / b; }

#endif

// Comparisons are those of the bits: the same on both sides, and free of flags and of NaN's rules.

GM_FUNCTION gm_u64 gm_magnitude(gm_real x) { return gm_bits(x) & ~GM_SIGN; }
GM_FUNCTION bool gm_is_zero(gm_real x) { return gm_magnitude(x) == 0; }
GM_FUNCTION bool gm_is_finite(gm_real x) { return gm_magnitude(x) < GM_INFINITY; }
GM_FUNCTION gm_real gm_select(bool condition, gm_real yes, gm_real no) {
  return condition ? yes : no;
}

#endif
