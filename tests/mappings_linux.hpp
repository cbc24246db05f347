// The mappings of the process: how many it has, and how to come close to the most that it may have (vm.max_map_count).
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cstddef>
#include <cstdlib>

namespace heddle::test {

/// Takes no memory.
inline std::size_t mapping_count() {
  const int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  static char part[64 << 10];
  std::size_t lines = 0;
  for (ssize_t length; (length = read(file, part, sizeof part)) > 0;) {
    for (ssize_t i = 0; i < length; ++i) lines += part[i] == '\n';
  }
  close(file);
  return lines;
}

inline std::size_t most_mappings() {
  char text[32]{};
  const int file = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  return length > 0 ? std::strtoul(text, nullptr, 10) : 65530;
}

/// Takes all mappings that the process may have but `left`, for as long as it lives; at least that many are left.
class MappingHog {
 public:
  explicit MappingHog(std::size_t left) {
    const std::size_t used = mapping_count() + left + kSpare;
    const std::size_t wanted = most_mappings() > used ? most_mappings() - used : 0;
    bytes_ = (wanted + 1) * page_;
    base_ = static_cast<char*>(mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (base_ == MAP_FAILED) return;
    // Every second page is another mapping, and so is what lies between two.
    for (std::size_t page = 1; page < wanted; page += 2) mprotect(base_ + page * page_, page_, PROT_READ);
  }
  ~MappingHog() {
    if (base_ != MAP_FAILED) munmap(base_, bytes_);
  }
  MappingHog(const MappingHog&) = delete;
  MappingHog& operator=(const MappingHog&) = delete;

 private:
  static constexpr std::size_t kSpare = 4;  // threads that come and go have some

  const std::size_t page_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t bytes_ = 0;
  char* base_ = nullptr;
};

}  // namespace heddle::test
