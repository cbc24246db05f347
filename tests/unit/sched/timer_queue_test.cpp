// TimerQueue against a sorted model, and its promise that a cancelled timer is touched by nobody any more.
#include "sched/timer_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace heddle::sched {
namespace {

struct Note : Timer {
  std::vector<Note*>* fired = nullptr;

  Note(std::int64_t at, std::vector<Note*>& list) : fired(&list) {
    when = at;
    fire = [](Timer& timer) { static_cast<Note&>(timer).fired->push_back(&static_cast<Note&>(timer)); };
  }
};

TEST(TimerQueue, FiresWhatIsDueInOrderOfTime) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  TimerQueue queue;
  std::vector<Note*> fired;
  std::vector<std::unique_ptr<Note>> waiting;
  std::int64_t now = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto action = random() % 4;
    if (action < 2) {
      waiting.push_back(std::make_unique<Note>(now + static_cast<std::int64_t>(random() % 1000), fired));
      queue.add(*waiting.back());
    } else if (action == 2 && !waiting.empty()) {
      const std::size_t index = random() % waiting.size();
      ASSERT_TRUE(TimerQueue::cancel(*waiting[index]));
      ASSERT_FALSE(TimerQueue::cancel(*waiting[index]));
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(index));
    } else {
      now += static_cast<std::int64_t>(random() % 50);
      const std::uint32_t count = queue.run_due(now);
      ASSERT_EQ(count, fired.size());
      ASSERT_TRUE(std::is_sorted(fired.begin(), fired.end(), [](Note* a, Note* b) { return a->when < b->when; }));
      for (Note* note : fired) {
        ASSERT_LE(note->when, now);
        std::erase_if(waiting, [note](const auto& held) { return held.get() == note; });
      }
      fired.clear();
      for (const auto& note : waiting) ASSERT_GT(note->when, now);
    }
    const auto earliest = std::min_element(waiting.begin(), waiting.end(),
                                           [](auto& a, auto& b) { return a->when < b->when; });
    ASSERT_EQ(queue.earliest(), earliest == waiting.end() ? detail::kNever : (*earliest)->when);
  }
}

TEST(TimerQueue, CancelOrFireButNeverBothNorNeither) {
  struct Once : Timer {
    std::atomic<int> fired{0};
  };
  TimerQueue queue;
  std::atomic<bool> done{false};
  std::thread runner([&] {
    while (!done) queue.run_due(1);
  });
  for (int round = 0; round < 50'000; ++round) {
    Once timer;
    timer.when = 1;
    timer.fire = [](Timer& self) { ++static_cast<Once&>(self).fired; };
    queue.add(timer);
    const bool cancelled = TimerQueue::cancel(timer);
    ASSERT_EQ(timer.fired.load(), cancelled ? 0 : 1);
  }
  done = true;
  runner.join();
}

}  // namespace
}  // namespace heddle::sched
