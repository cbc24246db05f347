// What the loader refuses where files have modes, kinds and links, and where symbols can be bound late.
#include "support.hpp"

namespace heddle::port::test {
namespace {

namespace fs = std::filesystem;

class PosixRefusal : public testing::Test {
 protected:
  Folder folder;
};

TEST_F(PosixRefusal, Device) {
  EXPECT_EQ(refusal("/dev/null"), "is not a regular file");
}

TEST_F(PosixRefusal, AnyoneMayWriteTheFile) {
  const fs::path file = folder.add("good");
  fs::permissions(file, fs::perms(0666));
  EXPECT_EQ(refusal(file), "may be written by anyone (mode 0666); take that right away: chmod o-w " + file.string());
  fs::permissions(file, fs::perms(0602));
  EXPECT_EQ(refusal(file), "may be written by anyone (mode 0602); take that right away: chmod o-w " + file.string());
}

TEST_F(PosixRefusal, AnyoneMayReplaceTheFile) {
  const fs::path inner = folder.path() / "open";
  fs::create_directory(inner);
  fs::rename(folder.add("good"), inner / "good.so");
  const std::string reason =
      "lies in a folder where anyone may replace it (mode 0777); take that right away: chmod o-w " + inner.string();
  fs::permissions(inner, fs::perms(0777));
  EXPECT_EQ(refusal(inner / "good.so"), reason);
  // A link to it from a safe folder is no safer.
  fs::create_symlink(inner / "good.so", folder.path() / "link.so");
  EXPECT_EQ(refusal(folder.path() / "link.so"), reason);
  fs::permissions(inner, fs::perms(01777));
  EXPECT_EQ(error_of(naming(inner / "good.so")), "no error");
}

TEST_F(PosixRefusal, SymbolsAreBoundAtOnce) {
  const fs::path file = folder.add("unbound");
  EXPECT_EQ(refusal(file), "cannot be mapped: " + file.string() + ": undefined symbol: fixture_nobody_defines_this");
}

}  // namespace
}  // namespace heddle::port::test
