// select under seeded random schedules: tokens go round through channels, by every kind of case, and none is lost or
// made.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <iostream>
#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::microseconds;

using Token = std::unique_ptr<int>;  // one that is lost leaks, one that is made twice crashes

/// Players pass tokens on through three channels until each has done its moves; then what is left is counted.
class Game {
 public:
  explicit Game(std::mt19937_64& random)
      : channels_{Channel<Token>(random() % 3), Channel<Token>(random() % 3), Channel<Token>(0)} {}

  void play(std::uint64_t seed, std::size_t moves, int tokens, bool fiber) {
    std::mt19937_64 random(seed);
    std::vector<Token> hand;
    for (int i = 0; i < tokens; ++i) hand.push_back(std::make_unique<int>(i));
    std::stop_source source;
    for (std::size_t move = 0; move < moves; ++move) {
      step(random, hand, source);
      if (fiber && random() % 4 == 0) this_fiber::yield();
    }
    const std::lock_guard lock(mutex_);
    for (Token& token : hand) rest_ += token != nullptr;
  }

  int count() {
    int count = rest_;
    for (Channel<Token>& channel : channels_) {
      while (std::optional<Token> token = channel.try_receive()) count += *token != nullptr;
    }
    return count;
  }

 private:
  /// None of the moves waits for ever: whom one waits for may have left the game.
  void step(std::mt19937_64& random, std::vector<Token>& hand, std::stop_source& source) {
    Channel<Token>& from = channels_[random() % 3];
    Channel<Token>& to = channels_[random() % 3];
    Token none;
    Token& token = hand.empty() ? none : hand.back();
    const auto sent = [&] {
      EXPECT_EQ(token, nullptr);
      if (!hand.empty()) hand.pop_back();
    };
    const auto take = [&](Token got) { hand.push_back(std::move(got)); };
    const microseconds patience(random() % 60);
    switch (random() % 5) {
      case 0:
        select(on_receive(from, take), after(patience, [] {}));
        break;
      case 1:
        if (token) select(on_send(to, std::move(token), sent), after(patience, [] {}));
        break;
      case 2:
        select(on_receive(from, take), on_receive(to, take), otherwise([] {}));
        break;
      case 3:
        if (token) select(on_send(to, std::move(token), sent), on_receive(from, take), after(patience, [] {}));
        break;
      default:
        stopped(random, from, take, source);
    }
  }

  template <class Take>
  void stopped(std::mt19937_64& random, Channel<Token>& from, const Take& take, std::stop_source& source) {
    if (random() % 8 == 0) source = std::stop_source();
    const std::stop_source mine = source;
    const bool by_thread = this_fiber::get_id() == FiberId();
    if (by_thread || random() % 2) {
      mine.request_stop();
      select(on_receive(from, take), on_stop(mine.get_token(), [] {}));
      return;
    }
    Fiber stopper([mine]() mutable { mine.request_stop(); });
    select(on_receive(from, take), on_stop(mine.get_token(), [] {}));
  }

  std::array<Channel<Token>, 3> channels_;
  Mutex mutex_;
  int rest_ = 0;  // guarded by mutex_
};

class SelectStress : public testing::TestWithParam<std::tuple<std::string, std::uint32_t>> {};

TEST_P(SelectStress, KeepsItsTokens) {
  passes_in_child(
      [] {
        const auto [strategy, processors] = GetParam();
        const std::uint64_t first = seed();
        Config eager = config(strategy, processors);
        eager.preempter.quantum = std::chrono::milliseconds(1);
        run(eager, [first] {
          for (std::uint64_t round = 0; round < scaled(100); ++round) {
            std::mt19937_64 random(first + round);
            Game game(random);
            Threads threads;
            std::vector<Fiber> fibers;
            for (std::uint64_t i = 0; i < 8; ++i)
              fibers.emplace_back([&game, seed = random()] { game.play(seed, 300, 4, true); });
            for (std::uint64_t i = 0; i < 2; ++i)
              threads.start([&game, seed = random()] { game.play(seed, 100, 4, false); });
            fibers.clear();
            threads.join();
            ASSERT_EQ(game.count(), 40) << "round " << round;
          }
        });
      },
      std::chrono::seconds(240));
}

INSTANTIATE_TEST_SUITE_P(On, SelectStress,
                         testing::Combine(testing::Values("none", "cooperative", kPreemptive), testing::Values(1U, 2U, 4U)),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace heddle::test
