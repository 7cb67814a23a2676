// gm_dare in vectors, where all elements are of one type; included once per instruction set.

#ifndef GM_DARE_VECTOR_TYPES
#define GM_DARE_VECTOR_TYPES
typedef int16_t gm_v16i16 __attribute__((vector_size(32)));

/// The elements of one turn of a loop: those of eight groups, one for each lane of a vector.
enum { gm_dare_lanes = 2 * gm_lanes };

/// 16 bits for each element, in the order of the elements.
typedef struct {
  gm_v32u16 part[2];
} gm_halves;

/// What is kept of a turn's elements: all bits or none of each.
typedef struct {
  gm_halves model[GM_MAX_INPUTS];
} gm_masks;

#define GM_JOINED_LANES(a, b, from)                                                                \
  __builtin_shufflevector(a, b, from, 8 + from, 1 + from, 9 + from, 2 + from, 10 + from, 3 + from, \
                          11 + from)
#define GM_DOUBLED(x, from)                                                                   \
  __builtin_shufflevector(                                                                    \
      x, x, from, from, 2 + from, 2 + from, 4 + from, 4 + from, 6 + from, 6 + from, 8 + from, \
      8 + from, 10 + from, 10 + from, 12 + from, 12 + from, 14 + from, 14 + from, 16 + from,  \
      16 + from, 18 + from, 18 + from, 20 + from, 20 + from, 22 + from, 22 + from, 24 + from, \
      24 + from, 26 + from, 26 + from, 28 + from, 28 + from, 30 + from, 30 + from)
#endif

/// The upper words of lanes of 64 bits in place of the lower ones.
///
/// A shuffle, as Intel's cores do shifts of such vectors where they multiply, which is busy enough.
GM_INLINE gm_v8u64 GM_NAME(upper_words)(gm_v8u64 x) {
  gm_v16u32 words = (gm_v16u32)x;
  return (gm_v8u64)__builtin_shufflevector(words, words, 1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13,
                                           13, 15, 15);
}

/// gm_philox of eight groups of elements.
GM_INLINE void GM_NAME(vector_philox)(gm_v8u64 counter[4], gm_u32 key0, gm_u32 key1) {
  gm_v8u64 c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
#pragma clang loop unroll(full)
  for (int round = 0; round < 10; round++) {
    gm_v8u64 product0 = (c0 & 0xffffffff) * 0xd2511f53;
    gm_v8u64 product1 = (c2 & 0xffffffff) * 0xcd9e8d57;
    c0 = GM_NAME(upper_words)(product1) ^ c1 ^ (gm_u64)key0;
    c1 = product1;
    c2 = GM_NAME(upper_words)(product0) ^ c3 ^ (gm_u64)key1;
    c3 = product0;
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/// The upper or, with 1 as `part`, the lower random bits of the eight groups from `group` on.
GM_INLINE gm_halves GM_NAME(vector_random)(gm_u64 group, gm_u32 model, gm_u32 part,
                                           const gm_dare_parameters *dare) {
  gm_v8u64 groups = (gm_v8u64){0, 1, 2, 3, 4, 5, 6, 7} + group;
  gm_v8u64 c[4] = {groups, groups >> 32, (gm_v8u64){0} + model, (gm_v8u64){0} + part};
  GM_NAME(vector_philox)(c, dare->key[0], dare->key[1]);
  const gm_v8u64 lower = (gm_v8u64){0} + 0xffffffff;
  gm_v8u64 first = (c[0] & lower) | (c[1] << 32), second = (c[2] & lower) | (c[3] << 32);
  gm_halves result;
  result.part[0] = (gm_v32u16)GM_JOINED_LANES(first, second, 0);
  result.part[1] = (gm_v32u16)GM_JOINED_LANES(first, second, 4);
  return result;
}

/// gm_dare_keeps where the upper bits are those of the threshold, out of the way of all others.
static __attribute__((noinline)) void GM_NAME(decide_rest)(gm_halves *keeps, const gm_halves *upper,
                                                           gm_u64 group, gm_u32 model,
                                                           const gm_dare_parameters *dare) {
  gm_halves lower = GM_NAME(vector_random)(group, model, 1, dare);
  uint16_t limit = (uint16_t)(dare->threshold >> 16), least = (uint16_t)dare->threshold;
  for (int k = 0; k < 2; k++) {
    keeps->part[k] |= (gm_v32u16)(upper->part[k] == limit) & (gm_v32u16)(lower.part[k] >= least);
  }
}

/// Which elements of eight groups are kept of one model.
GM_INLINE gm_halves GM_NAME(vector_mask)(gm_u64 group, gm_u32 model,
                                         const gm_dare_parameters *dare) {
  gm_halves upper = GM_NAME(vector_random)(group, model, 0, dare), keeps;
  uint16_t limit = (uint16_t)(dare->threshold >> 16);
  gm_v32u16 undecided = {0};
  for (int k = 0; k < 2; k++) {
    keeps.part[k] = (gm_v32u16)(upper.part[k] > limit);
    undecided |= (gm_v32u16)(upper.part[k] == limit);
  }
  if (__builtin_expect(__builtin_reduce_or((gm_v8u64)undecided) != 0, false)) {
    GM_NAME(decide_rest)(&keeps, &upper, group, model, dare);
  }
  return keeps;
}

/// Masks of 32 bits from those of 16, in the order in which GM_NAME(decode) has the elements.
typedef struct {
  gm_v16u32 part[2];
} GM_NAME(words);

GM_INLINE GM_NAME(words) GM_NAME(widen_mask)(gm_element type, gm_v32u16 mask) {
  GM_NAME(words) result;
  if (type == gm_bf16) {
    result.part[0] = (gm_v16u32)GM_DOUBLED(mask, 0);
    result.part[1] = (gm_v16u32)GM_DOUBLED(mask, 1);
    return result;
  }
  gm_v16i16 half[2];
  memcpy(half, &mask, sizeof half);
  for (int k = 0; k < 2; k++) {
    result.part[k] = (gm_v16u32) __builtin_convertvector(half[k], gm_v16i32);
  }
  return result;
}

/// The sum of kept differences, if it can be had exactly in binary32.
GM_INLINE bool GM_NAME(float_differences)(gm_element type, const GM_NAME(vector_launch) *launch,
                                          size_t offset, const gm_masks *masks, int half,
                                          gm_floats *sum) {
  GM_NAME(extremes) extremes = {.least = (gm_v32u16){0} - 1};
  gm_floats base = GM_NAME(decode)(type, launch->base + offset), total = {0};
  GM_NAME(extend)(&extremes, launch->base + offset);
  for (gm_u32 i = 0; i < launch->count; i++) {
    gm_floats x = GM_NAME(decode)(type, launch->inputs[i] + offset);
    GM_NAME(extend)(&extremes, launch->inputs[i] + offset);
    GM_NAME(words) mask = GM_NAME(widen_mask)(type, masks->model[i].part[half]);
    for (int k = 0; k < 2; k++) {
      // What is dropped adds zero, which changes nothing, as the sum is never negative zero.
      gm_v16u32 kept = (gm_v16u32)(x.part[k] - base.part[k]) & mask.part[k];
      total.part[k] += (gm_v16f32)kept;
    }
  }
  *sum = total;
  return GM_NAME(are_exact)(extremes, launch->exactness);
}

/// gm_dare_finish and gm_encode of an exact sum in binary32, where the division is exact, too. Returns
/// whether the result is finite; otherwise nothing is stored.
GM_INLINE bool GM_NAME(float_dare_encode)(gm_element type, const GM_NAME(vector_launch) *launch,
                                          size_t offset, gm_floats sum) {
  gm_floats base = GM_NAME(decode)(type, launch->base + offset), result;
  for (int k = 0; k < 2; k++) {
    gm_v16f32 change = sum.part[k] * launch->float_by.reciprocal;
    gm_v16f32 total = base.part[k] + change;
    gm_v16f32 change_part = total - base.part[k];
    gm_v16f32 base_part = total - change_part;
    gm_v16f32 error = (base.part[k] - base_part) + (change - change_part);
    gm_v16u32 odd = (gm_v16u32)GM_NAME(float_round_to_odd)(total, error);
    gm_v16u32 unchanged = (gm_v16u32)(change == 0);
    result.part[k] = (gm_v16f32)(((gm_v16u32)base.part[k] & unchanged) | (odd & ~unchanged));
  }
  gm_v32u16 raw = GM_NAME(raw_of)(type, result);
  if (type == gm_f16 && GM_NAME(is_any)((gm_v32u16)((raw & 0x7fff) == 0x7c00))) return false;
  memcpy(launch->output + offset, &raw, sizeof raw);
  return true;
}

GM_INLINE gm_doubles GM_NAME(double_differences)(gm_element type,
                                                 const GM_NAME(vector_launch) *launch,
                                                 size_t offset, const gm_masks *masks, int half) {
  gm_doubles base = GM_NAME(widen_floats)(GM_NAME(decode)(type, launch->base + offset));
  gm_doubles sum = {0};
  for (gm_u32 i = 0; i < launch->count; i++) {
    gm_doubles x = GM_NAME(widen_floats)(GM_NAME(decode)(type, launch->inputs[i] + offset));
    GM_NAME(words) mask = GM_NAME(widen_mask)(type, masks->model[i].part[half]);
    for (int k = 0; k < 4; k++) {
      gm_v16i32 words = (gm_v16i32)mask.part[k / 2];
      gm_v8i64 wide = k & 1 ? __builtin_convertvector(GM_UPPER_HALF(words), gm_v8i64)
                            : __builtin_convertvector(GM_LOWER_HALF(words), gm_v8i64);
      gm_v8u64 kept = (gm_v8u64)(x.part[k] - base.part[k]) & (gm_v8u64)wide;
      sum.part[k] += (gm_v8f64)kept;
    }
  }
  return sum;
}

/// gm_dare_finish. `finite` says that sums are.
GM_INLINE gm_v8f64 GM_NAME(vector_dare_finish)(gm_v8f64 sum, gm_v8f64 base, gm_division division,
                                               bool finite, GM_NAME(ratio) by) {
  gm_v8f64 change = division == gm_divide_none    ? sum
                    : division == gm_divide_exact ? sum * by.reciprocal
                    : finite                      ? GM_NAME(quotient)(sum, by)
                                                  : GM_NAME(any_quotient)(sum, by);
  gm_v8f64 total = base + change;
  gm_v8f64 change_part = total - base;
  gm_v8f64 base_part = total - change_part;
  gm_v8f64 error = (base - base_part) + (change - change_part);
  gm_v8u64 odd = (gm_v8u64)GM_NAME(round_to_odd)(total, error);
  gm_v8u64 unchanged = (gm_v8u64)(change == 0);
  return (gm_v8f64)(((gm_v8u64)base & unchanged) | (odd & ~unchanged));
}

GM_INLINE bool GM_NAME(dare_encode)(gm_element type, gm_division division, bool finite,
                                    const GM_NAME(vector_launch) *launch, size_t offset,
                                    gm_doubles sum) {
  gm_doubles base = GM_NAME(widen_floats)(GM_NAME(decode)(type, launch->base + offset));
  for (int k = 0; k < 4; k++) {
    sum.part[k] =
        GM_NAME(vector_dare_finish)(sum.part[k], base.part[k], division, finite, launch->by);
  }
  return GM_NAME(encode)(type, sum, launch->output + offset);
}

/// One half of a turn's elements; returns whether any of them is NaN or infinite.
GM_INLINE bool GM_NAME(dare_half)(gm_element type, gm_division division,
                                  const GM_NAME(vector_launch) *launch, size_t offset,
                                  const gm_masks *masks, int half) {
  gm_floats sum;
  if (gm_element_size(type) == 2 &&
      GM_NAME(float_differences)(type, launch, offset, masks, half, &sum)) {
    if (division != gm_divide_full && launch->float_by.reciprocal != 0 &&
        GM_NAME(float_dare_encode)(type, launch, offset, sum)) {
      return false;
    }
    return GM_NAME(dare_encode)(type, division, true, launch, offset, GM_NAME(widen_floats)(sum));
  }
  return GM_NAME(dare_encode)(type, division, false, launch, offset,
                              GM_NAME(double_differences)(type, launch, offset, masks, half));
}

GM_INLINE bool GM_NAME(dare_loop)(gm_element type, gm_division division,
                                  const GM_NAME(vector_launch) *launch,
                                  const gm_dare_parameters *dare, gm_u64 group, size_t turns) {
  GM_NAME(vector_launch) local = *launch;
  gm_dare_parameters parameters = *dare;
  size_t half = gm_lanes * (size_t)gm_element_size(type);
  bool nonfinite = false;
  for (size_t i = 0; i < turns; i++) {
    gm_masks masks;
    for (gm_u32 model = 0; model < local.count; model++) {
      masks.model[model] =
          GM_NAME(vector_mask)(group + 8 * i, parameters.model + model, &parameters);
    }
    nonfinite |= GM_NAME(dare_half)(type, division, &local, 2 * i * half, &masks, 0);
    nonfinite |= GM_NAME(dare_half)(type, division, &local, (2 * i + 1) * half, &masks, 1);
  }
  return nonfinite;
}

/// Does as many elements from `from` on as fill vectors, and returns how many that were. `from` is the
/// first element of a group.
static size_t GM_NAME(dare_vectors)(const gm_kernel *kernel, const gm_piece *piece,
                                    const gm_operands *operands, const gm_dare_parameters *dare,
                                    size_t from, bool *nonfinite) {
  size_t start = from * (size_t)gm_element_size(kernel->input);
  GM_NAME(vector_launch) launch = {.count = piece->inputs};
  launch.base = (const uint8_t *)operands->base + start;
  launch.output = (uint8_t *)operands->output + start;
  launch.by.divisor = gm_real_of(dare->divisor);
  launch.by.reciprocal = 1 / launch.by.divisor;
  // Others could make numbers of binary32 over- or underflow.
  double divisor = launch.by.divisor < 0 ? -launch.by.divisor : launch.by.divisor;
  bool is_near_one = divisor > 0x1p-10 && divisor < 0x1p10;
  launch.float_by.reciprocal = is_near_one ? (float)launch.by.reciprocal : 0;
  // Two numbers for each difference.
  launch.exactness = gm_find_exactness(kernel->input, 2 * launch.count);
  for (gm_u32 i = 0; i < launch.count; i++) {
    launch.inputs[i] = (const uint8_t *)operands->input[i] + start;
  }
  size_t turns = (piece->count - from) / gm_dare_lanes;
  gm_u64 group = (piece->first + from) >> 3;
#define GM_DARE(type, division, ...) *nonfinite |= GM_NAME(dare_loop)(type, division, __VA_ARGS__)
#define GM_DARE_TYPE(type, ...) GM_FOR_DIVISION(kernel->division, GM_DARE, type, __VA_ARGS__)
  GM_FOR_VECTOR_TYPE(kernel->input, GM_DARE_TYPE, &launch, dare, group, turns)
#undef GM_DARE
#undef GM_DARE_TYPE
  return turns * gm_dare_lanes;
}

/// Whether a launch can be done in vectors.
static bool GM_NAME(dare_fits_vectors)(const gm_kernel *kernel, const gm_dare_parameters *dare) {
  bool is_simple = kernel->first && kernel->last && !kernel->wide;
  bool is_random = dare->threshold > 0 && dare->threshold <= 0xffffffff;
  bool is_uniform = kernel->input == kernel->output && kernel->base == kernel->output;
  return is_simple && is_random && is_uniform && GM_NAME(is_moderate)(dare->divisor);
}
