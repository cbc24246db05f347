#include "config/keys.hpp"

#include "base/paths.hpp"
#include "config/message.hpp"
#include "config/units.hpp"

#include <algorithm>

namespace heddle::config {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kGiB = kKiB * kKiB * kKiB;  // the most that every size_t can hold with room to spare

constexpr std::string_view kWord = "[a-z][a-z0-9-]*";

/// Names the member of a Config, or of one of its sections: `member<&Config::stack, &Config::Stack::size>`.
template <auto... kPath>
constexpr auto member = [](Config& config) -> decltype(auto) { return (config.*....*kPath); };

const std::vector<Key>& table() {
  static const std::vector<Key> keys = {
      {"/port", "The port that the runtime loads: the best one found for this machine, a port by its id, or a library.",
       Text{member<&Config::port>, {"auto"}, kWord, "a port's id", true}},
      {"/port_path", "The folders searched for ports, in this order.",
       FolderList{member<&Config::port_path>,
                  {"${config_dir}/../plugins", "${library_dir}/heddle/ports", "${library_dir}/../plugins"}}},
      {"/port_sha256", "What the port's file must hash to; empty to take any file.",
       Text{member<&Config::port_sha256>, {""}, "[0-9a-f]{64}", "64 lower-case hex digits", false}},
      {"/context_switcher", "What switches between fibers: the port, or a library that does it instead.",
       Text{member<&Config::context_switcher>, {"port"}, "", "", true}},
      {"/tls_provider", "What binds a worker to its thread: the port, or a library that does it instead.",
       Text{member<&Config::tls_provider>, {"port"}, "", "", true}},
      {"/vdso_caller", "Where the time comes from: a source of the port, or a library that provides it instead.",
       Text{member<&Config::vdso_caller>, {"default", "vdso", "syscall"}, kWord, "another source of the port", true}},
      {"/preempter/strategy", "How a fiber that runs for too long is interrupted.",
       Text{member<&Config::preempter, &Config::Preempter::strategy>,
            {"none", "cooperative", "default", "signal", "timer", "suspend"},
            kWord,
            "another strategy of the port",
            true}},
      {"/preempter/quantum", "How long a fiber may run while others wait.",
       Duration{member<&Config::preempter, &Config::Preempter::quantum>, 100us, 10s, false}},
      {"/preempter/wakeup_slice", "How long a fiber may run while one waits that has just become ready.",
       Duration{member<&Config::preempter, &Config::Preempter::wakeup_slice>, 10us, 10s, false}},
      {"/preempter/resume", "Where a preempted fiber may go on: on its own worker, or on any.",
       Choice{member<&Config::preempter, &Config::Preempter::resume>, {"same-thread", "any-thread"}}},
      {"/preempter/signal", "The signal that strategy signal sends: the port's own, or one by its name or number.",
       Text{member<&Config::preempter, &Config::Preempter::signal>,
            {"default"},
            "SIG[A-Z0-9]+([+-][0-9]{1,2})?|[1-9][0-9]?",
            "a signal's name or number in quotes",
            false}},
      {"/preempter/allow", "The modules whose code may be preempted besides those that /preempter/resume says.",
       NameList{member<&Config::preempter, &Config::Preempter::allow>}},
      {"/preempter/deny", "The modules whose code is never preempted.",
       NameList{member<&Config::preempter, &Config::Preempter::deny>}},
      {"/scheduler/processors",
       "How many fibers may run at the same time; auto is as many as the process has processors.",
       Count{member<&Config::scheduler, &Config::Scheduler::processors>, 1, 1024, true}},
      {"/scheduler/max_workers", "How many threads the runtime may start.",
       Count{member<&Config::scheduler, &Config::Scheduler::max_workers>, 1, 100'000, false}},
      {"/stack/size", "The stack of a fiber that asks for no other.",
       Size{member<&Config::stack, &Config::Stack::size>, 16 * kKiB, kGiB}},
      {"/stack/max_size", "The largest stack that a fiber may ask for; no less than /stack/size.",
       Size{member<&Config::stack, &Config::Stack::max_size>, 16 * kKiB, kGiB}},
      {"/stack/guard", "Whether a page that faults when touched lies below each stack.",
       Flag{member<&Config::stack, &Config::Stack::guard>}},
      {"/stack/release_after",
       "How long a stack that no fiber uses keeps its memory before the system gets it; 0s is not at all, never is for "
       "good.",
       Duration{member<&Config::stack, &Config::Stack::release_after>, 1ms, 3600s, true, true}},
      {"/diagnostics/schedtrace", "How often a line about the scheduler is logged; 0s is never.",
       Duration{member<&Config::diagnostics, &Config::Diagnostics::schedtrace>, 1ms, 3600s, true}},
      {"/diagnostics/deadlock", "Whether the process ends when all fibers wait and nobody can wake one.",
       Flag{member<&Config::diagnostics, &Config::Diagnostics::deadlock>}},
  };
  return keys;
}

// The text form of a value of each type.
struct Printer {
  const Config& config;

  std::string operator()(const Text& type) const { return read(type.field, config); }
  std::string operator()(const Choice& type) const {
    return std::string(type.words.at(static_cast<std::size_t>(read(type.field, config))));
  }
  std::string operator()(const Duration& type) const {
    const std::chrono::nanoseconds duration = read(type.field, config);
    return type.or_never && duration == kNever ? "never" : format_duration(duration);
  }
  std::string operator()(const Size& type) const { return format_size(read(type.field, config)); }
  std::string operator()(const Count& type) const {
    const std::uint32_t count = read(type.field, config);
    return type.or_auto && count == 0 ? "auto" : std::to_string(count);
  }
  std::string operator()(const Flag& type) const { return read(type.field, config) ? "true" : "false"; }
  std::string operator()(const FolderList& type) const {
    std::vector<std::string> folders;
    for (const std::filesystem::path& folder : read(type.field, config)) folders.push_back(base::text_of(folder));
    return joined(folders);
  }
  std::string operator()(const NameList& type) const { return joined(read(type.field, config)); }

  static std::string joined(const std::vector<std::string>& elements) {
    std::string text;
    for (const std::string& element : elements) {
      if (!text.empty()) text += list_separator();
      text += element;
    }
    return text;
  }
};

}  // namespace

std::span<const Key> keys() {
  return table();
}

const Key* find_key(std::string_view pointer) {
  const auto found = std::ranges::find(keys(), pointer, &Key::pointer);
  return found == keys().end() ? nullptr : &*found;
}

bool is_section(std::string_view pointer) {
  return std::ranges::any_of(keys(), [pointer](const Key& key) {
    return key.pointer.starts_with(pointer) && key.pointer.substr(pointer.size()).starts_with('/');
  });
}

bool is_list(const Key& key) {
  return std::holds_alternative<FolderList>(key.type) || std::holds_alternative<NameList>(key.type);
}

std::string value_of(const Config& config, std::string_view pointer) {
  const Key* const key = find_key(pointer);
  if (!key) fail(printable(pointer), "no such key");
  return std::visit(Printer{config}, key->type);
}

std::string variable_of(const Key& key) {
  std::string name = "HEDDLE";
  for (const char c : key.pointer) {
    const bool small = c >= 'a' && c <= 'z';
    name += small ? static_cast<char>(c - 'a' + 'A') : c == '/' ? '_' : c;
  }
  return name;
}

char list_separator() {
  return std::filesystem::path::preferred_separator == '/' ? ':' : ';';
}

}  // namespace heddle::config
