// command: runs the real `heddle` and keeps what it prints.
#pragma once

#include <gtest/gtest.h>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::test {

struct Said {
  int status = -1;
  std::string out;
  std::string err;

  /// `out` as JSON; discarded when it is none.
  nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
};

/// Runs `heddle` with these arguments. Of this process's environment it sees all but HEDDLE_*, and `variables`.
Said heddle(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& variables = {});

/// Does the text hold that part? Says both when not.
testing::AssertionResult holds(const std::string& text, const std::string& part);

/// A folder of its own for one test, removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path() const { return path_.string(); }

  /// Writes a file into it and returns its path.
  std::string file(const std::string& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace heddle::test
