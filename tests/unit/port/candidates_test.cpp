#include "port/candidates.hpp"

#include "support.hpp"

namespace heddle::port::test {
namespace {

TEST(Candidates, TellsFilesFromIds) {
  EXPECT_TRUE(names_file("/opt/ports/mine"));
  EXPECT_TRUE(names_file("ports/mine"));
  EXPECT_TRUE(names_file("mine.so"));
  EXPECT_TRUE(names_file("mine.dll"));
  EXPECT_FALSE(names_file("linux-amd64"));
  EXPECT_FALSE(names_file("auto"));
  EXPECT_FALSE(names_file("signal"));
}

TEST(Candidates, TakesLibrariesAlone) {
  Folder folder;
  for (const char* name : {"z.so", "b.dll", "a.so.1", "c.txt", "liba.a"}) write(folder.path() / name, "");
  const Candidates found = candidates(searching({folder.path()}));
  EXPECT_EQ(found.files, (std::vector<std::filesystem::path>{folder.path() / "b.dll", folder.path() / "z.so"}));
  EXPECT_EQ(found.searched, folder.path().string());
}

TEST(Candidates, AFileInPlaceOfAFolderIsNamed) {
  Folder folder;
  write(folder.path() / "file", "");
  const Candidates found = candidates(searching({folder.path() / "file"}));
  EXPECT_TRUE(found.files.empty());
  EXPECT_EQ(found.searched, (folder.path() / "file").string() + " (Not a directory)");
}

}  // namespace
}  // namespace heddle::port::test
