// gm_linear for one instruction set; see cl/linear.cl.

/// Some inputs and their weights, from one element on.
typedef struct {
  const uint8_t *elements[4];
  double weight[4];
} GM_NAME(linear_inputs);

/// Adds `width` inputs in one go, which spares most of the traffic with the tile's sums.
GM_INLINE void GM_NAME(linear_add_loop)(gm_element type, int width, bool start,
                                        double *restrict sums, const GM_NAME(linear_inputs) *inputs,
                                        size_t count) {
  const uint8_t *a = inputs->elements[0], *b = inputs->elements[1];
  const uint8_t *c = inputs->elements[2], *d = inputs->elements[3];
  double w0 = inputs->weight[0], w1 = inputs->weight[1];
  double w2 = inputs->weight[2], w3 = inputs->weight[3];
  for (size_t i = 0; i < count; i++) {
    double sum = gm_linear_add(sums[i], w0, GM_NAME(load)(type, a, i), start);
    if (width > 1) sum = gm_linear_add(sum, w1, GM_NAME(load)(type, b, i), false);
    if (width > 2) sum = gm_linear_add(sum, w2, GM_NAME(load)(type, c, i), false);
    if (width > 2) sum = gm_linear_add(sum, w3, GM_NAME(load)(type, d, i), false);
    sums[i] = sum;
  }
}

GM_INLINE void GM_NAME(linear_add_type)(gm_element type, int width, bool start, double *sums,
                                        const GM_NAME(linear_inputs) *inputs, size_t count) {
  if (start) {
    switch (width) {
      case 1: GM_NAME(linear_add_loop)(type, 1, true, sums, inputs, count); break;
      case 2: GM_NAME(linear_add_loop)(type, 2, true, sums, inputs, count); break;
      default: GM_NAME(linear_add_loop)(type, 4, true, sums, inputs, count); break;
    }
  } else {
    switch (width) {
      case 1: GM_NAME(linear_add_loop)(type, 1, false, sums, inputs, count); break;
      case 2: GM_NAME(linear_add_loop)(type, 2, false, sums, inputs, count); break;
      default: GM_NAME(linear_add_loop)(type, 4, false, sums, inputs, count); break;
    }
  }
}

GM_INLINE void GM_NAME(linear_add_wide_loop)(gm_element type, bool start, double *restrict hi,
                                             double *restrict lo, const uint8_t *restrict input,
                                             double weight, size_t count) {
  for (size_t i = 0; i < count; i++) {
    double x = GM_NAME(load)(type, input, i);
    gm_pair sum = gm_linear_add_wide(gm_make_pair(hi[i], lo[i]), weight, x, start);
    hi[i] = sum.hi;
    lo[i] = sum.lo;
  }
}

GM_INLINE void GM_NAME(linear_add_wide_type)(gm_element type, bool start, double *hi, double *lo,
                                             const uint8_t *input, double weight, size_t count) {
  if (start) {
    GM_NAME(linear_add_wide_loop)(type, true, hi, lo, input, weight, count);
  } else {
    GM_NAME(linear_add_wide_loop)(type, false, hi, lo, input, weight, count);
  }
}

/// Adds all inputs of a launch to a tile that starts at element `from` of the piece.
static void GM_NAME(linear_add)(const gm_kernel *kernel, const gm_piece *piece,
                                const gm_operands *operands, const gm_linear_parameters *linear,
                                size_t from, size_t count, double *hi, double *lo) {
  size_t offset = from * (size_t)gm_element_size(kernel->input);
  alignas(64) float widened[4][gm_tile];
  gm_u32 width = 0;
  for (gm_u32 i = 0; i < piece->inputs; i += width) {
    bool start = kernel->first && i == 0;
    gm_u32 left = piece->inputs - i;
    width = kernel->wide || left < 2 ? 1 : left < 4 ? 2 : 4;
    GM_NAME(linear_inputs) inputs = {0};
    for (gm_u32 k = 0; k < width; k++) {
      const uint8_t *elements = (const uint8_t *)operands->input[i + k] + offset;
      inputs.elements[k] = GM_NAME(widen)(kernel->input, elements, count, widened[k]);
      inputs.weight[k] = gm_real_of(linear->weight[i + k]);
    }
    if (kernel->wide) {
      GM_FOR_INPUT_TYPE(kernel->input, GM_NAME(linear_add_wide_type), start, hi, lo,
                        inputs.elements[0], inputs.weight[0], count)
    } else {
      GM_FOR_INPUT_TYPE(kernel->input, GM_NAME(linear_add_type), (int)width, start, hi, &inputs,
                        count)
    }
  }
}

GM_INLINE void GM_NAME(linear_finish_loop)(gm_element type, gm_division division, bool wide,
                                           const double *restrict hi, const double *restrict lo,
                                           uint8_t *restrict output, size_t count,
                                           gm_divisor divisor) {
  GM_FINISH_LOOP
  for (size_t i = 0; i < count; i++) {
    double result = wide
                        ? gm_linear_finish_wide(type, gm_make_pair(hi[i], lo[i]), division, divisor)
                        : gm_linear_finish(hi[i], division, divisor);
    GM_NAME(store)(type, output, i, result);
  }
}

GM_INLINE void GM_NAME(linear_finish_type)(gm_element type, gm_division division, bool wide,
                                           const double *hi, const double *lo, uint8_t *output,
                                           size_t count, gm_divisor divisor) {
  if (wide) {
    // A wide division by a power of two goes the same way as any other.
    gm_division kind = division == gm_divide_none ? gm_divide_none : gm_divide_full;
    GM_FOR_DIVISION(kind, GM_NAME(linear_finish_loop), type, true, hi, lo, output, count, divisor)
  } else {
    GM_FOR_DIVISION(division, GM_NAME(linear_finish_loop), type, false, hi, lo, output, count,
                    divisor)
  }
}

static void GM_NAME(linear_finish)(gm_element type, gm_division division, bool wide,
                                   const double *hi, const double *lo, uint8_t *output,
                                   size_t count, gm_divisor divisor) {
  GM_FOR_OUTPUT_TYPE(type, GM_NAME(linear_finish_type), division, wide, hi, lo, output, count,
                     divisor)
}

bool GM_NAME(gm_linear)(const gm_kernel *kernel, const gm_piece *piece, const gm_operands *operands,
                        const void *parameters) {
  const gm_linear_parameters *linear = parameters;
  size_t output_size = (size_t)gm_element_size(kernel->output);
  alignas(64) double hi[gm_tile] = {0}, lo[gm_tile] = {0};
  alignas(64) uint32_t odd[gm_tile];
  bool nonfinite = false;
  size_t done = 0;
#if GM_VECTORS
  done = GM_NAME(linear_vectors)(kernel, piece, operands, linear, &nonfinite);
#endif
  for (size_t from = done; from < piece->count; from += gm_tile) {
    size_t count = piece->count - from < gm_tile ? piece->count - from : gm_tile;
    if (!kernel->first) {
      GM_NAME(load_sums)(kernel->wide, operands->accumulator, from, count, hi, lo);
    }
    GM_NAME(linear_add)(kernel, piece, operands, linear, from, count, hi, lo);
    if (kernel->last) {
      uint8_t *output = (uint8_t *)operands->output + from * output_size;
      GM_NAME(linear_finish)(
          kernel->output, kernel->division, kernel->wide, hi, lo,
          output_size == 1 ? (uint8_t *)odd : output, count,
          gm_make_divisor(linear->divisor, linear->divisor_rest, linear->reciprocal));
      if (output_size == 1) GM_NAME(narrow)(kernel->output, output, odd, count);
      nonfinite |= GM_NAME(has_nonfinite)(kernel->output, output, count);
    } else {
      GM_NAME(store_sums)(kernel->wide, operands->accumulator, from, count, hi, lo);
    }
  }
  return nonfinite;
}
