// A scheduler for model tests: the real one, with workers that are threads of the model and no monitor.
#pragma once

#include "sched/scheduler.hpp"
#include "sched/switch.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace heddle::model {

class Scene {
 public:
  /// Are requests to give way part of what is checked?
  enum class Requests { kQuiet, kChecked };

  /// Each worker has the processor of its number, and nothing to run.
  Scene(Program& program, std::uint32_t workers, Requests requests = Requests::kQuiet);
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  sched::Worker& worker(std::size_t index) { return *scheduler.workers_.at(index); }
  sched::Processor& processor(std::size_t index) { return *scheduler.processors().at(index); }

  /// A thread of the program that is this worker's.
  void on_worker(Program& program, std::size_t index, std::function<void(sched::Worker& worker)> body);

  /// Does something in the set-up as this worker.
  void as_worker(std::size_t index, const std::function<void(sched::Worker& worker)>& body);

  /// A fiber that nobody has made ready yet.
  sched::FiberBlock& fiber(std::function<void()> body, bool detached = true);

  /// Runs what is ready on the worker's own processor, one after the other, until there is nothing.
  static void drain(sched::Worker& worker);

  /// How many fibers have ended and been given back.
  std::uint64_t recycled() const;

  /// Is any fiber in a queue?
  bool anything_ready() const { return scheduler.anything_ready(); }

  /// The worker has looked everywhere and is about to go idle.
  void has_searched(std::size_t index);

  sched::Scheduler scheduler;

 private:
  static sched::Interfaces interfaces();
  static Config config(std::uint32_t workers);
};

/// A Scene and more that lives as long as the execution.
template <class T>
T& make(Program& program, std::uint32_t workers) {
  return program.keep(new T(program, workers));
}

/// Fibers to tell apart by their addresses; nobody looks into them.
inline sched::FiberBlock* fiber(std::size_t number) {
  static std::vector<std::unique_ptr<sched::FiberBlock>> all;
  while (all.size() <= number) {
    all.push_back(std::make_unique<sched::FiberBlock>());
    all.back()->number = all.size() - 1;
  }
  return all[number].get();
}

}  // namespace heddle::model
