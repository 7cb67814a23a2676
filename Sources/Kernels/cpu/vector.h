// Vectors of elements of types narrower than binary64; included once per instruction set that has
// such vectors, after tile.h.
//
// 32 elements are two vectors of binary32 or four of binary64. What order they have there is the
// type's affair: all that is done between decoding and encoding is done to each by itself.

#ifndef GM_VECTOR_TYPES
#define GM_VECTOR_TYPES
typedef uint16_t gm_v32u16 __attribute__((vector_size(64)));
typedef uint32_t gm_v16u32 __attribute__((vector_size(64)));
typedef int32_t gm_v16i32 __attribute__((vector_size(64)));
typedef int64_t gm_v8i64 __attribute__((vector_size(64)));
typedef uint64_t gm_v8u64 __attribute__((vector_size(64)));
typedef float gm_v16f32 __attribute__((vector_size(64)));
typedef double gm_v8f64 __attribute__((vector_size(64)));
typedef _Float16 gm_v16f16 __attribute__((vector_size(32)));

/// The elements of one turn of a loop.
enum { gm_lanes = 32 };

typedef struct {
  gm_v16f32 part[2];
} gm_floats;

typedef struct {
  gm_v8f64 part[4];
} gm_doubles;

// Vectors as arguments are of no concern to any ABI where everything is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define GM_LOWER_HALF(x) __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7)
#define GM_UPPER_HALF(x) __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15)
// The upper and the lower words of two vectors of binary64.
#define GM_UPPER_WORDS(a, b)                                                                     \
  __builtin_shufflevector((gm_v16u32)(a), (gm_v16u32)(b), 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, \
                          23, 25, 27, 29, 31)
#define GM_LOWER_WORDS(a, b)                                                                     \
  __builtin_shufflevector((gm_v16u32)(a), (gm_v16u32)(b), 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, \
                          22, 24, 26, 28, 30)
#endif

// MARK: Decoding

/// The values of elements of a type of 16 bits.
GM_INLINE gm_floats GM_NAME(decode_raw)(gm_element type, gm_v32u16 raw) {
  gm_floats result;
  if (type == gm_bf16) {
    // Of two neighbours in one word of 32 bits, the second is there already but for what is below it.
    result.part[0] = (gm_v16f32)((gm_v16u32)raw << 16);
    result.part[1] = (gm_v16f32)((gm_v16u32)raw & 0xffff0000);
    return result;
  }
  gm_v16f16 half[2];
  memcpy(half, &raw, sizeof half);
  for (int k = 0; k < 2; k++) result.part[k] = __builtin_convertvector(half[k], gm_v16f32);
  return result;
}

GM_INLINE gm_v32u16 GM_NAME(load_raw)(const uint8_t *at) {
  gm_v32u16 raw;
  memcpy(&raw, at, sizeof raw);
  return raw;
}

/// The values of the elements from `at` on.
GM_INLINE gm_floats GM_NAME(decode)(gm_element type, const uint8_t *at) {
  gm_floats result;
  if (gm_element_size(type) == 2) return GM_NAME(decode_raw)(type, GM_NAME(load_raw)(at));
  if (type == gm_f32) {
    memcpy(&result, at, sizeof result);
    return result;
  }
  float lanes[gm_lanes];
  for (int i = 0; i < gm_lanes; i++) lanes[i] = GM_NAME(decode_8)(type, at[i]);
  memcpy(&result, lanes, sizeof result);
  return result;
}

GM_INLINE gm_doubles GM_NAME(widen_floats)(gm_floats x) {
  gm_doubles result;
  for (int k = 0; k < 2; k++) {
    result.part[2 * k] = __builtin_convertvector(GM_LOWER_HALF(x.part[k]), gm_v8f64);
    result.part[2 * k + 1] = __builtin_convertvector(GM_UPPER_HALF(x.part[k]), gm_v8f64);
  }
  return result;
}

// MARK: Division

/// A divisor and its reciprocal, rounded to nearest.
typedef struct {
  double divisor;
  double reciprocal;
} GM_NAME(ratio);

/// dividend / divisor to nearest, of finite numbers; zero may lose its sign.
///
/// Exact, as the reciprocal is to nearest, and no step over- or underflows (Markstein 1990,
/// doi:10.1147/rd.341.0111, theorem 1).
GM_INLINE gm_v8f64 GM_NAME(quotient)(gm_v8f64 dividend, GM_NAME(ratio) by) {
  gm_v8f64 divisor = (gm_v8f64){0} + by.divisor, reciprocal = (gm_v8f64){0} + by.reciprocal;
  gm_v8f64 near = dividend * reciprocal;
  gm_v8f64 remainder = __builtin_elementwise_fma(-near, divisor, dividend);
  return __builtin_elementwise_fma(remainder, reciprocal, near);
}

/// `quotient`, but for zero, infinity and NaN as the dividend, of which it would make something else.
GM_INLINE gm_v8f64 GM_NAME(unless_special)(gm_v8f64 dividend, gm_v8f64 quotient,
                                           GM_NAME(ratio) by) {
  gm_v8f64 special = dividend * by.reciprocal;
  gm_v8u64 is_special = (gm_v8u64)(((gm_v8u64)special & ~GM_SIGN) - 1 >= GM_INFINITY - 1);
  return (gm_v8f64)(((gm_v8u64)special & is_special) | ((gm_v8u64)quotient & ~is_special));
}

/// dividend / divisor to nearest.
GM_INLINE gm_v8f64 GM_NAME(any_quotient)(gm_v8f64 dividend, GM_NAME(ratio) by) {
  return GM_NAME(unless_special)(dividend, GM_NAME(quotient)(dividend, by), by);
}

/// gm_round_to_odd; a NaN as the error changes nothing.
GM_INLINE gm_v8f64 GM_NAME(round_to_odd)(gm_v8f64 value, gm_v8f64 error) {
  gm_v8u64 inexact = (gm_v8u64)((error < 0) | (error > 0)) & 1;
  gm_v8u64 beyond = ((gm_v8u64)value ^ (gm_v8u64)error) >> 63;
  return (gm_v8f64)(((gm_v8u64)value - (beyond & inexact)) | inexact);
}

/// gm_round_to_odd in binary32, of finite numbers.
GM_INLINE gm_v16f32 GM_NAME(float_round_to_odd)(gm_v16f32 value, gm_v16f32 error) {
  gm_v16u32 inexact = (gm_v16u32)(error != 0) & 1;
  gm_v16u32 beyond = ((gm_v16u32)value ^ (gm_v16u32)error) >> 31;
  return (gm_v16f32)(((gm_v16u32)value - (beyond & inexact)) | inexact);
}

/// gm_quotient_to_odd.
GM_INLINE gm_v8f64 GM_NAME(vector_quotient_to_odd)(gm_v8f64 dividend, GM_NAME(ratio) by) {
  gm_v8f64 quotient = GM_NAME(quotient)(dividend, by), divisor = (gm_v8f64){0} + by.divisor;
  gm_v8f64 rest = __builtin_elementwise_fma(-quotient, divisor, dividend);
  rest = (gm_v8f64)((gm_v8u64)rest ^ ((gm_v8u64)divisor & GM_SIGN));
  return GM_NAME(unless_special)(dividend, GM_NAME(round_to_odd)(quotient, rest), by);
}

// MARK: Encoding

/// The bits of bfloat16 in the upper halves of words, of numbers whose binary64 bits these are the
/// upper halves of, rounded to odd. Sets lanes of `rare` where that takes more: all but zeros and
/// normal numbers.
GM_INLINE gm_v16u32 GM_NAME(encode_words)(gm_v16u32 words, gm_v16u32 *rare) {
  gm_v16u32 magnitude = words & 0x7fffffff;
  gm_v16u32 zero = (gm_v16u32)(magnitude == 0);
  magnitude -= (1023 - 127) << 20;
  *rare |= (gm_v16u32)(magnitude - (1 << 20) >= 253 << 20) & ~zero;
  magnitude += 0xfff + ((magnitude >> 13) & 1);
  return ((magnitude << 3) & ~zero & 0x7fff0000) | (words & 0x80000000);
}

/// Encodes one by one, which does for every type; returns whether any is NaN or infinite.
GM_INLINE bool GM_NAME(encode_each)(gm_element type, const double *values, uint8_t *at) {
  alignas(64) uint32_t odd[gm_lanes];
  uint8_t *elements = gm_element_size(type) == 1 ? (uint8_t *)odd : at;
  for (int i = 0; i < gm_lanes; i++) GM_NAME(store)(type, elements, (size_t)i, values[i]);
  if (gm_element_size(type) == 1) GM_NAME(narrow_loop)(type, at, odd, gm_lanes);
  return GM_NAME(has_nonfinite)(type, at, gm_lanes);
}

/// Encodes what is rare, out of the way of what is not.
static __attribute__((noinline)) bool GM_NAME(encode_rare)(const double *values, uint8_t *at) {
  return GM_NAME(encode_each)(gm_bf16, values, at);
}

/// gm_encode for numbers rounded to odd; returns whether any is NaN or infinite.
GM_INLINE bool GM_NAME(encode)(gm_element type, gm_doubles x, uint8_t *at) {
  alignas(64) double lanes[gm_lanes];
  if (type != gm_bf16) {
    memcpy(lanes, &x, sizeof lanes);
    return GM_NAME(encode_each)(type, lanes, at);
  }
  gm_v16u32 rare = {0}, part[2];
  for (int k = 0; k < 2; k++) {
    gm_v16u32 upper = GM_UPPER_WORDS(x.part[2 * k], x.part[2 * k + 1]);
    gm_v16u32 lower = GM_LOWER_WORDS(x.part[2 * k], x.part[2 * k + 1]);
    part[k] = GM_NAME(encode_words)(upper | ((gm_v16u32)(lower != 0) & 1), &rare);
  }
  gm_v16u32 raw = (part[0] >> 16) | part[1];
  memcpy(at, &raw, sizeof raw);
  if (__builtin_expect(__builtin_reduce_or(rare) == 0, true)) return false;
  // Back to the order of the elements.
  for (int i = 0; i < gm_lanes; i++) lanes[i] = x.part[(i & 1) * 2 + i / 16][(i / 2) & 7];
  return GM_NAME(encode_rare)(lanes, at);
}

/// Elements from the upper halves of words, in the order in which decode_raw has those of bfloat16.
GM_INLINE gm_v32u16 GM_NAME(raw_of_parts)(const gm_v16u32 part[2]) {
  return (gm_v32u16)((part[0] >> 16) | (part[1] & 0xffff0000));
}

/// gm_encode for finite numbers of binary32, to bfloat16 or float16.
GM_INLINE gm_v32u16 GM_NAME(raw_of)(gm_element type, gm_floats x) {
  if (type == gm_f16) {
    gm_v16f16 raw[2];
    gm_v32u16 result;
    for (int k = 0; k < 2; k++) raw[k] = __builtin_convertvector(x.part[k], gm_v16f16);
    memcpy(&result, raw, sizeof result);
    return result;
  }
  gm_v16u32 part[2];
  for (int k = 0; k < 2; k++) {
    gm_v16u32 bits = (gm_v16u32)x.part[k];
    part[k] = bits + 0x7fff + ((bits >> 16) & 1);
  }
  return GM_NAME(raw_of_parts)(part);
}

/// raw_of, of value + error, where `value` is that to nearest.
GM_INLINE gm_v32u16 GM_NAME(raw_of_inexact)(gm_element type, gm_floats value, gm_floats error) {
  if (type == gm_f16) {
    for (int k = 0; k < 2; k++) {
      value.part[k] = GM_NAME(float_round_to_odd)(value.part[k], error.part[k]);
    }
    return GM_NAME(raw_of)(type, value);
  }
  gm_v16u32 part[2];
  for (int k = 0; k < 2; k++) {
    gm_v16u32 bits = (gm_v16u32)value.part[k], is_exact = (gm_v16u32)(error.part[k] == 0);
    // Half-way between two elements, the one with the smaller magnitude is the result if the error's sign
    // is not the value's, or if there is no error and it is even. Elsewhere this changes nothing.
    gm_v16u32 other_sign = (gm_v16u32)error.part[k] ^ bits, even = ~(bits << 15);
    gm_v16i32 down = (gm_v16i32)((even & is_exact) | (other_sign & ~is_exact)) >> 31;
    part[k] = bits + 0x8000 + (gm_v16u32)down;
  }
  return GM_NAME(raw_of_parts)(part);
}

GM_INLINE bool GM_NAME(is_any)(gm_v32u16 mask) {
  return __builtin_expect(__builtin_reduce_or((gm_v8u64)mask) != 0, false);
}

// MARK: Exact sums in binary32

/// Finds the least and the largest magnitude of each lane, for gm_exactness.
typedef struct {
  gm_v32u16 least, most;
} GM_NAME(extremes);

GM_INLINE GM_NAME(extremes) GM_NAME(no_extremes)(void) {
  return (GM_NAME(extremes)){.least = (gm_v32u16){0} - 1};
}

GM_INLINE void GM_NAME(extend)(GM_NAME(extremes) *extremes, gm_v32u16 raw) {
  gm_v32u16 magnitude = raw & 0x7fff;
  extremes->most = __builtin_elementwise_max(extremes->most, magnitude);
  extremes->least = __builtin_elementwise_min(extremes->least, magnitude - 1);
}

/// All bits of lanes that are not exact.
GM_INLINE gm_v32u16 GM_NAME(outside)(GM_NAME(extremes) of, gm_exactness when) {
  return (gm_v32u16)(of.most - of.least > when.spread) | (gm_v32u16)(of.most > when.most) |
         (gm_v32u16)(of.least < when.least);
}

// MARK: Launches

/// What makes an average of a sum, in binary32.
typedef struct {
  gm_division division;
  float divisor;
  float reciprocal;
} GM_NAME(float_ratio);

/// What the first two rounds of Philox make of a model's number and of the upper words of the numbers of
/// groups: words 0, 2 and 3 of the next, but for what all models share.
typedef struct {
  gm_u64 word0, word2, word3;
} GM_NAME(dare_stream);

/// What the loops need to know of a launch.
typedef struct {
  const uint8_t *inputs[GM_MAX_INPUTS];
  double weights[GM_MAX_INPUTS];
  gm_u32 count;
  GM_NAME(ratio) by;
  GM_NAME(float_ratio) float_by;
  /// Of sums; of use for types of 16 bits.
  gm_exactness exactness;
  /// Of gm_dare. Streams are those of all groups of the launch.
  gm_dare_factor factor;
  GM_NAME(dare_stream) streams[GM_MAX_INPUTS];
  const uint8_t *base;
  uint8_t *output;
} GM_NAME(vector_launch);
