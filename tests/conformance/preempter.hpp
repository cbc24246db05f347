// What the tests of every Preempter share.
#pragma once

#include <functional>

#include "worker.hpp"

namespace conformance {

class Preempter : public Conformance {
 protected:
  // Makes the calling thread a worker's without a fiber, for the length of `body`.
  void as_worker(const std::function<void()>& body) {
    ASSERT_EQ(tls->bind(&thread), HEDDLE_OK);
    ASSERT_EQ(preempter->enter(&thread), HEDDLE_OK);
    body();
    preempter->leave(&thread);
    tls->clear();
  }

  HeddleThread thread{};
};

}  // namespace conformance
