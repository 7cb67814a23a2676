// Which instruction sets this CPU has, and the entry point of its loops.
#include "isa.h"

#ifdef __x86_64__
#include <xmmintrin.h>
#endif

const char *gm_isa_name(gm_isa isa) {
  switch (isa) {
    case gm_isa_baseline: return "baseline";
    case gm_isa_avx2: return "avx2";
    case gm_isa_avx512: return "avx512";
  }
  return nullptr;
}

bool gm_isa_available(gm_isa isa) {
  switch (isa) {
    case gm_isa_baseline: return true;
#ifdef __x86_64__
    // These ask the operating system too, which must save the wider registers.
    case gm_isa_avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c") &&
             __builtin_cpu_supports("fma");
    case gm_isa_avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("f16c");
#endif
    default: return false;
  }
}

static gm_merge_function *find_function(gm_isa isa, gm_family family) {
#ifdef __x86_64__
  static gm_merge_function *const table[gm_isa_count][2] = {
      [gm_isa_baseline] = {[gm_linear] = gm_linear_baseline, [gm_dare] = gm_dare_baseline},
      [gm_isa_avx2] = {[gm_linear] = gm_linear_avx2, [gm_dare] = gm_dare_avx2},
      [gm_isa_avx512] = {[gm_linear] = gm_linear_avx512, [gm_dare] = gm_dare_avx512},
  };
  return table[isa][family];
#else
  (void)isa;
  return family == gm_linear ? gm_linear_baseline : gm_dare_baseline;
#endif
}

bool gm_cpu_merge(gm_isa isa, gm_kernel kernel, const gm_piece *piece, const gm_operands *operands,
                  const void *parameters) {
  gm_merge_function *function = find_function(isa, kernel.family);
  // To nearest, denormals kept, no traps, whatever the calling thread uses.
#ifdef __x86_64__
  unsigned int callers = _mm_getcsr();
  _mm_setcsr(0x1f80);
#elifdef __aarch64__
  uint64_t callers;
  __asm__ volatile("mrs %0, fpcr\n\tmsr fpcr, xzr" : "=&r"(callers) : : "memory");
#endif
  bool nonfinite = function(&kernel, piece, operands, parameters);
#ifdef __x86_64__
  _mm_setcsr(callers);
#elifdef __aarch64__
  __asm__ volatile("msr fpcr, %0" : : "r"(callers) : "memory");
#endif
  return nonfinite;
}
