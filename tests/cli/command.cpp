#include "cli/command.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/process/args.hpp>
#include <boost/process/async.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/io.hpp>
#include <fstream>
#include <future>
#include <random>

namespace heddle::test {

namespace process = boost::process;

namespace {

// Lines end in two characters on Windows.
std::string with_plain_ends(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 1);
  return text;
}

}  // namespace

Said heddle(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& variables) {
  process::environment environment;
  for (const auto& variable : boost::this_process::environment())
    if (const std::string name = variable.get_name(); !name.empty() && !name.starts_with("HEDDLE_"))
      environment[name] = variable.to_string();
  for (const auto& [name, value] : variables) environment[name] = value;

  boost::asio::io_context io;
  std::future<std::string> out;
  std::future<std::string> err;
  process::child child(process::exe = HEDDLE_COMMAND, process::args = arguments, environment,
                       process::std_in<process::null, process::std_out> out, process::std_err > err, io);
  io.run();
  child.wait();
  return {child.exit_code(), with_plain_ends(out.get()), with_plain_ends(err.get())};
}

testing::AssertionResult holds(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos)
    return testing::AssertionSuccess() << "found \"" << part << "\" in:\n" << text;
  return testing::AssertionFailure() << "wanted \"" << part << "\" in:\n" << text;
}

Folder::Folder() {
  std::random_device random;
  do {
    path_ = std::filesystem::temp_directory_path() / ("heddle-cli-" + std::to_string(random()));
  } while (!std::filesystem::create_directory(path_));
}

Folder::~Folder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string Folder::file(const std::string& name, std::string_view content) const {
  const std::filesystem::path path = path_ / name;
  std::ofstream(path, std::ios::binary) << content;
  return path.string();
}

}  // namespace heddle::test
