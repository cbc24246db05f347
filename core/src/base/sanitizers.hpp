// Which sanitizers the core is compiled with. The macros are for what only exists with one: its headers and calls.
//
// GCC says it with a macro for each, Clang 14 with __has_feature alone.
#pragma once

#if defined(__has_feature)
#define HEDDLE_HAS_FEATURE(name) __has_feature(name)
#else
#define HEDDLE_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HEDDLE_HAS_FEATURE(address_sanitizer)
#define HEDDLE_ASAN 1
#else
#define HEDDLE_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || HEDDLE_HAS_FEATURE(thread_sanitizer)
#define HEDDLE_TSAN 1
#else
#define HEDDLE_TSAN 0
#endif

namespace heddle::base {

inline constexpr bool kAddressSanitizer = HEDDLE_ASAN != 0;
inline constexpr bool kThreadSanitizer = HEDDLE_TSAN != 0;

}  // namespace heddle::base
