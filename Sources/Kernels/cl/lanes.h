// Neighbouring elements that a work-item handles at once, each in a lane of its own: OpenCL C 1.2.
//
// On a GPU as many as it loads by one instruction or two; at the ends of a piece, and on a CPU, a single one, in
// a loop that compilers for CPUs turn into vector instructions.
#ifndef GPUMERGE_LANES_H
#define GPUMERGE_LANES_H

// All loops over lanes are unrolled, so that arrays of lanes are in registers. Not where binary64 is computed
// from integers: it would take compilers minutes.
#if SOFT_FP64
#define GM_UNROLL 1
#define GM_UNROLL_INPUTS 1
#else
#define GM_UNROLL 16
// All inputs at once, or else a CPU's loop around theirs becomes no vector loop; on a GPU some, as registers are few.
#define GM_UNROLL_INPUTS (RUNS ? 16 : 4)
#endif

/// The most lanes.
#define GM_MAX_LANES 8

/// Whether several elements can be loaded and stored at once in groups from the start of a piece, given all
/// offsets of it that are used, ORed.
GM_FUNCTION bool gm_is_aligned(gm_u64 places) { return (places & 15) == 0; }

/// The offsets of so many inputs of a piece, ORed.
GM_FUNCTION gm_u64 gm_input_places(const gm_piece *piece, uint inputs) {
  gm_u64 places = 0;
#pragma unroll
  for (uint i = 0; i < inputs; i++) places |= piece->input[i];
  return places;
}

/// The bits of an element among words that were loaded at once.
GM_FUNCTION gm_u64 gm_lane_bits(gm_element type, const uint *words, uint lane) {
  uint size = (uint)gm_element_size(type);
  if (size == 8) return words[2 * lane] | (gm_u64)words[2 * lane + 1] << 32;
  uint per_word = 4 / size, word = words[lane / per_word] >> 8 * size * (lane % per_word);
  return size == 4 ? word : word & ((1U << 8 * size) - 1);
}

/// Loads the bits of elements from `index` on.
GM_FUNCTION void gm_load_lanes(gm_element type, uint lanes, gm_u64 *raw,
                               global const uchar *elements, gm_u64 index) {
  if (lanes == 1) {
    raw[0] = gm_load(type, elements, index);
    return;
  }
  uint words[2 * GM_MAX_LANES], size = (uint)gm_element_size(type), count = lanes * size / 4;
  elements += index * size;
  if (count % 4 == 0) {
#pragma unroll GM_UNROLL
    for (uint i = 0; i < count; i += 4)
      vstore4(((global const uint4 *)elements)[i / 4], 0, words + i);
  } else if (count == 2) {
    vstore2(*(global const uint2 *)elements, 0, words);
  } else {
    words[0] = *(global const uint *)elements;
  }
#pragma unroll GM_UNROLL
  for (uint k = 0; k < lanes; k++) raw[k] = gm_lane_bits(type, words, k);
}

/// Stores the bits of elements from `index` on.
GM_FUNCTION void gm_store_lanes(gm_element type, uint lanes, global uchar *elements, gm_u64 index,
                                const gm_u64 *raw) {
  if (lanes == 1) {
    (void)gm_store(type, elements, index, raw[0]);
    return;
  }
  uint words[2 * GM_MAX_LANES], size = (uint)gm_element_size(type), count = lanes * size / 4;
#pragma unroll GM_UNROLL
  for (uint k = 0; k < lanes; k++) {
    if (size == 8) {
      words[2 * k] = (uint)raw[k];
      words[2 * k + 1] = (uint)(raw[k] >> 32);
    } else {
      uint per_word = 4 / size, part = (uint)raw[k] << 8 * size * (k % per_word);
      words[k / per_word] = k % per_word == 0 ? part : words[k / per_word] | part;
    }
  }
  elements += index * size;
  if (count % 4 == 0) {
#pragma unroll GM_UNROLL
    for (uint i = 0; i < count; i += 4) ((global uint4 *)elements)[i / 4] = vload4(0, words + i);
  } else if (count == 2) {
    *(global uint2 *)elements = vload2(0, words);
  } else {
    *(global uint *)elements = words[0];
  }
}

/// Loads the values of elements.
GM_FUNCTION void gm_load_values(gm_element type, uint lanes, gm_real *values,
                                global const uchar *elements, gm_u64 index) {
  gm_u64 raw[GM_MAX_LANES];
  gm_load_lanes(type, lanes, raw, elements, index);
#pragma unroll GM_UNROLL
  for (uint k = 0; k < lanes; k++) values[k] = gm_value(type, raw[k]);
}

/// Loads accumulators: binary64 bits, or pairs of them.
GM_FUNCTION void gm_load_sums(bool wide, uint lanes, gm_pair *sums, global const uchar *accumulator,
                              gm_u64 index) {
  gm_u64 raw[2 * GM_MAX_LANES];
  uint each = wide ? 2 : 1;
#pragma unroll GM_UNROLL
  for (uint k = 0; k < each * lanes; k += lanes) {
    gm_load_lanes(gm_f64, lanes, raw + k, accumulator, each * index + k);
  }
#pragma unroll GM_UNROLL
  for (uint k = 0; k < lanes; k++) {
    sums[k] = gm_make_pair(gm_real_of(raw[each * k]), gm_real_of(wide ? raw[each * k + 1] : 0));
  }
}

/// Stores accumulators.
GM_FUNCTION void gm_store_sums(bool wide, uint lanes, global uchar *accumulator, gm_u64 index,
                               const gm_pair *sums) {
  gm_u64 raw[2 * GM_MAX_LANES];
  uint each = wide ? 2 : 1;
#pragma unroll GM_UNROLL
  for (uint k = 0; k < lanes; k++) {
    raw[each * k] = gm_bits(sums[k].hi);
    if (wide) raw[each * k + 1] = gm_bits(sums[k].lo);
  }
#pragma unroll GM_UNROLL
  for (uint k = 0; k < each * lanes; k += lanes) {
    gm_store_lanes(gm_f64, lanes, accumulator, each * index + k, raw + k);
  }
}

#endif
