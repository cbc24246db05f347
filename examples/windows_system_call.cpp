// Procedures of Windows by name: without its headers, with their last errors, and so that nobody waits for one that blocks.
#include <heddle/heddle.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

using heddle::windows::get_proc_address;
using heddle::windows::load_library;
using heddle::windows::system_call;

namespace {

constexpr int kFibers = 10;
constexpr std::uint32_t kSleep = 500;  // ms

std::string computer_name(void* kernel) {
  wchar_t name[256];
  std::uint32_t length = 256;
  const auto [known, error] = system_call<int>(get_proc_address(kernel, "GetComputerNameW"), name, &length);
  if (!known) return "error " + std::to_string(error);
  std::string text;
  for (std::uint32_t i = 0; i < length; ++i) text += name[i] < 128 ? static_cast<char>(name[i]) : '?';
  return text;
}

void open_what_is_not_there(void* kernel) {
  constexpr int kOpenExisting = 3;
  const auto [file, error] = system_call<void*>(get_proc_address(kernel, "CreateFileW"), L"no such file", 0, 0, nullptr,
                                                kOpenExisting, 0, nullptr);
  if (reinterpret_cast<std::intptr_t>(file) == -1) std::cout << "no such file: error " << error << std::endl;
}

}  // namespace

int main() {
  return heddle::run([] {
    void* const kernel = load_library("kernel32.dll");
    const auto up_ms = system_call<std::uint64_t>(get_proc_address(kernel, "GetTickCount64")).value;
    std::cout << computer_name(kernel) << " has been up for " << up_ms / 60'000 << " minutes" << std::endl;
    open_what_is_not_there(kernel);

    // A sleep of the thread's, of which the runtime knows nothing.
    const auto sleep = get_proc_address(kernel, "Sleep");
    const auto start = heddle::nanotime();
    std::vector<heddle::Fiber> fibers;
    for (int i = 0; i < kFibers; ++i) fibers.emplace_back([&] { system_call(sleep, kSleep); });
    fibers.clear();
    const auto took = std::chrono::nanoseconds(heddle::nanotime() - start);
    const bool together = took < kFibers * std::chrono::milliseconds(kSleep);
    std::cout << kFibers << " fibers slept " << (together ? "at the same time" : "one after the other") << std::endl;
  });
}
