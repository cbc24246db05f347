#include "support.hpp"

#include "port/sha256.hpp"

namespace heddle::port::test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

class Load : public testing::Test {
 protected:
  Load() { logged().clear(); }

  // Loads, closes, and gives what went to standard error.
  std::string warnings_of(const Config& config, fs::path* taken) {
    testing::internal::CaptureStderr();
    const LoadedPort port = load(config, host());
    close(port);
    *taken = port.path;
    return testing::internal::GetCapturedStderr();
  }

  // A link, or where links are not for everybody the name in capitals, which is the same file there.
  fs::path other_name_of(const fs::path& file) const {
    std::error_code error;
    fs::create_symlink(file, folder.path() / "link.so", error);
    return error ? folder.path() / "GOOD.DLL" : folder.path() / "link.so";
  }

  Folder folder;
};

TEST_F(Load, FindsEveryInterface) {
  const fs::path file = folder.add("good");
  const LoadedPort port = load(searching({folder.path()}), host());
  EXPECT_EQ(port.path, file);
  EXPECT_STREQ(port.descriptor->id, "fixture");
  ASSERT_TRUE(port.context_switcher && port.tls_provider && port.preempter && port.vdso_caller && port.code_modules);
  EXPECT_EQ(port.stack_memory, nullptr);
  EXPECT_STREQ(port.preempter->strategy, "slow");
  EXPECT_EQ(port.injector, port.preempter);
  EXPECT_STREQ(port.vdso_caller->source, "vdso");
  EXPECT_EQ(port.vdso_caller->monotonic_ns(), 1);
  close(port);
}

TEST_F(Load, OpensOnceUntilClosedAndGivesTheSameAgain) {
  const fs::path file = folder.add("good");
  const LoadedPort first = load(naming(file), host());
  const LoadedPort again = load(naming(other_name_of(file)), host());
  EXPECT_EQ(first, again);
  EXPECT_EQ(logged(), (Lines{"2 fixture opens"}));
  close(again);
  close(first);
  EXPECT_EQ(logged(), (Lines{"2 fixture opens", "2 fixture closes"}));
  EXPECT_EQ(load(naming(file), host()), first) << "a port that was opened stays mapped";
  close(first);
  EXPECT_EQ(logged(), (Lines{"2 fixture opens", "2 fixture closes", "2 fixture opens", "2 fixture closes"}));
}

TEST_F(Load, NewerMinorAbiIsFine) {
  EXPECT_EQ(error_of(naming(folder.add("newer_minor"))), "no error");
}

TEST_F(Load, RightSha256InEitherCase) {
  Config config = naming(folder.add("good"));
  config.port_sha256 = sha256_of(config.port);
  EXPECT_EQ(error_of(config), "no error");
  for (char& digit : config.port_sha256) digit = static_cast<char>(std::toupper(digit));
  EXPECT_EQ(error_of(config), "no error");
}

TEST_F(Load, SaysWhyTheFirstCandidateWasPassedOver) {
  const fs::path bad = folder.add("wrong_major", "a.so");
  const fs::path good = folder.add("good", "b.so");
  fs::path taken;
  EXPECT_EQ(
      warnings_of(searching({folder.path()}), &taken),
      "heddle: warning: passed over " + bad.string() +
          ", which is made for ABI 2.3, and this core speaks ABI 1.0; the major numbers must be equal; the port is " +
          good.string() + "\n");
  EXPECT_EQ(taken, good);
}

TEST_F(Load, GoesOnAfterAFailedOpen) {
  const fs::path bad = folder.add("open_fails", "a.so");
  const fs::path good = folder.add("good", "b.so");
  fs::path taken;
  EXPECT_EQ(
      warnings_of(searching({folder.path()}), &taken),
      "heddle: warning: passed over " + bad.string() +
          ", which fails to open with HEDDLE_E_OS (a system call failed): fixture opens; sigaltstack: Operation not "
          "permitted; the port is " +
          good.string() + "\n");
  EXPECT_EQ(taken, good);
  EXPECT_EQ(logged(), (Lines{"2 fixture opens", "2 fixture closes"}));
}

TEST_F(Load, PassesOverOtherMachinesInSilence) {
  const fs::path foreign = folder.add("good", "a.so");
  make_foreign(foreign);
  const fs::path good = folder.add("good", "b.so");
  fs::path taken;
  EXPECT_EQ(warnings_of(searching({folder.path()}), &taken), "");
  EXPECT_EQ(taken, good);
}

TEST_F(Load, FoldersInTheirOrderFilesByName) {
  Folder second;
  const fs::path late = folder.add("good", "b.so");
  second.add("good", "a.so");
  EXPECT_EQ(load(searching({folder.path(), second.path()}), host()).path, late);
  const fs::path early = folder.add("good", "a.so");
  EXPECT_EQ(load(searching({folder.path(), second.path()}), host()).path, early);
}

TEST_F(Load, ById) {
  folder.add("good", "a.so");
  const fs::path wanted = folder.add("other", "b.so");
  Config config = searching({folder.path()});
  config.port = "b";
  const LoadedPort port = load(config, host());
  EXPECT_EQ(port.path, wanted);
  EXPECT_STREQ(port.descriptor->id, "other");
  close(port);
}

}  // namespace
}  // namespace heddle::port::test
