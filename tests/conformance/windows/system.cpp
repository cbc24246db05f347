// See system.hpp. A child process is this program again, with the one test that runs now: the environment says at which call of
// run_in_child it is to run the body, and which event it sets when it is there.
#include "conformance/system.hpp"

#include <gtest/gtest.h>
#include <windows.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <psapi.h>  // needs windows.h

#include <heddle/port/preempter.h>

#include "scale.hpp"
#include "thread_block.hpp"

namespace conformance {

const char* const kPreempterId = HEDDLE_PREEMPTER_IID "#suspend";
const uint32_t kMemoryFault = static_cast<uint32_t>(EXCEPTION_ACCESS_VIOLATION);
const size_t kKeptPages = 3;
const size_t kKeptOfSmallStack = 1;

namespace {

constexpr const char* kChildVariable = "HEDDLE_CONFORMANCE_CHILD";  // CALL EVENT
constexpr const char* kPortVariable = "HEDDLE_CONFORMANCE_PORT";
constexpr DWORD kChildMilliseconds = 30'000;
constexpr uint32_t kEndedBySystem = 0x8000'0000;  // set in the exit status of a process that an exception ended

// How often the running test has called run_in_child.
int count_call() {
  static const testing::TestInfo* counted = nullptr;
  static int calls = 0;
  const testing::TestInfo* running = testing::UnitTest::GetInstance()->current_test_info();
  if (running != counted) calls = 0;
  counted = running;
  return ++calls;
}

[[noreturn]] void be_the_child(const std::function<int()>& body, HANDLE reached) {
  SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
  SetEvent(reached);
  _exit(body());
}

HANDLE inheritable_event() {
  SECURITY_ATTRIBUTES inherit{sizeof inherit, nullptr, TRUE};
  return CreateEventA(&inherit, TRUE, FALSE, nullptr);
}

// What a child prints is not the test's; what it complains of goes where the test's complaints go.
STARTUPINFOA quiet_start(HANDLE nowhere) {
  STARTUPINFOA start{};
  start.cb = sizeof start;
  start.dwFlags = STARTF_USESTDHANDLES;
  start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
  start.hStdOutput = nowhere;
  start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  return start;
}

// A process in a job that ends with this process, so that no child outlives the tests.
bool start_child(PROCESS_INFORMATION& child) {
  static const HANDLE job = [] {
    const HANDLE made = CreateJobObjectA(nullptr, nullptr);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    SetInformationJobObject(made, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return made;
  }();
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  char program[MAX_PATH];
  GetModuleFileNameA(nullptr, program, sizeof program);
  std::string line = std::string("\"") + program + "\" --gtest_filter=" + test.test_suite_name() + "." + test.name();
  SECURITY_ATTRIBUTES inherit{sizeof inherit, nullptr, TRUE};
  const HANDLE nowhere = CreateFileA("NUL", GENERIC_WRITE, FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0, nullptr);
  STARTUPINFOA start = quiet_start(nowhere);
  const BOOL started = CreateProcessA(program, line.data(), nullptr, nullptr, TRUE, CREATE_SUSPENDED, nullptr, nullptr,
                                      &start, &child);
  CloseHandle(nowhere);
  if (started == 0) return false;
  AssignProcessToJobObject(job, child.hProcess);
  ResumeThread(child.hThread);
  return true;
}

ChildResult wait_for(const PROCESS_INFORMATION& child) {
  DWORD code = 0;
  if (WaitForSingleObject(child.hProcess, kChildMilliseconds) != WAIT_OBJECT_0) {
    ADD_FAILURE() << "the child had to be killed";
    TerminateProcess(child.hProcess, static_cast<UINT>(STATUS_TIMEOUT) | kEndedBySystem);
    WaitForSingleObject(child.hProcess, INFINITE);
  }
  GetExitCodeProcess(child.hProcess, &code);
  CloseHandle(child.hThread);
  CloseHandle(child.hProcess);
  if ((code & kEndedBySystem) != 0) return {-1, code};
  return {static_cast<int>(code), 0};
}

}  // namespace

void* find_in_library(const char* path, const char* symbol, std::string& error) {
  SetEnvironmentVariableA(kPortVariable, path);  // for children
  const HMODULE library = LoadLibraryA(path);
  void* found = library == nullptr ? nullptr : reinterpret_cast<void*>(GetProcAddress(library, symbol));
  if (found == nullptr) error = std::string(path) + ": error " + std::to_string(GetLastError());
  return found;
}

bool emulated() {
  return GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != nullptr;
}

ChildResult run_in_child(const std::function<int()>& body) {
  const int call = count_call();
  char role[64];
  if (GetEnvironmentVariableA(kChildVariable, role, sizeof role) != 0) {
    char* event = nullptr;
    if (std::strtol(role, &event, 10) == call)
      be_the_child(body, reinterpret_cast<HANDLE>(std::strtoull(event, nullptr, 10)));
    return {};  // another child's
  }
  const HANDLE reached = inheritable_event();
  std::snprintf(role, sizeof role, "%d %llu", call, static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(reached)));
  SetEnvironmentVariableA(kChildVariable, role);
  PROCESS_INFORMATION child{};
  const bool started = start_child(child);
  SetEnvironmentVariableA(kChildVariable, nullptr);
  ChildResult result;
  if (started) result = wait_for(child);
  EXPECT_EQ(WaitForSingleObject(reached, 0), WAIT_OBJECT_0) << "the child did not come to its body";
  CloseHandle(reached);
  return result;
}

size_t page_bytes() {
  SYSTEM_INFO info{};
  GetSystemInfo(&info);
  return info.dwPageSize;
}

uintptr_t thread_id() {
  return GetCurrentThreadId();
}

size_t pages_in_memory(const void* base, size_t pages) {
  size_t count = 0;
  for (size_t i = 0; i < pages; ++i) {
    PSAPI_WORKING_SET_EX_INFORMATION page{};
    page.VirtualAddress = const_cast<char*>(static_cast<const char*>(base)) + i * page_bytes();
    EXPECT_NE(K32QueryWorkingSetEx(GetCurrentProcess(), &page, sizeof page), 0);
    count += page.VirtualAttributes.Valid;
  }
  return count;
}

std::vector<SystemCode> system_code() {
  const std::pair<const char*, const char*> functions[] = {{"ntdll.dll", "NtClose"},
                                                           {"kernel32.dll", "CreateFileA"},
                                                           {"msvcrt.dll", "malloc"},
                                                           {"libstdc++-6.dll", "_ZSt9terminatev"},
                                                           {"libwinpthread-1.dll", "pthread_create"}};
  std::vector<SystemCode> all;
  for (const auto& [library, name] : functions) {
    all.push_back({library, reinterpret_cast<const void*>(GetProcAddress(GetModuleHandleA(library), name))});
  }
  return all;
}

uint64_t interruptions(uint64_t count) {
  return static_cast<uint64_t>(scaled(static_cast<int>(count)));
}

// Where the stack of a thread ends, as its thread block says. While a fiber runs on one of the two, that block names the fiber's
// stack and the other's its own again.
namespace {
struct Mark {
  const ThreadBlock* block;
  uintptr_t stack_base;
};
std::array<std::atomic<const Mark*>, 2> marks;
}  // namespace

void mark_thread(int number) {
  static Mark all[2];
  all[number] = {&ThreadBlock::of_this_thread(), ThreadBlock::of_this_thread().stack_base()};
  marks[number] = &all[number];
}

uint64_t wrong_marks(int number, const HeddleThread& thread, const void*) {
  const Mark* mine = marks[number];
  const Mark* other = marks[1 - number];
  uint64_t wrong = 0;
  if (mine->block->thread_id() != thread.os_thread) ++wrong;
  if (mine->block->stack_base() == mine->stack_base) ++wrong;
  if (other != nullptr && other->block->stack_base() != other->stack_base) ++wrong;
  return wrong;
}

}  // namespace conformance
