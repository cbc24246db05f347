// See code_modules.hpp. The list of system libraries is of names, not of paths: programs bring their own copies.
#include "linux/code_modules.hpp"

#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <climits>
#include <cstddef>
#include <cstring>

namespace heddle::port {
namespace {

// A file counts when its name is one of these, or goes on with '.', '-' or '_' (libc.so.6, ld-linux-x86-64.so.2).
constexpr const char* kSystemNames[] = {
    "linux-vdso",  "linux-gate",  "ld",          "ld64",        "libc",       "libm",      "libmvec",
    "libpthread",  "libdl",       "librt",       "libresolv",   "libnss",     "libutil",   "libthread",
    "libstdc++",   "libc++",      "libc++abi",   "libsupc++",   "libgcc",     "libunwind", "libatomic",
    "libjemalloc", "libtcmalloc", "libmimalloc", "libasan",     "libtsan",    "libubsan",  "liblsan",
    "libmsan",     "libhwasan",   "libclang_rt", "libprofiler", "libaddress", "libgomp",   "libomp"};

int32_t matches(const char* path, const char* name) {
  const char* slash = strrchr(path, '/');
  const char* file = slash == nullptr ? path : slash + 1;
  const size_t length = strlen(name);
  return strncmp(file, name, length) == 0 && strchr(".-_", file[length]) != nullptr;  // strchr finds the end too
}

bool is_system(const char* path) {
  for (const char* name : kSystemNames) {
    if (matches(path, name) != 0) return true;
  }
  return false;
}

struct Visit {
  void (*visit)(const HeddleCodeModule* module, void* argument);
  void* argument;
  uintptr_t vdso;     // load address of the vDSO, 0 when there is none
  bool first = true;  // the loader lists the main program first, without a name
};

int visit_module(dl_phdr_info* info, size_t, void* data) {
  auto& visit = *static_cast<Visit*>(data);
  char program[PATH_MAX] = "";
  HeddleCodeModule module{sizeof(HeddleCodeModule), HEDDLE_CODE_LIBRARY, info->dlpi_name, 0, 0};
  if (visit.first) {
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length < 0 ? 0 : length] = '\0';
    module.kind = HEDDLE_CODE_PROGRAM;
    module.path = program;
  } else if (is_system(info->dlpi_name)) {
    module.kind = HEDDLE_CODE_SYSTEM;
  }
  visit.first = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    module.lo = info->dlpi_addr + segment.p_vaddr;
    module.hi = module.lo + segment.p_memsz;
    if (visit.vdso >= module.lo && visit.vdso < module.hi) module.kind = HEDDLE_CODE_SYSTEM;
    visit.visit(&module, visit.argument);
  }
  return 0;
}

void enumerate(void (*visit)(const HeddleCodeModule* module, void* argument), void* argument) {
  Visit state{visit, argument, getauxval(AT_SYSINFO_EHDR)};
  dl_iterate_phdr(visit_module, &state);
}

// The loader counts both; the first module tells them. A C library that does not leaves 0.
int read_generation(dl_phdr_info* info, size_t size, void* sum) {
  if (size >= offsetof(dl_phdr_info, dlpi_tls_modid)) *static_cast<uint64_t*>(sum) = info->dlpi_adds + info->dlpi_subs;
  return 1;
}

uint64_t generation() {
  uint64_t sum = 0;
  dl_iterate_phdr(read_generation, &sum);
  return sum;
}

}  // namespace

const HeddleCodeModules code_modules{sizeof(HeddleCodeModules), 0, enumerate, generation, matches};

CodeRange find_code(uintptr_t pc) {
  struct Search {
    uintptr_t pc;
    CodeRange found;
  } search{pc, {}};
  enumerate(
      [](const HeddleCodeModule* module, void* argument) {
        auto& s = *static_cast<Search*>(argument);
        if (s.pc >= module->lo && s.pc < module->hi) s.found = {module->lo, module->hi};
      },
      &search);
  return search.found;
}

}  // namespace heddle::port
