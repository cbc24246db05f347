// Select: a fiber that waits for several things at once. A barber serves whoever comes, looks at the clock when nobody
// does, and goes home when he is asked to.
#include <heddle/heddle.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <optional>
#include <stop_token>
#include <string>

using namespace std::chrono_literals;

struct Shop {
  heddle::Channel<std::string> regulars{4};
  heddle::Channel<std::string> passers_by;
};

void serve(std::stop_token closing_time, Shop& shop) {
  int customers = 0;
  int looks = 0;
  const auto usual = [&](std::string name) { std::cout << ++customers << ": the usual, " << name << "\n"; };
  for (bool open = true; open;) {
    heddle::select(
        heddle::on_receive(shop.regulars, usual),
        heddle::on_receive(shop.passers_by,
                           [&](std::string name) { std::cout << ++customers << ": welcome, " << name << "\n"; }),
        heddle::after(1ms, [&] { ++looks; }), heddle::on_stop(closing_time, [&] { open = false; }));
  }
  while (std::optional<std::string> name = shop.regulars.try_receive()) usual(*name);  // who was there in time
  std::cout << "closed after " << customers << " customers and " << looks << " looks at the clock" << std::endl;
}

int main() {
  return heddle::run([] {
    Shop shop;
    heddle::Fiber barber(serve, std::ref(shop));
    shop.regulars.send("Ada");
    shop.passers_by.send("Grace");

    // Ada is in a hurry today. A case that can happen at once wins over `otherwise`.
    heddle::select(heddle::on_send(shop.regulars, "Ada again", [] {}),
                   heddle::otherwise([] { std::cout << "she leaves\n"; }));

    heddle::this_fiber::sleep_for(20ms);
  });  // the barber's handle ends first: he is asked to stop, and waited for
}
