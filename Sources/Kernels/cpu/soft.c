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

typedef uint32_t gm_uint2 __attribute__((ext_vector_type(2), aligned(1), may_alias));
typedef uint32_t gm_uint4 __attribute__((ext_vector_type(4), aligned(1), may_alias));

#define uchar gm_uchar
#define ushort gm_ushort
#define uint gm_uint
#define ulong gm_ulong
#define uint2 gm_uint2
#define uint4 gm_uint4
#define vload2(index, from) ((const gm_uint2 *)(from))[index]
#define vload4(index, from) ((const gm_uint4 *)(from))[index]
#define vstore2(vector, index, to) (void)(((gm_uint2 *)(to))[index] = (vector))
#define vstore4(vector, index, to) (void)(((gm_uint4 *)(to))[index] = (vector))
#define global
#define kernel static

static inline void atomic_or(gm_uint *word, uint32_t bits) { *word |= bits; }

// The buffers are null and the offsets are addresses: operands need not be in one buffer here.
#define GM_AT(buffer, offset) ((gm_uchar *)((uintptr_t)(buffer) + (uintptr_t)(offset)))

// What a device's compiler gets as constants.
static _Thread_local gm_kernel current;
static _Thread_local gm_u64 work_item, work_items;
#define IN_DTYPE current.input
#define BASE_DTYPE current.base
#define OUT_DTYPE current.output
#define DIVISION current.division
#define WIDE current.wide
#define FIRST current.first
#define INPUTS current.inputs
#define LAST current.last
#define get_global_id(dimension) work_item
#define get_global_size(dimension) work_items

// The number of inputs is no constant here.
#pragma clang diagnostic ignored "-Wpass-failed"
#include "../cl/single.h"
#include "../cl/elements.h"
#include "../cl/lanes.h"
#include "../cl/linear.cl"
#include "../cl/dare.h"
#include "../cl/dare_groups.h"
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
  // More than have something to do, and fewer than would be one for each element.
  work_items = piece->count / 2 + 3;
  for (work_item = 0; work_item < work_items; work_item++) {
    if (kernel.family == gm_linear) {
      linear(nullptr, nullptr, nullptr, &flag, addresses,
             *(const gm_linear_parameters *)parameters);
    } else {
      dare(nullptr, nullptr, nullptr, &flag, addresses, *(const gm_dare_parameters *)parameters);
    }
  }
  return flag != 0;
}
