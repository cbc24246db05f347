/* Knows nothing of fibers: no call, no header of the runtime. */
#include "runtime/instrumented.h"

uint64_t turn_until(const volatile int* stop) {
  uint64_t turns = 0;
  while (!*stop) ++turns;
  return turns;
}

void turn_for_ever(volatile uint64_t* turns) {
  for (;;) *turns = *turns + 1;
}
