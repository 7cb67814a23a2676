// The whole interface of Kernels: all arithmetic of gpumerge, once as OpenCL C source to compile on
// a device and once compiled for the CPU, from the same element functions.
#ifndef GPUMERGE_KERNELS_H
#define GPUMERGE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel_types.h"

// MARK: OpenCL C

/// `cl/kernel_types.h`, `cl/numeric.h` and so on: the text that comes before every family's own.
/// NULL-terminated, in the order in which clCreateProgramWithSource wants them.
extern const char *const *const gm_kernel_prelude;

/// The OpenCL C source of a family, whose kernel function is named `gm_kernel_name(family)`.
const char *gm_kernel_source(gm_family family);
const char *gm_kernel_name(gm_family family);

/// What the sources are compiled for. Results are the same bits in every case.
typedef struct {
  /// Binary64 in integer arithmetic, for devices without cl_khr_fp64.
  bool soft_fp64;
  /// Elements are converted by way of binary32, whose subnormal numbers the device must keep; not
  /// with soft_fp64.
  bool fast_f32;
  /// A work-item handles a run of elements, in a loop that becomes vector instructions: for CPUs.
  bool runs;
} gm_target;

/// Writes the -D options that specialise a family's source, NUL-terminated, and returns their
/// length.
size_t gm_kernel_options(gm_kernel kernel, gm_target target, char *buffer, size_t capacity);

// MARK: CPU

/// The instruction sets the CPU loops are compiled for, from the one every CPU has upwards.
typedef enum { gm_isa_baseline, gm_isa_avx2, gm_isa_avx512 } gm_isa;

enum { gm_isa_count = 3 };

const char *gm_isa_name(gm_isa isa);
bool gm_isa_available(gm_isa isa);

/// Where the operands of a launch are in memory; any alignment.
typedef struct {
  const void *input[GM_MAX_INPUTS];
  const void *base;
  void *accumulator;
  void *output;
} gm_operands;

/// Runs one launch on the calling thread. `parameters` is the family's parameter struct.
/// Only `first` and `count` and `inputs` of the piece are used: the operands are given directly.
/// Returns whether an output element is NaN or infinite (false when `kernel.last` is false).
bool gm_cpu_merge(gm_isa isa, gm_kernel kernel, const gm_piece *piece, const gm_operands *operands,
                  const void *parameters);

/// The same, with binary64 in integer arithmetic: what a device without cl_khr_fp64 computes.
bool gm_cpu_merge_soft_fp64(gm_kernel kernel, const gm_piece *piece, const gm_operands *operands,
                            const void *parameters);

// MARK: Numbers used outside of the loops

/// Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405).
void gm_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t result[4]);

/// The CRC-32 of zip and zlib, continued from `crc` (0 to start), as fast as the CPU can.
uint32_t gm_crc32(uint32_t crc, const void *data, size_t count);

/// The CRC-32 of A followed by B, where B is `second_count` bytes long.
uint32_t gm_crc32_combine(uint32_t first, uint32_t second, uint64_t second_count);

/// The SHA-256 of bytes that come piece by piece.
struct gm_sha256 {
  uint32_t state[8];
  uint64_t count;
  /// What does not fill a block yet.
  uint8_t rest[64];
  /// Whether the processor's instructions for it are used, which give the same.
  bool has_instructions;
};
void gm_sha256_begin(struct gm_sha256 *sum);
void gm_sha256_add(struct gm_sha256 *sum, const void *data, size_t count);
void gm_sha256_end(struct gm_sha256 *sum, uint8_t digest[32]);

#endif
