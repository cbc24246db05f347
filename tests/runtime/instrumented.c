/* Knows nothing of fibers: no call, no header of the runtime. */
#include "runtime/instrumented.h"

uint64_t turn_until(const uint32_t* stop) {
  uint64_t turns = 0;
  while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) ++turns;
  return turns;
}

void turn_for_ever(uint32_t* turns) {
  for (uint32_t turn = 1;; ++turn) __atomic_store_n(turns, turn, __ATOMIC_RELAXED);
}
