// run: the rounds. In each, every library measures one subject after the other's turn, A B C, and only then comes the next subject, so
// that a machine that grows slower meanwhile slows all of them.
#pragma once

#include "bench/results.hpp"

#include <filesystem>
#include <regex>

namespace heddle::bench {

/// What is to be run: a subject and one of its libraries.
struct Task {
  const Subject* subject;
  const Library* library;
};

/// In the order of a round. A pattern is looked for in "ID/LIBRARY".
std::vector<Task> tasks(const std::regex& filter);

/// `programs`: the folder of bench_heddle and the others. Says on standard error, if that is a terminal, how far it is.
Results run(const std::vector<Task>& tasks, int rounds, const std::filesystem::path& programs);

}  // namespace heddle::bench
