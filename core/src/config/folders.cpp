#include "config/folders.hpp"

#include <heddle/error.hpp>

#include <mutex>
#include <optional>

namespace heddle::config {

namespace {

struct Answer {
  std::mutex mutex;
  FoldersSource source = nullptr;  // GUARDED BY mutex
  std::optional<Folders> folders;  // GUARDED BY mutex until it has a value, constant after that
};

Folders ask(FoldersSource source) {
  if (!source) return {};
  try {
    return source();
  } catch (const std::exception& error) {
    throw ConfigError(std::string("the folders of this process: ") + error.what());
  }
}

// In a function, because a source may be registered before this file's statics would be initialised.
Answer& answer() {
  static Answer instance;
  return instance;
}

}  // namespace

void set_folders_source(FoldersSource source) {
  const std::lock_guard lock(answer().mutex);
  answer().source = source;
  answer().folders.reset();
}

const Folders& folders() {
  const std::lock_guard lock(answer().mutex);
  if (!answer().folders) answer().folders = ask(answer().source);
  return *answer().folders;
}

}  // namespace heddle::config
