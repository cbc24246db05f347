#include "config/expand.hpp"

#include "base/paths.hpp"
#include "config/message.hpp"

#include <algorithm>
#include <cstdlib>

namespace heddle::config {

namespace {

constexpr std::string_view kEnvironment = "env:";

std::string variable(const std::string& name, const Context& context, const std::string& place) {
  const std::string shown = printable("${" + std::string(kEnvironment) + name + "}");
  if (!context.folders.trust_environment)
    fail(place, shown + " cannot be used: the environment is ignored in a setuid process; write the value itself");
  // getenv would take a name with a NUL in it for the part in front of it.
  const char* const value = name.find('\0') == std::string::npos ? std::getenv(name.c_str()) : nullptr;
  if (!value)
    fail(place, shown + " stands for an environment variable that is not set; set it or write the value itself");
  return value;
}

std::string value_of_name(std::string_view name, const Context& context, const std::string& place) {
  if (name == "config_dir") return base::text_of(context.config_dir);
  if (name == "library_dir") {
    if (context.folders.library.empty())
      fail(place,
           "${library_dir} cannot be used: the folder of Heddle's library could not be found; write the folder itself");
    return base::text_of(context.folders.library);
  }
  if (name.starts_with(kEnvironment)) return variable(std::string(name.substr(kEnvironment.size())), context, place);
  fail(place, "wanted ${config_dir}, ${library_dir} or ${env:NAME}, found " +
                  printable("${" + std::string(name) + "}") + "; $$ stands for one $");
}

}  // namespace

std::string expand(std::string_view text, const Context& context, const std::string& place) {
  std::string result;
  while (true) {
    const std::size_t dollar = text.find('$');
    result += text.substr(0, dollar);
    if (dollar == std::string_view::npos) return result;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('{')) {
      const std::size_t end = text.find('}');
      if (end == std::string_view::npos)
        fail(place, "wanted a } at the end of " + in_quotes("$" + std::string(text)) + "; $$ stands for one $");
      result += value_of_name(text.substr(1, end - 1), context, place);
      text.remove_prefix(end + 1);
    } else {
      result += '$';
      if (text.starts_with('$')) text.remove_prefix(1);
    }
  }
}

std::string unexpanded(std::string_view text) {
  std::string result;
  for (const char c : text) result.append(c == '$' ? 2 : 1, c);
  return result;
}

bool is_path(std::string_view text) {
  return text.find('/') != std::string_view::npos ||
         text.find(static_cast<char>(std::filesystem::path::preferred_separator)) != std::string_view::npos;
}

std::filesystem::path path_in(std::string_view text, const std::string& place) {
  try {
    return base::path_of(text);
  } catch (const std::filesystem::filesystem_error&) {
    fail(place, "wanted a path in UTF-8, found " + in_quotes(text) + " in another encoding");
  }
}

std::filesystem::path resolve(const std::filesystem::path& path, const Context& context) {
  const std::filesystem::path absolute = base::is_absolute(path) ? path : context.config_dir / path;
  const bool goes_up = std::find(absolute.begin(), absolute.end(), "..") != absolute.end();
  return goes_up || base::names_share(absolute) ? absolute : absolute.lexically_normal();
}

}  // namespace heddle::config
