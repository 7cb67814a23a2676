// gm_dare for one instruction set; see cl/dare.cl.

/// Finds which elements of a tile are kept of one model, 0 for those that are not. `first` is the first of a
/// group, and so many groups are asked for.
static void GM_NAME(dare_mask)(uint32_t *restrict keeps, size_t groups, gm_u64 first, gm_u32 model,
                               const gm_dare_parameters *dare) {
#if GM_VECTORS
  if (GM_NAME(groups_of_stream)(first >> 3) >= gm_tile / 8) {
    GM_NAME(tile_mask)(keeps, groups, first >> 3, model, dare);
    return;
  }
#endif
  uint32_t limit = (uint32_t)(dare->threshold >> 16), undecided = 0;
  for (size_t i = 0; i < groups; i++) {
    gm_philox_state random = gm_dare_random((first >> 3) + i, model, 0, dare->key[0], dare->key[1]);
    for (size_t k = 0; k < 4; k++) {
      keeps[8 * i + 2 * k] = (uint32_t)random.word[k] & 0xffff;
      keeps[8 * i + 2 * k + 1] = (uint32_t)random.word[k] >> 16;
    }
  }
  for (size_t i = 0; i < 8 * groups; i++) undecided |= keeps[i] == limit;
  if (undecided) {
    for (size_t i = 0; i < 8 * groups; i++) {
      keeps[i] =
          gm_dare_keeps(keeps[i], dare->threshold, first + i, model, dare->key[0], dare->key[1]);
    }
  } else {
    for (size_t i = 0; i < 8 * groups; i++) keeps[i] = keeps[i] > limit;
  }
}

GM_INLINE void GM_NAME(dare_base_loop)(gm_element type, double *restrict base,
                                       const uint8_t *restrict elements, size_t count) {
  for (size_t i = 0; i < count; i++) base[i] = GM_NAME(load)(type, elements, i);
}

static void GM_NAME(dare_base)(gm_element type, double *base, const uint8_t *elements,
                               size_t count) {
  alignas(64) float widened[gm_tile];
  elements = GM_NAME(widen)(type, elements, count, widened);
  GM_FOR_INPUT_TYPE(type, GM_NAME(dare_base_loop), base, elements, count)
}

GM_INLINE void GM_NAME(dare_add_loop)(gm_element type, bool wide, double *restrict hi,
                                      double *restrict lo, const double *restrict base,
                                      const uint32_t *restrict keeps, const uint8_t *restrict input,
                                      size_t count) {
  for (size_t i = 0; i < count; i++) {
    double x = GM_NAME(load)(type, input, i);
    bool keep = keeps[i] != 0;
    if (wide) {
      gm_pair sum = gm_dare_add_wide(gm_make_pair(hi[i], lo[i]), x, base[i], keep);
      hi[i] = sum.hi;
      lo[i] = sum.lo;
    } else {
      hi[i] = gm_dare_add(hi[i], x, base[i], keep);
    }
  }
}

GM_INLINE void GM_NAME(dare_add_type)(gm_element type, bool wide, double *hi, double *lo,
                                      const double *base, const uint32_t *keeps,
                                      const uint8_t *input, size_t count) {
  if (wide) {
    GM_NAME(dare_add_loop)(type, true, hi, lo, base, keeps, input, count);
  } else {
    GM_NAME(dare_add_loop)(type, false, hi, lo, base, keeps, input, count);
  }
}

static void GM_NAME(dare_add)(gm_element type, bool wide, double *hi, double *lo,
                              const double *base, const uint32_t *keeps, const uint8_t *input,
                              size_t count) {
  alignas(64) float widened[gm_tile];
  input = GM_NAME(widen)(type, input, count, widened);
  GM_FOR_INPUT_TYPE(type, GM_NAME(dare_add_type), wide, hi, lo, base, keeps, input, count)
}

GM_INLINE void GM_NAME(dare_finish_loop)(gm_element type, gm_division division, bool wide,
                                         const double *restrict hi, const double *restrict lo,
                                         const double *restrict base, uint8_t *restrict output,
                                         size_t count, gm_divisor divisor) {
  GM_FINISH_LOOP
  for (size_t i = 0; i < count; i++) {
    double result =
        wide ? gm_dare_finish_wide(type, gm_make_pair(hi[i], lo[i]), base[i], division, divisor)
             : gm_dare_finish(hi[i], base[i], division, divisor);
    GM_NAME(store)(type, output, i, result);
  }
}

GM_INLINE void GM_NAME(dare_finish_type)(gm_element type, gm_division division, bool wide,
                                         const double *hi, const double *lo, const double *base,
                                         uint8_t *output, size_t count, gm_divisor divisor) {
  if (wide) {
    gm_division kind = division == gm_divide_none ? gm_divide_none : gm_divide_full;
    GM_FOR_DIVISION(kind, GM_NAME(dare_finish_loop), type, true, hi, lo, base, output, count,
                    divisor)
  } else {
    GM_FOR_DIVISION(division, GM_NAME(dare_finish_loop), type, false, hi, lo, base, output, count,
                    divisor)
  }
}

static void GM_NAME(dare_finish)(gm_element type, gm_division division, bool wide, const double *hi,
                                 const double *lo, const double *base, uint8_t *output,
                                 size_t count, gm_divisor divisor) {
  GM_FOR_OUTPUT_TYPE(type, GM_NAME(dare_finish_type), division, wide, hi, lo, base, output, count,
                     divisor)
}

/// One model's kept differences, added to the tile's sums. `first` is the first
/// element of the tile's first group, of which `skip` do not belong to it.
static void GM_NAME(dare_model)(const gm_kernel *kernel, const gm_dare_parameters *dare,
                                gm_u32 model, gm_u64 first, size_t skip, const uint8_t *input,
                                size_t count, const double *base, double *hi, double *lo) {
  alignas(64) uint32_t keeps[gm_tile];
  if (dare->threshold > 0xffffffff) return;
  if (dare->threshold == 0) {
    memset(keeps, 1, sizeof keeps);
  } else {
    GM_NAME(dare_mask)(keeps, (skip + count + 7) / 8, first, model, dare);
  }
  GM_NAME(dare_add)(kernel->input, kernel->wide, hi, lo, base, keeps + skip, input, count);
}

bool GM_NAME(gm_dare)(const gm_kernel *kernel, const gm_piece *piece, const gm_operands *operands,
                      const void *parameters) {
  const gm_dare_parameters *dare = parameters;
  size_t input_size = (size_t)gm_element_size(kernel->input);
  size_t base_size = (size_t)gm_element_size(kernel->base);
  size_t output_size = (size_t)gm_element_size(kernel->output);
  alignas(64) double hi[gm_tile], lo[gm_tile], base[gm_tile];
  alignas(64) uint32_t odd[gm_tile];
  bool nonfinite = false;
  size_t count = 0;
#if GM_VECTORS
  bool in_vectors = GM_NAME(dare_fits_vectors)(kernel, dare);
#else
  bool in_vectors = false;
#endif
  for (size_t from = 0; from < piece->count; from += count) {
    // Tiles end at whole groups of the tensor.
    size_t skip = (piece->first + from) & 7;
    size_t tile = in_vectors && skip != 0 ? 8 : gm_tile;
    count = piece->count - from < tile - skip ? piece->count - from : tile - skip;
#if GM_VECTORS
    size_t turns = in_vectors && skip == 0 ? GM_NAME(dare_turns)(piece, from) : 0;
    if (turns > 0) {
      GM_NAME(dare_vectors)(kernel, piece, operands, dare, from, turns, &nonfinite);
      count = turns * gm_dare_lanes;
      continue;
    }
#endif
    GM_NAME(dare_base)(kernel->base, base, (const uint8_t *)operands->base + from * base_size,
                       count);
    if (kernel->first) {
      memset(hi, 0, sizeof hi);
      memset(lo, 0, sizeof lo);
    } else {
      GM_NAME(load_sums)(kernel->wide, operands->accumulator, from, count, hi, lo);
    }
    for (gm_u32 i = 0; i < piece->inputs; i++) {
      const uint8_t *input = (const uint8_t *)operands->input[i] + from * input_size;
      GM_NAME(dare_model)(kernel, dare, dare->model + i, piece->first + from - skip, skip, input,
                          count, base, hi, lo);
    }
    if (kernel->last) {
      uint8_t *output = (uint8_t *)operands->output + from * output_size;
      GM_NAME(dare_finish)(kernel->output, kernel->division, kernel->wide, hi, lo, base,
                           output_size == 1 ? (uint8_t *)odd : output, count,
                           gm_make_divisor(dare->divisor, dare->divisor_rest, dare->reciprocal));
      if (output_size == 1) GM_NAME(narrow)(kernel->output, output, odd, count);
      nonfinite |= GM_NAME(has_nonfinite)(kernel->output, output, count);
    } else {
      GM_NAME(store_sums)(kernel->wide, operands->accumulator, from, count, hi, lo);
    }
  }
  return nonfinite;
}
