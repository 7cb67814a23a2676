// output = (accumulator + weight[0] * input[0] + weight[1] * input[1] + ...) / divisor

/// The elements that a work-item handles at once.
#define GM_LINEAR_LANES (RUNS ? 1U : 4U)

/// Merges some neighbouring elements of the piece; returns whether any element of the output is NaN or infinite.
GM_FUNCTION bool gm_linear_lanes(uint lanes, global const uchar *inputs, global uchar *accumulator,
                                 global uchar *output, const gm_piece *piece,
                                 const gm_linear_parameters *parameters, gm_divisor divisor,
                                 gm_u64 element) {
  gm_pair sums[GM_LINEAR_LANES];
  if (!FIRST) gm_load_sums(WIDE, lanes, sums, GM_AT(accumulator, piece->accumulator), element);
#pragma unroll GM_UNROLL_INPUTS
  for (uint i = 0; i < INPUTS; i++) {
    gm_real x[GM_LINEAR_LANES];
    gm_load_values(IN_DTYPE, lanes, x, GM_AT(inputs, piece->input[i]), element);
    gm_real weight = gm_real_of(parameters->weight[i]);
    bool start = FIRST && i == 0;
#pragma unroll GM_UNROLL
    for (uint k = 0; k < lanes; k++) {
      if (WIDE) {
        sums[k] = gm_linear_add_wide(sums[k], weight, x[k], start);
      } else {
        sums[k].hi = gm_linear_add(sums[k].hi, weight, x[k], start);
      }
    }
  }
  if (!LAST) {
    gm_store_sums(WIDE, lanes, GM_AT(accumulator, piece->accumulator), element, sums);
    return false;
  }
  gm_u64 raw[GM_LINEAR_LANES];
  bool nonfinite = false;
#pragma unroll GM_UNROLL
  for (uint k = 0; k < lanes; k++) {
    gm_real result = WIDE ? gm_linear_finish_wide(OUT_DTYPE, sums[k], DIVISION, divisor)
                          : gm_linear_finish(sums[k].hi, DIVISION, divisor);
    raw[k] = gm_nearest(OUT_DTYPE, result);
    nonfinite |= gm_is_nonfinite(OUT_DTYPE, raw[k]);
  }
  gm_store_lanes(OUT_DTYPE, lanes, GM_AT(output, piece->output), element, raw);
  return nonfinite;
}

/// Merges a share of the piece's groups of GM_LINEAR_LANES elements; returns whether any element of the output is NaN or
/// infinite.
GM_FUNCTION bool gm_linear_share(global const uchar *inputs, global uchar *accumulator,
                                 global uchar *output, const gm_piece *piece,
                                 const gm_linear_parameters *parameters, gm_share share) {
  gm_divisor divisor =
      gm_make_divisor(parameters->divisor, parameters->divisor_rest, parameters->reciprocal);
  bool nonfinite = false;
#if RUNS
  for (gm_u64 element = share.from; element < share.to; element += share.step) {
    nonfinite |=
        gm_linear_lanes(1, inputs, accumulator, output, piece, parameters, divisor, element);
  }
#else
  bool is_aligned =
      gm_is_aligned(gm_input_places(piece, INPUTS) | piece->output | piece->accumulator);
  for (gm_u64 group = share.from; group < share.to; group += share.step) {
    gm_u64 element = group * GM_LINEAR_LANES, end = element + GM_LINEAR_LANES;
    if (is_aligned && end <= piece->count) {
      nonfinite |= gm_linear_lanes(GM_LINEAR_LANES, inputs, accumulator, output, piece, parameters,
                                   divisor, element);
      continue;
    }
    for (end = end < piece->count ? end : piece->count; element < end; element++) {
      nonfinite |=
          gm_linear_lanes(1, inputs, accumulator, output, piece, parameters, divisor, element);
    }
  }
#endif
  return nonfinite;
}

#if FAST_F32 && RUNS

// MARK: In binary32

// Half of the operations are spared where sums in binary32 are exact, as they mostly are with equal
// weights and types of 16 bits: see gm_exactness.

/// Whether sums in binary32 are of use.
GM_FUNCTION bool gm_suits_singles(const gm_linear_parameters *parameters) {
  if (gm_element_size(IN_DTYPE) != 2) return false;
  if (WIDE | !FIRST | !LAST) return false;
  for (uint i = 0; i < INPUTS; i++) {
    if (parameters->weight[i] != 0x3ff0000000000000UL) return false;  // 1
  }
  // Whole and at most 1024, which leaves normal numbers normal and suits gm_single_quotient.
  double divisor = as_double(parameters->divisor);
  return divisor >= 1 && divisor <= 1024 && divisor == (uint)divisor;
}

/// The bits of a mean, to be rounded to bfloat16 by its upper half.
GM_FUNCTION uint16 gm_mean_bits(float16 sum, float factor) {
  uint16 bits = as_uint16(sum * factor);
  return bits + gm_to_nearest(bits);
}

/// gm_linear_share of bfloat16 without a division or with an exact one, where all is finite and exact;
/// returns whether it is. The number of elements is a multiple of 32.
GM_FUNCTION bool gm_linear_vectors(global const uchar *inputs, global uchar *output,
                                   const gm_piece *piece, float factor, gm_share share) {
  gm_exactness when = gm_find_exactness(IN_DTYPE, INPUTS);
  gm_ushort32 outside = 0;
  for (gm_u64 element = share.from; element < share.to; element += 32) {
    gm_vector_extremes extremes = gm_no_extremes();
    gm_vector_values sum;
#pragma unroll
    for (uint i = 0; i < INPUTS; i++) {
      gm_ushort32 raw = gm_load_vector(GM_AT(inputs, piece->input[i]), element);
      gm_extend_vector(&extremes, raw);
      gm_vector_values x = gm_decode_vector(raw);
      sum.even = i == 0 ? x.even : sum.even + x.even;
      sum.odd = i == 0 ? x.odd : sum.odd + x.odd;
    }
    outside |= gm_outside(extremes, when);
    gm_ushort32 raw = gm_join_vector(gm_mean_bits(sum.even, factor), gm_mean_bits(sum.odd, factor));
    gm_store_vector(GM_AT(output, piece->output), element, raw);
  }
  return !gm_is_any(outside);
}

/// gm_linear_share, where all is finite and exact; returns whether it is.
GM_FUNCTION bool gm_linear_singles(global const uchar *inputs, global uchar *output,
                                   const gm_piece *piece, const gm_linear_parameters *parameters,
                                   gm_share share) {
  double reciprocal = 1 / as_double(parameters->divisor);
  float factor = (float)reciprocal;
  bool is_exact = DIVISION != gm_divide_full;
  if (((IN_DTYPE == gm_bf16) & (OUT_DTYPE == gm_bf16) & is_exact) != 0 &&
      (share.to - share.from) % 32 == 0) {
    return gm_linear_vectors(inputs, output, piece, factor, share);
  }
  gm_exactness when = gm_find_exactness(IN_DTYPE, INPUTS);
  bool outside = false;
  for (gm_u64 element = share.from; element < share.to; element++) {
    float sum = 0;
    gm_extremes extremes = {0xffff, 0};
#pragma unroll
    for (uint i = 0; i < INPUTS; i++) {
      float x = gm_load_single(IN_DTYPE, GM_AT(inputs, piece->input[i]), element, &extremes);
      sum = i == 0 ? x : sum + x;
    }
    outside |= !gm_are_exact(extremes, when);
    uint bits = DIVISION == gm_divide_full ? gm_single_quotient(OUT_DTYPE, sum, reciprocal)
                                           : as_uint(sum * factor);
    uint raw = OUT_DTYPE == gm_f32 ? bits : gm_single_encode(OUT_DTYPE, bits);
    outside |= gm_store_narrow(OUT_DTYPE, GM_AT(output, piece->output), element, raw);
  }
  return !outside;
}

#endif

kernel void linear(global const uchar *restrict inputs, global uchar *restrict accumulator,
                   global uchar *restrict output, global uint *restrict flags, gm_piece piece,
                   gm_linear_parameters parameters) {
  gm_share share = gm_find_share((piece.count + GM_LINEAR_LANES - 1) / GM_LINEAR_LANES);
  bool nonfinite = false;
#if FAST_F32 && RUNS
  bool suits = gm_suits_singles(&parameters);
  gm_u64 end = share.to;
  for (; share.from < end; share.from = share.to) {
    // In blocks that the cache of the processor holds, as some have to be done again.
    share.to = end - share.from < 256 ? end : share.from + 256;
    if (suits && gm_linear_singles(inputs, output, &piece, &parameters, share)) continue;
    nonfinite |= gm_linear_share(inputs, accumulator, output, &piece, &parameters, share);
  }
#else
  nonfinite = gm_linear_share(inputs, accumulator, output, &piece, &parameters, share);
#endif
  if (nonfinite) atomic_or(flags + piece.flag, 1U);
}
