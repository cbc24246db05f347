// Which clock nanotime() and walltime() read.
#pragma once

#include <heddle/port/vdso_caller.h>

namespace heddle::time {

/// From now on the clocks are the port's; null: those of the standard library again.
void use_clocks_of(const HeddleVdsoCaller* caller) noexcept;

}  // namespace heddle::time
