// A garbage collector: the Boehm collector, which knows nothing of fibers, over 10,000 of them.
//
// It looks for references in its threads' stacks and wants to do so whenever somebody allocates. With fibers it is told when: one of them stops
// the world, asks for what the others hold, and has it scanned. Lists are held by a local variable of a fiber or by a FiberLocal,
// and nothing else; all others are garbage.
#include <heddle/heddle.hpp>

#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include <gc/gc.h>
#include <gc/gc_mark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <new>
#include <vector>

namespace {

constexpr int kFibers = 10'000;
constexpr int kRounds = 10;
constexpr std::uint64_t kNodes = 20;
constexpr std::size_t kBudget = 8 << 20;  // bytes between two collections

// --- The collector ---------------------------------------------------------------------------------------------------

/// The thread is known to the collector, which scans its own stack too, as long as it lives.
struct Registered {
  Registered() {
    GC_stack_base base;
    is_new = GC_get_stack_base(&base) == GC_SUCCESS && GC_register_my_thread(&base) == GC_SUCCESS;
  }
  ~Registered() {
    if (is_new) GC_unregister_my_thread();
  }
  bool is_new;
};

/// The collector knows the threads that allocate, and those that collect. REQUIRES: the caller is not moved to another one meanwhile.
[[gnu::noinline]] void register_this_thread() {
  thread_local const Registered this_thread;
}

void* allocate(std::size_t bytes) {
  const heddle::this_fiber::NoPreempt guard;  // a fiber that is stopped is not to hold the allocator's lock
  register_this_thread();
  void* memory = GC_malloc(bytes);
  return memory ? memory : throw std::bad_alloc();
}

std::vector<heddle::LiveRange> ranges;  // of the last look
void (*push_stacks_of_threads)();

/// The collector asks what else refers to its objects.
void push_roots() {
  for (const heddle::LiveRange& range : ranges)
    GC_push_all_eager(const_cast<void*>(range.low), const_cast<void*>(range.high));
  push_stacks_of_threads();
}

/// False when a fiber is where nobody knows what it holds. It will not be there for long.
bool try_to_collect() {
  const heddle::StoppedWorld world;
  return heddle::foreign_call([&] {  // on the thread's own stack, which the collector expects to be called on
    // Before the collector stops the threads: one might be about to make a fiber, with a lock that the visit takes.
    ranges.clear();
    const heddle::LiveStackCount seen = heddle::visit_live_stacks(world, [](const heddle::LiveStack& stack) {
      stack.for_each_range([](const heddle::LiveRange& range) { ranges.push_back(range); });
    });
    if (!seen.complete()) return false;
    register_this_thread();
    GC_enable();
    GC_gcollect();
    GC_disable();
    return true;
  });
}

/// A fiber's whole life.
void collect_when_needed(const std::atomic<bool>& over, int& collections, std::size_t& largest_heap) {
  while (!over) {
    if (GC_get_bytes_since_gc() > kBudget / 2 && try_to_collect()) ++collections;
    largest_heap = std::max(largest_heap, GC_get_heap_size());
    heddle::this_fiber::sleep_for(std::chrono::microseconds(500));
  }
}

void begin() {
  GC_INIT();
  GC_allow_register_threads();
  GC_disable();  // it never collects of its own accord
  push_stacks_of_threads = GC_get_push_other_roots();
  GC_set_push_other_roots(push_roots);
}

// --- Its users -------------------------------------------------------------------------------------------------------

struct Node {
  Node* next;
  std::uint64_t value;
};

Node* make_list(std::uint64_t seed) {
  while (GC_get_bytes_since_gc() > kBudget) heddle::this_fiber::sleep_for(std::chrono::milliseconds(1));
  Node* list = nullptr;
  for (std::uint64_t i = 0; i < kNodes; ++i) list = new (allocate(sizeof(Node))) Node{list, seed + i};
  return list;
}

bool is_whole(const Node* list, std::uint64_t seed) {
  std::uint64_t count = 0;
  for (; list; list = list->next) {
    if (++count > kNodes || list->value != seed + kNodes - count) return false;
  }
  return count == kNodes;
}

std::atomic<int> lost{0};
heddle::FiberLocal<Node*> kept;

void use(std::uint64_t id, heddle::WaitGroup& all_hold) {
  const std::uint64_t seed = id << 32;
  Node* list = make_list(seed);
  *kept = make_list(~seed);
  all_hold.done();
  all_hold.wait();
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    for (int look = 0; look < (id % 4 == 0 ? 1000 : 1); ++look) {  // some compute, and are stopped in the midst of it
      if (!is_whole(list, seed + round - 1) || !is_whole(*kept, ~seed)) ++lost;
    }
    id % 2 == 0 ? heddle::this_fiber::yield() : heddle::this_fiber::sleep_for(std::chrono::milliseconds(1));
    list = make_list(seed + round);  // the one before is garbage
  }
}

}  // namespace

int main() {
  begin();
  return heddle::run([] {
    heddle::WaitGroup all_hold(kFibers);
    std::atomic<bool> over{false};
    int collections = 0;
    std::size_t largest_heap = 0;
    heddle::Fiber collector([&] { collect_when_needed(over, collections, largest_heap); });
    std::vector<heddle::Fiber> fibers;
    for (std::uint64_t id = 0; id < kFibers; ++id) fibers.emplace_back(use, id, std::ref(all_hold));
    for (heddle::Fiber& fiber : fibers) fiber.join();
    over = true;
    collector.join();

    const std::size_t allocated = GC_get_total_bytes();
    std::cout << kFibers << " fibers allocated " << (allocated >> 20) << " MiB; with " << collections
              << " collections they had enough of a heap of " << (largest_heap >> 20) << " MiB, and "
              << (lost == 0 ? "nothing" : "something") << " was lost" << std::endl;
    return lost == 0 && largest_heap < allocated / 2 ? 0 : 1;
  });
}
