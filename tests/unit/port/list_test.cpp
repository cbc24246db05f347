#include "support.hpp"

#include "port/verify.hpp"

namespace heddle::port::test {
namespace {

TEST(List, TellsOfEachLibraryWithoutOpeningIt) {
  Folder folder;
  folder.add("good", "a.so");
  const auto foreign = folder.add("good", "b.so");
  make_foreign(foreign);
  folder.add("wrong_major", "c.so");
  folder.add("open_fails", "d.so");
  write(folder.path() / "e.txt", "not a library's name");
  logged().clear();
  const std::vector<Candidate> found = list(searching({folder.path()}));
  EXPECT_TRUE(logged().empty());
  ASSERT_EQ(found.size(), 4u);

  EXPECT_TRUE(found[0].usable);
  EXPECT_EQ(found[0].id, "fixture");
  EXPECT_EQ(found[0].os, "any");
  EXPECT_EQ(found[0].arch, "any");
  EXPECT_EQ(found[0].version, "1.2");
  EXPECT_EQ(found[0].interfaces.size(), 7u);
  EXPECT_EQ(found[0].reason, "");

  EXPECT_FALSE(found[1].usable);
  EXPECT_EQ(found[1].id, "b");
  EXPECT_EQ(found[1].os + " " + found[1].arch, read_image(foreign).target());
  EXPECT_EQ(found[1].reason, "is for " + read_image(foreign).target() + ", and this program runs on " + this_image().target());

  EXPECT_FALSE(found[2].usable);
  EXPECT_EQ(found[2].reason, "is made for ABI 2.3, and this core speaks ABI 1.0; the major numbers must be equal");
  EXPECT_TRUE(found[3].usable) << "whether it opens is not known before it is tried";
}

TEST(List, TheNamedFileComesFirst) {
  Folder folder;
  Folder elsewhere;
  folder.add("good", "a.so");
  Config config = searching({folder.path()});
  config.port = elsewhere.add("other").string();
  const std::vector<Candidate> found = list(config);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, "other");
  EXPECT_EQ(found[0].path, config.port);
  EXPECT_EQ(found[1].id, "fixture");
}

}  // namespace
}  // namespace heddle::port::test
