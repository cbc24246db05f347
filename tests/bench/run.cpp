#include "bench/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace heddle::bench {

namespace {

constexpr std::chrono::seconds kLimit{120};

/// Draws one line again and again.
class Progress {
 public:
  ~Progress() { show(""); }
  void show(const std::string& text) {
    if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\x1b[K{}", text);
  }
};

bool due(const Task& task, int round) {
  if (round == 0) return true;
  if (std::ranges::count(task.subject->once, task.library->id) != 0) return false;
  return !task.subject->long_running || round % 2 == 0;
}

/// The figures of so many starts of a program as one: the median of each.
Outcome middle(std::vector<Outcome> outcomes) {
  Outcome middle = outcomes.front();
  for (std::size_t i = 0; i < middle.figures.size(); ++i) {
    std::vector<double> values;
    for (const Outcome& outcome : outcomes) values.push_back(outcome.figures.at(i).value);
    middle.figures[i].value = summary(values).median;
  }
  return middle;
}

Outcome measure(const Task& task, const std::filesystem::path& programs) {
  const std::filesystem::path program = programs / ("bench_" + task.library->id);
  const Subject& subject = *task.subject;
  std::vector<Outcome> outcomes;
  for (int start = 0; start < subject.starts; ++start) {
    outcomes.push_back(run_program(program, {subject.body, std::to_string(subject.processors), std::to_string(subject.count)},
                                   subject.environment, kLimit));
    if (!outcomes.back().fault.empty()) return outcomes.back();
  }
  return middle(std::move(outcomes));
}

}  // namespace

std::vector<Task> tasks(const std::regex& filter) {
  std::vector<Task> out;
  for (const Group& group : groups()) {
    for (const Subject& subject : group.subjects) {
      for (const Library& library : libraries()) {
        if (std::ranges::count(subject.by, library.id) != 0 && std::regex_search(subject.id + "/" + library.id, filter))
          out.push_back({&subject, &library});
      }
    }
  }
  return out;
}

Results run(const std::vector<Task>& tasks, int rounds, const std::filesystem::path& programs) {
  Results results;
  Progress progress;
  for (int round = 0; round < rounds; ++round) {
    for (const Task& task : tasks) {
      if (!due(task, round) || results.has_fault(*task.subject, task.library->id)) continue;
      progress.show(fmt::format("round {} of {}: {}, {}", round + 1, rounds, task.subject->id, task.library->name));
      const Outcome outcome = measure(task, programs);
      if (outcome.fault.empty()) {
        results.add(*task.subject, task.library->id, outcome.figures);
      } else {
        results.add_fault(*task.subject, task.library->id, outcome.fault);
      }
    }
  }
  return results;
}

}  // namespace heddle::bench
