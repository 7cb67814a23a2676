// Runs the OpenCL C text itself on the CPU, with binary64 in integer arithmetic: what a device
// without cl_khr_fp64 computes, for tests and for debuggers.
#define SOFT_FP64 1
#include "../cl/methods.h"

#include <stdint.h>
#include <string.h>

#include "Kernels.h"

// MARK: As much of OpenCL C as the sources use

// Operands have any alignment here.
typedef uint8_t gm_uchar;
typedef uint16_t gm_ushort __attribute__((aligned(1), may_alias));
typedef uint32_t gm_uint __attribute__((aligned(1), may_alias));
typedef uint64_t gm_ulong __attribute__((aligned(1), may_alias));
typedef uint8_t gm_uchar4 __attribute__((ext_vector_type(4)));
typedef uint16_t gm_ushort4 __attribute__((ext_vector_type(4)));
typedef uint32_t gm_uint4 __attribute__((ext_vector_type(4)));
typedef uint64_t gm_ulong4 __attribute__((ext_vector_type(4)));

#define uchar gm_uchar
#define ushort gm_ushort
#define uint gm_uint
#define ulong gm_ulong
#define ulong4 gm_ulong4
#define global
#define kernel static
#define convert_uchar4(x) __builtin_convertvector(x, gm_uchar4)
#define convert_ushort4(x) __builtin_convertvector(x, gm_ushort4)
#define convert_uint4(x) __builtin_convertvector(x, gm_uint4)
#define convert_ulong4(x) __builtin_convertvector(x, gm_ulong4)

// Vectors as arguments are of no concern to any ABI where everything is inlined.
#pragma clang diagnostic ignored "-Wpsabi"
#define OVERLOAD static inline __attribute__((overloadable, always_inline))
#define DEFINE_VECTOR_ACCESS(type)                                \
  OVERLOAD type##4 vload4(size_t offset, const type *from) {      \
    type##4 lanes;                                                \
    memcpy(&lanes, from + offset * 4, sizeof lanes);              \
    return lanes;                                                 \
  }                                                               \
  OVERLOAD void vstore4(type##4 lanes, size_t offset, type *to) { \
    memcpy(to + offset * 4, &lanes, sizeof lanes);                \
  }
DEFINE_VECTOR_ACCESS(gm_uchar)
DEFINE_VECTOR_ACCESS(gm_ushort)
DEFINE_VECTOR_ACCESS(gm_uint)
DEFINE_VECTOR_ACCESS(gm_ulong)

static inline void atomic_or(gm_uint *word, uint32_t bits) { *word |= bits; }

// The buffers are null and the offsets are addresses: operands need not be in one buffer here.
#define GM_AT(buffer, offset) ((gm_uchar *)((uintptr_t)(buffer) + (uintptr_t)(offset)))

// What a device's compiler gets as constants.
static _Thread_local gm_kernel current;
static _Thread_local gm_u64 work_item;
#define IN_DTYPE current.input
#define BASE_DTYPE current.base
#define OUT_DTYPE current.output
#define DIVISION current.division
#define WIDE current.wide
#define FIRST current.first
#define INPUTS piece.inputs
#define LAST current.last
#define get_global_id(dimension) work_item

#include "../cl/group.h"
#include "../cl/linear.cl"
#include "../cl/dare.cl"

#undef kernel

// MARK: The launch

bool gm_cpu_merge_soft_fp64(gm_kernel kernel, const gm_piece *piece, const gm_operands *operands,
                            const void *parameters) {
  current = kernel;
  gm_piece addresses = *piece;
  for (gm_u32 i = 0; i < piece->inputs; i++) addresses.input[i] = (uintptr_t)operands->input[i];
  addresses.base = (uintptr_t)operands->base;
  addresses.accumulator = (uintptr_t)operands->accumulator;
  addresses.output = (uintptr_t)operands->output;
  addresses.flag = 0;
  uint32_t flag = 0;
  gm_u64 items = ((piece->first & 3) + piece->count + 3) / 4;
  // One more, because a device's global size is rounded up.
  for (work_item = 0; work_item <= items; work_item++) {
    if (kernel.family == gm_linear) {
      linear(nullptr, nullptr, nullptr, &flag, addresses,
             *(const gm_linear_parameters *)parameters);
    } else {
      dare(nullptr, nullptr, nullptr, &flag, addresses, *(const gm_dare_parameters *)parameters);
    }
  }
  return flag != 0;
}
