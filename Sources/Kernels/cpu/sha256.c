// SHA-256 (FIPS 180-4), for fingerprints of descriptions, and of outputs on demand.
#include <string.h>

#include "Kernels.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotated(uint32_t x, int n) { return (x >> n) | (x << (32 - n)); }

static uint32_t loaded(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void add_block(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++) w[i] = loaded(block + 4 * i);
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (rotated(a, 7) ^ rotated(a, 18) ^ (a >> 3)) + w[i - 7] +
           (rotated(b, 17) ^ rotated(b, 19) ^ (b >> 10));
  }
  uint32_t v[8];
  memcpy(v, state, sizeof v);
#pragma clang loop unroll(full)
  for (int i = 0; i < 64; i++) {
    // The variables move on by one place each round, or rather their names do.
    uint32_t a = v[-i & 7], b = v[(1 - i) & 7], c = v[(2 - i) & 7];
    uint32_t e = v[(4 - i) & 7], f = v[(5 - i) & 7], g = v[(6 - i) & 7], *h = &v[(7 - i) & 7];
    *h += (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) +
          round_constants[i] + w[i];
    v[(3 - i) & 7] += *h;
    *h += (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
  }
  for (int i = 0; i < 8; i++) state[i] += v[i];
}

// MARK: With the processor's own instructions

#ifdef __x86_64__
#define GM_SHA __attribute__((target("sha,sse4.1")))

GM_SHA static inline __m128i load(const void *words) {
  return _mm_loadu_si128((const __m128i *)words);
}

/// What the instructions want: a, b, e, f in one vector and c, d, g, h in the other, a and c uppermost.
GM_SHA static void add_blocks_sha(uint32_t state[8], const uint8_t *bytes, size_t count) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i cdab = _mm_shuffle_epi32(load(state), 0xb1);
  __m128i efgh = _mm_shuffle_epi32(load(state + 4), 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; count > 0; count--, bytes += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];
    for (int i = 0; i < 4; i++) w[i] = _mm_shuffle_epi8(load(bytes + 16 * i), big_endian);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      __m128i sum = _mm_add_epi32(w[i % 4], load(round_constants + 4 * i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      // The words of 16 rounds later take the places of those that were used.
      __m128i seventh = _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4);
      __m128i most = _mm_add_epi32(_mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]), seventh);
      w[i % 4] = _mm_sha256msg2_epu32(most, w[(i + 3) % 4]);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static bool has_sha(void) {
  unsigned a, b, c, d;
  return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
         (b & bit_SHA) != 0;
}
#else
static bool has_sha(void) { return false; }
#endif

// MARK: The sum

static void add_blocks(struct gm_sha256 *sum, const uint8_t *bytes, size_t count) {
#ifdef __x86_64__
  if (sum->has_instructions) return add_blocks_sha(sum->state, bytes, count);
#endif
  for (; count > 0; count--, bytes += 64) add_block(sum->state, bytes);
}

void gm_sha256_begin(struct gm_sha256 *sum) {
  static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(sum->state, start, sizeof start);
  sum->count = 0;
  sum->has_instructions = has_sha();
}

void gm_sha256_add(struct gm_sha256 *sum, const void *data, size_t count) {
  const uint8_t *bytes = data;
  size_t rest = sum->count % 64;
  sum->count += count;
  if (rest > 0) {
    size_t part = count < 64 - rest ? count : 64 - rest;
    if (part > 0) memcpy(sum->rest + rest, bytes, part);
    if (rest + part < 64) return;
    add_blocks(sum, sum->rest, 1);
    bytes += part;
    count -= part;
  }
  add_blocks(sum, bytes, count / 64);
  if (count % 64 > 0) memcpy(sum->rest, bytes + count / 64 * 64, count % 64);
}

void gm_sha256_end(struct gm_sha256 *sum, uint8_t digest[32]) {
  uint8_t tail[128] = {0};
  size_t rest = sum->count % 64;
  memcpy(tail, sum->rest, rest);
  tail[rest] = 0x80;
  size_t tail_count = rest < 56 ? 64 : 128;
  for (size_t i = 0; i < 8; i++) tail[tail_count - 1 - i] = (uint8_t)(sum->count * 8 >> (8 * i));
  add_blocks(sum, tail, tail_count / 64);
  for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(sum->state[i / 4] >> (24 - 8 * (i % 4)));
}
