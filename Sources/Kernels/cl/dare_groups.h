// DARE on GPUs: all elements at once that random numbers are computed for.

#if !RUNS

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

/// Which elements of a group are kept of an input; returns whether the upper bits decide of all.
GM_FUNCTION bool gm_find_keeps(bool *keep, gm_u64 group, gm_u32 input,
                               const gm_dare_parameters *parameters) {
  gm_u32 limit = gm_limit(parameters);
  gm_philox_state random =
      gm_dare_random(group, parameters->model + input, 0, parameters->key[0], parameters->key[1]);
  bool is_known = true;
#pragma unroll GM_UNROLL
  for (uint k = 0; k < GM_TILE; k++) {
    gm_u32 upper = gm_random_bits(random, k);
    keep[k] = upper > limit;
    is_known &= upper != limit;
  }
  return is_known;
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
/// doi:10.1147/rd.341.0111, theorem 1).
GM_FUNCTION double gm_finite_change(double sum, gm_divisor divisor) {
  if (DIVISION != gm_divide_full) return gm_dare_change(sum, DIVISION, divisor);
  double near = sum * divisor.reciprocal;
  double remainder = fma(-near, divisor.value.hi, sum);
  return fma(remainder, divisor.reciprocal, near);
}

/// The bits in bfloat16 of base - less in the lower half, where all is finite and what is nearest in binary32 tells.
///
/// The numbers of bfloat16, and those half-way between two, are numbers of binary32. So the exact difference is on
/// the same side of each of them as what is nearest to it, unless that is one of them itself. If it is half-way, it
/// must be the difference, or else what was lost decides. It has 9 bits, the base 24 at the most, so it is the
/// difference if each of them is, to nearest, what the other and `less` make: one of the two is exact then.
GM_FUNCTION uint gm_dare_upper_half(double base, double less, bool *is_finite, bool *is_certain) {
  float nearest = (float)(base - less);
  double difference = nearest;
  bool is_exact = (base - difference == less) & (difference + less == base);
  uint bits = as_uint(nearest);
  *is_certain &= is_exact | ((bits & 0xffff) != 0x8000);
  *is_finite &= (bits & 0x7fffffff) < 0x7f7f8000;
  return gm_single_upper_half(bits);
}

#endif

/// Merges a group of elements, those from `element` of the piece on; returns a bit for each that is left to
/// gm_dare_element: where not all is finite, and where lower random bits decide, or what was lost. It does without
/// branches, of which the registers and the time of all would be more than what is done again.
GM_FUNCTION uint gm_dare_group(global const uchar *inputs, global uchar *accumulator,
                               global uchar *output, const gm_piece *piece,
                               const gm_dare_parameters *parameters, gm_divisor divisor,
                               gm_u64 group, gm_u64 element) {
  bool is_finite = true, is_known = true;
  uint left = 0;
  gm_u64 raw[GM_TILE], base_raw[GM_TILE];
  gm_real base[GM_TILE];
  gm_pair sums[GM_TILE];
  gm_load_lanes(BASE_DTYPE, GM_TILE, base_raw, GM_AT(inputs, piece->base), element);
#pragma unroll GM_UNROLL
  for (uint k = 0; k < GM_TILE; k++) {
    base[k] = gm_value(BASE_DTYPE, base_raw[k]);
    sums[k] = gm_make_pair(gm_real_of(0), gm_real_of(0));
  }
  // Summed up is what is to be taken from the base. Where that is nothing, it is +0, and a base of -0 stays.
  if (!FIRST) {
    gm_load_sums(WIDE, GM_TILE, sums, GM_AT(accumulator, piece->accumulator), element);
#pragma unroll GM_UNROLL
    for (uint k = 0; k < GM_TILE; k++) sums[k] = gm_opposite(sums[k]);
  }
#pragma unroll GM_UNROLL_INPUTS
  for (uint i = 0; i < INPUTS; i++) {
    bool keep[GM_TILE];
    gm_load_lanes(IN_DTYPE, GM_TILE, raw, GM_AT(inputs, piece->input[i]), element);
    is_known &= gm_find_keeps(keep, group, i, parameters);
#pragma unroll GM_UNROLL
    for (uint k = 0; k < GM_TILE; k++) {
      // What is dropped is the base, whose difference from itself is none, if it is finite.
      gm_real x = gm_choose(keep[k], raw[k], base_raw[k]);
      if (WIDE) {
        sums[k] = gm_dare_add_wide(sums[k], base[k], x, true);
      } else {
        sums[k].hi = gm_dare_add(sums[k].hi, base[k], x, true);
      }
    }
  }
  if (LAST) {
#pragma unroll GM_UNROLL
    for (uint k = 0; k < GM_TILE; k++) {
#if FAST_F32
      if (GM_IS_SINGLE & (OUT_DTYPE == gm_bf16)) {
        double less = gm_finite_change(sums[k].hi, divisor);
        bool is_certain = true;
        raw[k] = gm_dare_upper_half(base[k], less, &is_finite, &is_certain);
        left |= (uint)!is_certain << k;
        continue;
      }
#endif
      raw[k] = gm_dare_result(gm_opposite(sums[k]), base[k], divisor);
      is_finite &= !gm_is_nonfinite(OUT_DTYPE, raw[k]);
    }
  } else {
#pragma unroll GM_UNROLL
    for (uint k = 0; k < GM_TILE; k++) {
      sums[k] = gm_opposite(sums[k]);
      is_finite &= gm_is_finite(sums[k].hi);
    }
  }
  if (!is_known) left |= gm_find_undecided(group, parameters);
  if (!is_finite) left = 0xff;
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
