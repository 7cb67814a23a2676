// The arithmetic: the exact sum in binary64, divided, rounded once to bfloat16.
#include "yardstick.h"

#include <math.h>
#include <string.h>

enum { tile = ys_tile };

static inline double decode(const uint8_t *input, size_t i) {
  uint16_t raw;
  memcpy(&raw, input + 2 * i, sizeof raw);
  uint32_t bits = (uint32_t)raw << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// Rounds to nearest. Before, in binary32, to odd: so only the last rounding counts.
static inline uint16_t encode(double value) {
  float nearest = (float)value;
  uint32_t bits;
  memcpy(&bits, &nearest, sizeof bits);
  bits -= fabs((double)nearest) > fabs(value);
  bits |= (double)nearest != value;
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return (uint16_t)(value != value ? 0x7fc0 : rounded);
}

/// sum / divisor, cut off, with the last bit set if anything was cut off.
static inline double quotient_to_odd(double sum, double divisor) {
  double quotient = sum / divisor;
  double rest = fma(-quotient, divisor, sum);
  uint64_t bits;
  memcpy(&bits, &quotient, sizeof bits);
  bool outwards = (rest < 0) == (sum < 0);
  // NaN and infinity give a rest that is NaN, and stay.
  uint64_t odd = bits + (outwards ? 1 : (uint64_t)-1);
  bits = (rest < 0 || rest > 0) && (bits & 1) == 0 ? odd : bits;
  memcpy(&quotient, &bits, sizeof bits);
  return quotient;
}

static inline void add(const uint8_t *restrict input, double weight, bool first,
                       double *restrict sums, size_t count) {
  for (size_t i = 0; i < count; i++) {
    double product = weight * decode(input, i);
    sums[i] = first ? product : sums[i] + product;
  }
}

static void divide(double divisor, const double *restrict sums, uint8_t *restrict output,
                   size_t count) {
  int exponent;
  bool exact = frexp(divisor, &exponent) == 0.5;
  double reciprocal = 1 / divisor;
  for (size_t i = 0; i < count; i++) {
    uint16_t raw = encode(exact ? sums[i] * reciprocal : quotient_to_odd(sums[i], divisor));
    memcpy(output + 2 * i, &raw, sizeof raw);
  }
}

/// At most a tile, in binary64.
static void mean_in_binary64(const ys_mean *mean, const uint8_t *const *inputs, size_t from,
                             uint8_t *output, size_t count) {
  double sums[tile];
  for (size_t k = 0; k < mean->inputs; k++) {
    double weight = mean->weights == nullptr ? 1 : mean->weights[k];
    if (k == 0) {
      add(inputs[k] + 2 * from, weight, true, sums, count);
    } else {
      add(inputs[k] + 2 * from, weight, false, sums, count);
    }
  }
  divide(mean->divisor, sums, output + 2 * from, count);
}

void ys_mean_bf16(const ys_mean *mean, const uint8_t *const *inputs, uint8_t *output,
                  size_t count) {
  for (size_t from = 0; from < count; from += tile) {
    size_t left = count - from;
    if (left >= tile && ys_mean_tile_avx512(mean, inputs, from, output)) continue;
    mean_in_binary64(mean, inputs, from, output, left < tile ? left : tile);
  }
}
