// A good runtime.json, and each sentence about a bad one.
#include "unit/config/support.hpp"

#include "config/keys.hpp"

namespace heddle::config {
namespace {

using namespace std::chrono_literals;

class ReaderTest : public ConfigTest {
 protected:
  static std::string error(std::string_view text) {
    return message_of([&] { parse(text); });
  }
};

TEST_F(ReaderTest, ReadsEveryKey) {
  const Config config = parse(R"({
  "$schema": "runtime.schema.json",
  "port": "linux-amd64",
  "port_path": ["ports", "/opt/ports"],
  "port_sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
  "context_switcher": "./switch.so",
  "tls_provider": "${library_dir}/tls.so",
  "vdso_caller": "syscall",
  "preempter": {
    "strategy": "signal", "quantum": "5ms", "wakeup_slice": "50us",
    "resume": "any-thread", "signal": "SIGRTMIN+3", "allow": ["liba"], "deny": ["libb.so", "c$$"]
  },
  "scheduler": { "processors": 4, "max_workers": 64 },
  "stack": { "size": "128KiB", "max_size": "1MiB", "guard": false, "release_after": "never" },
  "diagnostics": { "schedtrace": "1s", "deadlock": false }
})");
  EXPECT_EQ(config.port, "linux-amd64");
  EXPECT_EQ(config.port_path, (std::vector<std::filesystem::path>{native("/etc/app/ports"), native("/opt/ports")}));
  EXPECT_EQ(config.port_sha256, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
  EXPECT_EQ(config.context_switcher, native("/etc/app/switch.so"));
  EXPECT_EQ(config.tls_provider, native("/app/lib/tls.so"));
  EXPECT_EQ(config.vdso_caller, "syscall");
  EXPECT_EQ(config.preempter.strategy, "signal");
  EXPECT_EQ(config.preempter.quantum, 5ms);
  EXPECT_EQ(config.preempter.wakeup_slice, 50us);
  EXPECT_EQ(config.preempter.resume, Resume::kAnyThread);
  EXPECT_EQ(config.preempter.signal, "SIGRTMIN+3");
  EXPECT_EQ(config.preempter.allow, std::vector<std::string>{"liba"});
  EXPECT_EQ(config.preempter.deny, (std::vector<std::string>{"libb.so", "c$"}));
  EXPECT_EQ(config.scheduler.processors, 4u);
  EXPECT_EQ(config.scheduler.max_workers, 64u);
  EXPECT_EQ(config.stack.size, 128u << 10);
  EXPECT_EQ(config.stack.max_size, 1u << 20);
  EXPECT_FALSE(config.stack.guard);
  EXPECT_EQ(config.stack.release_after, std::chrono::nanoseconds::max());
  EXPECT_EQ(config.diagnostics.schedtrace, 1s);
  EXPECT_FALSE(config.diagnostics.deadlock);

  EXPECT_EQ(config.origins.size(), keys().size());
  for (const Key& key : keys())
    EXPECT_TRUE(config.origins.at(std::string(key.pointer)).starts_with("runtime.json:")) << key.pointer;
  EXPECT_EQ(config.origins.at("/port"), "runtime.json:3");
  EXPECT_EQ(config.origins.at("/port_path"), "runtime.json:4");
  EXPECT_EQ(config.origins.at("/preempter/signal"), "runtime.json:11");
  EXPECT_EQ(config.origins.at("/diagnostics/schedtrace"), "runtime.json:15");
}

TEST_F(ReaderTest, TakesTheDefaultsOfWhatIsNotGiven) {
  const Config config = parse("\xef\xbb\xbf{ \"stack\": {} }");  // a byte order mark is no fault
  const Config initial;
  for (const Key& key : keys()) {
    EXPECT_EQ(config.origins.at(std::string(key.pointer)), "default") << key.pointer;
    if (key.pointer == "/port_path") continue;
    EXPECT_EQ(value_of(config, key.pointer), value_of(initial, key.pointer)) << key.pointer;
  }
  const std::string separator(1, list_separator());
  EXPECT_EQ(value_of(config, "/port_path"), native("/etc/app") + "/../plugins" + separator + native("/app/lib/heddle/ports") +
                                                separator + native("/app/lib") + "/../plugins");
}

TEST_F(ReaderTest, NamesTheLineOfAValueWhereverTheNumberEnds) {
  const Config config = parse("{\"scheduler\":\n{\"processors\":\n\n7\n\n,\"max_workers\":8}}");
  EXPECT_EQ(config.origins.at("/scheduler/processors"), "runtime.json:4");
  EXPECT_EQ(config.origins.at("/scheduler/max_workers"), "runtime.json:6");
}

TEST_F(ReaderTest, TakesWholeNumbersHoweverWritten) {
  EXPECT_EQ(parse(R"({"scheduler": {"max_workers": 4.0}})").scheduler.max_workers, 4u);
  EXPECT_EQ(parse(R"({"scheduler": {"max_workers": 1e3}})").scheduler.max_workers, 1000u);
  EXPECT_EQ(parse(R"({"scheduler": {"processors": "auto"}})").scheduler.processors, 0u);
}

TEST_F(ReaderTest, RefusesAnUnknownKey) {
  EXPECT_EQ(error("{\n  \"prot\": \"auto\"\n}"), "/etc/app/runtime.json:2: /prot: no such key; did you mean /port?");
  EXPECT_EQ(error(R"({"preempter": {"strategie": "none"}})"),
            "/etc/app/runtime.json:1: /preempter/strategie: no such key; did you mean /preempter/strategy?");
  EXPECT_EQ(error(R"({"quantum": "1ms"})"),
            "/etc/app/runtime.json:1: /quantum: no such key; did you mean /preempter/quantum?");
  EXPECT_EQ(error(R"({"stack": {"colour": 1}})"),
            "/etc/app/runtime.json:1: /stack/colour: no such key; the keys in /stack are size, max_size, guard and "
            "release_after");
  EXPECT_EQ(
      error(R"({"": 1})"),
      "/etc/app/runtime.json:1: /: no such key; the keys here are port, port_path, port_sha256, context_switcher, "
      "tls_provider, vdso_caller, preempter, scheduler, stack and diagnostics");
  EXPECT_EQ(error(R"({"stack/size": 1})").substr(0, 54), "/etc/app/runtime.json:1: /stack~1size: no such key; th");
  EXPECT_EQ(error("{\"a\\u001b[1m\\n\": 1}").substr(0, 56),
            "/etc/app/runtime.json:1: /a\\u001b[1m\\n: no such key; the");
}

TEST_F(ReaderTest, RefusesAKeyGivenTwice) {
  EXPECT_EQ(error("{\n\"port\": \"auto\",\n\"p\\u006frt\": \"auto\"}"),
            "/etc/app/runtime.json:3: /port: this key is given twice, first on line 2; remove one of the two");
  EXPECT_EQ(error("{\"stack\": {},\n\"stack\": {}}"),
            "/etc/app/runtime.json:2: /stack: this key is given twice, first on line 1; remove one of the two");
}

TEST_F(ReaderTest, RefusesAWrongType) {
  EXPECT_EQ(error("[]"), "/etc/app/runtime.json:1: wanted an object, found an array");
  EXPECT_EQ(error("\n7"), "/etc/app/runtime.json:2: wanted an object, found 7");
  EXPECT_EQ(error(R"("x")"), "/etc/app/runtime.json:1: wanted an object, found \"x\"");
  EXPECT_EQ(error(R"({"stack": "64KiB"})"), "/etc/app/runtime.json:1: /stack: wanted an object, found \"64KiB\"");
  EXPECT_EQ(error(R"({"stack": null})"), "/etc/app/runtime.json:1: /stack: wanted an object, found null");
  EXPECT_EQ(error(R"({"stack": []})"), "/etc/app/runtime.json:1: /stack: wanted an object, found an array");
  EXPECT_EQ(error(R"({"stack": {"guard": {}}})"),
            "/etc/app/runtime.json:1: /stack/guard: wanted true or false, found an object");
  EXPECT_EQ(error(R"({"stack": {"guard": []}})"),
            "/etc/app/runtime.json:1: /stack/guard: wanted true or false, found an array");
  EXPECT_EQ(error(R"({"stack": {"guard": "true"}})"),
            "/etc/app/runtime.json:1: /stack/guard: wanted true or false, found \"true\"");
  EXPECT_EQ(error(R"({"$schema": 1})"),
            "/etc/app/runtime.json:1: /$schema: wanted the address of a schema in quotes, found 1");
  EXPECT_EQ(error(R"({"$schema": {}})"),
            "/etc/app/runtime.json:1: /$schema: wanted the address of a schema in quotes, found an object");
  EXPECT_EQ(error(R"({"port": 1.5})"),
            "/etc/app/runtime.json:1: /port: wanted \"auto\", a port's id or the path of a library (with a / in it), "
            "found 1.5");
  EXPECT_EQ(error(R"({"port_path": "ports"})"),
            "/etc/app/runtime.json:1: /port_path: wanted an array of folders, found \"ports\"");
}

TEST_F(ReaderTest, RefusesAnElementOfAnotherKind) {
  EXPECT_EQ(error("{\"port_path\": [\"a\",\n5]}"),
            "/etc/app/runtime.json:2: /port_path/1: wanted the path of a folder, found 5");
  EXPECT_EQ(error(R"({"port_path": [""]})"),
            "/etc/app/runtime.json:1: /port_path/0: wanted the path of a folder, found \"\"");
  EXPECT_EQ(error(R"({"port_path": ["a\u0000b"]})"),
            "/etc/app/runtime.json:1: /port_path/0: wanted the path of a folder, found \"a\\u0000b\"");
  EXPECT_EQ(error(R"({"port_path": [[]]})"),
            "/etc/app/runtime.json:1: /port_path/0: wanted the path of a folder, found an array");
  EXPECT_EQ(error(R"({"port_path": [{}]})"),
            "/etc/app/runtime.json:1: /port_path/0: wanted the path of a folder, found an object");
  EXPECT_EQ(
      error(R"({"preempter": {"deny": ["libfoo.so", "lib/bar"]}})"),
      "/etc/app/runtime.json:1: /preempter/deny/1: wanted the name of a file, without folders, found \"lib/bar\"");
  EXPECT_EQ(error(R"({"preempter": {"allow": [7]}})"),
            "/etc/app/runtime.json:1: /preempter/allow/0: wanted the name of a file, without folders, found 7");
  EXPECT_EQ(error(R"({"preempter": {"allow": "libfoo.so"}})"),
            "/etc/app/runtime.json:1: /preempter/allow: wanted an array of file names, found \"libfoo.so\"");
  EXPECT_EQ(error("{\"port_path\": [\n\"a\", \"${b}\"]}"),
            "/etc/app/runtime.json:2: /port_path/1: wanted ${config_dir}, ${library_dir} or ${env:NAME}, found ${b}; "
            "$$ stands for "
            "one $");
}

TEST_F(ReaderTest, RefusesANumberOutOfRange) {
  const std::string auto_or =
      "/etc/app/runtime.json:1: /scheduler/processors: wanted \"auto\" or a whole number from 1 to 1024, found ";
  EXPECT_EQ(error(R"({"scheduler": {"processors": 0}})"), auto_or + "0");
  EXPECT_EQ(error(R"({"scheduler": {"processors": 1025}})"), auto_or + "1025");
  EXPECT_EQ(error(R"({"scheduler": {"processors": -1}})"), auto_or + "-1");
  EXPECT_EQ(error(R"({"scheduler": {"processors": "all"}})"), auto_or + "\"all\"");
  EXPECT_EQ(error(R"({"scheduler": {"processors": 4294967297}})"), auto_or + "4294967297");
  EXPECT_EQ(error(R"({"scheduler": {"processors": 99999999999999999999}})"), auto_or + "99999999999999999999");
  EXPECT_EQ(error(R"({"scheduler": {"max_workers": 1.5}})"),
            "/etc/app/runtime.json:1: /scheduler/max_workers: wanted a whole number from 1 to 100000, found 1.5");
}

TEST_F(ReaderTest, RefusesABadDuration) {
  const std::string quantum =
      "/etc/app/runtime.json:1: /preempter/quantum: wanted a duration from \"100us\" to \"10s\", which is a whole "
      "number and a unit "
      "(ns, us, ms or s), found ";
  EXPECT_EQ(error(R"({"preempter": {"quantum": 10}})"), quantum + "10");
  EXPECT_EQ(error(R"({"preempter": {"quantum": "10"}})"), quantum + "\"10\"");
  EXPECT_EQ(error(R"({"preempter": {"quantum": "1.5ms"}})"), quantum + "\"1.5ms\"");
  EXPECT_EQ(error(R"({"preempter": {"quantum": "99999ns"}})"), quantum + "\"99999ns\"");
  EXPECT_EQ(error(R"({"preempter": {"quantum": "10001ms"}})"), quantum + "\"10001ms\"");
  EXPECT_EQ(error(R"({"diagnostics": {"schedtrace": "1us"}})"),
            "/etc/app/runtime.json:1: /diagnostics/schedtrace: wanted \"0s\" or a duration from \"1ms\" to \"3600s\", "
            "which is a "
            "whole number and a unit (ns, us, ms or s), found \"1us\"");
  EXPECT_EQ(error(R"({"stack": {"release_after": "9223372036854775807ns"}})"),
            "/etc/app/runtime.json:1: /stack/release_after: wanted \"never\", \"0s\" or a duration from \"1ms\" to "
            "\"3600s\", which is a whole number and a unit (ns, us, ms or s), found \"9223372036854775807ns\"");
}

TEST_F(ReaderTest, RefusesABadSize) {
  const std::string size =
      "/etc/app/runtime.json:1: /stack/size: wanted a size from \"16KiB\" to \"1GiB\", which is a whole number and a "
      "unit (B, KiB, "
      "MiB or GiB), found ";
  EXPECT_EQ(error(R"({"stack": {"size": 65536}})"), size + "65536");
  EXPECT_EQ(error(R"({"stack": {"size": "64K"}})"), size + "\"64K\"");
  EXPECT_EQ(error(R"({"stack": {"size": "16383B"}})"), size + "\"16383B\"");
  EXPECT_EQ(error(R"({"stack": {"size": "1025MiB"}})"), size + "\"1025MiB\"");
}

TEST_F(ReaderTest, RefusesAStackLargerThanTheLargest) {
  EXPECT_EQ(error("{\n\"stack\": {\"max_size\": \"32KiB\"}}"),
            "/etc/app/runtime.json: wanted a /stack/size of at most /stack/max_size, found 64KiB (default) and 32KiB "
            "(runtime.json:2); lower the first or raise the second");
  EXPECT_EQ(parse(R"({"stack": {"size": "32KiB", "max_size": "32KiB"}})").stack.size, 32u << 10);
}

TEST_F(ReaderTest, RefusesAWordThatIsNone) {
  EXPECT_EQ(error(R"({"preempter": {"resume": "same_thread"}})"),
            "/etc/app/runtime.json:1: /preempter/resume: wanted \"same-thread\" or \"any-thread\", found "
            "\"same_thread\"; did you "
            "mean \"same-thread\"?");
  EXPECT_EQ(error(R"({"preempter": {"resume": "never"}})"),
            "/etc/app/runtime.json:1: /preempter/resume: wanted \"same-thread\" or \"any-thread\", found \"never\"");
  EXPECT_EQ(
      error(R"({"context_switcher": "libswitch.so"})"),
      "/etc/app/runtime.json:1: /context_switcher: wanted \"port\" or the path of a library (with a / in it), found "
      "\"libswitch.so\"");
  EXPECT_EQ(
      error(R"({"port": "Auto"})"),
      "/etc/app/runtime.json:1: /port: wanted \"auto\", a port's id or the path of a library (with a / in it), found "
      "\"Auto\"; did you mean \"auto\"?");
  EXPECT_EQ(error(R"({"preempter": {"strategy": "Signal"}})"),
            "/etc/app/runtime.json:1: /preempter/strategy: wanted \"none\", \"cooperative\", \"default\", \"signal\", "
            "\"timer\", "
            "\"suspend\", another strategy of the port or the path of a library (with a / in it), found \"Signal\"; "
            "did you mean "
            "\"signal\"?");
  EXPECT_EQ(error(R"({"preempter": {"signal": "urg"}})"),
            "/etc/app/runtime.json:1: /preempter/signal: wanted \"default\" or a signal's name or number in quotes, "
            "found \"urg\"");
  EXPECT_EQ(error(R"({"port_sha256": "0123"})"),
            "/etc/app/runtime.json:1: /port_sha256: wanted \"\" or 64 lower-case hex digits, found \"0123\"");
  EXPECT_EQ(error(R"({"vdso_caller": "x\u0000/y"})"),
            "/etc/app/runtime.json:1: /vdso_caller: wanted \"default\", \"vdso\", \"syscall\", another source of the "
            "port or the "
            "path of a "
            "library (with a / in it), found \"x\\u0000/y\"");
}

TEST_F(ReaderTest, TakesAnyStrategyThatAPortMayHave) {
  EXPECT_EQ(parse(R"({"preempter": {"strategy": "hypervisor-2"}})").preempter.strategy, "hypervisor-2");
  EXPECT_EQ(parse(R"({"preempter": {"strategy": "./mine.so"}})").preempter.strategy, native("/etc/app/mine.so"));
}

TEST_F(ReaderTest, ShowsWhatAnExpansionCameFrom) {
  set_variable("HEDDLE_CONFIG_TEST_VALUE", "slow");
  EXPECT_EQ(
      error(R"({"preempter": {"resume": "${env:HEDDLE_CONFIG_TEST_VALUE}"}})"),
      "/etc/app/runtime.json:1: /preempter/resume: wanted \"same-thread\" or \"any-thread\", found \"slow\" (from "
      "\"${env:HEDDLE_CONFIG_TEST_VALUE}\")");
}

TEST_F(ReaderTest, ShortensWhatItShows) {
  const std::string eighty(80, 'x');
  const std::string found = error("{\"preempter\": {\"resume\": \"" + eighty + eighty + "\"}}");
  EXPECT_TRUE(found.ends_with("found \"" + std::string(120, 'x') + "...\"")) << found;
  // The 120th byte is the first of a character of two: it is not torn.
  const std::string torn = error("{\"preempter\": {\"resume\": \"" + std::string(119, 'x') + "\xc3\xa9zzz\"}}");
  EXPECT_TRUE(torn.ends_with("found \"" + std::string(119, 'x') + "...\"")) << torn;
}

TEST_F(ReaderTest, RefusesInvalidJson) {
  EXPECT_EQ(error("{\n  \"port\": auto\n}"),
            "/etc/app/runtime.json:2:11: not valid JSON: syntax error while parsing value - invalid literal");
  EXPECT_EQ(error("{\"port\": \"auto\",}"),
            "/etc/app/runtime.json:1:17: not valid JSON: syntax error while parsing object key - unexpected '}'; "
            "expected string "
            "literal");
  EXPECT_EQ(error("{"),
            "/etc/app/runtime.json:1:2: not valid JSON: syntax error while parsing object key - unexpected end of "
            "input; expected "
            "string literal");
  EXPECT_EQ(error("{}\n// no comments\n"),
            "/etc/app/runtime.json:2:1: not valid JSON: syntax error while parsing value - invalid literal");
  EXPECT_EQ(error("{} {}"),
            "/etc/app/runtime.json:1:4: not valid JSON: syntax error while parsing value - unexpected '{'; expected "
            "end of input");
  EXPECT_EQ(error("{\"scheduler\": {\"processors\": 1e999}}"),
            "/etc/app/runtime.json:1:34: not valid JSON: a number is too large");
}

TEST_F(ReaderTest, RefusesInvalidUtf8) {
  EXPECT_EQ(error("{\n\"port\": \"\xff\"}"),
            "/etc/app/runtime.json:2:10: not valid JSON: syntax error while parsing value - invalid string: ill-formed "
            "UTF-8 byte");
}

TEST_F(ReaderTest, RefusesAnEmptyText) {
  const std::string empty = "/etc/app/runtime.json: the file is empty; wanted a JSON object: {} takes every default";
  EXPECT_EQ(error(""), empty);
  EXPECT_EQ(error(" \r\n\t"), empty);
}

TEST_F(ReaderTest, IsNotImpressedByDeepNesting) {
  constexpr std::size_t kBytes = 10'000'000;
  EXPECT_EQ(error(std::string(kBytes, '[')), "/etc/app/runtime.json:1: wanted an object, found an array");
  std::string objects;
  while (objects.size() < kBytes) objects += "{\"stack\":";
  EXPECT_EQ(error(objects),
            "/etc/app/runtime.json:1: /stack/stack: no such key; the keys in /stack are size, max_size, guard and "
            "release_after");
  EXPECT_EQ(error("{\"port_path\":" + std::string(kBytes, '[')),
            "/etc/app/runtime.json:1: /port_path/0: wanted the path of a folder, found an array");
}

TEST_F(ReaderTest, RefusesAFileWithoutAName) {
  EXPECT_EQ(message_of([] { Config::parse("{}", ""); }), "\"\": wanted the path of a file: Invalid argument");
}

}  // namespace
}  // namespace heddle::config
