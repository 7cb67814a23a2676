// What host and device agree on: valid C23 and valid OpenCL C 1.2.
#ifndef GPUMERGE_KERNEL_TYPES_H
#define GPUMERGE_KERNEL_TYPES_H

#ifdef __OPENCL_VERSION__
typedef ushort gm_u16;
typedef uint gm_u32;
typedef ulong gm_u64;
#else
#include <stdint.h>
typedef uint16_t gm_u16;
typedef uint32_t gm_u32;
typedef uint64_t gm_u64;
#endif

/// The most inputs that one launch reads; more go through the accumulator.
#define GM_MAX_INPUTS 16

/// The families of kernels.
typedef enum {
  /// accumulator += weight[i] * input[i]; output = accumulator / divisor
  gm_linear,
  /// accumulator += mask(i) * (input[i] - base); output = base + accumulator / divisor
  gm_dare,
} gm_family;

/// The element types that kernels read and write.
typedef enum {
  gm_f16,
  gm_bf16,
  gm_f32,
  gm_f64,
  // Of 8 bits (Micikevicius et al. 2022, arXiv:2209.05433). "fn" has finite numbers and NaN only,
  // "uz" one unsigned zero: the bits of negative zero are the only NaN (Noune et al. 2022,
  // arXiv:2206.02915).
  gm_f8_e4m3fn,
  gm_f8_e5m2,
  gm_f8_e4m3fnuz,
  gm_f8_e5m2fnuz,
} gm_element;

/// What a division by `divisor` takes. The result is the same number in every case.
typedef enum {
  /// The divisor is 1.
  gm_divide_none,
  /// The divisor is a power of two with a normal reciprocal: multiply by `reciprocal`, exactly.
  gm_divide_exact,
  /// Any other divisor.
  gm_divide_full,
} gm_division;

/// Everything a kernel is specialised by.
typedef struct {
  gm_family family;
  /// The type of all inputs of the launch.
  gm_element input;
  /// The type of the base (families without one: same as input).
  gm_element base;
  gm_element output;
  gm_division division;
  /// Whether the accumulator is a pair of binary64 numbers (some input or the output is gm_f64).
  bool wide;
  /// Whether the launch starts the accumulator, rather than loading it.
  bool first;
  /// Whether the launch ends with writing the output, rather than storing the accumulator.
  bool last;
  /// The number of inputs, the same as in the piece: a device's compiler unrolls the loop over them.
  gm_u32 inputs;
} gm_kernel;

/// The elements a launch works on. Offsets are in bytes into the buffers: on devices multiples of the element
/// size, but on the CPU path inputs may start anywhere.
typedef struct {
  /// The number of elements.
  gm_u64 count;
  /// The index in the whole tensor of the first of them.
  gm_u64 first;
  gm_u64 input[GM_MAX_INPUTS];
  gm_u64 base;
  /// 8 bytes per element, or 16 when wide; a multiple of 16.
  gm_u64 accumulator;
  gm_u64 output;
  /// The number of inputs, at most GM_MAX_INPUTS.
  gm_u32 inputs;
  /// The index in `flags` of the word to set to 1 when an output element is NaN or infinite.
  gm_u32 flag;
} gm_piece;

/// Parameters of gm_linear. Real numbers are binary64 bit patterns, for devices that have no double.
typedef struct {
  gm_u64 weight[GM_MAX_INPUTS];
  gm_u64 divisor;
  /// What the divisor is above `divisor`, when it has more than 53 bits; wide kernels add it.
  gm_u64 divisor_rest;
  /// 1 / divisor, for gm_divide_exact.
  gm_u64 reciprocal;
} gm_linear_parameters;

/// Parameters of gm_dare.
typedef struct {
  gm_u64 divisor;
  gm_u64 divisor_rest;
  gm_u64 reciprocal;
  /// An element is dropped when its 32 random bits, upper 16 first, are below this: 0 drops none, 2^32 all.
  gm_u64 threshold;
  /// The Philox key, from seed and tensor name.
  gm_u32 key[2];
  /// The position among all models of the launch's first input; the others follow.
  gm_u32 model;
  gm_u32 reserved;
} gm_dare_parameters;

#endif
