#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <string>

namespace heddle::cli {

namespace {

constexpr int kBar = 30;
constexpr int kLine = 24 + 1 + kBar + 6;  // columns of the whole line

}  // namespace

Progress::Progress() : visible_(isatty(STDOUT_FILENO) != 0) {}

void Progress::show(std::string_view what, double done) {
  if (!visible_) return;
  const int full = std::clamp(static_cast<int>(done * kBar), 0, kBar);
  std::string bar;
  for (int i = 0; i < kBar; ++i) bar += i < full ? "█" : "░";
  fmt::print("\r{:<24.24} {} {:3.0f} %", what, bar, std::clamp(done, 0.0, 1.0) * 100);
  std::fflush(stdout);
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  fmt::print("\r{:{}}\r", "", kLine);  // no escape sequence, as not every console takes them
  std::fflush(stdout);
  drawn_ = false;
}

}  // namespace heddle::cli
