// The instruction sets that the CPU loops are compiled for, and what each of their files includes.
#ifndef GPUMERGE_ISA_H
#define GPUMERGE_ISA_H

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "Kernels.h"

// "fma" is for what asks for it by name: FP_CONTRACT is off.
#define GM_PRAGMA(text) _Pragma(#text)
#define GM_BEGIN_TARGET(features) \
  GM_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define GM_END_TARGET _Pragma("clang attribute pop")
#define GM_AVX2 "avx2,f16c,fma"
// Not avx512dq: with it, clang multiplies Philox's 32-bit words by vpmullq, which takes Intel's cores
// three times as long as vpmuludq.
#define GM_AVX512 "avx512f,avx512bw,avx512vl,f16c"

#define GM_CONCATENATE(a, b) a##_##b
#define GM_EXPAND(a, b) GM_CONCATENATE(a, b)
/// A name of its own for what is compiled once per instruction set.
#define GM_NAME(name) GM_EXPAND(name, GM_ISA)

#define GM_INLINE static inline __attribute__((always_inline))

/// The elements worked on at a time: few enough for all intermediate numbers to stay in L1.
enum { gm_tile = 512 };

/// One launch, all elements; see gm_cpu_merge.
typedef bool gm_merge_function(const gm_kernel *kernel, const gm_piece *piece,
                               const gm_operands *operands, const void *parameters);

gm_merge_function gm_linear_baseline, gm_linear_avx2, gm_linear_avx512;
gm_merge_function gm_dare_baseline, gm_dare_avx2, gm_dare_avx512;

#endif
