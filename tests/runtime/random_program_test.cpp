// Random programs whose result is known, under every strategy and several numbers of processors: twenty of each as a test of every
// day, a thousand, scaled, as a stress test.
#include "runtime/random_program.hpp"
#include "runtime/scenario.hpp"

#include <gtest/gtest.h>
#include <chrono>
#include <string>
#include <tuple>

namespace heddle::test {
namespace {

using Setting = std::tuple<const char*, Resume, std::uint32_t>;

class RandomPrograms : public testing::TestWithParam<Setting> {};

TEST_P(RandomPrograms, HaveTheResultOfTheModel) {
  const auto [strategy, resume, processors] = GetParam();
  Config settings = config(strategy, processors, resume);
  settings.preempter.quantum = std::chrono::microseconds(500);  // or a program would be over before its first
#ifdef RANDOM_PROGRAMS_STRESS
  run_random_programs(scaled(1'000), settings, 300);
#else
  run_random_programs(20, settings, 30);
#endif
}

INSTANTIATE_TEST_SUITE_P(
    , RandomPrograms,
    testing::Values(Setting{"none", Resume::kSameThread, 1}, Setting{"none", Resume::kSameThread, 2},
                    Setting{"none", Resume::kSameThread, 4}, Setting{"cooperative", Resume::kSameThread, 1},
                    Setting{"cooperative", Resume::kSameThread, 3}, Setting{kPreemptive, Resume::kSameThread, 1},
                    Setting{kPreemptive, Resume::kSameThread, 2}, Setting{kPreemptive, Resume::kSameThread, 4},
                    Setting{kPreemptive, Resume::kAnyThread, 1}, Setting{kPreemptive, Resume::kAnyThread, 2}),
    [](const auto& info) {
      const std::string strategy = std::get<0>(info.param);
      const std::string resume = std::get<1>(info.param) == Resume::kAnyThread ? "_any_thread_" : "_";
      return strategy + resume + std::to_string(std::get<2>(info.param));
    });

}  // namespace
}  // namespace heddle::test
