// A process ends while its threads are preempted every millisecond, in each way there is of ending, and with the status it asked
// for. A thread that was stopped when the process ended, or a request that waits for a thread that is gone, would keep it for good.
#include <process.h>
#include <windows.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "conformance/machine.hpp"
#include "conformance/worker.hpp"
#include "scale.hpp"

namespace conformance {
namespace {

constexpr int kStatus = 77;
volatile uint32_t stop;
std::atomic<uint64_t> injections;

void* address_of(const char* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(LoadLibraryA(library), name));
}

// Each ends the process. By name, as the program's own code, the C library and foreign code do it.
struct Way {
  const char* name;
  void (*end)();
};
constexpr Way kWays[] = {
    {"std::exit", [] { std::exit(kStatus); }},
    {"_exit", [] { _exit(kStatus); }},
    {"ExitProcess", [] { ExitProcess(kStatus); }},
    {"TerminateProcess", [] { TerminateProcess(GetCurrentProcess(), kStatus); }},
    {"ExitProcess, looked up by name",
     [] { reinterpret_cast<void(WINAPI*)(UINT)>(address_of("kernel32.dll", "ExitProcess"))(kStatus); }},
    {"exit of a C library that is loaded now",
     [] { reinterpret_cast<void(__cdecl*)(int)>(address_of("ucrtbase.dll", "exit"))(kStatus); }},
};

// Who ends it.
enum class Who { kFiber, kForeignThread, kMainThread };
constexpr Who kEnders[] = {Who::kFiber, Who::kForeignThread, Who::kMainThread};

class Exit : public Conformance {
 protected:
  // Two workers in endless loops and two threads that preempt them every millisecond; then the end. Returns never.
  int run_and_end(const Way& way, Who who) {
    core.deliver = Worker::deliver;
    core.preempted = [] { ++injections; };
    static Worker* workers[2];
    static std::atomic<int> running;
    for (Worker*& worker : workers) {
      worker = new Worker(switcher, tls, preempter);
      std::thread([this, worker, &way, who] {
        worker->run_undisturbed([&] {
          ++running;
          if (who == Who::kFiber && worker == workers[1]) {
            while (injections < 3) probe_spin_once();
            way.end();
          }
          probe_spin(&stop);
        });
      }).detach();
    }
    while (running != 2) SwitchToThread();
    for (Worker* worker : workers) {
      std::thread([this, worker] {
        for (;;) {
          preempter->request(&worker->thread);
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      }).detach();
    }
    while (injections < 3) SwitchToThread();
    if (who == Who::kForeignThread) std::thread(way.end).detach();
    if (who == Who::kMainThread) way.end();
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }

 private:
  // Comes out of the loop at once, so that the fiber can look at what else there is.
  static void probe_spin_once() {
    static const volatile uint32_t stopped = 1;
    probe_spin(&stopped);
  }
};

TEST_F(Exit, UnderPreemptionInEveryWay) {
  const int children = scaled(300);
  const int ways = static_cast<int>(std::size(kWays)), enders = static_cast<int>(std::size(kEnders));
  for (int i = 0; i < children; ++i) {
    const Way& way = kWays[i % ways];
    const Who who = kEnders[i / ways % enders];
    const ChildResult result = run_in_child([&] { return run_and_end(way, who); });
    EXPECT_EQ(result.exit_status, kStatus) << way.name << " by " << static_cast<int>(who) << " " << std::hex << result.fatal;
  }
}

}  // namespace
}  // namespace conformance
