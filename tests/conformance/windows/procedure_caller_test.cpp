// ProcedureCaller: every number of arguments, in both conventions, and what comes back.
#include <windows.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "conformance/fixture.hpp"
#include "conformance/machine.hpp"

namespace conformance {
namespace {

constexpr size_t kMaxWords = HEDDLE_PROCEDURE_MAX_WORDS;
constexpr uint64_t kUpper = 0x1234'5678'0000'0000;

// A number that depends on each word and on its place.
uintptr_t digest(const uintptr_t* words, size_t count) {
  uintptr_t sum = count + 1;
  for (size_t i = 0; i < count; ++i) sum = sum * 31 + words[i];
  return sum;
}

struct Seen {
  int calls;
  uintptr_t misalignment;  // of the stack, from what C++ code takes it to be
  DWORD last_error;
} seen;

// The compiler takes the address to be aligned as it has been told, unless it does not know whose it is.
void note_call() {
  alignas(16) volatile char local = 0;
  auto address = reinterpret_cast<uintptr_t>(&local);
  asm volatile("" : "+r"(address));
  seen.misalignment |= address % 16;
  seen.last_error = GetLastError();
  ++seen.calls;
}

template <size_t>
using Word = uintptr_t;

template <class Indices>
struct Taking;

// Procedures of as many arguments, one for each convention. On amd64 there is one convention only.
template <size_t... I>
struct Taking<std::index_sequence<I...>> {
  static uintptr_t __cdecl by_cdecl(Word<I>... words) {
    note_call();
    const uintptr_t given[] = {words..., 0};
    return digest(given, sizeof...(I));
  }
  static uintptr_t __stdcall by_stdcall(Word<I>... words) {
    note_call();
    const uintptr_t given[] = {words..., 0};
    return digest(given, sizeof...(I));
  }
};

template <class Function>
void* address_of(Function* function) {
  return reinterpret_cast<void*>(function);
}

struct Pair {
  void* by_cdecl;
  void* by_stdcall;
};

template <size_t... Count>
std::array<Pair, sizeof...(Count)> all_counts(std::index_sequence<Count...>) {
  return {Pair{address_of(&Taking<std::make_index_sequence<Count>>::by_cdecl),
               address_of(&Taking<std::make_index_sequence<Count>>::by_stdcall)}...};
}

const auto procedures_of = all_counts(std::make_index_sequence<kMaxWords + 1>());

// The arguments of a call, as the core puts them together.
class Words {
 public:
  template <class... T>
  explicit Words(T... arguments) {
    (add(arguments), ...);
  }
  const uintptr_t* data() const { return words_.data(); }
  uint32_t size() const { return static_cast<uint32_t>(words_.size()); }

 private:
  template <class T>
  void add(T argument) {
    uintptr_t words[8 / sizeof(uintptr_t)]{};
    memcpy(words, &argument, sizeof argument);
    words_.insert(words_.end(), words, words + (sizeof(T) + sizeof(uintptr_t) - 1) / sizeof(uintptr_t));
  }
  std::vector<uintptr_t> words_;
};

HeddleProcedureCall request(void* procedure, const Words& words, uint32_t result = HEDDLE_PROCEDURE_INTEGER) {
  return {sizeof(HeddleProcedureCall), result, procedure, words.data(), words.size(), ~0u, ~0ull, -1};
}

class ProcedureCaller : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    ASSERT_NE(procedures, nullptr);
    ASSERT_GE(procedures->struct_size, sizeof(HeddleProcedureCaller));
    seen = {};
  }

  HeddleProcedureCall call(void* procedure, const Words& words, uint32_t result = HEDDLE_PROCEDURE_INTEGER) {
    HeddleProcedureCall made = request(procedure, words, result);
    EXPECT_EQ(procedures->call(&made), HEDDLE_OK);
    return made;
  }
};

// At the end of a page, and the next one cannot be read.
class EndOfAPage {
 public:
  EndOfAPage()
      : base_(static_cast<char*>(VirtualAlloc(nullptr, 2 * page_bytes(), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE))) {
    DWORD before = 0;
    VirtualProtect(base_ + page_bytes(), page_bytes(), PAGE_NOACCESS, &before);
  }
  ~EndOfAPage() { VirtualFree(base_, 0, MEM_RELEASE); }
  uintptr_t* words(size_t count) const { return reinterpret_cast<uintptr_t*>(base_ + page_bytes()) - count; }

 private:
  char* const base_;
};

TEST_F(ProcedureCaller, HandsOverEachNumberOfWordsAndReadsNoMore) {
  const EndOfAPage page;
  for (size_t count = 0; count <= kMaxWords; ++count) {
    uintptr_t* const words = page.words(count);
    for (size_t i = 0; i < count; ++i)
      words[i] = static_cast<uintptr_t>(0x9e37'79b9'7f4a'7c15ull * (i + 1 + 100 * count));
    for (void* procedure : {procedures_of[count].by_cdecl, procedures_of[count].by_stdcall}) {
      HeddleProcedureCall made{
          sizeof(made), HEDDLE_PROCEDURE_INTEGER, procedure, words, static_cast<uint32_t>(count), ~0u, 0, -1};
      ASSERT_EQ(procedures->call(&made), HEDDLE_OK);
      EXPECT_EQ(static_cast<uintptr_t>(made.integer), digest(words, count)) << count;
      EXPECT_EQ(made.last_error, 0u);
      EXPECT_EQ(made.floating, 0.0);
    }
  }
  EXPECT_EQ(seen.calls, 2 * (static_cast<int>(kMaxWords) + 1));
  EXPECT_EQ(seen.misalignment, 0u);
}

TEST_F(ProcedureCaller, RefusesOneWordMore) {
  const uintptr_t words[kMaxWords + 1]{};
  HeddleProcedureCall made{
      sizeof(made), HEDDLE_PROCEDURE_INTEGER, procedures_of[kMaxWords].by_cdecl, words, kMaxWords + 1, 0, 0, 0};
  EXPECT_EQ(procedures->call(&made), HEDDLE_E_INVALID);
  EXPECT_EQ(seen.calls, 0);
}

// The probe also takes its own results from below its stack pointer, which must be what it was.
TEST_F(ProcedureCaller, KeepsTheCallersRegistersAndStackPointer) {
  for (size_t count : {0u, 1u, 3u, 4u, 5u, 17u, 42u}) {
    const std::vector<uintptr_t> words(count, 3);
    for (void* procedure : {procedures_of[count].by_cdecl, procedures_of[count].by_stdcall}) {
      HeddleProcedureCall made{
          sizeof(made), HEDDLE_PROCEDURE_INTEGER, procedure, words.data(), static_cast<uint32_t>(count), 0, 0, 0};
      SwapProbe probe{reinterpret_cast<void* (*)(HeddleContext*, const HeddleContext*, void*)>(address_of(procedures->call)),
                      reinterpret_cast<HeddleContext*>(&made),
                      nullptr,
                      nullptr,
                      0x5eed,
                      &probe};
      EXPECT_EQ(probe_swap(&probe), 0u) << count;
      EXPECT_EQ(static_cast<int32_t>(reinterpret_cast<intptr_t>(probe.result)), HEDDLE_OK);
      EXPECT_EQ(static_cast<uintptr_t>(made.integer), digest(words.data(), count));
    }
  }
}

double __stdcall mix(int a, double b, float c, int64_t d, float e, double f, short g) {
  return a + 2 * b + 4 * static_cast<double>(c) + 8 * static_cast<double>(d) + 16 * static_cast<double>(e) + 32 * f + 64 * g;
}
float __stdcall quotient(float a, float b) {
  return a / b;
}
double no_arguments() {
  return 0.1;
}

TEST_F(ProcedureCaller, FloatingPointBothWays) {
  const Words words(-1, 2.5, 0.5f, int64_t{-3'000'000'000}, 1.25f, 1e-3, intptr_t{-7});
  EXPECT_EQ(call(address_of(mix), words, HEDDLE_PROCEDURE_DOUBLE).floating,
            mix(-1, 2.5, 0.5f, -3'000'000'000, 1.25f, 1e-3, -7));
  EXPECT_EQ(call(address_of(quotient), Words(1.0f, 3.0f), HEDDLE_PROCEDURE_FLOAT).floating, static_cast<double>(1.0f / 3.0f));
  EXPECT_EQ(call(address_of(no_arguments), Words(), HEDDLE_PROCEDURE_DOUBLE).floating, 0.1);
}

TEST_F(ProcedureCaller, FloatingPointThatNobodyAskedForDisturbsNobody) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(call(address_of(no_arguments), Words()).floating, 0.0);
  // By x87, which has eight registers.
  volatile long double a = 1, b = 2, c = 3, d = 4;
  EXPECT_EQ((a + b) * (c + d) + (a - b) * (c - d), 22.0L);
}

uint64_t __stdcall wide(uint64_t a, uintptr_t b, uint64_t c) {
  return a ^ c ^ (kUpper + b);
}

TEST_F(ProcedureCaller, SixtyFourBits) {
  const uint64_t a = 0xfeed'face'cafe'beef, c = 0x8000'0000'0000'0001;
  EXPECT_EQ(call(address_of(wide), Words(a, uintptr_t{5}, c)).integer, wide(a, 5, c));
}

DWORD __stdcall set_last_error(DWORD error) {
  const DWORD before = GetLastError();
  SetLastError(error);
  return before;
}

TEST_F(ProcedureCaller, LastErrorIsZeroBeforeAndReadAfter) {
  SetLastError(77);
  HeddleProcedureCall made = call(procedures_of[2].by_stdcall, Words(uintptr_t{1}, uintptr_t{2}));
  EXPECT_EQ(seen.calls, 1);
  EXPECT_EQ(seen.last_error, 0u);
  EXPECT_EQ(made.last_error, 0u);

  SetLastError(77);
  made = call(address_of(set_last_error), Words(uintptr_t{1234}));
  const DWORD after = GetLastError();
  EXPECT_EQ(static_cast<DWORD>(made.integer), 0u);
  EXPECT_EQ(made.last_error, 1234u);
  EXPECT_EQ(after, 1234u);

  made = call(address_of(CreateFileW),
              Words(L"no folder\\no file", GENERIC_READ, DWORD{0}, nullptr, DWORD{OPEN_EXISTING}, DWORD{0}, nullptr));
  EXPECT_EQ(reinterpret_cast<HANDLE>(static_cast<uintptr_t>(made.integer)), INVALID_HANDLE_VALUE);
  EXPECT_EQ(made.last_error, DWORD{ERROR_PATH_NOT_FOUND});
}

TEST_F(ProcedureCaller, LastErrorIsTheThreads) {
  procedures->set_last_error(4321);
  EXPECT_EQ(GetLastError(), 4321u);
  SetLastError(1234);
  EXPECT_EQ(procedures->get_last_error(), 1234u);
}

struct CountsItsEnd {
  int& count;
  ~CountsItsEnd() { ++count; }
};

uintptr_t __stdcall throws(int* ends, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t value) {
  const CountsItsEnd counted{*ends};
  throw std::runtime_error(std::to_string(value));
}

TEST_F(ProcedureCaller, AnExceptionUnwindsThroughACall) {
  int ends = 0;
  for (uintptr_t i = 0; i < 100; ++i) {
    const CountsItsEnd counted{ends};
    try {
      call(address_of(throws), Words(&ends, i, i, i, i, i));
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), std::to_string(i));
    }
  }
  EXPECT_EQ(ends, 200);
}

TEST_F(ProcedureCaller, LoadsLibrariesOfTheSystemAndFindsWhatTheyExport) {
  void* library = nullptr;
  void* procedure = nullptr;
  uint32_t error = 0;
  for (const char* name : {"kernel32.dll", "KERNEL32", "version.dll"}) {
    ASSERT_EQ(procedures->load_library(name, &library, &error), HEDDLE_OK) << name << " " << error;
    wchar_t folder[MAX_PATH], path[MAX_PATH];
    const UINT length = GetSystemDirectoryW(folder, MAX_PATH);
    ASSERT_NE(GetModuleFileNameW(static_cast<HMODULE>(library), path, MAX_PATH), 0u);
    EXPECT_EQ(_wcsnicmp(folder, path, length), 0);
  }
  ASSERT_EQ(procedures->load_library("kernel32.dll", &library, &error), HEDDLE_OK);
  ASSERT_EQ(procedures->get_proc_address(library, "GetTickCount64", &procedure, &error), HEDDLE_OK);
  const ULONGLONG before = GetTickCount64();
  const uint64_t ticks = call(procedure, Words()).integer;
  EXPECT_LE(before, ticks);
  EXPECT_LE(ticks, GetTickCount64());

  EXPECT_EQ(procedures->get_proc_address(library, "NoSuchProcedure", &procedure, &error), HEDDLE_E_OS);
  EXPECT_EQ(error, DWORD{ERROR_PROC_NOT_FOUND});
  EXPECT_EQ(procedure, nullptr);
}

TEST_F(ProcedureCaller, TakesNoPathAndNoLibraryFromElsewhere) {
  void* library = nullptr;
  uint32_t error = 0;
  const char* const invalid[] = {"",
                                 "..\\kernel32.dll",
                                 "C:\\windows\\system32\\kernel32.dll",
                                 "sub/kernel32.dll",
                                 "c:kernel32.dll",
                                 "\\\\host\\share\\x.dll",
                                 "\xff.dll"};
  for (const char* name : invalid)
    EXPECT_EQ(procedures->load_library(name, &library, &error), HEDDLE_E_INVALID) << name;

  for (const char* name : {"no-such-library.dll",
                           "\xc3\xbcn\xc3\xaf"
                           "c\xc3\xb6"
                           "de.dll"}) {
    EXPECT_EQ(procedures->load_library(name, &library, &error), HEDDLE_E_OS);
    EXPECT_EQ(error, DWORD{ERROR_MOD_NOT_FOUND}) << name;
  }

  // One that lies beside the program, where LoadLibrary would find it.
  wchar_t beside[MAX_PATH];
  ASSERT_NE(GetModuleFileNameW(nullptr, beside, MAX_PATH), 0u);
  const std::wstring folder(beside, wcsrchr(beside, L'\\') + 1 - beside);
  const std::wstring copy = folder + L"conformance-beside-" + std::to_wstring(GetCurrentProcessId()) + L".dll";
  wchar_t original[MAX_PATH];
  GetModuleFileNameW(GetModuleHandleW(L"kernel32.dll"), original, MAX_PATH);
  ASSERT_NE(CopyFileW(original, copy.c_str(), TRUE), 0) << GetLastError();
  const std::wstring name = copy.substr(folder.size());
  const HMODULE found = LoadLibraryExW(name.c_str(), nullptr, LOAD_LIBRARY_AS_DATAFILE);
  EXPECT_NE(found, nullptr) << GetLastError();
  if (found != nullptr) FreeLibrary(found);
  EXPECT_EQ(procedures->load_library(std::string(name.begin(), name.end()).c_str(), &library, &error), HEDDLE_E_OS);
  EXPECT_EQ(error, DWORD{ERROR_MOD_NOT_FOUND});
  DeleteFileW(copy.c_str());
}

}  // namespace
}  // namespace conformance
