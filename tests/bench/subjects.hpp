// Subjects: what is measured, and by which libraries.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace heddle::bench {

/// One whose program lies beside this one: bench_heddle and so on.
struct Library {
  std::string id;
  std::string name;
  std::string colour;  // in the SVG
};

/// All columns of the table, Heddle first: the others are compared with it.
const std::vector<Library>& libraries();

struct Subject {
  std::string id;  // what --filter and the JSON call it
  std::string title;
  std::string body;  // what the library's program is to run
  unsigned processors = 1;
  long count = 0;
  std::vector<std::string> by;      // ids of libraries
  bool long_running = false;        // measured in every second round only
  std::vector<std::string> once{};  // libraries that take so long that one round must do
  int starts = 1;                   // how often in a round; the median counts
  std::map<std::string, std::string> environment{};
};

struct Group {
  std::string title;
  std::vector<Subject> subjects;
};

/// All of them, in the order in which they are printed.
const std::vector<Group>& groups();

}  // namespace heddle::bench
