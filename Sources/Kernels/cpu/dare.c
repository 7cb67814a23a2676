// gm_dare for every instruction set.
#include "../cl/methods.h"
#include "isa.h"

#define GM_ISA baseline
#define GM_HARDWARE_F16 0
#define GM_VECTORS 0
#define GM_FINISH_LOOP
#include "tile.h"
#include "dare_body.h"
#undef GM_ISA
#undef GM_HARDWARE_F16
#undef GM_VECTORS

#ifdef __x86_64__
#define GM_HARDWARE_F16 1
#define GM_VECTORS 1

GM_BEGIN_TARGET(GM_AVX2)
#define GM_ISA avx2
#include "tile.h"
#include "vector.h"
#include "dare_masks.h"
#include "dare_vectors.h"
#include "dare_body.h"
#undef GM_ISA
GM_END_TARGET

GM_BEGIN_TARGET(GM_AVX512)
#define GM_ISA avx512
#undef GM_FINISH_LOOP
// Two vectors of sums per turn, to fill one vector of narrower elements.
#define GM_FINISH_LOOP _Pragma("clang loop vectorize_width(16)")
#include "tile.h"
#include "vector.h"
#include "dare_masks.h"
#include "dare_vectors.h"
#include "dare_body.h"
#undef GM_ISA
GM_END_TARGET
#endif
