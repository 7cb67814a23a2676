// What random numbers are computed in, one group of eight elements at a time or several: valid C23
// and valid OpenCL C 1.2.
#ifndef GPUMERGE_WORDS_H
#define GPUMERGE_WORDS_H

#ifndef RUNS
#define RUNS 0
#endif

#if RUNS

/// Numbers of 32 bits in the lower halves of lanes, a lane for each group. Left to themselves, CPU
/// runtimes' compilers keep 32-bit words in vectors of their own, and convert at every step.
typedef ulong8 gm_word;
/// Their products with numbers of 32 bits.
typedef ulong8 gm_double_word;

GM_FUNCTION gm_double_word gm_multiply(gm_word x, gm_u32 factor) {
  return (x & 0xffffffff) * factor;
}

GM_FUNCTION gm_word gm_lower_word(gm_double_word x) { return x; }

/// The upper words in place of the lower ones. A shuffle, as Intel's cores do shifts of such vectors
/// where they multiply, which is busy enough.
GM_FUNCTION gm_word gm_upper_word(gm_double_word x) {
  return as_ulong8(as_uint16(x).s1133557799bbddff);
}

/// As many as fill a vector. OpenCL C has no more than 16, but the compilers of all runtimes for CPUs are
/// Clang.
typedef ushort gm_ushort32 __attribute__((ext_vector_type(32)));
#define gm_as_ushort32(x) __builtin_astype((x), gm_ushort32)

// PoCL stores what vstore16 is given one by one.
typedef gm_ushort32 gm_loose_ushort32 __attribute__((aligned(2)));
typedef uint16 gm_loose_uint16 __attribute__((aligned(4)));

/// Groups from one on, one for each lane.
GM_FUNCTION gm_double_word gm_groups_from(gm_u64 group) {
  return (ulong8)(0, 1, 2, 3, 4, 5, 6, 7) + group;
}

/// The lower words of both.
GM_FUNCTION ulong8 gm_join_words(gm_word first, gm_word second) {
  ulong8 upper = as_ulong8(as_uint16(second).s0022446688aaccee);
  return (first & 0xffffffff) | (upper & 0xffffffff00000000);
}

GM_FUNCTION gm_u32 gm_first_word(gm_word x) { return (gm_u32)x.s0; }

/// The halves of the lower words in the order of the elements.
GM_FUNCTION void gm_order_halves(gm_ushort32 *halves, gm_word a, gm_word b, gm_word c, gm_word d) {
  ulong16 groups;
  groups.even = gm_join_words(a, b);
  groups.odd = gm_join_words(c, d);
  halves[0] = gm_as_ushort32(groups.lo);
  halves[1] = gm_as_ushort32(groups.hi);
}

/// Marks the elements of sixteen halves; see gm_store_marks.
GM_FUNCTION ushort16 gm_marks(ushort16 halves, gm_u16 limit, ushort16 *undecided) {
  *undecided = as_ushort16(halves == limit) & (gm_u16)1;
  return as_ushort16(halves > limit);
}

/// Stores a mark for each element, in order, of which the lower words have halves: all bits where the half
/// is above the limit, none where it is below, and 1 where it equals it. Returns whether any does.
GM_FUNCTION bool gm_store_marks(gm_u32 *to, gm_u16 limit, gm_word a, gm_word b, gm_word c,
                                gm_word d) {
  gm_ushort32 halves[2];
  gm_order_halves(halves, a, b, c, d);
  ushort16 undecided[4];
  ushort16 marks[4];
  for (uint i = 0; i < 2; i++) {
    marks[2 * i] = gm_marks(halves[i].lo, limit, undecided + 2 * i);
    marks[2 * i + 1] = gm_marks(halves[i].hi, limit, undecided + 2 * i + 1);
  }
  ulong4 all = as_ulong4((undecided[0] | undecided[1]) | (undecided[2] | undecided[3]));
  bool is_any = ((all.x | all.y) | (all.z | all.w)) != 0;
  gm_loose_uint16 *stored = (gm_loose_uint16 *)to;
  for (uint i = 0; i < 4; i++) stored[i] = convert_uint16(marks[i]);
  if (is_any) {
    for (uint i = 0; i < 4; i++) stored[i] = convert_uint16(marks[i] | undecided[i]);
  }
  return is_any;
}

/// How many marks gm_store_marks stores.
#define GM_MARKS_AT_ONCE 64U

#else

#ifdef __OPENCL_VERSION__
// A GPU multiplies words to double words by one instruction, but compilers do not see it in products of
// double words.
typedef gm_u32 gm_word;
#else
typedef gm_u64 gm_word;
#endif
typedef gm_u64 gm_double_word;

GM_FUNCTION gm_double_word gm_multiply(gm_word x, gm_u32 factor) {
  return (x & (gm_u64)0xffffffff) * factor;
}

GM_FUNCTION gm_word gm_lower_word(gm_double_word x) { return (gm_word)x; }
GM_FUNCTION gm_word gm_upper_word(gm_double_word x) { return (gm_word)(x >> 32); }
GM_FUNCTION gm_double_word gm_groups_from(gm_u64 group) { return group; }
GM_FUNCTION gm_u32 gm_first_word(gm_word x) { return (gm_u32)x; }

#endif

#endif
