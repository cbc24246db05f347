// The folders of a program that is started under other names, and with other rights.
#include "port/folders.hpp"

#include "support.hpp"

#include <cstdio>

namespace heddle::port::test {
namespace {

namespace fs = std::filesystem;

// What `command` writes to standard output.
std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return "popen failed";
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output.push_back(static_cast<char>(c));
  pclose(pipe);
  return output;
}

class PosixFolders : public testing::Test {
 protected:
  PosixFolders() : program(folder.path() / "program") {
    fs::copy_file(kProgram, program);
    fs::permissions(program, fs::perms::owner_all);
  }

  Folder folder;
  fs::path program;
};

// The C library knows the program under the name that it was called by, which says nothing about where it lies.
TEST_F(PosixFolders, DoNotDependOnTheNameOrTheWorkingDirectory) {
  const std::string wanted = folder.path().string() + "\n" + folder.path().string() + "\ntrusted\n";
  EXPECT_EQ(output_of(program.string()), wanted);
  EXPECT_EQ(output_of("cd " + folder.path().string() + " && ./program"), wanted);
  EXPECT_EQ(output_of("cd / && PATH=" + folder.path().string() + " program"), wanted);
  EXPECT_EQ(output_of("cd / && exec bash -c 'exec -a other " + program.string() + "'"), wanted);
}

TEST_F(PosixFolders, SetuidProgramDistrustsTheEnvironment) {
  for (const auto bit : {fs::perms::set_uid, fs::perms::set_gid}) {
    fs::permissions(program, fs::perms::owner_all | bit);
    EXPECT_FALSE(environment_is_trusted(program));
    const std::string output = output_of(program.string());
    EXPECT_EQ(output.substr(output.size() - 12), "not trusted\n");
  }
}

}  // namespace
}  // namespace heddle::port::test
