// dump: all fibers as text, a paragraph each.
#pragma once

#include "observe/sighting.hpp"

#include <functional>
#include <string_view>

namespace heddle::observe {

/// Hands the text of a dump to `write`, a paragraph at a time. For `dying` see look_at_all.
void dump(sched::Scheduler& scheduler, const Dying* dying, const std::function<void(std::string_view)>& write);

}  // namespace heddle::observe
