// Ends only if the loop gives way, which it does not ask for: heddle_instrument() has checks inserted. On one processor, under `cooperative`.
#include <heddle/heddle.hpp>

#include <atomic>
#include <cstdio>

int main() {
  heddle::run([] {
    std::atomic<bool> runs{false};
    std::atomic<bool> stop{false};
    heddle::Fiber busy([&] {
      runs = true;
      while (!stop.load(std::memory_order_relaxed)) {
      }
    });
    while (!runs) heddle::this_fiber::yield();
    stop = true;
  });
  std::puts("the loop has given way");
}
