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

/// The elements for which random numbers are computed in one go: on a GPU those of a group, which a
/// work-item merges at once.
#define GM_TILE (RUNS ? 256U : 8U)
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

#else

/// What tells whether an element is kept: its index in the tensor.
typedef gm_u64 gm_dare_keep;

GM_FUNCTION bool gm_is_kept(gm_dare_keep element, gm_u32 input,
                            const gm_dare_parameters *parameters) {
  gm_u32 model = parameters->model + input, key0 = parameters->key[0], key1 = parameters->key[1];
  gm_philox_state random = gm_dare_random(element >> 3, model, 0, key0, key1);
  gm_u32 upper = gm_random_bits(random, (gm_u32)(element & 7)) >> 16;
  return gm_dare_keeps(upper, parameters->threshold, element, model, key0, key1);
}

/// The random bits, in the upper half, below or at which elements are dropped, but for those that the lower bits
/// decide.
GM_FUNCTION gm_u32 gm_limit(const gm_dare_parameters *parameters) {
  // Where all are dropped, the lower bits drop the last ones.
  return parameters->threshold >> 32 != 0 ? 0xffff0000 : parameters->threshold & 0xffff0000;
}

/// Which elements of a group are kept of an input; returns whether the lower bits decide of any.
GM_FUNCTION bool gm_find_keeps(bool *keep, gm_u64 group, gm_u32 input,
                               const gm_dare_parameters *parameters) {
  gm_u32 limit = gm_limit(parameters);
  gm_philox_state random =
      gm_dare_random(group, parameters->model + input, 0, parameters->key[0], parameters->key[1]);
  bool is_undecided = false;
#pragma unroll GM_UNROLL
  for (uint k = 0; k < GM_TILE; k++) {
    gm_u32 upper = gm_random_bits(random, k);
    keep[k] = upper > limit;
    is_undecided |= upper == limit;
  }
  return is_undecided;
}

/// A bit for each element of a group of which the lower bits decide, of any input.
GM_FUNCTION uint gm_find_undecided(gm_u64 group, const gm_dare_parameters *parameters) {
  uint lanes = 0;
#pragma unroll 1
  for (uint i = 0; i < INPUTS; i++) {
    gm_philox_state random =
        gm_dare_random(group, parameters->model + i, 0, parameters->key[0], parameters->key[1]);
#pragma unroll GM_UNROLL
    for (uint k = 0; k < GM_TILE; k++) {
      lanes |= (uint)(gm_random_bits(random, k) == gm_limit(parameters)) << k;
    }
  }
  return lanes;
}

#endif

#if FAST_F32

/// Whether results are numbers of binary32, rounded to odd, before they are encoded.
#define GM_IS_SINGLE ((gm_element_size(OUT_DTYPE) < 4) & (BASE_DTYPE != gm_f64) & !WIDE)

/// The bits of such a result, from what is added to the base.
GM_FUNCTION uint gm_dare_single(double change, gm_real base) {
  uint odd = gm_single_odd_sum(base, change);
  // -0 + 0 would be +0.
  return change == 0 ? as_uint((float)base) : odd;
}

#endif

/// The bits of an element of the output.
GM_FUNCTION gm_u64 gm_dare_result(gm_pair sum, gm_real base, gm_divisor divisor) {
#if FAST_F32
  if (GM_IS_SINGLE) {
    gm_real change = gm_dare_change(sum.hi, DIVISION, divisor);
    return gm_single_encode(OUT_DTYPE, gm_dare_single(change, base));
  }
#endif
  return gm_nearest(OUT_DTYPE, WIDE ? gm_dare_finish_wide(OUT_DTYPE, sum, base, DIVISION, divisor)
                                    : gm_dare_finish(sum.hi, base, DIVISION, divisor));
}

/// Merges one element of the piece, of which model i is kept if `keeps` says so of it; returns whether that of the
/// output is NaN or infinite.
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

#if !RUNS

/// The value of an element of an input, or of the base's. In as few bits as there are, as each half is chosen by itself.
GM_FUNCTION gm_real gm_choose(bool keep, gm_u64 x, gm_u64 base) {
#if FAST_F32
  // Not &&, of which compilers warn where they see constants.
  bool are_single = (IN_DTYPE != gm_f64) & (BASE_DTYPE != gm_f64);
  if (are_single) {
    return keep ? gm_single_value(IN_DTYPE, x) : gm_single_value(BASE_DTYPE, base);
  }
#endif
  return gm_select(keep, gm_value(IN_DTYPE, x), gm_value(BASE_DTYPE, base));
}

#if FAST_F32

/// gm_dare_change of a finite sum, if the divisor is moderate: without a division where that is not exact.
///
/// Exact, as the reciprocal is to nearest, and no step over- or underflows (Markstein 1990,
/// doi:10.1147/rd.341.0111, theorem 1). Zero may lose its sign.
GM_FUNCTION double gm_finite_change(double sum, gm_divisor divisor) {
  if (DIVISION != gm_divide_full) return gm_dare_change(sum, DIVISION, divisor);
  double near = sum * divisor.reciprocal;
  double remainder = fma(-near, divisor.value.hi, sum);
  return fma(remainder, divisor.reciprocal, near);
}

#endif

/// Whether a divisor is from 2^-100 to 2^100, so that no quotient of numbers of binary32 over- or underflows.
GM_FUNCTION bool gm_is_moderate(gm_u64 divisor) {
  return divisor >= (gm_u64)(1023 - 100) << 52 && divisor <= (gm_u64)(1023 + 100) << 52;
}

/// Merges a group of elements, those from `element` of the piece on; returns a bit for each that is left to
/// gm_dare_element: where not all is finite, and where lower random bits decide. It does without branches, of
/// which the registers and the time of all would be more than what is done again.
GM_FUNCTION uint gm_dare_group(global const uchar *inputs, global uchar *accumulator,
                               global uchar *output, const gm_piece *piece,
                               const gm_dare_parameters *parameters, gm_divisor divisor,
                               gm_u64 group, gm_u64 element) {
  bool nonfinite = false, is_undecided = false;
  gm_u64 raw[GM_TILE], base_raw[GM_TILE];
  gm_real base[GM_TILE];
  gm_pair sums[GM_TILE];
  gm_load_lanes(BASE_DTYPE, GM_TILE, base_raw, GM_AT(inputs, piece->base), element);
#pragma unroll GM_UNROLL
  for (uint k = 0; k < GM_TILE; k++) {
    base[k] = gm_value(BASE_DTYPE, base_raw[k]);
    sums[k] = gm_make_pair(gm_real_of(0), gm_real_of(0));
  }
  if (!FIRST) gm_load_sums(WIDE, GM_TILE, sums, GM_AT(accumulator, piece->accumulator), element);
#pragma unroll GM_UNROLL_INPUTS
  for (uint i = 0; i < INPUTS; i++) {
    bool keep[GM_TILE];
    gm_load_lanes(IN_DTYPE, GM_TILE, raw, GM_AT(inputs, piece->input[i]), element);
    is_undecided |= gm_find_keeps(keep, group, i, parameters);
#pragma unroll GM_UNROLL
    for (uint k = 0; k < GM_TILE; k++) {
      // What is dropped is the base, whose difference from itself is none, if it is finite.
      gm_real x = gm_choose(keep[k], raw[k], base_raw[k]);
      if (WIDE) {
        sums[k] = gm_dare_add_wide(sums[k], x, base[k], true);
      } else {
        sums[k].hi = gm_dare_add(sums[k].hi, x, base[k], true);
      }
    }
  }
  if (LAST) {
#pragma unroll GM_UNROLL
    for (uint k = 0; k < GM_TILE; k++) {
#if FAST_F32
      if (GM_IS_SINGLE & (OUT_DTYPE == gm_bf16)) {
        // gm_single_encode of what is finite.
        uint odd = gm_dare_single(gm_finite_change(sums[k].hi, divisor), base[k]);
        nonfinite |= (odd & 0x7fffffff) >= 0x7f7f8000;
        raw[k] = (odd + 0x7fff + (odd >> 16 & 1)) >> 16;
        continue;
      }
#endif
      raw[k] = gm_dare_result(sums[k], base[k], divisor);
      nonfinite |= gm_is_nonfinite(OUT_DTYPE, raw[k]);
    }
  } else {
#pragma unroll GM_UNROLL
    for (uint k = 0; k < GM_TILE; k++) nonfinite |= !gm_is_finite(sums[k].hi);
  }
  uint left = nonfinite ? 0xff : is_undecided ? gm_find_undecided(group, parameters) : 0;
  if (left == 0) {
    if (LAST) {
      gm_store_lanes(OUT_DTYPE, GM_TILE, GM_AT(output, piece->output), element, raw);
    } else {
      gm_store_sums(WIDE, GM_TILE, GM_AT(accumulator, piece->accumulator), element, sums);
    }
    return 0;
  }
  // What is left needs its accumulators as they were.
#pragma unroll GM_UNROLL
  for (uint k = 0; k < GM_TILE; k++) {
    if (left >> k & 1) continue;
    if (LAST) {
      (void)gm_store(OUT_DTYPE, GM_AT(output, piece->output), element + k, raw[k]);
    } else {
      gm_store_sums(WIDE, 1, GM_AT(accumulator, piece->accumulator), element + k, sums + k);
    }
  }
  return left;
}

#endif

#if FAST_F32 && RUNS

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
