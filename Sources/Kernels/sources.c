// The OpenCL C sources as C strings, and the options that specialise them.
#include <stdio.h>

#include "Kernels.h"

static const char kernel_types[] = {
#embed "include/kernel_types.h" suffix(, 0)
};
static const char real[] = {
#embed "cl/real.h" suffix(, 0)
};
static const char numeric[] = {
#embed "cl/numeric.h" suffix(, 0)
};
static const char words[] = {
#embed "cl/words.h" suffix(, 0)
};
static const char methods[] = {
#embed "cl/methods.h" suffix(, 0)
};
static const char single[] = {
#embed "cl/single.h" suffix(, 0)
};
static const char elements[] = {
#embed "cl/elements.h" suffix(, 0)
};
static const char lanes[] = {
#embed "cl/lanes.h" suffix(, 0)
};
static const char linear[] = {
#embed "cl/linear.cl" suffix(, 0)
};
static const char dare[] = {
#embed "cl/dare.h" suffix(, )
#embed "cl/dare_runs.h" suffix(, )
#embed "cl/dare_groups.h" suffix(, )
#embed "cl/dare.cl" suffix(, 0)
};

static const char *const prelude[] = {kernel_types, real,     numeric, words,  methods,
                                      single,       elements, lanes,   nullptr};

const char *const *const gm_kernel_prelude = prelude;

const char *gm_kernel_source(gm_family family) {
  switch (family) {
    case gm_linear: return linear;
    case gm_dare: return dare;
  }
  return nullptr;
}

const char *gm_kernel_name(gm_family family) {
  switch (family) {
    case gm_linear: return "linear";
    case gm_dare: return "dare";
  }
  return nullptr;
}

size_t gm_kernel_options(gm_kernel kernel, gm_target target, char *buffer, size_t capacity) {
  int length = snprintf(buffer, capacity,
                        "-DIN_DTYPE=%d -DBASE_DTYPE=%d -DOUT_DTYPE=%d -DDIVISION=%d -DWIDE=%d "
                        "-DFIRST=%d -DLAST=%d -DINPUTS=%u -DSOFT_FP64=%d -DFAST_F32=%d -DRUNS=%d",
                        (int)kernel.input, (int)kernel.base, (int)kernel.output,
                        (int)kernel.division, kernel.wide, kernel.first, kernel.last, kernel.inputs,
                        target.soft_fp64, target.fast_f32, target.runs);
  return length < 0 ? 0 : (size_t)length;
}
