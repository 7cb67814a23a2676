// output = base + (accumulator + mask[0] * (input[0] - base) + ...) / divisor

#ifndef IN_DTYPE
#define IN_DTYPE gm_f32
#endif
#ifndef BASE_DTYPE
#define BASE_DTYPE IN_DTYPE
#endif
#ifndef OUT_DTYPE
#define OUT_DTYPE gm_f32
#endif
#ifndef DIVISION
#define DIVISION gm_divide_full
#endif
#ifndef WIDE
#define WIDE 0
#endif
#ifndef FIRST
#define FIRST 1
#endif
#ifndef LAST
#define LAST 1
#endif
#ifndef INPUTS
#define INPUTS 2
#endif

/// The elements for which random numbers are computed in one go. One group on a GPU, all in registers.
#define GM_TILE (RUNS ? 256U : 8U)

/// Finds which of a tile's elements from `first` on, the first of a group, are kept of one model.
GM_FUNCTION void gm_dare_mask(gm_u32 *keeps, gm_u64 first, gm_u32 model,
                              const gm_dare_parameters *parameters) {
  gm_u32 key0 = parameters->key[0], key1 = parameters->key[1];
  gm_u64 limit = parameters->threshold >> 16;
  for (gm_u32 i = 0; i < GM_TILE; i += GM_MARKS_AT_ONCE) {
    gm_word group = gm_groups_from((first + i) >> 3);
    gm_philox_state random = gm_dare_random(group, model, 0, key0, key1);
    // The limit is more than 16 bits where all is dropped, also what is then undecided.
    if (!gm_store_marks(keeps + i, (gm_u16)(limit > 0xffff ? 0xffff : limit), random.word[0],
                        random.word[1], random.word[2], random.word[3])) {
      continue;
    }
    for (gm_u32 k = i; k < i + GM_MARKS_AT_ONCE; k++) {
      if (keeps[k] != 1) continue;
      keeps[k] = gm_dare_keeps(0xffff & (gm_u32)limit, parameters->threshold, first + k, model,
                               key0, key1);
    }
  }
}

/// Merges the lanes of a tile from `from` and up to, but not including, `to`; `index` is what lane 0 has
/// in the piece. Returns whether an output element is NaN or infinite.
GM_FUNCTION bool gm_dare_lanes(global const uchar *inputs, global uchar *accumulator,
                               global uchar *output, const gm_piece *piece,
                               const gm_dare_parameters *parameters, gm_u32 (*keeps)[GM_TILE],
                               gm_u64 index, uint from, uint to) {
  gm_divisor divisor =
      gm_make_divisor(parameters->divisor, parameters->divisor_rest, parameters->reciprocal);
  bool nonfinite = false;
  for (uint lane = from; lane < to; lane++) {
    gm_u64 element = index + lane;
    gm_real base = gm_load(BASE_DTYPE, GM_AT(inputs, piece->base), element);
    gm_pair sum = gm_make_pair(gm_real_of(0), gm_real_of(0));
    if (!FIRST) sum = gm_load_sum(WIDE, GM_AT(accumulator, piece->accumulator), element);
#pragma unroll
    for (uint i = 0; i < INPUTS; i++) {
      gm_real x = gm_load(IN_DTYPE, GM_AT(inputs, piece->input[i]), element);
      bool keep = keeps[i][lane] != 0;
      if (WIDE) {
        sum = gm_dare_add_wide(sum, x, base, keep);
      } else {
        sum.hi = gm_dare_add(sum.hi, x, base, keep);
      }
    }
    if (LAST) {
      gm_real result = WIDE ? gm_dare_finish_wide(OUT_DTYPE, sum, base, DIVISION, divisor)
                            : gm_dare_finish(sum.hi, base, DIVISION, divisor);
      nonfinite |= gm_store(OUT_DTYPE, GM_AT(output, piece->output), element, result);
    } else {
      gm_store_sum(WIDE, GM_AT(accumulator, piece->accumulator), element, sum);
    }
  }
  return nonfinite;
}

kernel void dare(global const uchar *restrict inputs, global uchar *restrict accumulator,
                 global uchar *restrict output, global uint *restrict flags, gm_piece piece,
                 gm_dare_parameters parameters) {
  // Tiles begin with a group of the tensor, which the piece may lack elements of.
  gm_u64 before = piece.first & 7, end = before + piece.count;
  gm_share share = gm_find_share((end + GM_TILE - 1) / GM_TILE);
  bool nonfinite = false;
  for (gm_u64 tile = share.from; tile < share.to; tile += share.step) {
    gm_u64 start = tile * GM_TILE;
    gm_u32 keeps[INPUTS][GM_TILE];
#pragma unroll
    for (uint i = 0; i < INPUTS; i++) {
      gm_dare_mask(keeps[i], (piece.first & ~(gm_u64)7) + start, parameters.model + i, &parameters);
    }
    uint from = tile == 0 ? (uint)before : 0;
    uint to = end - start < GM_TILE ? (uint)(end - start) : GM_TILE;
    if (!RUNS && from == 0 && to == GM_TILE) {
      // With constant bounds, a GPU's compiler keeps the masks in registers.
      nonfinite |= gm_dare_lanes(inputs, accumulator, output, &piece, &parameters, keeps,
                                 start - before, 0, GM_TILE);
    } else {
      nonfinite |= gm_dare_lanes(inputs, accumulator, output, &piece, &parameters, keeps,
                                 start - before, from, to);
    }
  }
  if (nonfinite) atomic_or(flags + piece.flag, 1U);
}
