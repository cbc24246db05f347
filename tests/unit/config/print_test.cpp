// to_json and value_of: what they print, and that reading it gives the same configuration back.
#include "unit/config/support.hpp"

#include "config/keys.hpp"

#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

namespace heddle::config {
namespace {

// Random configurations, every one of them valid.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Config next() {
    Config config;
    for (const Key& key : keys()) std::visit([&](const auto& type) { fill(type, config); }, key.type);
    if (config.stack.size > config.stack.max_size) std::swap(config.stack.size, config.stack.max_size);
    return config;
  }

 private:
  std::uint64_t number(std::uint64_t from, std::uint64_t to) {
    return std::uniform_int_distribution<std::uint64_t>(from, to)(random_);
  }
  std::string path() {
    static constexpr std::string_view kParts[] = {"/",  "a",  "$", "${x}", "$$",   " ", "\"",
                                                  "\\", "\n", "é", ":",    "\x7f", "}"};
    std::string text = native("/");
    for (std::uint64_t i = number(1, 12); i > 0; --i) text += kParts[number(0, std::size(kParts) - 1)];
    return text_of(base::path_of(text).lexically_normal());
  }
  void fill(const Text& type, Config& config) {
    std::string& field = type.field(config);
    field = type.library && number(0, 1) ? path() : std::string(type.words[number(0, type.words.size() - 1)]);
  }
  void fill(const Choice& type, Config& config) {
    type.field(config) = static_cast<Resume>(number(0, type.words.size() - 1));
  }
  void fill(const Duration& type, Config& config) {
    const std::uint64_t unit = number(0, 1) ? 1 : 1'000;
    const auto least = static_cast<std::uint64_t>(type.min.count());
    const auto most = static_cast<std::uint64_t>(type.max.count());
    type.field(config) = std::chrono::nanoseconds(number(least / unit, most / unit) * unit);
    if (type.or_zero && number(0, 1)) type.field(config) = std::chrono::nanoseconds(0);
    if (type.or_never && number(0, 1)) type.field(config) = kNever;
  }
  void fill(const Size& type, Config& config) {
    const std::uint64_t unit = number(0, 1) ? 1 : 4096;
    type.field(config) = number(type.min / unit, type.max / unit) * unit;
  }
  void fill(const Count& type, Config& config) {
    type.field(config) = type.or_auto && number(0, 1) ? 0 : static_cast<std::uint32_t>(number(type.min, type.max));
  }
  void fill(const Flag& type, Config& config) { type.field(config) = number(0, 1) == 1; }
  void fill(const FolderList& type, Config& config) {
    for (std::uint64_t i = number(0, 4); i > 0; --i) type.field(config).push_back(base::path_of(path()));
  }

  void fill(const NameList& type, Config& config) {
    static constexpr std::string_view kNames[] = {"libz.so.1", "$", "${x}", "a b", "é", "\"", ":"};
    for (std::uint64_t i = number(0, 4); i > 0; --i)
      type.field(config).emplace_back(kNames[number(0, std::size(kNames) - 1)]);
  }

  std::mt19937_64 random_;
};

// Equal by each field, without the table of keys.
bool same(const Config& a, const Config& b) {
  const auto fields = [](const Config& c) {
    return std::tie(c.port, c.port_path, c.port_sha256, c.context_switcher, c.tls_provider, c.vdso_caller,
                    c.preempter.strategy, c.preempter.quantum, c.preempter.wakeup_slice, c.preempter.resume,
                    c.preempter.signal, c.preempter.allow, c.preempter.deny, c.scheduler.processors, c.scheduler.max_workers,
                    c.stack.size, c.stack.max_size, c.stack.guard, c.diagnostics.schedtrace, c.diagnostics.deadlock);
  };
  return fields(a) == fields(b);
}

class PrintTest : public ConfigTest {};

TEST_F(PrintTest, JsonGivesTheSameConfigurationBack) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  Generator generator(seed);
  for (int i = 0; i < 2000; ++i) {
    const Config config = generator.next();
    const std::string json = config.to_json();
    const Config again = parse(json);
    ASSERT_TRUE(same(config, again)) << "seed " << seed << ", configuration " << i << ":\n" << json << again.to_json();
    for (const Key& key : keys()) ASSERT_EQ(value_of(config, key.pointer), value_of(again, key.pointer)) << key.pointer;
  }
}

TEST_F(PrintTest, EachKeyIsPrinted) {
  // A configuration in which nothing is as by default: a key that to_json forgot would come back as its default.
  Config config = parse(R"({"port": "other-port", "port_path": [], "context_switcher": "/a", "tls_provider": "/b",
    "port_sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "vdso_caller": "syscall",
    "preempter": {"strategy": "none", "quantum": "1ms", "wakeup_slice": "1ms", "resume": "any-thread", "signal": "23",
    "allow": ["a"], "deny": ["b"]},
    "scheduler": {"processors": 2, "max_workers": 2}, "stack": {"size": "1MiB", "max_size": "1MiB", "guard": false,
    "release_after": "never"},
    "diagnostics": {"schedtrace": "1s", "deadlock": false}})");
  const Config initial = parse("{}");
  for (const Key& key : keys()) EXPECT_NE(value_of(config, key.pointer), value_of(initial, key.pointer)) << key.pointer;
  EXPECT_TRUE(same(config, parse(config.to_json())));
}

TEST_F(PrintTest, JsonReadsWell) {
  const auto quoted = [](const std::string& text) { return nlohmann::json(text).dump(); };
  EXPECT_EQ(parse("{}").to_json(), R"({
  "port": "auto",
  "port_path": [
    )" + quoted(native("/etc/app") + "/../plugins") +
                                       R"(,
    )" + quoted(native("/app/lib/heddle/ports")) +
                                       R"(,
    )" + quoted(native("/app/lib") + "/../plugins") +
                                       R"(
  ],
  "port_sha256": "",
  "context_switcher": "port",
  "tls_provider": "port",
  "vdso_caller": "default",
  "preempter": {
    "strategy": "default",
    "quantum": "10ms",
    "wakeup_slice": "100us",
    "resume": "same-thread",
    "signal": "default",
    "allow": [],
    "deny": []
  },
  "scheduler": {
    "processors": "auto",
    "max_workers": 10000
  },
  "stack": {
    "size": "64KiB",
    "max_size": "64MiB",
    "guard": true,
    "release_after": "10s"
  },
  "diagnostics": {
    "schedtrace": "0s",
    "deadlock": true
  }
}
)");
}

TEST_F(PrintTest, TextOfAnUnknownKey) {
  EXPECT_EQ(message_of([] { value_of(Config{}, "/preempter/speed"); }), "/preempter/speed: no such key");
  EXPECT_EQ(message_of([] { value_of(Config{}, "/preempter"); }), "/preempter: no such key");
}

}  // namespace
}  // namespace heddle::config
