// The least that a merge has to do: read every input byte once, a few operations, write every output
// byte once. gpumerge is measured against it, so it shares no code with gpumerge.
#ifndef YARDSTICK_H
#define YARDSTICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What direct input and output has to be a multiple of, in files and in memory.
enum { ys_page = 4096 };

/// A safetensors file: its open descriptor, its header's text, and where its data lies.
typedef struct {
  const char *path;
  int file;
  char *header;
  uint64_t header_size, data_offset, data_size;
} ys_input;

/// A mean of bfloat16 numbers: the sum of weight[i] * input[i], over the divisor.
typedef struct {
  size_t inputs;
  /// None for the simple mean, whose weights are 1.
  const double *weights;
  double divisor;
} ys_mean;

/// How a merge is done.
typedef struct {
  size_t threads;
  /// Bytes per write.
  size_t chunk;
  /// Bytes per read; they stay in the processor's cache until they are used.
  size_t block;
} ys_setting;

/// What is done.
typedef struct {
  const ys_input *inputs;
  ys_mean mean;
  const char *output;
  /// Writes the last input's bytes instead of a mean.
  bool copy;
  /// Inputs are read past the page cache.
  bool direct;
  /// Inputs are not to be in the page cache.
  bool cold;
} ys_job;

/// Ends the program with what is wrong.
[[noreturn]] void ys_fail(const char *path, const char *problem);
/// The same, with the reason in errno.
[[noreturn]] void ys_fail_errno(const char *path, const char *action);

/// Opens inputs; all must have bfloat16 tensors of the same names and shapes in the same places.
ys_input *ys_open_inputs(char *const *paths, size_t count, bool direct);

/// Merges, leaves the output durable under its name, and returns the seconds it took.
double ys_merge(const ys_job *job, ys_setting setting);

/// The mean of `count` elements of each input. Inputs need no alignment.
void ys_mean_bf16(const ys_mean *mean, const uint8_t *const *inputs, uint8_t *output, size_t count);

/// Elements at a time; sums of this many stay in the first-level cache.
enum { ys_tile = 512 };

/// A tile from element `from` on, by AVX-512. False where the processor lacks it.
bool ys_mean_tile_avx512(const ys_mean *mean, const uint8_t *const *inputs, size_t from,
                         uint8_t *output);

/// Tries settings, tells each on standard error, and returns the best.
ys_setting ys_tune(const ys_job *job, size_t rounds);

#endif
