// Code that no loader knows, as a just-in-time compiler makes it: a page with a copied loop. It is preempted while the program
// says that it may be.
#include "runtime/child.hpp"
#include "runtime/preemptible_code.hpp"

#include <gtest/gtest.h>
#include <cstring>

#include <sys/mman.h>

// The linker's: where the section that hog lies in begins and ends.
extern "C" const char __start_hog_code[], __stop_hog_code[];

namespace heddle::test {
namespace {

class GeneratedCode : public testing::TestWithParam<Resume> {};

/// A page of its own with a copy of hog.
class Page {
 public:
  Page()
      : begin_(static_cast<char*>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    const auto bytes = static_cast<std::size_t>(__stop_hog_code - __start_hog_code);
    EXPECT_LE(bytes, kBytes);
    std::memcpy(begin_, __start_hog_code, bytes);
    EXPECT_EQ(mprotect(begin_, kBytes, PROT_READ | PROT_EXEC), 0);
    __builtin___clear_cache(begin_, begin_ + bytes);
  }
  ~Page() { munmap(begin_, kBytes); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  Hog hog() const {
    // At the same place as in the section; with the bit that tells Thumb code on ARM.
    return reinterpret_cast<Hog>(begin_ + (reinterpret_cast<const char*>(&::hog) - __start_hog_code));
  }
  CodeRegion region() const { return CodeRegion::range(begin_, begin_ + kBytes); }

 private:
  static constexpr std::size_t kBytes = 4096;
  char* const begin_;
};

TEST_P(GeneratedCode, IsPreemptedWhileARuleAllowsIt) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 1, GetParam()), [] {
          const Turns turns;
          const Page page;
          EXPECT_FALSE(turns.interrupt(page.hog()));
          {
            const PreemptionRule rule = allow_preemption(page.region());
            EXPECT_TRUE(turns.interrupt(page.hog()));
            const PreemptionRule stronger = deny_preemption(page.region());
            EXPECT_FALSE(turns.interrupt(page.hog()));
          }
          EXPECT_FALSE(turns.interrupt(page.hog()));
        });
      },
      std::chrono::seconds(30));
}

TEST_P(GeneratedCode, MayBeAllowedBeforeRun) {
  passes_in_child([] {
    const Page page;
    const PreemptionRule rule = allow_preemption(page.region());
    run(config(kPreemptive, 1, GetParam()), [&] {
      const Turns turns;
      EXPECT_TRUE(turns.interrupt(page.hog()));
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Under, GeneratedCode, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return info.param == Resume::kSameThread ? "same_thread" : "any_thread";
});

}  // namespace
}  // namespace heddle::test
