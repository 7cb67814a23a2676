// gm_linear for one instruction set; see cl/linear.cl.

GM_INLINE void GM_NAME(linear_add_loop)(gm_element type, bool wide, bool start,
                                        double *restrict hi, double *restrict lo,
                                        const uint8_t *restrict input, size_t count,
                                        double weight) {
  for (size_t i = 0; i < count; i++) {
    double x = GM_NAME(load)(type, input, i);
    if (wide) {
      gm_pair sum = gm_linear_add_wide(gm_make_pair(hi[i], lo[i]), weight, x, start);
      hi[i] = sum.hi;
      lo[i] = sum.lo;
    } else {
      hi[i] = gm_linear_add(hi[i], weight, x, start);
    }
  }
}

GM_INLINE void GM_NAME(linear_add_type)(gm_element type, bool wide, bool start, double *hi,
                                        double *lo, const uint8_t *input, size_t count,
                                        double weight) {
  if (wide) {
    if (start) {
      GM_NAME(linear_add_loop)(type, true, true, hi, lo, input, count, weight);
    } else {
      GM_NAME(linear_add_loop)(type, true, false, hi, lo, input, count, weight);
    }
  } else {
    if (start) {
      GM_NAME(linear_add_loop)(type, false, true, hi, lo, input, count, weight);
    } else {
      GM_NAME(linear_add_loop)(type, false, false, hi, lo, input, count, weight);
    }
  }
}

static void GM_NAME(linear_add)(gm_element type, bool wide, bool start, double *hi, double *lo,
                                const uint8_t *input, size_t count, double weight) {
  GM_FOR_TYPE(type, GM_NAME(linear_add_type), wide, start, hi, lo, input, count, weight)
}

GM_INLINE void GM_NAME(linear_finish_loop)(gm_element type, gm_division division, bool wide,
                                           const double *restrict hi, const double *restrict lo,
                                           uint8_t *restrict output, size_t count, double divisor,
                                           double reciprocal) {
  for (size_t i = 0; i < count; i++) {
    double result =
        wide ? gm_linear_finish_wide(type, gm_make_pair(hi[i], lo[i]), division, divisor)
             : gm_linear_finish(hi[i], division, divisor, reciprocal);
    GM_NAME(store)(type, output, i, result);
  }
}

GM_INLINE void GM_NAME(linear_finish_type)(gm_element type, gm_division division, bool wide,
                                           const double *hi, const double *lo, uint8_t *output,
                                           size_t count, double divisor, double reciprocal) {
  if (wide) {
    // A wide division by a power of two goes the same way as any other.
    gm_division kind = division == gm_divide_none ? gm_divide_none : gm_divide_full;
    GM_FOR_DIVISION(kind, GM_NAME(linear_finish_loop), type, true, hi, lo, output, count, divisor,
                    reciprocal)
  } else {
    GM_FOR_DIVISION(division, GM_NAME(linear_finish_loop), type, false, hi, lo, output, count,
                    divisor, reciprocal)
  }
}

static void GM_NAME(linear_finish)(gm_element type, gm_division division, bool wide,
                                   const double *hi, const double *lo, uint8_t *output,
                                   size_t count, double divisor, double reciprocal) {
  GM_FOR_TYPE(type, GM_NAME(linear_finish_type), division, wide, hi, lo, output, count, divisor,
              reciprocal)
}

bool GM_NAME(gm_linear)(const gm_kernel *kernel, const gm_piece *piece,
                        const gm_operands *operands, const void *parameters) {
  const gm_linear_parameters *linear = parameters;
  size_t input_size = (size_t)gm_element_size(kernel->input);
  size_t output_size = (size_t)gm_element_size(kernel->output);
  alignas(64) double hi[gm_tile] = {0}, lo[gm_tile] = {0};
  bool nonfinite = false;
  for (size_t from = 0; from < piece->count; from += gm_tile) {
    size_t count = piece->count - from < gm_tile ? piece->count - from : gm_tile;
    if (!kernel->first) {
      GM_NAME(load_sums)(kernel->wide, operands->accumulator, from, count, hi, lo);
    }
    for (gm_u32 i = 0; i < piece->inputs; i++) {
      const uint8_t *input = (const uint8_t *)operands->input[i] + from * input_size;
      GM_NAME(linear_add)(kernel->input, kernel->wide, kernel->first && i == 0, hi, lo, input,
                          count, gm_real_of(linear->weight[i]));
    }
    if (kernel->last) {
      uint8_t *output = (uint8_t *)operands->output + from * output_size;
      GM_NAME(linear_finish)(kernel->output, kernel->division, kernel->wide, hi, lo, output, count,
                             gm_real_of(linear->divisor), gm_real_of(linear->reciprocal));
      nonfinite |= GM_NAME(has_nonfinite)(kernel->output, output, count);
    } else {
      GM_NAME(store_sums)(kernel->wide, operands->accumulator, from, count, hi, lo);
    }
  }
  return nonfinite;
}
