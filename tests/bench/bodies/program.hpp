// A program with all bodies of one library: PROGRAM BODY PROCESSORS COUNT runs one of them in this process. heddle_bench starts it, once
// for each figure of each round, so that each begins with fresh memory.
#pragma once

#include "bench/bodies/busy.hpp"
#include "bench/bodies/many.hpp"
#include "bench/bodies/measure.hpp"
#include "bench/bodies/micro.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>

namespace heddle::bench {

using Body = void (*)(unsigned processors, std::int64_t count);
using Bodies = std::map<std::string, Body>;

/// The main fiber of a runtime of its own calls `body(count)`.
template <class Library, void (*body)(std::int64_t)>
void on(unsigned processors, std::int64_t count) {
  Library::run(processors, [count] { body(count); });
}

template <class Library>
void first_fiber(std::int64_t) {
  std::int64_t at = 0;
  Library::spawn([&] { at = now_ns(); }).join();
  say("first fiber", "clock", static_cast<double>(at));
}

template <class Library>
void ticker(std::int64_t hogs) {
  Ticker<Library>(hogs).run();
}

/// What every library can do.
template <class Library>
Bodies common_bodies() {
  return {
      {"yield", on<Library, yields<Library>>},          {"spawn", on<Library, spawn_and_join<Library>>},
      {"free-mutex", on<Library, free_mutex<Library>>}, {"mutex", on<Library, contended_mutex<Library>>},
      {"start-up", on<Library, first_fiber<Library>>},
  };
}

/// What takes channels or very many fibers.
template <class Library>
Bodies fiber_bodies() {
  return {
      {"round-trip", on<Library, round_trip<Library>>},
      {"buffered", on<Library, buffered<Library>>},
      {"skynet-channels", on<Library, skynet_channels<Library>>},
      {"skynet-join", on<Library, skynet_join<Library>>},
      {"parked", on<Library, parked<Library>>},
      {"timers", on<Library, timers<Library>>},
  };
}

/// main() of such a program.
inline int run_body(int argc, char** argv, const Bodies& bodies) {
  const auto body = argc == 4 ? bodies.find(argv[1]) : bodies.end();
  if (body == bodies.end()) {
    std::fprintf(stderr, "usage: %s BODY PROCESSORS COUNT, with one of these bodies:", argv[0]);
    for (const auto& [name, unused] : bodies) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  try {
    body->second(static_cast<unsigned>(std::atoi(argv[2])), std::atoll(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace heddle::bench
