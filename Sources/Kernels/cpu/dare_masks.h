// Which elements gm_dare keeps, in vectors; included once per instruction set.

#ifndef GM_DARE_MASK_TYPES
#define GM_DARE_MASK_TYPES
typedef int16_t gm_v16i16 __attribute__((vector_size(32)));

/// The elements of one turn of a loop: those of eight groups, one for each lane of a vector.
enum { gm_dare_lanes = 2 * gm_lanes };

/// How many models' random numbers are computed at once.
enum { gm_models_at_once = 2 };

/// 16 bits for each element, in the order of the elements.
typedef struct {
  gm_v32u16 part[2];
} gm_halves;

/// What is kept of a turn's elements: all bits or none of each.
typedef struct {
  gm_halves model[GM_MAX_INPUTS];
} gm_masks;

#define GM_JOINED_LANES(a, b, from)                                                                \
  __builtin_shufflevector(a, b, from, 8 + from, 1 + from, 9 + from, 2 + from, 10 + from, 3 + from, \
                          11 + from)
#endif

/// The upper words of lanes of 64 bits in place of the lower ones.
///
/// A shuffle, as Intel's cores do shifts of such vectors where they multiply, which is busy enough.
GM_INLINE gm_v8u64 GM_NAME(upper_words)(gm_v8u64 x) {
  gm_v16u32 words = (gm_v16u32)x;
  return (gm_v8u64)__builtin_shufflevector(words, words, 1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13,
                                           13, 15, 15);
}

static GM_NAME(dare_stream)
    GM_NAME(find_stream)(gm_u64 group, gm_u32 model, const gm_dare_parameters *dare) {
  gm_u64 product1 = (gm_u64)model * GM_PHILOX_FACTOR1;
  gm_u32 c0 = (gm_u32)(product1 >> 32) ^ (gm_u32)(group >> 32) ^ dare->key[0];
  gm_u64 product0 = (gm_u64)c0 * GM_PHILOX_FACTOR0;
  GM_NAME(dare_stream) result;
  result.word0 = (gm_u32)product1 ^ (dare->key[0] + GM_PHILOX_STEP0);
  result.word2 = (gm_u32)(product0 >> 32) ^ (dare->key[1] + GM_PHILOX_STEP1);
  result.word3 = (gm_u32)product0;
  return result;
}

/// How many groups from one on have the same streams.
GM_INLINE gm_u64 GM_NAME(groups_of_stream)(gm_u64 group) {
  return ((gm_u64)1 << 32) - (gm_u32)group;
}

/// What the first two rounds of Philox make of the numbers of eight groups, whatever the model.
typedef struct {
  gm_v8u64 product0, product1;
} GM_NAME(groups);

GM_INLINE GM_NAME(groups)
    GM_NAME(find_groups)(gm_u64 group, gm_u32 part, const gm_dare_parameters *dare) {
  gm_v8u64 numbers = (gm_v8u64){0, 1, 2, 3, 4, 5, 6, 7} + group;
  GM_NAME(groups) result;
  result.product0 = (numbers & 0xffffffff) * GM_PHILOX_FACTOR0;
  gm_v8u64 c2 = GM_NAME(upper_words)(result.product0) ^ (gm_u64)(part ^ dare->key[1]);
  result.product1 = (c2 & 0xffffffff) * GM_PHILOX_FACTOR1;
  return result;
}

/// The other rounds of gm_philox, of eight groups of elements, for each of some models.
GM_INLINE void GM_NAME(vector_philox)(gm_v8u64 (*counters)[4], gm_u32 models, gm_u32 key0,
                                      gm_u32 key1) {
#pragma clang loop unroll(full)
  for (gm_u32 round = 2; round < 10; round++) {
    gm_u32 round_key0 = key0 + round * GM_PHILOX_STEP0, round_key1 = key1 + round * GM_PHILOX_STEP1;
    // In turns, as a model's next step has to wait for its last one.
#pragma clang loop unroll(full)
    for (gm_u32 i = 0; i < models; i++) {
      gm_v8u64 *c = counters[i];
      gm_v8u64 product0 = (c[0] & 0xffffffff) * GM_PHILOX_FACTOR0;
      gm_v8u64 product1 = (c[2] & 0xffffffff) * GM_PHILOX_FACTOR1;
      c[0] = GM_NAME(upper_words)(product1) ^ c[1] ^ (gm_u64)round_key0;
      c[1] = product1;
      c[2] = GM_NAME(upper_words)(product0) ^ c[3] ^ (gm_u64)round_key1;
      c[3] = product0;
    }
  }
}

/// gm_dare_random of eight groups, for each of some models with these streams.
GM_INLINE void GM_NAME(vector_random)(gm_halves *random, gm_u32 models, GM_NAME(groups) groups,
                                      const GM_NAME(dare_stream) *streams,
                                      const gm_dare_parameters *dare) {
  gm_v8u64 counters[gm_models_at_once][4];
  for (gm_u32 i = 0; i < models; i++) {
    counters[i][0] = GM_NAME(upper_words)(groups.product1) ^ streams[i].word0;
    counters[i][1] = groups.product1;
    counters[i][2] = groups.product0 ^ streams[i].word2;
    counters[i][3] = (gm_v8u64){0} + streams[i].word3;
  }
  GM_NAME(vector_philox)(counters, models, dare->key[0], dare->key[1]);
  const gm_v8u64 lower = (gm_v8u64){0} + 0xffffffff;
  for (gm_u32 i = 0; i < models; i++) {
    gm_v8u64 *c = counters[i];
    gm_v8u64 first = (c[0] & lower) | (c[1] << 32), second = (c[2] & lower) | (c[3] << 32);
    random[i].part[0] = (gm_v32u16)GM_JOINED_LANES(first, second, 0);
    random[i].part[1] = (gm_v32u16)GM_JOINED_LANES(first, second, 4);
  }
}

/// gm_dare_keeps where the upper bits are those of the threshold, out of the way of all others.
static __attribute__((noinline)) void GM_NAME(decide_rest)(gm_halves *keeps, const gm_halves *upper,
                                                           gm_u64 group,
                                                           const GM_NAME(dare_stream) *stream,
                                                           const gm_dare_parameters *dare) {
  gm_halves lower;
  GM_NAME(vector_random)(&lower, 1, GM_NAME(find_groups)(group, 1, dare), stream, dare);
  uint16_t limit = (uint16_t)(dare->threshold >> 16), least = (uint16_t)dare->threshold;
  for (int k = 0; k < 2; k++) {
    keeps->part[k] |= (gm_v32u16)(upper->part[k] == limit) & (gm_v32u16)(lower.part[k] >= least);
  }
}

/// Which elements of eight groups are kept of one model.
GM_INLINE gm_halves GM_NAME(vector_mask)(gm_u64 group, const GM_NAME(dare_stream) *stream,
                                         const gm_dare_parameters *dare) {
  gm_halves upper, keeps;
  GM_NAME(vector_random)(&upper, 1, GM_NAME(find_groups)(group, 0, dare), stream, dare);
  uint16_t limit = (uint16_t)(dare->threshold >> 16);
  gm_v32u16 undecided = {0};
  for (int k = 0; k < 2; k++) {
    keeps.part[k] = (gm_v32u16)(upper.part[k] > limit);
    undecided |= (gm_v32u16)(upper.part[k] == limit);
  }
  if (__builtin_expect(__builtin_reduce_or((gm_v8u64)undecided) != 0, false)) {
    GM_NAME(decide_rest)(&keeps, &upper, group, stream, dare);
  }
  return keeps;
}

/// Which elements of a tile's groups are kept of one model: all bits or none of each. Whole turns of groups
/// are found, all of which must have the same stream.
GM_INLINE void GM_NAME(tile_mask)(uint32_t *keeps, size_t groups, gm_u64 group, gm_u32 model,
                                  const gm_dare_parameters *dare) {
  GM_NAME(dare_stream) stream = GM_NAME(find_stream)(group, model, dare);
  for (size_t i = 0; i < groups; i += 8, keeps += gm_dare_lanes) {
    gm_halves halves = GM_NAME(vector_mask)(group + i, &stream, dare);
    gm_v16i16 quarters[4];
    memcpy(quarters, &halves, sizeof quarters);
    for (int k = 0; k < 4; k++) {
      gm_v16i32 words = __builtin_convertvector(quarters[k], gm_v16i32);
      memcpy(keeps + k * 16, &words, sizeof words);
    }
  }
}
