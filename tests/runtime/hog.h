/* hog: see hog.c. */
#ifndef HEDDLE_TESTS_RUNTIME_HOG_H
#define HEDDLE_TESTS_RUNTIME_HOG_H

#include <heddle/port/abi.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Turns `rounds` times in a loop, about a nanosecond each, and says by how much `*turns` has grown meanwhile: how often others
 * had their turn. It judges that itself, as its callers may be preempted before and after. */
HEDDLE_PORT_EXPORT __attribute__((section("hog_code"), noinline, no_sanitize("address", "thread", "undefined"))) uint64_t hog(
    uint64_t rounds, const volatile uint64_t* turns);

typedef uint64_t (*Hog)(uint64_t rounds, const volatile uint64_t* turns);

#ifdef __cplusplus
}
#endif

#endif
