// Functions whose names a dump can know on every system: they are exported, by a program that is linked for it.
#pragma once

#include <heddle/channel.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <string>

namespace heddle::test {

/// What Channel::receive gives and one, through another function of that kind, `named_receive_deeper`.
int named_receive(Channel<int>& values);

/// The text of dump_fibers(), called in `named_dump`.
std::string named_dump();

/// foreign_call(function), in `named_foreign_call`.
void named_foreign_call(const std::function<void()>& function);

/// Writes to address 0.
void named_write_to_null();

/// Calls itself until the stack is used up.
void named_recurse();

/// Endless loops without a call, which first count themselves.
extern const std::array<void (*)(std::atomic<int>& begun), 4> kNamedLoops;
inline constexpr std::array<const char*, 4> kNamesOfLoops = {"named_loop_north", "named_loop_east", "named_loop_south",
                                                             "named_loop_west"};

}  // namespace heddle::test
