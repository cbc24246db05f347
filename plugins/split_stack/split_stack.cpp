// What __morestack (morestack_amd64.S) asks of the runtime, in C++. Compiled without split stacks.
#include <heddle/detail/split_stack.hpp>
#include <heddle/with_stack.hpp>

#include <cstddef>

namespace {

const bool used = (heddle::detail::use_split_stacks(), true);

}  // namespace

// Calls body(frame) with that much stack: where the caller is if its limit was that of another stack, or none that it knows.
extern "C" __attribute__((visibility("hidden"))) void heddle_split_call(std::size_t bytes, void* (*body)(void* frame),
                                                                        void* frame) {
  if (!heddle::detail::call_elsewhere(bytes, body, frame)) body(frame);
}
