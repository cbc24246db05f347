// Fuzzes Config::parse: any text gives a configuration or a ConfigError, and a configuration that is printed reads back
// the same.
#include <heddle/config.hpp>

#include "config/folders.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void fail(const std::string& what, const std::string& detail) {
  std::fprintf(stderr, "config_fuzz: %s:\n%s\n", what.c_str(), detail.c_str());
  std::abort();
}

bool is_printable(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < ' ') return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  heddle::config::set_folders_source([] { return heddle::config::Folders{"/app/bin", "/app/lib", true, {}}; });
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  heddle::Config config;
  try {
    config = heddle::Config::parse(text, "/etc/app/runtime.json");
  } catch (const heddle::ConfigError& error) {
    const std::string_view message = error.what();
    if (!message.starts_with("/etc/app/runtime.json:")) fail("a message that does not name the file", error.what());
    if (!is_printable(message)) fail("a message that could upset a terminal", error.what());
    return 0;
  }
  const std::string json = config.to_json();
  const std::string again = heddle::Config::parse(json, "/etc/app/runtime.json").to_json();
  if (json != again) fail("a configuration that does not read back the same", json + again);
  return 0;
}
