// output = (accumulator + weight[0] * input[0] + weight[1] * input[1] + ...) / divisor

#ifndef IN_DTYPE
#define IN_DTYPE gm_f32
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

/// Merges some elements of the piece; returns whether any element of the output is NaN or infinite.
GM_FUNCTION bool gm_linear_elements(global const uchar *inputs, global uchar *accumulator,
                                    global uchar *output, const gm_piece *piece,
                                    const gm_linear_parameters *parameters, gm_share share) {
  gm_divisor divisor =
      gm_make_divisor(parameters->divisor, parameters->divisor_rest, parameters->reciprocal);
  bool nonfinite = false;
  for (gm_u64 element = share.from; element < share.to; element += share.step) {
    gm_pair sum = gm_make_pair(gm_real_of(0), gm_real_of(0));
    if (!FIRST) sum = gm_load_sum(WIDE, GM_AT(accumulator, piece->accumulator), element);
// All inputs at once, or else the loop around this one becomes no vector loop.
#pragma unroll
    for (uint i = 0; i < INPUTS; i++) {
      gm_real x = gm_load(IN_DTYPE, GM_AT(inputs, piece->input[i]), element);
      gm_real weight = gm_real_of(parameters->weight[i]);
      bool start = FIRST && i == 0;
      if (WIDE) {
        sum = gm_linear_add_wide(sum, weight, x, start);
      } else {
        sum.hi = gm_linear_add(sum.hi, weight, x, start);
      }
    }
    if (LAST) {
      gm_real result = WIDE ? gm_linear_finish_wide(OUT_DTYPE, sum, DIVISION, divisor)
                            : gm_linear_finish(sum.hi, DIVISION, divisor);
      nonfinite |= gm_store(OUT_DTYPE, GM_AT(output, piece->output), element, result);
    } else {
      gm_store_sum(WIDE, GM_AT(accumulator, piece->accumulator), element, sum);
    }
  }
  return nonfinite;
}

#if FAST_F32 && RUNS

// MARK: In binary32

// Half of the operations are spared where sums in binary32 are exact, as they mostly are with equal
// weights and types of 16 bits: all numbers of a sum are multiples of the last place of the least of
// them, and 24 bits reach from there to the sum if the largest is not much larger.

/// How many bits a sum may have more than its largest number.
#define GM_CARRIES (INPUTS > 8 ? 4 : INPUTS > 4 ? 3 : INPUTS > 2 ? 2 : INPUTS > 1 ? 1 : 0)

/// Whether sums in binary32 are of use.
GM_FUNCTION bool gm_suits_singles(const gm_linear_parameters *parameters) {
  if (gm_element_size(IN_DTYPE) != 2) return false;
  if (WIDE | !FIRST | !LAST) return false;
  for (uint i = 0; i < INPUTS; i++) {
    if (parameters->weight[i] != 0x3ff0000000000000UL) return false;  // 1
  }
  // From 1 to 1024, which leaves normal numbers normal.
  return parameters->divisor >= 0x3ff0000000000000UL && parameters->divisor <= 0x4090000000000000UL;
}

/// gm_linear_elements, where all is finite and exact; returns whether it is.
GM_FUNCTION bool gm_linear_singles(global const uchar *inputs, global uchar *output,
                                   const gm_piece *piece, const gm_linear_parameters *parameters,
                                   gm_share share) {
  gm_divisor divisor =
      gm_make_divisor(parameters->divisor, parameters->divisor_rest, parameters->reciprocal);
  float factor = DIVISION == gm_divide_exact ? (float)divisor.reciprocal : 1;
  uint fraction_bits = (uint)gm_fraction_bits(IN_DTYPE);
  ushort spread = (ushort)(((24 - (fraction_bits + 1) - GM_CARRIES) << fraction_bits) + 1);
  // Of bfloat16, from 2^-77 to 2^103, so that all that comes of them is normal.
  ushort lower = IN_DTYPE == gm_bf16 ? 50 << 7 : 0, upper = IN_DTYPE == gm_bf16 ? 230 << 7 : 0x7bff;
  bool outside = false;
  for (gm_u64 element = share.from; element < share.to; element++) {
    float sum = 0;
    // Magnitudes as integers; less 1, zero is larger than all others.
    ushort most = 0, least = 0xffff;
#pragma unroll
    for (uint i = 0; i < INPUTS; i++) {
      ushort raw = ((global const ushort *)GM_AT(inputs, piece->input[i]))[element];
      float x = IN_DTYPE == gm_bf16 ? as_float((uint)raw << 16) : gm_single_decode(IN_DTYPE, raw);
      sum = i == 0 ? x : sum + x;
      ushort magnitude = raw & 0x7fff, below = (ushort)(magnitude - 1);
      // No min and max, of which not every compiler makes vector instructions.
      most = most > magnitude ? most : magnitude;
      least = least < below ? least : below;
    }
    outside |= ((ushort)(most - least) > spread) | (most > upper) | (least < lower);
    if (DIVISION == gm_divide_full) {
      gm_real result = gm_linear_finish(sum, DIVISION, divisor);
      outside |= gm_store(OUT_DTYPE, GM_AT(output, piece->output), element, result);
    } else {
      uint bits = as_uint(sum * factor);
      uint raw = OUT_DTYPE == gm_f32 ? bits : gm_single_encode(OUT_DTYPE, bits);
      outside |= gm_store_narrow(OUT_DTYPE, GM_AT(output, piece->output), element, raw);
    }
  }
  return !outside;
}

#endif

kernel void linear(global const uchar *restrict inputs, global uchar *restrict accumulator,
                   global uchar *restrict output, global uint *restrict flags, gm_piece piece,
                   gm_linear_parameters parameters) {
  gm_share share = gm_find_share(piece.count);
  bool nonfinite = false;
#if FAST_F32 && RUNS
  bool suits = gm_suits_singles(&parameters);
  gm_u64 end = share.to;
  for (; share.from < end; share.from = share.to) {
    // In blocks that the cache of the processor holds, as some have to be done again.
    share.to = end - share.from < 256 ? end : share.from + 256;
    if (suits && gm_linear_singles(inputs, output, &piece, &parameters, share)) continue;
    nonfinite |= gm_linear_elements(inputs, accumulator, output, &piece, &parameters, share);
  }
#else
  nonfinite = gm_linear_elements(inputs, accumulator, output, &piece, &parameters, share);
#endif
  if (nonfinite) atomic_or(flags + piece.flag, 1U);
}
