// Merging by DARE: elements one by one, or as many at once as the device suits.

/// Merges one element of the piece; `keep` tells which inputs' are kept. Returns whether that of the output is NaN or
/// infinite.
GM_FUNCTION bool gm_dare_element(global const uchar *inputs, global uchar *accumulator,
                                 global uchar *output, const gm_piece *piece,
                                 const gm_dare_parameters *parameters, gm_divisor divisor,
                                 gm_dare_keep keep, gm_u64 element) {
  gm_real base;
  gm_pair sum = gm_make_pair(gm_real_of(0), gm_real_of(0));
  gm_load_values(BASE_DTYPE, 1, &base, GM_AT(inputs, piece->base), element);
  if (!FIRST) gm_load_sums(WIDE, 1, &sum, GM_AT(accumulator, piece->accumulator), element);
#pragma unroll GM_UNROLL_INPUTS
  for (uint i = 0; i < INPUTS; i++) {
    gm_real x;
    gm_load_values(IN_DTYPE, 1, &x, GM_AT(inputs, piece->input[i]), element);
    bool is_kept = gm_is_kept(keep, i, parameters);
    if (WIDE) {
      sum = gm_dare_add_wide(sum, x, base, is_kept);
    } else {
      sum.hi = gm_dare_add(sum.hi, x, base, is_kept);
    }
  }
  if (!LAST) {
    gm_store_sums(WIDE, 1, GM_AT(accumulator, piece->accumulator), element, &sum);
    return false;
  }
  gm_u64 raw = gm_dare_result(sum, base, divisor);
  return gm_store(OUT_DTYPE, GM_AT(output, piece->output), element, raw);
}

kernel void dare(global const uchar *restrict inputs, global uchar *restrict accumulator,
                 global uchar *restrict output, global uint *restrict flags, gm_piece piece,
                 gm_dare_parameters parameters) {
  // Tiles begin with a group of the tensor, which the piece may lack elements of.
  uint before = piece.first & 7;
  gm_u64 end = before + piece.count;
  gm_share share = gm_find_share((end + GM_TILE - 1) / GM_TILE);
  gm_divisor divisor =
      gm_make_divisor(parameters.divisor, parameters.divisor_rest, parameters.reciprocal);
#if !RUNS
  gm_u64 places = gm_input_places(&piece, INPUTS) | piece.base | piece.output | piece.accumulator;
  bool suits_groups = before == 0 && gm_is_aligned(places) && gm_is_moderate(parameters.divisor);
#elif FAST_F32
  gm_dare_factor factor = gm_find_factor(&parameters);
#endif
  bool nonfinite = false;
  for (gm_u64 tile = share.from; tile < share.to; tile += share.step) {
    gm_u64 start = tile * GM_TILE, first = (piece.first & ~(gm_u64)7) + start;
    uint from = tile == 0 ? before : 0;
    uint to = end - start < GM_TILE ? (uint)(end - start) : GM_TILE;
    gm_dare_keep keep;
#if RUNS
#if FAST_F32
    if (factor.is_useful && from == 0 && to == GM_TILE) {
      from = gm_dare_turns(inputs, output, &piece, &parameters, factor, first, start - before, &to);
    }
    if (from == to) continue;
#endif
    gm_u32 of_tile[INPUTS][GM_TILE];
    for (uint i = 0; i < INPUTS; i++) {
      gm_dare_mask(of_tile[i], first, parameters.model + i, &parameters);
    }
    keep.of_tile = of_tile;
#else
    uint left = 0xff;
    if (suits_groups && to == GM_TILE) {
      left = gm_dare_group(inputs, accumulator, output, &piece, &parameters, divisor, first >> 3,
                           start);
      if (left == 0) continue;
    }
#endif
    for (uint lane = from; lane < to; lane++) {
#if RUNS
      keep.lane = lane;
#else
      if ((left >> lane & 1) == 0) continue;
      keep = first + lane;
#endif
      nonfinite |= gm_dare_element(inputs, accumulator, output, &piece, &parameters, divisor, keep,
                                   start + lane - before);
    }
  }
  if (nonfinite) atomic_or(flags + piece.flag, 1U);
}
