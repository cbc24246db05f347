// Prime sieve: one fiber for each prime.
//
// The numbers pass through a chain of fibers. The first number that reaches a fiber is a prime: the fiber reports it,
// starts the next fiber of the chain and passes on to it whatever the prime does not divide. A sieve up to 1000 is a
// chain of 168 fibers.
#include <heddle/heddle.hpp>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>

using Numbers = heddle::Channel<int>;

void sieve(Numbers& numbers, Numbers& primes) {
  const std::optional<int> prime = numbers.receive();
  if (!prime) {
    primes.close();  // no number came this far: the chain ends here
    return;
  }
  primes.send(*prime);

  Numbers rest;
  heddle::Fiber next(sieve, std::ref(rest), std::ref(primes));
  for (const int number : numbers) {
    if (number % *prime != 0) rest.send(number);
  }
  rest.close();
}  // `next` is joined here, so that `rest` outlives it

int main(int argc, char** argv) {
  const int limit = argc > 1 ? std::atoi(argv[1]) : 1000;

  return heddle::run([limit] {
    Numbers numbers;
    Numbers primes;
    heddle::Fiber first(sieve, std::ref(numbers), std::ref(primes));
    heddle::Fiber source([&] {
      for (int number = 2; number <= limit; ++number) numbers.send(number);
      numbers.close();
    });

    int count = 0;
    int last = 0;
    for (const int prime : primes) {
      std::cout << prime << ' ';
      last = prime;
      ++count;
    }
    std::cout << "\n" << count << " primes up to " << limit << ", the last of them " << last << std::endl;
  });
}
