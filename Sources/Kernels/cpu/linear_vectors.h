// gm_linear in vectors, where all elements are of one type; included once per instruction set.

// MARK: In binary32

/// dividend / divisor, rounded to odd, as GM_NAME(vector_quotient_to_odd) does.
GM_INLINE gm_v16f32 GM_NAME(float_quotient_to_odd)(gm_v16f32 dividend, GM_NAME(float_ratio) by) {
  gm_v16f32 divisor = (gm_v16f32){0} + by.divisor, reciprocal = (gm_v16f32){0} + by.reciprocal;
  gm_v16f32 near = dividend * reciprocal;
  gm_v16f32 remainder = __builtin_elementwise_fma(-near, divisor, dividend);
  gm_v16f32 nearest = __builtin_elementwise_fma(remainder, reciprocal, near);
  gm_v16f32 rest = __builtin_elementwise_fma(-nearest, divisor, dividend);
  gm_v16u32 odd = (gm_v16u32)GM_NAME(float_round_to_odd)(nearest, rest);
  // Zero keeps its sign.
  gm_v16u32 zero = (gm_v16u32)(near == 0);
  return (gm_v16f32)(((gm_v16u32)near & zero) | (odd & ~zero));
}

GM_INLINE gm_v16f32 GM_NAME(float_finish)(gm_v16f32 sum, GM_NAME(float_ratio) by) {
  if (by.division == gm_divide_full) return GM_NAME(float_quotient_to_odd)(sum, by);
  return sum * by.reciprocal;
}

/// The average of inputs of equal weights, if it can be had in binary32.
GM_INLINE bool GM_NAME(float_average)(gm_element type, const uint8_t *const *inputs, gm_u32 count,
                                      size_t offset, GM_NAME(float_ratio) by, gm_exactness when,
                                      uint8_t *output) {
  GM_NAME(extremes) extremes = GM_NAME(no_extremes)();
  gm_v32u16 raw = GM_NAME(load_raw)(inputs[0] + offset);
  gm_floats sum = GM_NAME(decode_raw)(type, raw);
  GM_NAME(extend)(&extremes, raw);
  for (gm_u32 i = 1; i < count; i++) {
    raw = GM_NAME(load_raw)(inputs[i] + offset);
    gm_floats x = GM_NAME(decode_raw)(type, raw);
    GM_NAME(extend)(&extremes, raw);
    for (int k = 0; k < 2; k++) sum.part[k] += x.part[k];
  }
  if (GM_NAME(is_any)(GM_NAME(outside)(extremes, when))) return false;
  for (int k = 0; k < 2; k++) sum.part[k] = GM_NAME(float_finish)(sum.part[k], by);
  raw = GM_NAME(raw_of)(type, sum);
  memcpy(output + offset, &raw, sizeof raw);
  return true;
}

// MARK: In binary64

/// gm_linear_finish.
GM_INLINE gm_v8f64 GM_NAME(vector_finish)(gm_v8f64 sum, gm_division division, GM_NAME(ratio) by) {
  if (division == gm_divide_none) return sum;
  if (division == gm_divide_exact) return sum * by.reciprocal;
  return GM_NAME(vector_quotient_to_odd)(sum, by);
}

/// Any weighted average; returns whether any element of it is NaN or infinite.
GM_INLINE bool GM_NAME(double_average)(gm_element type, gm_division division,
                                       const uint8_t *const *inputs, const double *weights,
                                       gm_u32 count, size_t offset, GM_NAME(ratio) by,
                                       uint8_t *output) {
  gm_doubles sum = GM_NAME(widen_floats)(GM_NAME(decode)(type, inputs[0] + offset));
  for (int k = 0; k < 4; k++) sum.part[k] *= weights[0];
  for (gm_u32 i = 1; i < count; i++) {
    gm_doubles x = GM_NAME(widen_floats)(GM_NAME(decode)(type, inputs[i] + offset));
    for (int k = 0; k < 4; k++) sum.part[k] += x.part[k] * weights[i];
  }
  for (int k = 0; k < 4; k++) sum.part[k] = GM_NAME(vector_finish)(sum.part[k], division, by);
  return GM_NAME(encode)(type, sum, output + offset);
}

// MARK: Loops

GM_INLINE bool GM_NAME(average_loop)(gm_element type, gm_division division, bool in_floats,
                                     const GM_NAME(vector_launch) *launch, size_t turns) {
  GM_NAME(vector_launch) local = *launch;
  local.float_by.division = division;
  size_t turn = gm_lanes * (size_t)gm_element_size(type);
  bool nonfinite = false;
  for (size_t offset = 0; offset < turns * turn; offset += turn) {
    if (in_floats && GM_NAME(float_average)(type, local.inputs, local.count, offset, local.float_by,
                                            local.exactness, local.output)) {
      continue;
    }
    nonfinite |= GM_NAME(double_average)(type, division, local.inputs, local.weights, local.count,
                                         offset, local.by, local.output);
  }
  return nonfinite;
}

GM_INLINE bool GM_NAME(average_type)(gm_element type, gm_division division, bool in_floats,
                                     const GM_NAME(vector_launch) *launch, size_t turns) {
  if (in_floats && gm_element_size(type) == 2) {
    return GM_NAME(average_loop)(type, division, true, launch, turns);
  }
  return GM_NAME(average_loop)(type, division, false, launch, turns);
}

/// Whether sums of a launch may be formed in binary32: equal weights, so that only the divisor counts,
/// and a small whole number as that.
GM_INLINE bool GM_NAME(can_use_floats)(const gm_kernel *kernel, GM_NAME(vector_launch) *launch) {
  double weight = launch->weights[0], divisor = launch->by.divisor / weight;
  bool is_power = (gm_bits(weight) & (GM_SIGN | GM_FRACTION)) == 0;
  bool is_whole = divisor >= 1 && divisor <= 1024 && divisor == (double)(int)divisor;
  if (!is_power || !is_whole) return false;
  for (gm_u32 i = 1; i < launch->count; i++) {
    if (launch->weights[i] != weight) return false;
  }
  launch->float_by.divisor = (float)divisor;
  launch->float_by.reciprocal = 1 / (float)divisor;
  launch->exactness = gm_find_exactness(kernel->input, launch->count);
  return gm_element_size(kernel->input) == 2;
}

/// Does as many elements as fill vectors, and returns how many that were.
static size_t GM_NAME(linear_vectors)(const gm_kernel *kernel, const gm_piece *piece,
                                      const gm_operands *operands,
                                      const gm_linear_parameters *linear, bool *nonfinite) {
  bool is_simple = kernel->first && kernel->last && !kernel->wide;
  if (!is_simple || kernel->input != kernel->output) return 0;
  if (!gm_is_moderate(linear->divisor)) return 0;
  GM_NAME(vector_launch) launch = {.count = piece->inputs, .output = operands->output};
  launch.by.divisor = gm_real_of(linear->divisor);
  launch.by.reciprocal = 1 / launch.by.divisor;
  for (gm_u32 i = 0; i < launch.count; i++) {
    gm_u64 weight = linear->weight[i];
    if (!gm_is_moderate(weight) && weight != 0) return 0;
    launch.weights[i] = gm_real_of(weight);
    launch.inputs[i] = operands->input[i];
  }
  size_t turns = piece->count / gm_lanes;
  bool in_floats = GM_NAME(can_use_floats)(kernel, &launch);
#define GM_AVERAGE(type, division, ...) \
  *nonfinite |= GM_NAME(average_type)(type, division, __VA_ARGS__)
#define GM_AVERAGE_TYPE(type, ...) GM_FOR_DIVISION(kernel->division, GM_AVERAGE, type, __VA_ARGS__)
  GM_FOR_VECTOR_TYPE(kernel->input, GM_AVERAGE_TYPE, in_floats, &launch, turns)
#undef GM_AVERAGE
#undef GM_AVERAGE_TYPE
  return turns * gm_lanes;
}
