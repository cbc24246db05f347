// Libraries that come and go while the runtime runs: may their code be preempted, and does that follow what is loaded, what
// runtime.json says and what the program says?
#include "runtime/child.hpp"
#include "runtime/preemptible_code.hpp"

#include <gtest/gtest.h>
#include <boost/dll/shared_library.hpp>
#include <cstdlib>
#include <string>

namespace heddle::test {
namespace {

class HogLibrary {
 public:
  explicit HogLibrary(const char* file)
      : library_(file), hog_(library_.get<uint64_t(uint64_t, const volatile uint64_t*)>("hog")) {}
  Hog hog() const { return hog_; }

 private:
  boost::dll::shared_library library_;
  Hog hog_;
};

class LoadedCode : public testing::TestWithParam<Resume> {};

bool preempts_libraries(Resume resume) {
  return resume == Resume::kSameThread;
}

TEST_P(LoadedCode, IsPreemptedAsThePolicySays) {
  passes_in_child([] {
    run(config(kPreemptive, 1, GetParam()), [] {
      const Turns turns;
      const HogLibrary library(HOG_A);
      EXPECT_EQ(turns.interrupt(library.hog()), preempts_libraries(GetParam()));
    });
  });
}

TEST_P(LoadedCode, IsNotPreemptedWhereTheConfigurationDeniesIt) {
  passes_in_child([] {
    Config configuration = config(kPreemptive, 1, GetParam());
    configuration.preempter.allow = {"hog_a"};
    configuration.preempter.deny = {"hog_b"};
    run(configuration, [] {
      const Turns turns;
      const HogLibrary a(HOG_A), b(HOG_B);
      EXPECT_TRUE(turns.interrupt(a.hog()));
      EXPECT_FALSE(turns.interrupt(b.hog()));
    });
  });
}

TEST_P(LoadedCode, IsJudgedAnewWhereAnotherLibraryWas) {
  if (const char* emulator = std::getenv("HEDDLE_TEST_EMULATOR"); emulator && emulator == std::string("qemu-aarch64"))
    GTEST_SKIP() << "qemu-aarch64 maps nothing where something was before";
  passes_in_child(
      [] {
        Config configuration = config(kPreemptive, 1, GetParam());
        configuration.preempter.allow = {"hog_a"};
        configuration.preempter.deny = {"hog_b"};
        run(configuration, [] {
          const Turns turns;
          int same_place = 0;
          Hog last = nullptr;
          for (int round = 0; round < 6; ++round) {
            const bool allowed = round % 2 == 0;
            const HogLibrary library(allowed ? HOG_A : HOG_B);
            if (library.hog() == last) ++same_place;
            last = library.hog();
            EXPECT_EQ(turns.interrupt(library.hog()), allowed) << "round " << round;
          }
          EXPECT_GE(same_place, 1) << "the loader never used an address again, so this proved nothing";
        });
      },
      std::chrono::seconds(30));
}

TEST_P(LoadedCode, IsPreemptedAsTheProgramSays) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 1, GetParam()), [] {
          const Turns turns;
          const HogLibrary library(HOG_A);
          {
            const PreemptionRule rule = allow_preemption(CodeRegion::module_of(library.hog()));
            EXPECT_TRUE(turns.interrupt(library.hog()));
            const PreemptionRule stronger = deny_preemption(CodeRegion::module("hog_a"));
            EXPECT_FALSE(turns.interrupt(library.hog()));
          }
          EXPECT_EQ(turns.interrupt(library.hog()), preempts_libraries(GetParam()));
        });
      },
      std::chrono::seconds(30));
}

TEST_P(LoadedCode, TheProgramItselfCanBeDenied) {
  passes_in_child([] {
    const PreemptionRule rule = deny_preemption(CodeRegion::module_of(&hog));
    run(config(kPreemptive, 1, GetParam()), [] {
      const Turns turns;
      EXPECT_FALSE(turns.interrupt(hog));
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Under, LoadedCode, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return info.param == Resume::kSameThread ? "same_thread" : "any_thread";
});

}  // namespace
}  // namespace heddle::test
