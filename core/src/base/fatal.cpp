#include "base/fatal.hpp"

#include "base/last_report.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace heddle::base {

namespace {

std::atomic<void (*)() noexcept> last_report{nullptr};

}  // namespace

void set_last_report(void (*report)() noexcept) noexcept {
  last_report.store(report);
}

void fatal(const char* message) {
  std::fprintf(stderr, "heddle: fatal: %s\n", message);
  std::fflush(stderr);
  if (auto* report = last_report.exchange(nullptr)) report();
  std::_Exit(2);
}

}  // namespace heddle::base
