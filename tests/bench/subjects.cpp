#include "bench/subjects.hpp"

namespace heddle::bench {

namespace {

using Names = std::vector<std::string>;

const Names kFibers = {"heddle", "boost", "go"};
const Names kPreemptive = {"heddle", "go", "thread"};
const Names kAll = {"heddle", "boost", "go", "thread"};

Group on_one_processor() {
  return {"Switching and waiting, one processor",
          {
              {.id = "yield-2", .title = "yield, 2 fibers", .body = "yield", .count = 2, .by = kAll},
              {.id = "yield-1000", .title = "yield, 1,000 fibers", .body = "yield", .count = 1000, .by = kAll},
              {.id = "spawn-1", .title = "spawn and join, one by one", .body = "spawn", .count = 1, .by = kAll},
              {.id = "spawn-1000", .title = "spawn and join, 1,000 at a time", .body = "spawn", .count = 1000, .by = kAll},
              {.id = "round-trip", .title = "unbuffered channel, there and back", .body = "round-trip", .by = kFibers},
              {.id = "buffered", .title = "buffered channel, one value", .body = "buffered", .by = kFibers},
              {.id = "mutex-1", .title = "mutex, free", .body = "free-mutex", .by = kAll},
              {.id = "mutex-8", .title = "mutex, wanted by 8", .body = "mutex", .count = 8, .by = kAll},
              {.id = "mutex-64", .title = "mutex, wanted by 64", .body = "mutex", .count = 64, .by = kAll},
              {.id = "clock", .title = "reading the clock", .body = "clock", .by = kPreemptive},
          }};
}

Group on_two_processors() {
  return {
      "The same, two processors",
      {
          {.id = "yield-4-on-2", .title = "yield, 4 fibers", .body = "yield", .processors = 2, .count = 4, .by = kAll},
          {.id = "spawn-1-on-2", .title = "spawn and join, one by one", .body = "spawn", .processors = 2, .count = 1, .by = kAll},
          {.id = "spawn-1000-on-2", .title = "spawn and join, 1,000 at a time", .body = "spawn", .processors = 2, .count = 1000, .by = kAll},
          {.id = "round-trip-on-2", .title = "unbuffered channel, there and back", .body = "round-trip", .processors = 2, .by = kFibers},
          {.id = "buffered-on-2", .title = "buffered channel, one value", .body = "buffered", .processors = 2, .by = kFibers},
          {.id = "mutex-8-on-2", .title = "mutex, wanted by 8", .body = "mutex", .processors = 2, .count = 8, .by = kAll},
      }};
}

Group very_many() {
  const Names slow_once = {"boost"};
  const auto skynet = [&](const char* id, const char* title, const char* body, unsigned processors) {
    return Subject{.id = id, .title = title, .body = body, .processors = processors, .by = kFibers, .once = slow_once};
  };
  return {
      "Very many fibers",
      {
          skynet("skynet-channels", "skynet by channels, 1 processor", "skynet-channels", 1),
          skynet("skynet-channels-on-2", "skynet by channels, 2 processors", "skynet-channels", 2),
          skynet("skynet-join", "skynet by join, 1 processor", "skynet-join", 1),
          skynet("skynet-join-on-2", "skynet by join, 2 processors", "skynet-join", 2),
          {.id = "parked-100000", .title = "100,000 parked", .body = "parked", .count = 100'000, .by = kFibers, .long_running = true},
          {.id = "parked-1000000", .title = "1,000,000 parked", .body = "parked", .count = 1'000'000, .by = kFibers, .long_running = true, .once = slow_once},
          {.id = "parked-1000000-on-2",
           .title = "1,000,000 parked, 2 processors",
           .body = "parked",
           .processors = 2,
           .count = 1'000'000,
           .by = kFibers,
           .long_running = true,
           .once = slow_once},
          {.id = "timers-100000", .title = "100,000 sleeping", .body = "timers", .processors = 2, .count = 100'000, .by = kFibers, .long_running = true},
      }};
}

Group start_up() {
  return {"Start-up, from the start of the process",
          {
              {.id = "start-up", .title = "to the first fiber", .body = "start-up", .by = kAll, .starts = 20},
              {.id = "start-up-empty", .title = "to main() of an empty C program", .body = "start-up", .by = {"empty"}, .starts = 20},
          }};
}

Group preemption() {
  const auto ticker = [](std::string id, std::string title, unsigned processors, const Names& by,
                         std::map<std::string, std::string> environment) {
    return Subject{.id = "ticker-" + id,
                   .title = std::move(title),
                   .body = "ticker",
                   .processors = processors,
                   .count = static_cast<long>(processors),
                   .by = by,
                   .long_running = true,
                   .environment = std::move(environment)};
  };
  const auto hogs = [](std::string id, std::string title, unsigned processors, const Names& by, const char* quantum) {
    return Subject{.id = "hogs-" + id,
                   .title = std::move(title),
                   .body = "hogs",
                   .processors = processors,
                   .by = by,
                   .long_running = true,
                   .environment = {{"HEDDLE_PREEMPTER_QUANTUM", quantum}}};
  };
  Group group{"Preemption: a ticker (1 ms) beside one hog per processor; hogs alone", {}};
  for (const unsigned processors : {1u, 2u}) {
    const std::string number = std::to_string(processors);
    const std::string on = number + (processors == 1 ? " processor" : " processors");
    const auto strategy = [&](const std::string& name, const std::string& title) {
      return ticker(name + "-on-" + number, "ticker, " + on + ", " + title, processors, {"heddle"},
                    {{"HEDDLE_PREEMPTER_STRATEGY", name}});
    };
    group.subjects.push_back(ticker("on-" + number, "ticker, " + on + ", as configured", processors, kPreemptive, {}));
    group.subjects.push_back(strategy("signal", "signal"));
    group.subjects.push_back(strategy("timer", "timer"));
    group.subjects.push_back(strategy("cooperative", "cooperative"));
    group.subjects.push_back(ticker("any-thread-on-" + number, "ticker, " + on + ", any-thread", processors, {"heddle"},
                                    {{"HEDDLE_PREEMPTER_RESUME", "any-thread"}}));
  }
  group.subjects.push_back({.id = "checkpoint", .title = "checkpoint", .body = "checkpoint", .by = {"heddle"}});
  group.subjects.push_back({.id = "with-stack", .title = "call with more stack", .body = "with-stack", .by = {"heddle"}});
  group.subjects.push_back({.id = "instrumentation",
                            .title = "checks inserted by the compiler",
                            .body = "instrumentation",
                            .by = {"heddle"},
                            .long_running = true});
  group.subjects.push_back(hogs("10ms-on-1", "two hogs, 1 processor, 10 ms", 1, kPreemptive, "10ms"));
  group.subjects.push_back(hogs("1ms-on-1", "two hogs, 1 processor, 1 ms", 1, {"heddle"}, "1ms"));
  group.subjects.push_back(hogs("10ms-on-2", "two hogs, 2 processors, 10 ms", 2, {"heddle"}, "10ms"));
  group.subjects.push_back(hogs("1ms-on-2", "two hogs, 2 processors, 1 ms", 2, {"heddle"}, "1ms"));
  return group;
}

/// Go's part is cgo.
Group foreign_code() {
  const Names with_foreign_code = {"heddle", "go"};
  return {
      "Foreign code, one processor",
      {
          {.id = "foreign-call", .title = "foreign call", .body = "foreign-call", .by = with_foreign_code},
          {.id = "foreign-callback", .title = "foreign call that calls back", .body = "foreign-callback", .by = with_foreign_code},
          {.id = "thread-callback", .title = "callback of a foreign thread", .body = "thread-callback", .by = with_foreign_code},
          {.id = "first-callback", .title = "the first of a new thread", .body = "first-callback", .count = 300, .by = with_foreign_code},
      }};
}

}  // namespace

const std::vector<Library>& libraries() {
  static const std::vector<Library> all = {{"heddle", "Heddle", "#d55e00"},
                                           {"boost", "Boost.Fiber", "#0072b2"},
                                           {"go", "Go", "#009e73"},
                                           {"thread", "std::thread", "#aa3377"},
                                           {"empty", "C", "#777777"}};
  return all;
}

const std::vector<Group>& groups() {
  static const std::vector<Group> all = {on_one_processor(), on_two_processors(), very_many(),
                                         start_up(),         preemption(),        foreign_code()};
  return all;
}

}  // namespace heddle::bench
