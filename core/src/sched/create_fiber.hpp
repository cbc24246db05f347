// create_fiber: a control block with a stack and room for a closure, ready to be started.
#pragma once

#include "sched/fiber_block.hpp"

#include <heddle/fiber.hpp>

#include <cstddef>

namespace heddle::sched {

class Scheduler;
class Worker;

/// `worker` is the caller's, null on an ordinary thread. Throws std::invalid_argument when the closure or the stack is
/// too large, std::system_error when there is no memory.
FiberBlock& create_fiber(Scheduler& scheduler, Worker* worker, const FiberOptions& options, std::size_t closure_bytes,
                         std::size_t closure_align, void (*body)(void* closure), void** closure);

}  // namespace heddle::sched
