// set_variable, unset_variable: changes of this process's environment that getenv() sees.
#pragma once

#include <cstdlib>
#include <string>

namespace heddle::test {

#ifdef _WIN32  // whose C library has another name for setenv(3), and takes an empty value for none

inline void set_variable(const char* name, const std::string& value) {
  _putenv_s(name, value.c_str());
}
inline void unset_variable(const char* name) {
  _putenv_s(name, "");
}

#else

inline void set_variable(const char* name, const std::string& value) {
  setenv(name, value.c_str(), 1);
}
inline void unset_variable(const char* name) {
  unsetenv(name);
}

#endif

}  // namespace heddle::test
