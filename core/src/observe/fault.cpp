#include "observe/fault.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace heddle::observe {

std::array<char, kFiberTextBytes> fiber_text(const sched::FiberBlock& fiber) noexcept {
  const auto number = static_cast<unsigned long long>(fiber.number);
  std::array<char, kFiberTextBytes> text;
  if (fiber.name[0]) {
    std::snprintf(text.data(), text.size(), "fiber %llu \"%s\"", number, fiber.name.data());
  } else {
    std::snprintf(text.data(), text.size(), "fiber %llu", number);
  }
  return text;
}

std::string_view describe(const HeddleFault& fault, const sched::FiberBlock* fiber, std::span<char> buffer) noexcept {
  std::array<char, 48> how{};
  if ((fault.flags & HEDDLE_FAULT_WAS_SENT) != 0) {
    std::snprintf(how.data(), how.size(), ", sent to this process,");
  } else if ((fault.flags & HEDDLE_FAULT_HAS_ADDRESS) != 0) {
    std::snprintf(how.data(), how.size(), " at address 0x%llx", static_cast<unsigned long long>(fault.address));
  }
  std::array<char, kFiberTextBytes> who{"the runtime"};
  if (fiber) who = fiber_text(*fiber);
  const char* where = fiber && fiber->ties & sched::kInForeign ? "in foreign code called by" : "in";
  const int length = std::snprintf(buffer.data(), buffer.size(),
                                   "heddle: %s%s %s %s: the process ends with a dump of its fibers\n", fault.name,
                                   how.data(), where, who.data());
  return {buffer.data(), std::min(static_cast<std::size_t>(length), buffer.size() - 1)};
}

void trace_fault(const HeddleFault& fault, Trace& out) noexcept {
  trace_here(out);
  const auto begin = out.frames.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(out.count);
  // Before it come the frames of the handler. Not every unwinder tells an instruction that was interrupted from a call.
  const auto struck = std::find_if(begin, end, [&](std::uintptr_t frame) { return frame - fault.at.pc + 1 <= 2; });
  if (struck == end) {
    out.count = 1;
  } else {
    out.count = static_cast<std::size_t>(std::copy(struck, end, begin) - begin);
  }
  *begin = fault.at.pc;
}

}  // namespace heddle::observe
