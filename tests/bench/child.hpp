// child: runs the program of a library once and reads the figures that it prints.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace heddle::bench {

struct Figure {
  std::string measure;
  std::string unit;
  double value = 0;
};

struct Outcome {
  std::vector<Figure> figures;
  std::string fault;  // why there are none; empty when all went well
};

/// A unit "clock" becomes nanoseconds since the start of the process. A program that runs for longer than `limit` is killed.
Outcome run_program(const std::string& program, const std::vector<std::string>& arguments,
                    const std::map<std::string, std::string>& environment, std::chrono::seconds limit);

}  // namespace heddle::bench
