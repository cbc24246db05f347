/* Code that knows nothing of fibers, in a library of its own and, copied from there, without any: it computes for as long as it is
 * told. It lies in a section of its own, calls nothing and holds no address but its arguments, so that its copy works. */
#include "runtime/hog.h"

uint64_t hog(uint64_t rounds, const volatile uint64_t* turns) {
  const uint64_t before = *turns;
  uint64_t x = rounds;
  for (uint64_t i = 0; i < rounds; ++i) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    __asm__ volatile("" : "+r"(x));
  }
  return *turns - before;
}
