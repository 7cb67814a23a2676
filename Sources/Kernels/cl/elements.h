// How work-items share the elements of a piece, and access to these: OpenCL C 1.2.
#ifndef GPUMERGE_ELEMENTS_H
#define GPUMERGE_ELEMENTS_H

#ifndef GM_AT
#define GM_AT(buffer, offset) ((buffer) + (offset))
#endif

/// The elements, or tiles of these, that a work-item handles.
typedef struct {
  gm_u64 from;
  gm_u64 to;
  gm_u64 step;
} gm_share;

/// This work-item's share of `count`.
///
/// On a GPU, neighbouring work-items handle neighbours, so that they access memory together. On a CPU
/// a work-item handles a run, in a loop that compilers turn into vector instructions.
GM_FUNCTION gm_share gm_find_share(gm_u64 count) {
  gm_u64 item = get_global_id(0), items = get_global_size(0);
  gm_share share;
#if RUNS
  gm_u64 run = (count + items - 1) / items;
  share.from = item * run;
  share.to = share.from + run < count ? share.from + run : count;
  share.step = 1;
#else
  share.from = item;
  share.to = count;
  share.step = items;
#endif
  return share;
}

/// The bits of an element; `elements` is where the piece starts.
GM_FUNCTION gm_u64 gm_load(gm_element type, global const uchar *elements, gm_u64 index) {
  if (type == gm_f64) return ((global const ulong *)elements)[index];
  if (type == gm_f32) return ((global const uint *)elements)[index];
  if (gm_element_size(type) == 2) return ((global const ushort *)elements)[index];
  return elements[index];
}

#if FAST_F32

/// The least and the largest magnitude of some elements, for gm_exactness.
typedef struct {
  ushort least, most;
} gm_extremes;

/// The value of an element of a type of 16 bits, with which it extends the extremes.
GM_FUNCTION float gm_load_single(gm_element type, global const uchar *elements, gm_u64 index,
                                 gm_extremes *extremes) {
  ushort raw = ((global const ushort *)elements)[index];
  ushort magnitude = raw & 0x7fff, below = (ushort)(magnitude - 1);
  // No min and max, of which not every compiler makes vector instructions.
  extremes->most = extremes->most > magnitude ? extremes->most : magnitude;
  extremes->least = extremes->least < below ? extremes->least : below;
  return type == gm_bf16 ? as_float((uint)raw << 16) : gm_single_decode(type, raw);
}

GM_FUNCTION bool gm_are_exact(gm_extremes of, gm_exactness when) {
  return !(((ushort)(of.most - of.least) > when.spread) | (of.most > when.most) |
           (of.least < when.least));
}

#if RUNS

// Of bfloat16, 32 elements in a vector, as compilers make too little of loops that check so much.

/// gm_extremes of each lane.
typedef struct {
  gm_ushort32 least, most;
} gm_vector_extremes;

/// The values of 32 elements: those of even and those of odd index, as a shift and a mask tell them apart.
typedef struct {
  float16 even, odd;
} gm_vector_values;

GM_FUNCTION gm_vector_extremes gm_no_extremes(void) {
  gm_vector_extremes none;
  none.least = 0xffff;
  none.most = 0;
  return none;
}

GM_FUNCTION gm_ushort32 gm_load_vector(global const uchar *elements, gm_u64 index) {
  return *(global const gm_loose_ushort32 *)((global const ushort *)elements + index);
}

GM_FUNCTION void gm_store_vector(global uchar *elements, gm_u64 index, gm_ushort32 raw) {
  *(global gm_loose_ushort32 *)((global ushort *)elements + index) = raw;
}

GM_FUNCTION gm_vector_values gm_decode_vector(gm_ushort32 raw) {
  gm_vector_values x;
  x.even = as_float16(as_uint16(raw) << 16);
  x.odd = as_float16(as_uint16(raw) & 0xffff0000U);
  return x;
}

/// What to add to the bits of numbers of binary32 for their upper halves to be the nearest ones, ties to even.
GM_FUNCTION uint16 gm_to_nearest(uint16 bits) { return 0x7fff + ((bits >> 16) & 1); }

/// The upper halves of numbers of binary32.
GM_FUNCTION gm_ushort32 gm_join_vector(uint16 even, uint16 odd) {
  return gm_as_ushort32(even >> 16 | (odd & 0xffff0000U));
}

GM_FUNCTION void gm_extend_vector(gm_vector_extremes *extremes, gm_ushort32 raw) {
  gm_ushort32 magnitude = raw & (ushort)0x7fff, below = magnitude - (ushort)1;
  extremes->most = extremes->most > magnitude ? extremes->most : magnitude;
  extremes->least = extremes->least < below ? extremes->least : below;
}

/// All bits of lanes that are not exact.
GM_FUNCTION gm_ushort32 gm_outside(gm_vector_extremes of, gm_exactness when) {
  gm_ushort32 spread = of.most - of.least;
  return gm_as_ushort32(spread > when.spread) | gm_as_ushort32(of.most > when.most) |
         gm_as_ushort32(of.least < when.least);
}

GM_FUNCTION bool gm_is_any(gm_ushort32 lanes) {
  ulong8 words = as_ulong8(lanes);
  ulong4 both = words.lo | words.hi;
  return ((both.x | both.y) | (both.z | both.w)) != 0;
}

#endif

#endif

/// Stores an element of a type narrower than binary64; returns whether it is NaN or infinite.
GM_FUNCTION bool gm_store_narrow(gm_element type, global uchar *elements, gm_u64 index, uint raw) {
  if (type == gm_f32) {
    ((global uint *)elements)[index] = raw;
  } else if (gm_element_size(type) == 2) {
    ((global ushort *)elements)[index] = (ushort)raw;
  } else {
    elements[index] = (uchar)raw;
  }
  return gm_is_nonfinite(type, raw);
}

/// Stores an element; returns whether it is NaN or infinite.
GM_FUNCTION bool gm_store(gm_element type, global uchar *elements, gm_u64 index, gm_u64 raw) {
  if (type != gm_f64) return gm_store_narrow(type, elements, index, (uint)raw);
  ((global ulong *)elements)[index] = raw;
  return gm_is_nonfinite(type, raw);
}

#endif
