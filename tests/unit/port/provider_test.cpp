// Interfaces that come from another library than the port, and the choice among those that a port has.
#include "support.hpp"

namespace heddle::port::test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

class Provider : public testing::Test {
 protected:
  Provider() : config(naming(folder.add("good"))) { logged().clear(); }

  Folder folder;
  Config config;
};

TEST_F(Provider, StrategiesNoneAndCooperativeHaveNoPreempter) {
  for (const char* strategy : {"none", "cooperative"}) {
    config.preempter.strategy = strategy;
    const LoadedPort port = load(config, host());
    EXPECT_EQ(port.preempter, nullptr);
    EXPECT_EQ(port.injector, nullptr);
    close(port);
  }
}

TEST_F(Provider, StrategyWithoutInjectionUsesThePorts) {
  config.preempter.strategy = "fast";
  const LoadedPort port = load(config, host());
  EXPECT_STREQ(port.preempter->strategy, "fast");
  EXPECT_STREQ(port.injector->strategy, "slow");
  EXPECT_TRUE(port.injector->locate && port.injector->inject);
  close(port);
}

TEST_F(Provider, VdsoCallerByItsSource) {
  for (const auto& [asked, source] : {std::pair("default", "vdso"), {"vdso", "vdso"}, {"syscall", "syscall"}}) {
    config.vdso_caller = asked;
    const LoadedPort port = load(config, host());
    EXPECT_STREQ(port.vdso_caller->source, source) << asked;
    close(port);
  }
}

TEST_F(Provider, LibrariesReplaceSingleInterfaces) {
  const std::string other = folder.add("other").string();
  const LoadedPort plain = load(config, host());
  config.context_switcher = config.tls_provider = config.vdso_caller = config.preempter.strategy = other;
  const LoadedPort mixed = load(config, host());
  EXPECT_EQ(mixed.descriptor, plain.descriptor);
  EXPECT_NE(mixed.context_switcher, plain.context_switcher);
  EXPECT_NE(mixed.tls_provider, plain.tls_provider);
  EXPECT_NE(mixed.vdso_caller, plain.vdso_caller);
  EXPECT_NE(mixed.preempter, plain.preempter);
  EXPECT_EQ(mixed.code_modules, plain.code_modules);
  close(mixed);
  EXPECT_EQ(logged(), (Lines{"2 fixture opens", "2 other opens", "2 other closes", "2 fixture closes"}));
}

TEST_F(Provider, PortNeedNotHaveWhatAProviderBrings) {
  config.port = folder.add("no_tls_provider").string();
  config.tls_provider = folder.add("other").string();
  EXPECT_EQ(error_of(config), "no error");
}

TEST_F(Provider, RefusalNamesTheKey) {
  config.tls_provider = folder.add("no_tls_provider").string();
  EXPECT_EQ(error_of(config),
            config.tls_provider +
                ", which /tls_provider of the configuration names, lacks the interface heddle.tls_provider/1");
  config.tls_provider = "mine";
  EXPECT_EQ(error_of(config),
            "mine, which /tls_provider of the configuration names, is a relative path, and a library is loaded "
            "from an absolute path only");
  EXPECT_TRUE(logged().empty()) << "nothing may be opened";
}

TEST_F(Provider, FailedOpenClosesThePortAgain) {
  config.context_switcher = folder.add("open_fails").string();
  EXPECT_EQ(error_of(config),
            config.context_switcher +
                ", which the configuration names as a provider, fails to open with HEDDLE_E_OS (a system call "
                "failed): fixture opens; sigaltstack: Operation not permitted");
  EXPECT_EQ(logged(), (Lines{"2 fixture opens", "2 fixture closes"}));
}

}  // namespace
}  // namespace heddle::port::test
