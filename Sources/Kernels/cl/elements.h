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

/// The value of an element; `elements` is where the piece starts.
GM_FUNCTION gm_real gm_load(gm_element type, global const uchar *elements, gm_u64 index) {
  if (type == gm_f64) return gm_value(type, ((global const ulong *)elements)[index]);
  if (type == gm_f32) return gm_value(type, ((global const uint *)elements)[index]);
  if (gm_element_size(type) == 2) return gm_value(type, ((global const ushort *)elements)[index]);
  return gm_value(type, elements[index]);
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

// Of bfloat16, 16 elements in a vector, as compilers make too little of loops that check so much.

/// gm_extremes of each lane.
typedef struct {
  ushort16 least, most;
} gm_vector_extremes;

GM_FUNCTION gm_vector_extremes gm_no_extremes(void) {
  gm_vector_extremes none;
  none.least = 0xffff;
  none.most = 0;
  return none;
}

/// The values of elements, with which it extends the extremes.
GM_FUNCTION float16 gm_extend_vector(ushort16 raw, gm_vector_extremes *extremes) {
  ushort16 magnitude = raw & (ushort)0x7fff, below = magnitude - (ushort)1;
  extremes->most = extremes->most > magnitude ? extremes->most : magnitude;
  extremes->least = extremes->least < below ? extremes->least : below;
  return as_float16(convert_uint16(raw) << 16);
}

/// All bits of lanes that are not exact.
GM_FUNCTION ushort16 gm_outside(gm_vector_extremes of, gm_exactness when) {
  return as_ushort16(of.most - of.least > when.spread) | as_ushort16(of.most > when.most) |
         as_ushort16(of.least < when.least);
}

GM_FUNCTION bool gm_is_any(ushort16 lanes) {
  ulong4 words = as_ulong4(lanes);
  return ((words.x | words.y) | (words.z | words.w)) != 0;
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

/// Encodes and stores a value; returns whether the element is NaN or infinite.
GM_FUNCTION bool gm_store(gm_element type, global uchar *elements, gm_u64 index, gm_real value) {
  gm_u64 raw = gm_nearest(type, value);
  if (type != gm_f64) return gm_store_narrow(type, elements, index, (uint)raw);
  ((global ulong *)elements)[index] = raw;
  return gm_is_nonfinite(type, raw);
}

/// Loads an accumulator: binary64 bits, or a pair of them.
GM_FUNCTION gm_pair gm_load_sum(bool wide, global const uchar *accumulator, gm_u64 index) {
  global const ulong *sums = (global const ulong *)accumulator;
  if (!wide) return gm_make_pair(gm_real_of(sums[index]), gm_real_of(0));
  return gm_make_pair(gm_real_of(sums[2 * index]), gm_real_of(sums[2 * index + 1]));
}

GM_FUNCTION void gm_store_sum(bool wide, global uchar *accumulator, gm_u64 index, gm_pair sum) {
  global ulong *sums = (global ulong *)accumulator;
  if (wide) {
    sums[2 * index] = gm_bits(sum.hi);
    sums[2 * index + 1] = gm_bits(sum.lo);
  } else {
    sums[index] = gm_bits(sum.hi);
  }
}

#endif
