// Programs made of everything that fibers can do, at random, whose result is known.
//
// A program is a tree of tasks, each a list of operations on a fiber of its own. What an operation adds to its task's result depends on the
// values that the seed gave to it and to the tasks below, never on the order in which fibers run; so a model that walks the tree without
// any fiber computes the same. Nobody waits while he holds a lock but for time, and every task waits only for tasks below it, so no
// program can block itself.
#pragma once

#include <heddle/config.hpp>

#include <cstdint>
#include <string>

namespace heddle::test {

/// Makes the program of that seed and runs it under that configuration. Empty, or what is not as the model says.
std::string run_random_program(std::uint64_t seed, const Config& config);

/// Runs `count` programs in a child process with that time limit; the test fails with the seed of the first that goes wrong or hangs.
/// With TEST_SEED in the environment only the program of that seed.
void run_random_programs(std::size_t count, const Config& config, int limit_s);

}  // namespace heddle::test
