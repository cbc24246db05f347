#include "port/folders.hpp"

#include "support.hpp"

namespace heddle::port::test {
namespace {

namespace fs = std::filesystem;

TEST(Folders, OfThisProgram) {
  EXPECT_EQ(program_folder(), program_file().parent_path());
  EXPECT_TRUE(fs::equivalent(program_folder(), library_folder()));
  EXPECT_TRUE(environment_is_trusted());
}

TEST(Folders, UnreadableProgramDistrustsTheEnvironment) {
  const Folder folder;
  EXPECT_FALSE(environment_is_trusted(folder.path() / "nothing"));
}

}  // namespace
}  // namespace heddle::port::test
