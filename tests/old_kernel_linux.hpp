// A kernel without MADV_GUARD_INSTALL (before Linux 6.13), as far as a seccomp filter can make one: madvise and process_madvise refuse that
// advice as one that they do not know. See seccomp(2).
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace heddle::test {

/// For the calling thread and those that it starts. False where there are no filters.
inline bool forget_guard_advice() {
  constexpr unsigned kMadvGuardInstall = 102;
  // The lower half of an argument: all ports are little-endian.
  constexpr auto argument = [](unsigned index) {
    return static_cast<unsigned>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
  };
  std::array program{sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                     sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 1, 0),
                     sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_madvise, 2, 5),
                     sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(2)),
                     sock_filter BPF_JUMP(BPF_JMP | BPF_JA | BPF_K, 1, 0, 0),
                     sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(3)),
                     sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMadvGuardInstall, 0, 1),
                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{program.size(), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace heddle::test
