// The model checker: runs a small program of several threads again and again, each time another way, until there is no other.
//
// A thread stops before each operation on an atomic, a mutex or a condition variable; the checker decides who goes on, and, where a
// load may see more than one store, which it sees. Both decisions are nodes of a tree that is walked depth first. Threads are contexts
// of the machine's own port, so a step costs some nanoseconds.
//
// The memory model is C++20's, operationally: each atomic keeps all stores in the order they were made; each thread keeps a view,
// the oldest store that it may still see of each atomic; a release store carries the view of its thread along, an acquire load takes it
// over, a seq_cst fence exchanges views with all other such fences, and a seq_cst load sees no older store than any seq_cst access of the
// same atomic before it. Left out: a store that takes effect before an earlier load of its thread (Arm does so), and
// stores that other threads see in another order than they were made. As in CDSChecker and Relacy, whose idea this is.
//
// Redundant ways are left out by sleep sets: of two neighbouring steps that do not touch the same memory one order is enough. That
// takes ordinary memory to be shared only under the protection of what the model knows.
#pragma once

#include <heddle/port/context_switcher.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace heddle::model {

/// What the checker keeps beside each atomic, mutex and condition variable.
struct Place {
  std::uint32_t execution = 0;  // in which `index` is valid
  std::uint32_t index = 0;
};

/// A compare-and-exchange writes only if it finds `wanted`; other read-modify-writes always do.
struct Change {
  std::uint64_t (*apply)(std::uint64_t old, std::uint64_t operand) = nullptr;
  std::uint64_t operand = 0;
  bool conditional = false;
  std::uint64_t wanted = 0;
  std::memory_order failure = std::memory_order_seq_cst;
};

// The operations. Outside of explore(), and in its set-up, they are carried out at once.
std::uint64_t load(Place& place, const void* address, std::uint64_t& latest, std::memory_order order);
void store(Place& place, const void* address, std::uint64_t& latest, std::uint64_t value, std::memory_order order);
/// Returns what was there, and whether it was changed.
std::pair<std::uint64_t, bool> change(Place& place, const void* address, std::uint64_t& latest, const Change& change,
                                      std::memory_order order);
void fence(std::memory_order order);

/// Blocks until `latest` is `wanted`, and changes it to `value` in the same step; synchronises with who wrote it.
void await(Place& place, std::uint64_t& latest, std::uint64_t wanted, std::uint64_t value);
/// Blocks until `latest` is no longer `seen`.
void await_other(Place& place, const std::uint64_t& latest, std::uint64_t seen);

/// One execution, for the function that sets it up.
class Program {
 public:
  /// Adds a thread; `worker` is what current() says on it.
  void thread(std::function<void()> body, void* worker = nullptr);

  /// Is called when every thread has ended, or is blocked for ever.
  void finally(std::function<void()> check) { check_ = std::move(check); }

  /// By default a thread that is blocked for ever is a failure.
  void may_block() { may_block_ = true; }

  /// Operations there neither stop the thread nor may they synchronise anything: counters, constants.
  void quiet(const void* address, std::size_t bytes);

  /// Keeps something alive until the execution is over.
  template <class T>
  T& keep(T* object) {
    kept_.push_back({object, [](void* pointer) { delete static_cast<T*>(pointer); }});
    return *object;
  }

  Program() = default;
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

 private:
  friend class Machine;
  struct Kept {
    void* object;
    void (*destroy)(void* object);
  };
  struct Body {
    std::function<void()> function;
    void* worker;
  };
  std::vector<Body> threads_;
  std::function<void()> check_;
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> quiet_;
  std::vector<Kept> kept_;
  bool may_block_ = false;
};

/// An execution that has come here ends, and is a failure unless `holds`.
void require(bool holds, const char* what);

/// What `worker` of Program::thread was for the running thread. Null outside.
void* current();

/// Has the running thread ended, or is it blocked? For Program::finally.
bool has_ended(std::size_t thread);

/// The port's.
const HeddleContextSwitcher& switcher();

struct Options {
  int preemptions = -1;  ///< how often a thread may be stopped that could go on; -1: as often as there are ways
  std::size_t most = 20'000'000;  ///< executions; to reach that is a failure
  bool weaken_seq_cst = false;    ///< a planted fault: seq_cst is acquire and release, and its fences nothing more
  bool weaken_release = false;    ///< a planted fault: a release store is a relaxed one
  bool weaken_acquire = false;    ///< a planted fault: an acquire load is a relaxed one
};

struct Result {
  std::string failure;         ///< empty, or what went wrong and the steps that led there
  std::size_t executions = 0;  ///< those that were run to their end
};

/// Runs every execution of the program that `set_up` makes, up to the first failure.
Result explore(const std::function<void(Program& program)>& set_up, const Options& options = {});

}  // namespace heddle::model
