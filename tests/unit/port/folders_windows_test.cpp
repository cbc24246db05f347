// The folders of a program that is started from elsewhere.
#include "port/folders.hpp"

#include "base/paths.hpp"
#include "support.hpp"

#include <boost/process.hpp>

namespace heddle::port::test {
namespace {

namespace fs = std::filesystem;
namespace process = boost::process;

// What the program writes to standard output. It finds the libraries that it needs where this one has them.
std::string output_of(const fs::path& program, const fs::path& working_directory) {
  process::ipstream pipe;
  process::environment environment = boost::this_process::environment();
  environment["PATH"] = program_folder().string() + ";" + environment["PATH"].to_string();
  process::child child(process::exe = program.string(), process::start_dir = working_directory.string(), environment,
                       process::std_out > pipe);
  std::string output;
  for (std::string line; std::getline(pipe, line);) {
    if (line.ends_with('\r')) line.pop_back();
    output += line + "\n";
  }
  child.wait();
  return output;
}

TEST(WindowsFolders, DoNotDependOnTheWorkingDirectory) {
  const Folder folder;
  const fs::path inner = folder.path() / "a b";
  fs::create_directory(inner);
  const fs::path program = inner / "other.exe";
  fs::copy_file(kProgram, program);
  const std::string wanted = inner.string() + "\n" + inner.string() + "\ntrusted\n";
  EXPECT_EQ(output_of(program, inner), wanted);
  EXPECT_EQ(output_of(program, folder.path()), wanted);
}

}  // namespace
}  // namespace heddle::port::test
