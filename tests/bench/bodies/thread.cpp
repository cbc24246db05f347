// The bodies on std::thread, where that makes sense: no channels, as the standard library has none, and not a million threads.
#include "bench/bodies/program.hpp"
#include "bench/bodies/thread_library.hpp"

#include <chrono>

namespace heddle::bench {
namespace {

void hogs(unsigned processors, std::int64_t) {
  ThreadLibrary::run(processors, [] {
    lost_by_sharing([](std::int64_t rounds) { return two_hogs<ThreadLibrary>(rounds, true); },
                    [](std::int64_t rounds) { return two_hogs<ThreadLibrary>(rounds, false); });
  });
}

void clock(unsigned, std::int64_t) {
  say("reading", "ns", ns_per_operation([](std::int64_t times) {
        for (std::int64_t i = 0; i < times; ++i)
          asm volatile("" : : "r"(std::chrono::steady_clock::now().time_since_epoch().count()));
        return times;
      }));
}

}  // namespace
}  // namespace heddle::bench

int main(int argc, char** argv) {
  using namespace heddle::bench;
  Bodies bodies = common_bodies<ThreadLibrary>();
  bodies["ticker"] = on<ThreadLibrary, ticker<ThreadLibrary>>;
  bodies["hogs"] = hogs;
  bodies["clock"] = clock;
  return run_body(argc, argv, bodies);
}
