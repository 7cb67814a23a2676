// gm_dare in vectors, where all elements are of one type; included once per instruction set.

#ifndef GM_DOUBLED
#define GM_DOUBLED(x, from)                                                                   \
  __builtin_shufflevector(                                                                    \
      x, x, from, from, 2 + from, 2 + from, 4 + from, 4 + from, 6 + from, 6 + from, 8 + from, \
      8 + from, 10 + from, 10 + from, 12 + from, 12 + from, 14 + from, 14 + from, 16 + from,  \
      16 + from, 18 + from, 18 + from, 20 + from, 20 + from, 22 + from, 22 + from, 24 + from, \
      24 + from, 26 + from, 26 + from, 28 + from, 28 + from, 30 + from, 30 + from)
#endif

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

// MARK: In binary64

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

/// A turn's elements; returns whether any of them is NaN or infinite.
GM_INLINE bool GM_NAME(double_dare)(gm_element type, gm_division division,
                                    const GM_NAME(vector_launch) *launch,
                                    const gm_dare_parameters *dare, gm_u64 group, size_t offset) {
  gm_masks masks;
  for (gm_u32 i = 0; i < launch->count; i++) {
    masks.model[i] = GM_NAME(vector_mask)(group, launch->streams + i, dare);
  }
  bool nonfinite = false;
  for (int half = 0; half < 2; half++) {
    size_t at = offset + (size_t)half * gm_lanes * (size_t)gm_element_size(type);
    gm_doubles sum = GM_NAME(double_differences)(type, launch, at, &masks, half);
    nonfinite |= GM_NAME(dare_encode)(type, division, false, launch, at, sum);
  }
  return nonfinite;
}

// MARK: In binary32

/// What is known of a turn's differences in binary32.
typedef struct {
  gm_v32u16 base[2];
  /// Less than zero by what is kept: that of no differences is zero and never negative zero.
  gm_floats sums[2];
  GM_NAME(extremes) extremes[2];
  /// What the upper random bits alone do not decide.
  gm_v32u16 undecided;
} GM_NAME(differences);

/// Adds what is kept of some models from `first` on.
GM_INLINE void GM_NAME(float_add)(gm_element type, const GM_NAME(vector_launch) *launch,
                                  const gm_dare_parameters *dare, GM_NAME(groups) groups,
                                  size_t offset, gm_u32 first, gm_u32 models,
                                  GM_NAME(differences) *to) {
  uint16_t limit = (uint16_t)(dare->threshold >> 16);
  gm_halves random[gm_models_at_once];
  GM_NAME(vector_random)(random, models, groups, launch->streams + first, dare);
  for (gm_u32 i = 0; i < models; i++) {
    const uint8_t *input = launch->inputs[first + i] + offset;
    for (int k = 0; k < 2; k++) {
      gm_v32u16 upper = random[i].part[k], keeps = (gm_v32u16)(upper > limit);
      to->undecided |= (gm_v32u16)(upper == limit);
      // What is dropped is the base, whose difference from itself is none.
      gm_v32u16 raw = GM_NAME(load_raw)(input + (size_t)k * sizeof raw);
      raw = (raw & keeps) | (to->base[k] & ~keeps);
      GM_NAME(extend)(&to->extremes[k], raw);
      gm_floats x = GM_NAME(decode_raw)(type, raw);
      for (int j = 0; j < 2; j++) to->sums[k].part[j] -= x.part[j];
    }
  }
}

/// The sums of a turn's kept differences, if they can be had exactly in binary32 and the upper random
/// bits decide about all of them.
GM_INLINE bool GM_NAME(float_differences)(gm_element type, const GM_NAME(vector_launch) *launch,
                                          const gm_dare_parameters *dare, gm_u64 group,
                                          size_t offset, GM_NAME(differences) *result) {
  GM_NAME(differences) all = {0};
  for (int k = 0; k < 2; k++) {
    all.base[k] = GM_NAME(load_raw)(launch->base + offset + (size_t)k * sizeof all.base[k]);
    all.extremes[k] = GM_NAME(no_extremes)();
    GM_NAME(extend)(&all.extremes[k], all.base[k]);
    all.sums[k] = GM_NAME(decode_raw)(type, all.base[k]);
    for (int j = 0; j < 2; j++) {
      gm_v16f32 count = (gm_v16f32){0} + (float)launch->count, zero = {0};
      all.sums[k].part[j] = __builtin_elementwise_fma(all.sums[k].part[j], count, zero);
    }
  }
  GM_NAME(groups) groups = GM_NAME(find_groups)(group, 0, dare);
  gm_u32 i = 0;
  for (; i + gm_models_at_once <= launch->count; i += gm_models_at_once) {
    GM_NAME(float_add)(type, launch, dare, groups, offset, i, gm_models_at_once, &all);
  }
  for (; i < launch->count; i++) {
    GM_NAME(float_add)(type, launch, dare, groups, offset, i, 1, &all);
  }
  *result = all;
  gm_v32u16 outside = GM_NAME(outside)(all.extremes[0], launch->factor.when) |
                      GM_NAME(outside)(all.extremes[1], launch->factor.when);
  return !GM_NAME(is_any)(outside | all.undecided);
}

/// base - sum * factor, to bfloat16 or float16, where the factor is short.
///
/// It is exact but for its rounding, and so is what that leaves where the result is next to a tie: all
/// have few bits there, and no exponent is far from the others. The factor's rest decides ties that the
/// division's own rounding turns into none.
GM_INLINE gm_v32u16 GM_NAME(subtract_product)(gm_element type, gm_floats base, gm_floats sum,
                                              gm_dare_factor by) {
  gm_v16f32 factor = (gm_v16f32){0} - by.factor, rest = (gm_v16f32){0} - by.rest;
  gm_floats total, error;
  for (int k = 0; k < 2; k++) {
    total.part[k] = __builtin_elementwise_fma(sum.part[k], factor, base.part[k]);
    gm_v16f32 left = base.part[k] - total.part[k];
    left = __builtin_elementwise_fma(sum.part[k], factor, left);
    error.part[k] = __builtin_elementwise_fma(sum.part[k], rest, left);
  }
  return GM_NAME(raw_of_inexact)(type, total, error);
}

/// base - sum * factor, to bfloat16, where the factor is any; sets lanes of `uncertain` where it could be
/// another element, unless nearly nothing is left of the base.
GM_INLINE gm_v32u16 GM_NAME(subtract_quotient)(gm_floats base, gm_floats sum, gm_dare_factor by,
                                               gm_v32u16 *uncertain) {
  gm_v16f32 factor = (gm_v16f32){0} - by.factor, rest = (gm_v16f32){0} - by.rest;
  gm_floats result;
  gm_v16u32 unsure = {0};
  for (int k = 0; k < 2; k++) {
    gm_v16f32 change = sum.part[k] * factor;
    gm_v16f32 change_rest = __builtin_elementwise_fma(sum.part[k], factor, -change);
    change_rest = __builtin_elementwise_fma(sum.part[k], rest, change_rest);
    gm_v16f32 total = base.part[k] + change;
    // Exact, as no exponent is far from the others. Zeros keep their signs.
    gm_v16f32 excess = (total - base.part[k]) - change;
    result.part[k] = total - (excess - change_rest);
    // The error is less than three units of the last place.
    gm_v16u32 lost = (gm_v16u32)result.part[k] << 16;
    unsure |= (gm_v16u32)(lost - (0x7ffdU << 16) <= 6U << 16);
  }
  *uncertain = (gm_v32u16)unsure;
  return GM_NAME(raw_of)(gm_bf16, result);
}

/// gm_dare_finish and gm_encode of exact sums. Returns whether the result is certain and finite;
/// otherwise nothing is stored.
GM_INLINE bool GM_NAME(float_dare_encode)(gm_element type, const GM_NAME(vector_launch) *launch,
                                          gm_v32u16 raw_base, gm_floats sum, uint8_t *at) {
  gm_floats base = GM_NAME(decode_raw)(type, raw_base);
  gm_v32u16 raw, uncertain = {0};
  if (launch->factor.is_short) {
    raw = GM_NAME(subtract_product)(type, base, sum, launch->factor);
  } else {
    if (type == gm_f16) return false;
    raw = GM_NAME(subtract_quotient)(base, sum, launch->factor, &uncertain);
  }
  // Where nearly nothing is left of the base, errors may be more than that.
  gm_v32u16 magnitude = raw & 0x7fff, of_base = raw_base & 0x7fff;
  if (type == gm_bf16) {
    uncertain |= (gm_v32u16)(magnitude + (16 << 7) < of_base);
  } else {
    uncertain |= (gm_v32u16)(magnitude == 0) & (gm_v32u16)(of_base != 0);
    uncertain |= (gm_v32u16)(magnitude >= 0x7c00);
  }
  if (GM_NAME(is_any)(uncertain)) return false;
  memcpy(at, &raw, sizeof raw);
  return true;
}

/// A turn's elements, if their sums can be had in binary32.
GM_INLINE bool GM_NAME(float_dare)(gm_element type, gm_division division,
                                   const GM_NAME(vector_launch) *launch,
                                   const gm_dare_parameters *dare, gm_u64 group, size_t offset,
                                   bool *nonfinite) {
  GM_NAME(differences) all;
  if (!GM_NAME(float_differences)(type, launch, dare, group, offset, &all)) return false;
  for (int k = 0; k < 2; k++) {
    size_t at = offset + (size_t)k * sizeof all.base[k];
    if (GM_NAME(float_dare_encode)(type, launch, all.base[k], all.sums[k], launch->output + at)) {
      continue;
    }
    for (int j = 0; j < 2; j++) all.sums[k].part[j] = 0 - all.sums[k].part[j];
    gm_doubles sum = GM_NAME(widen_floats)(all.sums[k]);
    *nonfinite |= GM_NAME(dare_encode)(type, division, true, launch, at, sum);
  }
  return true;
}

// MARK: Loops

GM_INLINE bool GM_NAME(dare_loop)(gm_element type, gm_division division,
                                  const GM_NAME(vector_launch) *launch,
                                  const gm_dare_parameters *dare, gm_u64 group, size_t turns) {
  GM_NAME(vector_launch) local = *launch;
  gm_dare_parameters parameters = *dare;
  size_t turn = gm_dare_lanes * (size_t)gm_element_size(type);
  bool nonfinite = false;
  for (size_t i = 0; i < turns; i++, group += 8) {
    if (gm_element_size(type) == 2 && local.factor.is_useful &&
        GM_NAME(float_dare)(type, division, &local, &parameters, group, i * turn, &nonfinite)) {
      continue;
    }
    nonfinite |= GM_NAME(double_dare)(type, division, &local, &parameters, group, i * turn);
  }
  return nonfinite;
}

/// How many turns can be done in vectors from an element on, the first of a group: those with full vectors
/// whose groups have the same streams.
static size_t GM_NAME(dare_turns)(const gm_piece *piece, size_t from) {
  gm_u64 alike = GM_NAME(groups_of_stream)((piece->first + from) >> 3) / 8;
  size_t full = (piece->count - from) / gm_dare_lanes;
  return full < alike ? full : (size_t)alike;
}

/// Does the elements of some turns from `from` on.
static void GM_NAME(dare_vectors)(const gm_kernel *kernel, const gm_piece *piece,
                                  const gm_operands *operands, const gm_dare_parameters *dare,
                                  size_t from, size_t turns, bool *nonfinite) {
  gm_u64 group = (piece->first + from) >> 3;
  size_t start = from * (size_t)gm_element_size(kernel->input);
  GM_NAME(vector_launch) launch = {.count = piece->inputs};
  launch.base = (const uint8_t *)operands->base + start;
  launch.output = (uint8_t *)operands->output + start;
  launch.by.divisor = gm_real_of(dare->divisor);
  launch.by.reciprocal = 1 / launch.by.divisor;
  launch.factor = gm_find_dare_factor(kernel->input, launch.by.divisor, launch.count);
  for (gm_u32 i = 0; i < launch.count; i++) {
    launch.inputs[i] = (const uint8_t *)operands->input[i] + start;
    launch.streams[i] = GM_NAME(find_stream)(group, dare->model + i, dare);
  }
#define GM_DARE(type, division, ...) *nonfinite |= GM_NAME(dare_loop)(type, division, __VA_ARGS__)
#define GM_DARE_TYPE(type, ...) GM_FOR_DIVISION(kernel->division, GM_DARE, type, __VA_ARGS__)
  GM_FOR_VECTOR_TYPE(kernel->input, GM_DARE_TYPE, &launch, dare, group, turns)
#undef GM_DARE
#undef GM_DARE_TYPE
}

/// Whether a launch can be done in vectors.
static bool GM_NAME(dare_fits_vectors)(const gm_kernel *kernel, const gm_dare_parameters *dare) {
  bool is_simple = kernel->first && kernel->last && !kernel->wide;
  bool is_random = dare->threshold > 0 && dare->threshold <= 0xffffffff;
  bool is_uniform = kernel->input == kernel->output && kernel->base == kernel->output;
  return is_simple && is_random && is_uniform && gm_is_moderate(dare->divisor);
}
