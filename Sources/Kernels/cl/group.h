// Access to memory by groups of four elements, aligned in the tensor: OpenCL C 1.2.
//
// One work-item handles one group. Groups start at multiples of four elements of the tensor, not of
// the piece, because the four random words of a Philox block belong to the elements of one group.
#ifndef GPUMERGE_GROUP_H
#define GPUMERGE_GROUP_H

#ifndef GM_AT
#define GM_AT(buffer, offset) ((buffer) + (offset))
#endif

/// The lanes of a group that are elements of the piece: `from` and up to, but not including, `to`.
typedef struct {
  /// The index in the piece of lane 0; it wraps around if that is before the piece.
  gm_u64 index;
  int from;
  int to;
} gm_group;

GM_FUNCTION gm_group gm_find_group(gm_u64 first, gm_u64 count, gm_u64 item) {
  gm_u64 before = first & 3;
  gm_u64 end = before + count;
  gm_u64 start = item * 4;
  gm_group group;
  group.index = start - before;
  group.from = item == 0 ? (int)before : 0;
  group.to = start >= end ? 0 : end - start < 4 ? (int)(end - start) : 4;
  return group;
}

GM_FUNCTION gm_u64 gm_load_element(gm_element type, global const uchar *at) {
  if (type == gm_f64) return *(global const ulong *)at;
  if (type == gm_f32) return *(global const uint *)at;
  if (gm_element_size(type) == 2) return *(global const ushort *)at;
  return *at;
}

GM_FUNCTION void gm_store_element(gm_element type, global uchar *at, gm_u64 raw) {
  if (type == gm_f64) {
    *(global ulong *)at = raw;
  } else if (type == gm_f32) {
    *(global uint *)at = (uint)raw;
  } else if (gm_element_size(type) == 2) {
    *(global ushort *)at = (ushort)raw;
  } else {
    *at = (uchar)raw;
  }
}

/// Loads what the piece has of a group; `elements` is where the piece starts.
GM_FUNCTION void gm_load_group(gm_element type, global const uchar *elements, gm_group group,
                               gm_u64 raw[4]) {
  gm_u64 size = (gm_u64)gm_element_size(type);
  if (group.from != 0 || group.to != 4) {
    for (int lane = 0; lane < 4; lane++) {
      bool inside = lane >= group.from && lane < group.to;
      raw[lane] = 0;
      if (inside) raw[lane] = gm_load_element(type, elements + (group.index + (gm_u64)lane) * size);
    }
    return;
  }
  global const uchar *at = elements + group.index * size;
  ulong4 lanes;
  if (type == gm_f64) {
    lanes = vload4(0, (global const ulong *)at);
  } else if (type == gm_f32) {
    lanes = convert_ulong4(vload4(0, (global const uint *)at));
  } else if (size == 2) {
    lanes = convert_ulong4(vload4(0, (global const ushort *)at));
  } else {
    lanes = convert_ulong4(vload4(0, at));
  }
  raw[0] = lanes.x;
  raw[1] = lanes.y;
  raw[2] = lanes.z;
  raw[3] = lanes.w;
}

GM_FUNCTION void gm_store_group(gm_element type, global uchar *elements, gm_group group,
                                const gm_u64 raw[4]) {
  gm_u64 size = (gm_u64)gm_element_size(type);
  if (group.from != 0 || group.to != 4) {
    for (int lane = group.from; lane < group.to; lane++) {
      gm_store_element(type, elements + (group.index + (gm_u64)lane) * size, raw[lane]);
    }
    return;
  }
  global uchar *at = elements + group.index * size;
  ulong4 lanes;
  lanes.x = raw[0];
  lanes.y = raw[1];
  lanes.z = raw[2];
  lanes.w = raw[3];
  if (type == gm_f64) {
    vstore4(lanes, 0, (global ulong *)at);
  } else if (type == gm_f32) {
    vstore4(convert_uint4(lanes), 0, (global uint *)at);
  } else if (size == 2) {
    vstore4(convert_ushort4(lanes), 0, (global ushort *)at);
  } else {
    vstore4(convert_uchar4(lanes), 0, at);
  }
}

/// Loads the accumulators of a group: binary64 bits, or pairs of them.
GM_FUNCTION void gm_load_sums(bool wide, global const uchar *accumulator, gm_group group,
                              gm_pair sum[4]) {
  for (int lane = group.from; lane < group.to; lane++) {
    gm_u64 index = group.index + (gm_u64)lane;
    global const ulong *at = (global const ulong *)accumulator + (wide ? index * 2 : index);
    sum[lane].hi = gm_real_of(at[0]);
    if (wide) sum[lane].lo = gm_real_of(at[1]);
  }
}

GM_FUNCTION void gm_store_sums(bool wide, global uchar *accumulator, gm_group group,
                               const gm_pair sum[4]) {
  for (int lane = group.from; lane < group.to; lane++) {
    gm_u64 index = group.index + (gm_u64)lane;
    global ulong *at = (global ulong *)accumulator + (wide ? index * 2 : index);
    at[0] = gm_bits(sum[lane].hi);
    if (wide) at[1] = gm_bits(sum[lane].lo);
  }
}

/// Whether the piece has NaN or infinity among these elements.
GM_FUNCTION bool gm_has_nonfinite(gm_element type, gm_group group, const gm_u64 raw[4]) {
  bool found = false;
  for (int lane = group.from; lane < group.to; lane++) {
    found = found || gm_is_nonfinite(type, raw[lane]);
  }
  return found;
}

#endif
