// The command `heddle`: reads the command line, does what it asks, and turns errors into sentences and exit statuses.
#include "cli/command.hpp"
#include "cli/command_line.hpp"

#include <heddle/error.hpp>

#include <fmt/format.h>
#include <exception>
#include <string_view>

namespace heddle::cli {

namespace {

int complain(std::string_view sentence, int status) {
  fmt::print(stderr, "heddle: {}\n", sentence);
  return status;
}

int run(int argc, char** argv) {
  try {
    return read_command_line(argc, argv)();
  } catch (const ConfigError& error) {
    return complain(error.what(), kUsage);
  } catch (const UsageError& error) {
    return complain(error.what(), kUsage);
  } catch (const std::exception& error) {  // PortError, std::system_error: the machine is not as it should be
    return complain(error.what(), kFault);
  }
}

}  // namespace

}  // namespace heddle::cli

int main(int argc, char** argv) {
  return heddle::cli::run(argc, argv);
}
