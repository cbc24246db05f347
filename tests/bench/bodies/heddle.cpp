// The bodies on Heddle.
#include "bench/bodies/heddle_library.hpp"
#include "bench/bodies/program.hpp"

namespace heddle::bench {
namespace {

std::int64_t hogs_under(const Config& config, std::int64_t rounds) {
  return heddle::run(config, [rounds] { return two_hogs<HeddleLibrary>(rounds, true); });
}

/// With the configured strategy and with none.
void hogs(unsigned processors, std::int64_t) {
  const Config preempting = HeddleLibrary::config(processors);
  Config none = preempting;
  none.preempter.strategy = "none";
  lost_by_sharing([&](std::int64_t rounds) { return hogs_under(preempting, rounds); },
                  [&](std::int64_t rounds) { return hogs_under(none, rounds); });
}

void clock(unsigned processors, std::int64_t) {
  HeddleLibrary::run(processors, [] {
    say("reading", "ns", ns_per_operation([](std::int64_t times) {
          for (std::int64_t i = 0; i < times; ++i) asm volatile("" : : "r"(nanotime()));
          return times;
        }));
  });
}

}  // namespace
}  // namespace heddle::bench

int main(int argc, char** argv) {
  using namespace heddle::bench;
  Bodies bodies = common_bodies<HeddleLibrary>();
  bodies.merge(fiber_bodies<HeddleLibrary>());
  bodies["ticker"] = on<HeddleLibrary, ticker<HeddleLibrary>>;
  bodies["hogs"] = hogs;
  bodies["clock"] = clock;
  return run_body(argc, argv, bodies);
}
