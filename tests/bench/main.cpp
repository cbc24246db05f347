// The benchmark program: Heddle beside Boost.Fiber, and its clock beside the standard library's, in one run whose
// repetitions are interleaved at random, so that a machine that grows slower meanwhile slows both.
//
// Takes Google Benchmark's arguments; those given later on the command line replace these defaults.
#include "bench/benchmarks.hpp"
#include "bench/boost_library.hpp"
#include "bench/heddle_library.hpp"
#include "bench/ratio_table.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace heddle::bench {
namespace {

void heddle_clock(benchmark::State& state) {
  HeddleLibrary::run(1, [&] {
    for (auto _ : state) benchmark::DoNotOptimize(nanotime());
  });
  state.SetItemsProcessed(state.iterations());
}

void standard_clock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(std::chrono::steady_clock::now());
  state.SetItemsProcessed(state.iterations());
}

int run_all(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin() + 1, {"--benchmark_enable_random_interleaving=true", "--benchmark_repetitions=9",
                                           "--benchmark_min_time=0.05"});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  benchmark::Initialize(&argc, argv.data());
  if (benchmark::ReportUnrecognizedArguments(argc, argv.data())) return 2;

  add_all<HeddleLibrary>();
  add_all<BoostLibrary>();
  benchmark::RegisterBenchmark("reading the clock/Heddle", heddle_clock)->UseRealTime();
  benchmark::RegisterBenchmark("reading the clock/std::chrono::steady_clock", standard_clock)->UseRealTime();

  RatioTable table;
  const std::size_t ran = benchmark::RunSpecifiedBenchmarks(&table);
  benchmark::Shutdown();
  return ran == 0 || table.failed() ? 1 : 0;
}

}  // namespace
}  // namespace heddle::bench

int main(int argc, char** argv) {
  return heddle::bench::run_all({argv, argv + argc});
}
