// Pipeline: stages that know nothing of each other but the channels between them.
//
//   numbers ──▶ odd ones ──▶ squares (three fibers) ──▶ sum
//
// Each stage reads until its input is closed and empty, and closes its output when it is done, so the end of the
// numbers runs through the whole pipeline by itself.
#include <heddle/heddle.hpp>

#include <cstdint>
#include <iostream>

using Numbers = heddle::Channel<std::int64_t>;

void count_up_to(std::int64_t last, Numbers& out) {
  for (std::int64_t number = 1; number <= last; ++number) out.send(number);
  out.close();
}

void keep_odd(Numbers& in, Numbers& out) {
  for (const std::int64_t number : in) {
    if (number % 2 != 0) out.send(number);
  }
  out.close();
}

void square(Numbers& in, Numbers& out) {
  const auto work = [&] {
    for (const std::int64_t number : in) out.send(number * number);
  };
  {
    // Several fibers may serve one stage. They are joined at the end of this block, and only then is the output
    // complete.
    heddle::Fiber first(work), second(work), third(work);
  }
  out.close();
}

int main() {
  return heddle::run([] {
    Numbers numbers;       // without a buffer: a sender waits for its receiver
    Numbers odd_ones(16);  // with one: a sender may be sixteen numbers ahead
    Numbers squares(16);

    heddle::Fiber source(count_up_to, 1000, std::ref(numbers));
    heddle::Fiber filter(keep_odd, std::ref(numbers), std::ref(odd_ones));
    heddle::Fiber squarer(square, std::ref(odd_ones), std::ref(squares));

    std::int64_t sum = 0;
    for (const std::int64_t number : squares) sum += number;
    std::cout << "The squares of the odd numbers up to 1000 add up to " << sum << "." << std::endl;
  });
}
