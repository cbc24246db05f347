// Progress: one line that says how far a long command is, drawn only when standard output is a terminal.
#pragma once

#include <string_view>

namespace heddle::cli {

class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool visible() const { return visible_; }

  /// Replaces the line. `done` is from 0 to 1.
  void show(std::string_view what, double done);

  /// Takes the line away.
  void clear();

 private:
  const bool visible_;
  bool drawn_ = false;
};

}  // namespace heddle::cli
