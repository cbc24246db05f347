// See test_vdso.hpp.
#include "test_vdso.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <stdexcept>

namespace {

unsigned long shown_image = 0;

}  // namespace

// What this module calls is resolved here first, and so is what the port calls.
extern "C" unsigned long getauxval(unsigned long type) noexcept {
  if (type == AT_SYSINFO_EHDR && shown_image != 0) return shown_image;
  static const auto original = reinterpret_cast<unsigned long (*)(unsigned long)>(dlsym(RTLD_NEXT, "getauxval"));
  return original(type);
}

namespace conformance {

TestVdso::TestVdso(const char* path) : module_(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
  if (module_ == nullptr) throw std::runtime_error(dlerror());
  script_ = static_cast<TestVdsoScript*>(dlsym(module_, "test_vdso_script"));
  *script_ = TestVdsoScript{};
  Dl_info info{};
  if (dladdr(script_, &info) == 0) throw std::runtime_error("dladdr does not know the test vDSO");
  shown_image = reinterpret_cast<unsigned long>(info.dli_fbase);
}

TestVdso::~TestVdso() {
  shown_image = 0;
  dlclose(module_);
}

void TestVdso::send(int count, int signal) {
  script_->process = getpid();
  script_->thread = gettid();
  script_->signal = signal;
  script_->signals = count;
}

}  // namespace conformance
