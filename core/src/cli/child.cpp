#include "cli/child.hpp"

#include "base/paths.hpp"
#include "port/folders.hpp"

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/process/args.hpp>
#include <boost/process/async_pipe.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/io.hpp>
#include <istream>
#include <system_error>

namespace heddle::cli {

namespace asio = boost::asio;
namespace process = boost::process;

namespace {

constexpr std::size_t kKept = 4096;  // bytes of standard error

// Reads a pipe line by line until the other end is closed.
class Lines {
 public:
  Lines(process::async_pipe& pipe, std::function<void(std::string_view)> on_line)
      : pipe_(pipe), on_line_(std::move(on_line)) {
    next();
  }

 private:
  void next() {
    asio::async_read_until(pipe_, buffer_, '\n', [this](const boost::system::error_code& error, std::size_t) {
      std::istream in(&buffer_);
      for (std::string line; (!error || buffer_.size() > 0) && std::getline(in, line);) {
        if (line.ends_with('\r')) line.pop_back();  // a line's end has two characters on Windows
        if (on_line_) on_line_(line);
        if (!error) break;  // what is left may be half a line
      }
      if (!error) next();
    });
  }

  process::async_pipe& pipe_;
  std::function<void(std::string_view)> on_line_;
  asio::streambuf buffer_;
};

}  // namespace

Ending run_child(const Child& child) {
  Ending ending;
  asio::io_context io;
  process::async_pipe output(io);
  process::async_pipe errors(io);
  process::environment environment = boost::this_process::environment();
  for (const auto& [name, value] : child.environment) environment[name] = value;

  std::error_code failed;
  process::child running(process::exe = base::text_of(port::program_file()), process::args = child.arguments,
                         environment, process::std_out > output, process::std_err > errors, failed);
  if (failed) throw std::system_error(failed, "cannot start " + base::text_of(port::program_file()));

  const Lines output_lines(output, child.on_line);
  const Lines error_lines(errors, [&ending](std::string_view line) {
    ending.errors.append(ending.errors.empty() ? "" : "\n").append(line);
    if (ending.errors.size() > kKept) ending.errors.erase(0, ending.errors.size() - kKept);
  });
  io.run_for(child.limit);
  ending.timed_out = !io.stopped();
  if (ending.timed_out) running.terminate(failed);
  running.wait(failed);
  ending.status = running.exit_code();
  return ending;
}

std::string explain(const Ending& ending, std::chrono::seconds limit) {
  std::string text = ending.timed_out     ? fmt::format("it was killed after {} s", limit.count())
                     : ending.status >= 0 ? fmt::format("it ended with status {}", ending.status)
                                          : fmt::format("it ended with status {:#x}", static_cast<unsigned>(ending.status));
  return ending.errors.empty() ? text + " and said nothing" : text + " and said: " + ending.errors;
}

}  // namespace heddle::cli
