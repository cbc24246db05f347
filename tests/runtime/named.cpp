// See named.hpp. Without inlining and without jumps instead of calls at their ends, so that each has a frame.
#include "runtime/named.hpp"

#include <heddle/fibers.hpp>
#include <heddle/foreign_call.hpp>

#include <sstream>

#define HEDDLE_NAMED extern "C" HEDDLE_PORT_EXPORT __attribute__((noinline))

HEDDLE_NAMED int named_receive_deeper(heddle::Channel<int>* values) {
  const int value = values->receive().value_or(-1);
  asm volatile("");
  return value;
}

HEDDLE_NAMED int named_receive(heddle::Channel<int>* values) {
  const int value = named_receive_deeper(values);
  asm volatile("");
  return value + 1;
}

HEDDLE_NAMED void named_dump(std::ostream* out) {
  heddle::dump_fibers(*out);
  asm volatile("");
}

HEDDLE_NAMED void named_foreign_call(const std::function<void()>* function) {
  heddle::foreign_call(*function);
  asm volatile("");
}

HEDDLE_NAMED void named_write_to_null() {
  int* null = nullptr;
  asm volatile("" : "+r"(null));
  *null = 1;
  asm volatile("");
}

// What the compiler cannot know it to be 0, and a frame that it cannot do without.
HEDDLE_NAMED int named_recurse(const volatile char* outer) {
  volatile char frame[256];
  frame[0] = *outer;
  if (frame[0] != 0) return 0;
  const int deeper = named_recurse(frame);
  asm volatile("" ::: "memory");
  return deeper + frame[0];
}

#define HEDDLE_NAMED_LOOP(name)                     \
  HEDDLE_NAMED void name(std::atomic<int>* begun) { \
    ++*begun;                                       \
    for (;;) asm volatile("");                      \
  }

HEDDLE_NAMED_LOOP(named_loop_north)
HEDDLE_NAMED_LOOP(named_loop_east)
HEDDLE_NAMED_LOOP(named_loop_south)
HEDDLE_NAMED_LOOP(named_loop_west)

namespace heddle::test {

int named_receive(Channel<int>& values) {
  return ::named_receive(&values);
}

std::string named_dump() {
  std::ostringstream out;
  ::named_dump(&out);
  return out.str();
}

void named_foreign_call(const std::function<void()>& function) {
  ::named_foreign_call(&function);
}

void named_write_to_null() {
  ::named_write_to_null();
}

void named_recurse() {
  const volatile char outermost = 0;
  ::named_recurse(&outermost);
}

const std::array<void (*)(std::atomic<int>& begun), 4> kNamedLoops = {
    [](std::atomic<int>& begun) { named_loop_north(&begun); }, [](std::atomic<int>& begun) { named_loop_east(&begun); },
    [](std::atomic<int>& begun) { named_loop_south(&begun); }, [](std::atomic<int>& begun) { named_loop_west(&begun); }};

}  // namespace heddle::test
