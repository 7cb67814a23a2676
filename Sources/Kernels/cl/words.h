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

/// The upper words in place of the lower ones. A shuffle, as Intel's cores do shifts of such vectors
/// where they multiply, which is busy enough.
GM_FUNCTION gm_word gm_upper_words(gm_word x) { return as_ulong8(as_uint16(x).s1133557799bbddff); }

/// Groups from one on, one for each lane.
GM_FUNCTION gm_word gm_groups_from(gm_u64 group) {
  return (ulong8)(0, 1, 2, 3, 4, 5, 6, 7) + group;
}

/// The lower words of both.
GM_FUNCTION ulong8 gm_join_words(gm_word first, gm_word second) {
  ulong8 upper = as_ulong8(as_uint16(second).s0022446688aaccee);
  return (first & 0xffffffff) | (upper & 0xffffffff00000000);
}

GM_FUNCTION gm_u32 gm_first_word(gm_word x) { return (gm_u32)x.s0; }

/// Stores the halves of the lower words in the order of the elements.
GM_FUNCTION void gm_store_halves(gm_u16 *to, gm_word a, gm_word b, gm_word c, gm_word d) {
  ulong16 groups;
  groups.even = gm_join_words(a, b);
  groups.odd = gm_join_words(c, d);
  vstore16(as_ushort16(groups.lo.lo), 0, to);
  vstore16(as_ushort16(groups.lo.hi), 1, to);
  vstore16(as_ushort16(groups.hi.lo), 2, to);
  vstore16(as_ushort16(groups.hi.hi), 3, to);
}

#else

typedef gm_u64 gm_word;

GM_FUNCTION gm_word gm_upper_words(gm_word x) { return x >> 32; }
GM_FUNCTION gm_word gm_groups_from(gm_u64 group) { return group; }
GM_FUNCTION gm_u32 gm_first_word(gm_word x) { return (gm_u32)x; }
GM_FUNCTION void gm_store_halves(gm_u16 *to, gm_word a, gm_word b, gm_word c, gm_word d) {
  to[0] = (gm_u16)a;
  to[1] = (gm_u16)(a >> 16);
  to[2] = (gm_u16)b;
  to[3] = (gm_u16)(b >> 16);
  to[4] = (gm_u16)c;
  to[5] = (gm_u16)(c >> 16);
  to[6] = (gm_u16)d;
  to[7] = (gm_u16)(d >> 16);
}

#endif

/// How many halves gm_store_halves stores.
#define GM_HALVES_AT_ONCE ((gm_u32)sizeof(gm_word))

#endif
