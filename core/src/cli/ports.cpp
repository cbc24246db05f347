// The command `heddle ports`: every port found, and whether this program can use it.
#include "base/paths.hpp"
#include "cli/command.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "port/loader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace heddle::cli {

namespace {

using Json = nlohmann::ordered_json;

// "preempter#signal" for "heddle.preempter/1#signal": the version matters to programs, which read --json.
std::string short_name(std::string_view iid) {
  if (iid.starts_with("heddle.")) iid.remove_prefix(std::string_view("heddle.").size());
  const std::size_t slash = std::min(iid.find('/'), iid.size());
  const std::size_t variant = std::min(iid.find('#', slash), iid.size());
  return std::string(iid.substr(0, slash)) + std::string(iid.substr(variant));
}

// Two of port_path's folders may be one, by another name.
std::vector<port::Candidate> distinct(std::vector<port::Candidate> ports) {
  std::set<std::filesystem::path> seen;
  std::erase_if(ports, [&seen](port::Candidate& port) {
    std::error_code error;  // for a library that is not there
    if (const std::filesystem::path real = base::real_path(port.path, error); !error) port.path = real;
    return !seen.insert(port.path).second;
  });
  return ports;
}

std::string about(const port::Candidate& port) {
  std::string text = base::text_of(port.path);
  if (!port.usable) return text + "\n" + port.reason;
  std::vector<std::string> names;
  std::ranges::transform(port.interfaces, std::back_inserter(names), short_name);
  return text + "\n" + fmt::format("{}", fmt::join(names, " "));
}

void print_table(const Config& config, const std::vector<port::Candidate>& ports) {
  if (ports.empty()) {
    std::vector<std::string> folders;
    for (const auto& folder : config.port_path) folders.push_back(base::text_of(folder));
    fmt::print("No library lies in the folders of /port_path:\n  {}\n", fmt::join(folders, "\n  "));
    fmt::print("Add the folder of your ports there, or give a port's absolute path as /port.\n");
    return;
  }
  Table table({{"PORT"}, {"FOR"}, {"VERSION"}, {"USABLE"}, {"WHERE, AND WHAT IT HAS OR WHY NOT"}});
  for (const port::Candidate& port : ports)
    table.add({port.id, port.os + " " + port.arch, port.version, port.usable ? "yes" : "no", about(port)});
  fmt::print("{}", table.text());
}

void print_json(const std::vector<port::Candidate>& ports) {
  Json list = Json::array();
  for (const port::Candidate& port : ports) {
    Json entry = {{"id", port.id},        {"path", base::text_of(port.path)}, {"os", port.os},
                  {"arch", port.arch},    {"version", port.version},          {"interfaces", port.interfaces},
                  {"usable", port.usable}};
    if (!port.usable) entry["reason"] = port.reason;
    list.push_back(std::move(entry));
  }
  fmt::print("{}\n", Json{{"ports", list}}.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

int run_ports(const Common& options) {
  const Config config = configuration(options);
  const std::vector<port::Candidate> ports = distinct(port::list(config));
  if (options.json)
    print_json(ports);
  else
    print_table(config, ports);
  return std::ranges::any_of(ports, &port::Candidate::usable) ? kOk : kFault;
}

}  // namespace heddle::cli
