// What the loader's tests share: a folder of their own, fixtures copied into it, and a host that remembers what ports
// log.
#pragma once

#include "port/loader.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace heddle::port::test {

inline std::filesystem::path fixture_library(const std::string& name) {
  return std::filesystem::path(FIXTURES) / (name + LIBRARY_SUFFIX);
}

inline const std::filesystem::path kProgram = std::filesystem::path(FIXTURES) / ("fixture_program" PROGRAM_SUFFIX);

/// A new empty folder that nobody else may write; removed with all in it.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("heddle_" + std::to_string(std::random_device()()))) {
    std::filesystem::create_directory(path_);
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
    path_ = std::filesystem::canonical(path_);
  }
  ~Folder() {
    std::error_code error;  // a library that stays mapped cannot be removed on Windows
    std::filesystem::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Copies the library `fixture` to `name`; under its own name without one.
  std::filesystem::path add(const std::string& fixture, const std::string& name = {}) const {
    const std::filesystem::path from = fixture_library(fixture);
    const std::filesystem::path to = path_ / (name.empty() ? from.filename() : std::filesystem::path(name));
    std::filesystem::copy_file(from, to);
    std::filesystem::permissions(to, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return to;
  }

 private:
  std::filesystem::path path_;
};

inline std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

inline bool is_pe(const std::string& bytes) {
  return bytes.starts_with("MZ");
}

/// Where the headers of a PE file begin.
inline std::size_t pe_start(const std::string& bytes) {
  std::uint32_t start = 0;
  std::memcpy(&start, bytes.data() + 0x3c, sizeof start);
  return start;
}

/// Makes a library say that it is for RISC-V.
inline void make_foreign(const std::filesystem::path& file) {
  std::string bytes = contents(file);
  const bool pe = is_pe(bytes);
  bytes.replace(pe ? pe_start(bytes) + 4 : 18, 2, pe ? std::string("\x64\x50") : std::string("\xf3\0", 2));
  write(file, bytes);
}

/// What every port logged through host(), in order: "2 fixture opens".
inline std::vector<std::string>& logged() {
  static std::vector<std::string> lines;
  return lines;
}

inline const HeddleHost& host() {
  static const HeddleHost host = [] {
    HeddleHost made{};
    made.struct_size = sizeof made;
    made.abi_version = HEDDLE_ABI_VERSION;
    made.log = [](std::int32_t level, const char* line) { logged().push_back(std::to_string(level) + " " + line); };
    return made;
  }();
  return host;
}

inline Config searching(const std::vector<std::filesystem::path>& folders) {
  Config config;
  config.port_path = folders;
  return config;
}

inline Config naming(const std::filesystem::path& file) {
  Config config;
  config.port = file.string();
  return config;
}

/// what() of the PortError that load(config) throws.
inline std::string error_of(const Config& config) {
  try {
    close(load(config, host()));
  } catch (const PortError& error) {
    return error.what();
  }
  return "no error";
}

/// Why `file` is refused when it is named; the sentence around it is checked here.
inline std::string refusal(const std::filesystem::path& file, Config config = {}) {
  config.port = file.string();
  const std::string error = error_of(config);
  const std::string start = "the library that /port of the configuration names cannot be used:\n  " + file.string() +
                            " ";
  EXPECT_EQ(error.substr(0, start.size()), start);
  return error.size() < start.size() ? error : error.substr(start.size());
}

}  // namespace heddle::port::test
