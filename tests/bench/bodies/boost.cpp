// The bodies on Boost.Fiber. It cannot preempt: beside a fiber that computes, no other one runs.
#include "bench/bodies/boost_library.hpp"
#include "bench/bodies/program.hpp"

int main(int argc, char** argv) {
  using namespace heddle::bench;
  Bodies bodies = common_bodies<BoostLibrary>();
  bodies.merge(fiber_bodies<BoostLibrary>());
  return run_body(argc, argv, bodies);
}
