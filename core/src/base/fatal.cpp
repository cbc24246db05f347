#include "base/fatal.hpp"

#include "base/last_report.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace heddle::base {

namespace {

std::atomic<void (*)() noexcept> last_report{nullptr};
std::atomic<void (*)(int status) noexcept> end{nullptr};

}  // namespace

void set_last_report(void (*report)() noexcept) noexcept {
  last_report.store(report);
}

void set_end(void (*function)(int status) noexcept) noexcept {
  end.store(function);
}

void end_process(int status) noexcept {
  if (auto* function = end.load()) function(status);
  std::_Exit(status);
}

void fatal(const char* message) {
  std::fprintf(stderr, "heddle: fatal: %s\n", message);
  std::fflush(stderr);
  if (auto* report = last_report.exchange(nullptr)) report();
  end_process(2);
}

}  // namespace heddle::base
