// Hello: a fiber that greets beside a fiber that never stops.
//
// The second one loops for ever and calls nothing. With other fiber libraries the program would end there, for this
// runtime has only one processor; here the loop is interrupted, and everyone gets a turn.
#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

int main() {
  heddle::Config config = heddle::Config::find();  // runtime.json, or the built-in defaults
  config.scheduler.processors = 1;

  return heddle::run(config, [] {
    heddle::Fiber greedy([] {
      for (;;) asm volatile("");
    });
    greedy.detach();  // nobody will join it: it ends with the program

    heddle::Fiber polite(
        {.name = "polite"},
        [](const std::string& whom) {
          std::cout << "Hello, " << whom << ", from fiber " << heddle::this_fiber::name() << "!" << std::endl;
        },
        "world");
    polite.join();
  });
}
