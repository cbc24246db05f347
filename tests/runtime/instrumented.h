/* C code that is instrumented, in a library of its own: see instrumented.c. */
#ifndef HEDDLE_TESTS_RUNTIME_INSTRUMENTED_H
#define HEDDLE_TESTS_RUNTIME_INSTRUMENTED_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Turns in a loop until `*stop` is not 0, which another thread may make it; says how often. */
uint64_t turn_until(const uint32_t* stop);

/* Counts its turns, for other threads too, in a loop without an end, which only the end of the runtime leaves. */
void turn_for_ever(uint32_t* turns);

#ifdef __cplusplus
}
#endif

#endif
