#include "cli/host.hpp"

#include "config/keys.hpp"

#include <fmt/format.h>
#include <cstdio>
#include <list>
#include <string>

namespace heddle::cli {

namespace {

Config current;
std::list<std::string> answers;  // a port keeps the pointers

void HEDDLE_CALL log(std::int32_t level, const char* message) {
  if (level <= HEDDLE_LOG_WARNING) fmt::print(stderr, "heddle: {}\n", message);
}

const char* HEDDLE_CALL option(const char* pointer) {
  if (!config::find_key(pointer)) return nullptr;
  return answers.emplace_back(config::value_of(current, pointer)).c_str();
}

std::int32_t HEDDLE_CALL deliver(HeddleThread*, void*) {
  return HEDDLE_E_NO_WORKER;
}

void HEDDLE_CALL preempted() {}

void HEDDLE_CALL forked(HeddleThread*) {}

HeddleSegment* HEDDLE_CALL new_stack(const HeddleContext*, void*) {
  return nullptr;
}

}  // namespace

const HeddleHost& host(const Config& config) {
  static constexpr HeddleHost kHost = {sizeof(HeddleHost), HEDDLE_ABI_VERSION, log, option, deliver, preempted, forked,
                                       new_stack};
  current = config;
  return kHost;
}

}  // namespace heddle::cli
