#include "port/sha256.hpp"

#include "port/refused.hpp"
#include "support.hpp"

namespace heddle::port::test {
namespace {

// The examples of FIPS 180-4, and one that is longer than a block of reading.
TEST(Sha256, KnownDigests) {
  Folder folder;
  const auto file = folder.path() / "f";
  write(file, "abc");
  EXPECT_EQ(sha256_of(file), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write(file, "");
  EXPECT_EQ(sha256_of(file), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  write(file, std::string(1000000, 'a'));
  EXPECT_EQ(sha256_of(file), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, UnreadableFile) {
  Folder folder;
  EXPECT_THROW(sha256_of(folder.path() / "nothing"), Refused);
}

}  // namespace
}  // namespace heddle::port::test
