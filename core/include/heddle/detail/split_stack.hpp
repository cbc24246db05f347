// What the support library of code that is compiled with split stacks (plugins/split_stack) wants of the runtime.
#pragma once

#include <heddle/api.hpp>

namespace heddle::detail {

/// This process has such code: threads that run fibers from now on keep its stack limit. Before heddle::run().
HEDDLE_API_FUNCTION void use_split_stacks() noexcept;

}  // namespace heddle::detail
