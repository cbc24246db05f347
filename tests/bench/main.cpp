// heddle_bench: measures Heddle and its peers and compares them. See docs/benchmarks.md.
#include "bench/report.hpp"
#include "bench/run.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace heddle::bench {
namespace {

constexpr int kOk = 0, kFault = 1, kUsage = 2;

struct Options {
  std::string filter = ".";
  int rounds = 5;
  std::string json_file;
  std::string svg_file;
  bool list = false;
};

void describe(CLI::App& app, Options& options) {
  app.set_help_flag("-h,--help", "Print this and exit");
  app.get_formatter()->column_width(28);
  app.add_option("--filter", options.filter,
                 "Only what this regular expression is found in, of the names that --list prints")
      ->type_name("REGEX");
  app.add_option("--rounds", options.rounds,
                 "How often to measure; what takes seconds is measured in every second round")
      ->check(CLI::Range(1, 1000).description(""))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--json", options.json_file, "Write all values to this file")->type_name("FILE");
  app.add_option("--svg", options.svg_file, "Write a chart to this file")->type_name("FILE");
  app.add_flag("--list", options.list, "Print SUBJECT/LIBRARY of all that can be measured, and exit");
  app.footer(
      "Each figure comes from a process of its own; the libraries take turns. Five rounds take some six minutes.\n"
      "The exit status is 0, 1 when something could not be measured although its library is there, or 2.\n\n"
      "Examples:\n"
      "  ./dev bench --json bench.json --svg bench.svg\n"
      "  ./dev bench --filter 'yield|spawn' --rounds 9\n"
      "  ./dev bench --filter '/(heddle|go)$'");
}

Setting setting_of(int rounds) {
  utsname system{};
  uname(&system);
  return {fmt::format("{} {}, {}, {} cores", system.sysname, system.release, system.machine,
                      std::thread::hardware_concurrency()),
          "GCC " __VERSION__, rounds};
}

/// Before minutes are spent on what could not be kept.
void check_writable(const std::string& file) {
  if (!file.empty() && !std::ofstream(file, std::ios::app))
    throw std::runtime_error(file + " cannot be written; give a place where you may write");
}

void write(const std::string& file, const std::string& text) {
  if (file.empty()) return;
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error(file + " could not be written; is the disk full?");
}

/// Programs that are not there, as sentences; their tasks are taken out.
std::string leave_out_missing(std::vector<Task>& tasks, const std::filesystem::path& programs) {
  std::string sentences;
  for (const Library& library : libraries()) {
    const auto is_its = [&](const Task& task) { return task.library == &library; };
    if (std::ranges::none_of(tasks, is_its) || std::filesystem::exists(programs / ("bench_" + library.id))) continue;
    std::erase_if(tasks, is_its);
    sentences += fmt::format(
        "{} is left out: its program was not built; install it and build again (docs/benchmarks.md).\n", library.name);
  }
  return sentences;
}

int measure_all(const Options& options, std::vector<Task> wanted) {
  check_writable(options.json_file);
  check_writable(options.svg_file);
  const std::filesystem::path programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string missing = leave_out_missing(wanted, programs);
  const Results results = run(wanted, options.rounds, programs);
  const Setting setting = setting_of(options.rounds);
  write(options.json_file, json(setting, results));
  write(options.svg_file, svg(setting, results));
  fmt::print("{}, {}, {} rounds\n\n{}{}", setting.machine, setting.compiler, setting.rounds, table(results), missing);
  return results.faults().empty() && !results.empty() ? kOk : kFault;
}

int bench(const Options& options) {
  const std::vector<Task> wanted = tasks(std::regex(options.filter));
  if (wanted.empty()) {
    fmt::print(stderr, "heddle_bench: --filter {}: nothing that --list prints matches\n", options.filter);
    return kUsage;
  }
  if (!options.list) return measure_all(options, wanted);
  for (const Task& task : wanted) fmt::print("{}/{}\n", task.subject->id, task.library->id);
  return kOk;
}

}  // namespace
}  // namespace heddle::bench

int main(int argc, char** argv) {
  using namespace heddle::bench;
  CLI::App app("Measures Heddle beside Boost.Fiber, Go and std::thread.", "heddle_bench");
  Options options;
  describe(app, options);
  try {
    app.parse(argc, argv);
    return bench(options);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return kOk;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "heddle_bench: {}; see --help\n", error.what());
    return kUsage;
  } catch (const std::regex_error& error) {
    fmt::print(stderr, "heddle_bench: --filter {} is no regular expression: {}\n", options.filter, error.what());
    return kUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "heddle_bench: {}\n", error.what());
    return kFault;
  }
}
