// What a checkpoint is made of: a word that it looks at in line, and what it does when that is not zero.
//
// Whether a fiber is asked to give way is a word of its worker, which only a call finds. So there is one word for the whole process, which
// is not zero while any fiber may be asked; usually none is. sched/request.cpp says who writes it.
#pragma once

#include <heddle/api.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::detail {

extern HEDDLE_API_VARIABLE std::atomic<std::uint32_t> preemption_pending;

/// Gives way if the running fiber is asked to and may. Does nothing on an ordinary thread.
HEDDLE_API_FUNCTION void give_way_if_asked() noexcept;

/// The same where the caller's code does not expect a call: before the instruction `at`, between any two of the program's. The fiber goes on as
/// one that was interrupted there, on the same thread if the configuration says so. Async-signal-safe on a signal stack.
HEDDLE_API_FUNCTION void stop_if_asked(const void* at) noexcept;

}  // namespace heddle::detail
