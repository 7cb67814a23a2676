// DARE on CPUs: random numbers for a whole tile, and vectors of what binary32 can compute.

#if RUNS

/// What tells whether an element is kept: what was found of its tile, and its lane in that.
typedef struct {
  gm_u32 (*of_tile)[GM_TILE];
  uint lane;
} gm_dare_keep;

GM_FUNCTION bool gm_is_kept(gm_dare_keep keep, gm_u32 input, const gm_dare_parameters *parameters) {
  return keep.of_tile[input][keep.lane] != 0;
}

/// Finds which of a tile's elements from `first` on, the first of a group, are kept of one model.
GM_FUNCTION void gm_dare_mask(gm_u32 *keeps, gm_u64 first, gm_u32 model,
                              const gm_dare_parameters *parameters) {
  gm_u32 key0 = parameters->key[0], key1 = parameters->key[1];
  gm_u64 limit = parameters->threshold >> 16;
  for (gm_u32 i = 0; i < GM_TILE; i += GM_MARKS_AT_ONCE) {
    gm_philox_state random = gm_dare_random(gm_groups_from((first + i) >> 3), model, 0, key0, key1);
    // The limit is more than 16 bits where all is dropped, also what is then undecided.
    if (!gm_store_marks(keeps + i, (gm_u16)(limit > 0xffff ? 0xffff : limit), random.word[0],
                        random.word[1], random.word[2], random.word[3])) {
      continue;
    }
    for (gm_u32 k = i; k < i + GM_MARKS_AT_ONCE; k++) {
      if (keeps[k] != 1) continue;
      bool keep = gm_dare_keeps(0xffff & (gm_u32)limit, parameters->threshold, first + k, model,
                                key0, key1);
      keeps[k] = keep ? 0xffff : 0;
    }
  }
}

#if FAST_F32

// MARK: In binary32

// Of bfloat16, as the CPU path does it, 64 elements at once.

/// How to divide in binary32, where that is of use.
GM_FUNCTION gm_dare_factor gm_find_factor(const gm_dare_parameters *parameters) {
  gm_dare_factor result = gm_find_dare_factor(IN_DTYPE, as_double(parameters->divisor), INPUTS);
  // Not &&, of which compilers warn where they see constants.
  bool is_uniform =
      (IN_DTYPE == gm_bf16) & (BASE_DTYPE == gm_bf16) & (OUT_DTYPE == gm_bf16) & FIRST & LAST;
  bool is_random = parameters->threshold > 0 && parameters->threshold <= 0xffffffff;
  result.is_useful = result.is_useful & is_uniform & is_random;
  return result;
}

/// The sums of kept differences of 32 elements, less than zero by what they are: that of no differences
/// is zero and never negative zero.
typedef struct {
  gm_ushort32 base;
  gm_vector_extremes extremes;
  gm_vector_values sum;
} gm_differences;

/// a * b - product, where that is a * b to nearest; see gm_two_product. Not every runtime has a fused
/// multiply-add for vectors.
GM_FUNCTION float16 gm_single_product_error(float16 a, float b, float16 product) {
  float16 a_hi = as_float16((as_uint16(a) + 0x800) & ~0xfffU);
  float b_hi = as_float((as_uint(b) + 0x800) & ~0xfffU);
  float16 a_lo = a - a_hi;
  float b_lo = b - b_hi;
  return ((a_hi * b_hi - product) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo;
}

/// The bits of base - sum * (factor + rest), to be rounded to bfloat16 by its upper half, and all bits of
/// lanes of `unsure` where it could be another.
GM_FUNCTION uint16 gm_dare_single_finish(float16 base, float16 sum, gm_dare_factor by,
                                         uint16 *unsure) {
  float16 change = sum * -by.factor;
  float16 change_rest = gm_single_product_error(sum, -by.factor, change);
  if (!by.is_short) change_rest -= sum * by.rest;
  // Differences are exact, as no exponent is far from the others. Zeros keep their signs.
  float16 nearly = base + change;
  float16 left = ((nearly - base) - change) - change_rest;
  float16 total = nearly - left;
  uint16 bits = as_uint16(total), round = gm_to_nearest(bits);
  if (by.is_short) {
    // Half-way between two elements, the sign of what is lost decides.
    float16 error = ((nearly - total) - left) - sum * by.rest;
    uint16 above = 0x8000 - ((as_uint16(error) ^ bits) >> 31);
    round = error == 0 ? round : above;
  } else {
    *unsure |= as_uint16(((bits - 0x7ffd) & 0xffff) < 7);
  }
  return bits + round;
}

/// gm_dare_single_finish and rounding of all.
GM_FUNCTION gm_ushort32 gm_dare_vector_finish(const gm_differences *of, gm_dare_factor by,
                                              gm_ushort32 *outside) {
  gm_vector_values base = gm_decode_vector(of->base);
  uint16 unsure = 0;
  uint16 even = gm_dare_single_finish(base.even, of->sum.even, by, &unsure);
  uint16 odd = gm_dare_single_finish(base.odd, of->sum.odd, by, &unsure);
  gm_ushort32 raw = gm_join_vector(even, odd);
  // Where nearly nothing is left of the base, errors may be more than that.
  gm_ushort32 magnitude = raw & (ushort)0x7fff, of_base = of->base & (ushort)0x7fff;
  *outside |= gm_as_ushort32(magnitude + (ushort)(16 << 7) < of_base) | gm_as_ushort32(unsure);
  return raw;
}

/// Merges 64 elements from `element` on, if all is exact and certain, and the upper random bits decide;
/// returns whether that is so. `first` is the first of them in the tensor, that of a group.
GM_FUNCTION bool gm_dare_singles(global const uchar *inputs, global uchar *output,
                                 const gm_piece *piece, const gm_dare_parameters *parameters,
                                 gm_dare_factor by, gm_u64 first, gm_u64 element) {
  gm_differences all[2];
  gm_ushort32 outside = 0;
#pragma unroll
  for (uint k = 0; k < 2; k++) {
    all[k].base = gm_load_vector(GM_AT(inputs, piece->base), element + 32 * k);
    all[k].extremes = gm_no_extremes();
    gm_extend_vector(&all[k].extremes, all[k].base);
    gm_vector_values base = gm_decode_vector(all[k].base);
    all[k].sum.even = base.even * INPUTS + 0;
    all[k].sum.odd = base.odd * INPUTS + 0;
  }
  gm_u16 limit = (gm_u16)(parameters->threshold >> 16);
// Two at once, as the steps of one wait for each other; more would take compilers long.
#pragma unroll 2
  for (uint i = 0; i < INPUTS; i++) {
    gm_philox_state random = gm_dare_random(gm_groups_from(first >> 3), parameters->model + i, 0,
                                            parameters->key[0], parameters->key[1]);
    gm_ushort32 upper[2];
    gm_order_halves(upper, random.word[0], random.word[1], random.word[2], random.word[3]);
#pragma unroll
    for (uint k = 0; k < 2; k++) {
      gm_ushort32 raw = gm_load_vector(GM_AT(inputs, piece->input[i]), element + 32 * k);
      outside |= gm_as_ushort32(upper[k] == limit);
      // What is dropped is the base, whose difference from itself is none.
      raw = upper[k] > limit ? raw : all[k].base;
      gm_extend_vector(&all[k].extremes, raw);
      gm_vector_values x = gm_decode_vector(raw);
      all[k].sum.even -= x.even;
      all[k].sum.odd -= x.odd;
    }
  }
  gm_ushort32 raw[2];
#pragma unroll
  for (uint k = 0; k < 2; k++) {
    outside |= gm_outside(all[k].extremes, by.when);
    raw[k] = gm_dare_vector_finish(all + k, by, &outside);
  }
  if (gm_is_any(outside)) return false;
#pragma unroll
  for (uint k = 0; k < 2; k++)
    gm_store_vector(GM_AT(output, piece->output), element + 32 * k, raw[k]);
  return true;
}

/// Asks for 64 elements of the base and of all inputs before they are wanted. Processors do not by themselves
/// for so many runs, with so much to compute between one load and the next.
GM_FUNCTION void gm_prefetch(global const uchar *inputs, const gm_piece *piece, gm_u64 element) {
#pragma unroll
  for (uint i = 0; i <= INPUTS; i++) {
    gm_u64 start = i < INPUTS ? piece->input[i] : piece->base;
    uintptr_t at = (uintptr_t)(GM_AT(inputs, start) + 2 * element);
    __builtin_prefetch((const void *)at);
    __builtin_prefetch((const void *)(at + 64));
  }
}

/// Merges what it can of a tile; returns the first lane that is left, and makes `to` the end of those.
GM_FUNCTION uint gm_dare_turns(global const uchar *inputs, global uchar *output,
                               const gm_piece *piece, const gm_dare_parameters *parameters,
                               gm_dare_factor by, gm_u64 first, gm_u64 index, uint *to) {
  uint from = GM_TILE, end = GM_TILE;
  for (uint lane = 0; lane < GM_TILE; lane += GM_MARKS_AT_ONCE) {
    gm_prefetch(inputs, piece, index + lane + GM_TILE);
    if (gm_dare_singles(inputs, output, piece, parameters, by, first + lane, index + lane))
      continue;
    from = from < lane ? from : lane;
    end = lane + GM_MARKS_AT_ONCE;
  }
  *to = end;
  return from;
}

#endif

#endif
