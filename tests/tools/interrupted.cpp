// Two fibers that never give way, on one processor, until they have been interrupted a hundred times.
#include <heddle/heddle.hpp>

#include <cstdio>

namespace {

void compute_until_interrupted() {
  while (heddle::stats().preemptions < 100) {
    for (int round = 0; round < 1'000; ++round) asm volatile("");
  }
}

}  // namespace

int main() {
  heddle::Config config = heddle::Config::find();
  config.scheduler.processors = 1;
  config.preempter.quantum = std::chrono::milliseconds(1);
  return heddle::run(config, [] {
    heddle::Fiber other(compute_until_interrupted);
    compute_until_interrupted();
    other.join();
    std::puts("100 interruptions");
  });
}
