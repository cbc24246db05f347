// posix_spawn and not Boost.Process: the stamp before the start and the program must have as little between them as can be.
#include "bench/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

extern char** environ;

namespace heddle::bench {

namespace {

/// What a child prints, kept in memory: nobody has to read along.
class Printed {
 public:
  Printed() : descriptor_(memfd_create("printed", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
  }
  ~Printed() { close(descriptor_); }
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;

  int descriptor() const { return descriptor_; }

  std::string text() const {
    std::string out;
    std::array<char, 4096> part;
    for (ssize_t got; (got = pread(descriptor_, part.data(), part.size(), static_cast<off_t>(out.size()))) > 0;)
      out.append(part.data(), static_cast<std::size_t>(got));
    return out;
  }

 private:
  const int descriptor_;
};

// What the children stamp too.
double clock_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// What a program said, as a part of a sentence.
std::string shortened(const std::string& text) {
  constexpr std::size_t kMost = 600;
  std::string out;
  std::istringstream words(text);
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out.size() <= kMost ? out : out.substr(0, kMost) + " …";
}

std::string ending(int status, const std::string& errors) {
  const std::string text = WIFSIGNALED(status) ? std::string("ended by signal: ") + strsignal(WTERMSIG(status))
                                               : "ended with status " + std::to_string(WEXITSTATUS(status));
  return errors.empty() ? text : text + ": " + shortened(errors);
}

Outcome figures_in(const std::string& output, double started) {
  Outcome outcome;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("value")) return {{}, "printed what is no figure: " + shortened(line)};
    Figure figure{json.at("measure"), json.at("unit"), json.at("value")};
    if (figure.unit == "clock") figure = {figure.measure, "ns", figure.value - started};
    outcome.figures.push_back(std::move(figure));
  }
  if (outcome.figures.empty()) outcome.fault = "printed nothing";
  return outcome;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> out;
  for (char** each = environ; *each; ++each) {
    const std::string entry = *each;
    if (!added.contains(entry.substr(0, entry.find('=')))) out.push_back(entry);
  }
  for (const auto& [name, value] : added) out.push_back(name + "=" + value);
  return out;
}

/// 0 or an error number.
int start(pid_t& child, std::vector<std::string> command, std::vector<std::string> environment, const Printed& output,
          const Printed& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.descriptor(), STDERR_FILENO);
  const int error = posix_spawn(&child, command.front().c_str(), &actions, nullptr, pointers_to(command).data(),
                                pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/// Kills it when it takes too long; true if it did not.
bool await(pid_t child, std::chrono::milliseconds limit, int& status) {
  const auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, child, 0));  // glibc 2.36 declares its own for C only
  pollfd ended{descriptor, POLLIN, 0};
  const bool in_time = descriptor < 0 || poll(&ended, 1, static_cast<int>(limit.count())) != 0;
  if (!in_time) kill(child, SIGKILL);
  if (descriptor >= 0) close(descriptor);
  waitpid(child, &status, 0);
  return in_time;
}

}  // namespace

Outcome run_program(const std::string& program, const std::vector<std::string>& arguments,
                    const std::map<std::string, std::string>& environment, std::chrono::seconds limit) {
  const Printed output;
  const Printed errors;
  std::vector<std::string> command{program};
  command.insert(command.end(), arguments.begin(), arguments.end());
  pid_t child = 0;
  int status = 0;
  const double started = clock_ns();
  if (const int error = start(child, std::move(command), environment_with(environment), output, errors))
    return {{}, std::string("cannot be started: ") + std::strerror(error)};
  if (!await(child, limit, status)) return {{}, "did not end within " + std::to_string(limit.count()) + " s"};
  if (status != 0) return {{}, ending(status, errors.text())};
  return figures_in(output.text(), started);
}

}  // namespace heddle::bench
