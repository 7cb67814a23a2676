// Philox4x32-10 by itself: the same text that the loops inline.
#include "../cl/methods.h"

#include "Kernels.h"

void gm_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t result[4]) {
  gm_philox_state state;
  for (int i = 0; i < 4; i++) state.word[i] = counter[i];
  state = gm_philox(state, key[0], key[1]);
  for (int i = 0; i < 4; i++) result[i] = (uint32_t)state.word[i];
}
