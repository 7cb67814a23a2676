// gm_dare in vectors, where all elements are of one type; included once per instruction set.

/// The random bits of 32 elements, in the order in which GM_NAME(decode) has these.
typedef struct {
  gm_v16u32 part[2];
} GM_NAME(words);

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

/// The words of the eight groups from `group` on, for one model.
GM_INLINE GM_NAME(words) GM_NAME(vector_random)(gm_element type, gm_u64 group, gm_u32 model,
                                                const gm_dare_parameters *dare) {
  gm_v8u64 groups = (gm_v8u64){0, 1, 2, 3, 4, 5, 6, 7} + group;
  gm_v8u64 c[4] = {groups, groups >> 32, (gm_v8u64){0} + model, (gm_v8u64){0}};
  GM_NAME(vector_philox)(c, dare->key[0], dare->key[1]);
  const gm_v8u64 lower = (gm_v8u64){0} + 0xffffffff;
  GM_NAME(words) result;
  if (type == gm_bf16) {
    // Of a group, the first and third element are in one vector, the others in the other.
    result.part[0] = (gm_v16u32)((c[0] & lower) | (c[2] << 32));
    result.part[1] = (gm_v16u32)((c[1] & lower) | (c[3] << 32));
    return result;
  }
  gm_v8u64 first = (c[0] & lower) | (c[1] << 32), second = (c[2] & lower) | (c[3] << 32);
  result.part[0] = (gm_v16u32)__builtin_shufflevector(first, second, 0, 8, 1, 9, 2, 10, 3, 11);
  result.part[1] = (gm_v16u32)__builtin_shufflevector(first, second, 4, 12, 5, 13, 6, 14, 7, 15);
  return result;
}

/// The random bits of all models' elements; each is compared with the least that keeps its element.
typedef struct {
  GM_NAME(words) model[GM_MAX_INPUTS];
} GM_NAME(masks);

/// The sum of kept differences, if it can be had in binary32.
GM_INLINE bool GM_NAME(float_differences)(gm_element type, const GM_NAME(vector_launch) *launch,
                                          size_t offset, const GM_NAME(masks) *masks,
                                          gm_doubles *sum) {
  GM_NAME(extremes) extremes = {.least = (gm_v32u16){0} - 1};
  gm_floats base = GM_NAME(decode)(type, launch->base + offset), total = {0};
  GM_NAME(extend)(&extremes, launch->base + offset);
  for (gm_u32 i = 0; i < launch->count; i++) {
    gm_floats x = GM_NAME(decode)(type, launch->inputs[i] + offset);
    GM_NAME(extend)(&extremes, launch->inputs[i] + offset);
    for (int k = 0; k < 2; k++) {
      // What is dropped adds zero, which changes nothing, as the sum is never negative zero.
      gm_v16u32 kept = (gm_v16u32)(x.part[k] - base.part[k]) & masks->model[i].part[k];
      total.part[k] += (gm_v16f32)kept;
    }
  }
  *sum = GM_NAME(widen_floats)(total);
  return __builtin_expect(GM_NAME(are_exact)(extremes, launch->exactness), true);
}

GM_INLINE gm_doubles GM_NAME(double_differences)(gm_element type,
                                                 const GM_NAME(vector_launch) *launch,
                                                 size_t offset, const GM_NAME(masks) *masks) {
  gm_doubles base = GM_NAME(widen_floats)(GM_NAME(decode)(type, launch->base + offset));
  gm_doubles sum = {0};
  for (gm_u32 i = 0; i < launch->count; i++) {
    gm_doubles x = GM_NAME(widen_floats)(GM_NAME(decode)(type, launch->inputs[i] + offset));
    for (int k = 0; k < 4; k++) {
      gm_v16i32 mask = (gm_v16i32)masks->model[i].part[k / 2];
      gm_v8i64 wide = k & 1 ? __builtin_convertvector(GM_UPPER_HALF(mask), gm_v8i64)
                            : __builtin_convertvector(GM_LOWER_HALF(mask), gm_v8i64);
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

/// 32 elements; returns whether any of them is NaN or infinite.
GM_INLINE bool GM_NAME(dare_turn)(gm_element type, gm_division division,
                                  const GM_NAME(vector_launch) *launch,
                                  const gm_dare_parameters *dare, gm_u64 group, size_t offset) {
  GM_NAME(masks) masks;
  for (gm_u32 i = 0; i < launch->count; i++) {
    GM_NAME(words) words = GM_NAME(vector_random)(type, group, dare->model + i, dare);
    for (int k = 0; k < 2; k++) {
      masks.model[i].part[k] = (gm_v16u32)(words.part[k] >= (gm_u32)dare->threshold);
    }
  }
  gm_doubles sum;
  if (gm_element_size(type) == 2 &&
      GM_NAME(float_differences)(type, launch, offset, &masks, &sum)) {
    return GM_NAME(dare_encode)(type, division, true, launch, offset, sum);
  }
  sum = GM_NAME(double_differences)(type, launch, offset, &masks);
  return GM_NAME(dare_encode)(type, division, false, launch, offset, sum);
}

GM_INLINE bool GM_NAME(dare_loop)(gm_element type, gm_division division,
                                  const GM_NAME(vector_launch) *launch,
                                  const gm_dare_parameters *dare, gm_u64 group, size_t turns) {
  GM_NAME(vector_launch) local = *launch;
  gm_dare_parameters parameters = *dare;
  size_t turn = gm_lanes * (size_t)gm_element_size(type);
  bool nonfinite = false;
  for (size_t i = 0; i < turns; i++) {
    nonfinite |= GM_NAME(dare_turn)(type, division, &local, &parameters, group + 8 * i, i * turn);
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
  // Two numbers for each difference.
  launch.exactness = GM_NAME(find_exactness)(kernel->input, 2 * launch.count);
  for (gm_u32 i = 0; i < launch.count; i++) {
    launch.inputs[i] = (const uint8_t *)operands->input[i] + start;
  }
  size_t turns = (piece->count - from) / gm_lanes;
  gm_u64 group = (piece->first + from) >> 2;
#define GM_DARE(type, division, ...) *nonfinite |= GM_NAME(dare_loop)(type, division, __VA_ARGS__)
#define GM_DARE_TYPE(type, ...) GM_FOR_DIVISION(kernel->division, GM_DARE, type, __VA_ARGS__)
  GM_FOR_VECTOR_TYPE(kernel->input, GM_DARE_TYPE, &launch, dare, group, turns)
#undef GM_DARE
#undef GM_DARE_TYPE
  return turns * gm_lanes;
}

/// Whether a launch can be done in vectors.
static bool GM_NAME(dare_fits_vectors)(const gm_kernel *kernel, const gm_dare_parameters *dare) {
  bool is_simple = kernel->first && kernel->last && !kernel->wide;
  bool is_random = dare->threshold > 0 && dare->threshold <= 0xffffffff;
  bool is_uniform = kernel->input == kernel->output && kernel->base == kernel->output;
  return is_simple && is_random && is_uniform && GM_NAME(is_moderate)(dare->divisor);
}
