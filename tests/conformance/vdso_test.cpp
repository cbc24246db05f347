// VdsoCaller: the clocks of every source that a port has. linux/vdso_test.cpp and windows/clock_test.cpp hold them against the system's.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "worker.hpp"

namespace conformance {
namespace {

class Clock : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    for (const char* const* id = port().interfaces; *id != nullptr; ++id) {
      if (!std::string(*id).starts_with(HEDDLE_VDSO_CALLER_IID "#")) continue;
      sources.push_back(static_cast<const HeddleVdsoCaller*>(port().get_interface(*id)));
      ids.emplace_back(*id);
    }
    ASSERT_GE(sources.size(), 2u);
  }
  std::vector<const HeddleVdsoCaller*> sources;
  std::vector<std::string> ids;
};

TEST_F(Clock, NeverGoesBackAndMovesOn) {
  for (size_t i = 0; i < sources.size(); ++i) {
    const int64_t first = sources[i]->monotonic_ns();
    int64_t last = first;
    uint64_t backwards = 0;
    for (int reading = 0; reading < 1'000'000; ++reading) {
      const int64_t now = sources[i]->monotonic_ns();
      if (now < last) ++backwards;
      last = now;
    }
    EXPECT_EQ(backwards, 0u) << ids[i];
    while (last == first)
      last = sources[i]->monotonic_ns();  // the test's own limit ends this where the clock stands still
  }
}

TEST_F(Clock, TellsTheTimeOfDay) {
  using namespace std::chrono;
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto now = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
    EXPECT_NEAR(static_cast<double>(sources[i]->realtime_ns()), static_cast<double>(now), 5e9) << ids[i];
  }
}

TEST_F(Clock, HasNoUnknownSymbolAndContainsNoOrdinaryCode) {
  for (const HeddleVdsoCaller* source : sources) {
    EXPECT_EQ(source->symbol("heddle_no_such_symbol"), nullptr);
    EXPECT_EQ(source->contains(reinterpret_cast<uintptr_t>(&load_port)), 0);
  }
}

TEST_F(Clock, IsReadByAForeignThread) {
  std::thread([this] {
    for (const HeddleVdsoCaller* source : sources) EXPECT_GT(source->monotonic_ns(), 0);
  }).join();
}

TEST_F(Clock, OnTheSystemStackItStaysThere) {
  // Foreign code called from a fiber: what lies below system.sp is in use, so nothing of it may change.
  Worker worker(switcher, tls, preempter);
  int64_t now = 0;
  bool intact = false;
  struct Foreign {
    const HeddleVdsoCaller* clock;
    int64_t* now;
    bool* intact;
  } foreign{vdso, &now, &intact};
  worker.run([&] {
    const auto call = [](void* argument) -> void* {
      const auto& f = *static_cast<Foreign*>(argument);
      volatile unsigned char mine[4096];
      for (size_t i = 0; i < sizeof mine; ++i) mine[i] = static_cast<unsigned char>(i * 7);
      *f.now = f.clock->monotonic_ns();
      *f.intact = true;
      for (size_t i = 0; i < sizeof mine; ++i) *f.intact &= mine[i] == static_cast<unsigned char>(i * 7);
      return nullptr;
    };
    switcher->call_on(static_cast<char*>(worker.thread.system.sp) - 128, call, &foreign);
  });
  EXPECT_GT(now, 0);
  EXPECT_TRUE(intact);
}

}  // namespace
}  // namespace conformance
