// What the loader's tests share: a folder of their own, fixtures copied into it, and a host that remembers what ports
// log.
#pragma once

#include "port/loader.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace heddle::port::test {

/// A new empty folder that nobody else may write; removed with all in it.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("heddle_" + std::to_string(std::random_device()()))) {
    std::filesystem::create_directory(path_);
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
    path_ = std::filesystem::canonical(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Copies the library `fixture` to `name`; as `fixture`.so without one.
  std::filesystem::path add(const std::string& fixture, std::string name = {}) const {
    if (name.empty()) name = fixture + ".so";
    const std::filesystem::path to = path_ / name;
    std::filesystem::copy_file(std::filesystem::path(FIXTURES) / (fixture + ".so"), to);
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

}  // namespace heddle::port::test
