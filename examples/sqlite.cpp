// SQLite: a library that blocks, computes and calls back, used from a thousand fibers as if each had a thread of its own.
//
// Every query is a foreign call, on the thread's own stack: the fibers' are too small for SQLite. While it computes, SQLite calls a
// progress handler, and that calls back into the runtime.
#include <heddle/heddle.hpp>

#include <sqlite3.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kFibers = 1000;
constexpr int kConnections = 8;

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

void check(int result, sqlite3* database) {
  if (result != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(database));
}

std::atomic<int> looks{0};

/// Foreign code that SQLite calls every thousand of its instructions. Inside callback() it is the fiber again that made the query.
int on_progress(void*) {
  heddle::callback([] {
    ++looks;
    heddle::this_fiber::yield();
  });
  return 0;  // go on
}

Database open() {
  sqlite3* opened = nullptr;
  check(sqlite3_open("file:example?mode=memory&cache=private", &opened), opened);
  sqlite3_progress_handler(opened, 1000, on_progress, nullptr);
  return Database(opened);
}

/// How many numbers below `limit` are no multiple of a smaller one.
long count_primes(sqlite3* database, int limit) {
  constexpr const char* kQuery =
      "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) "
      "SELECT count(*) FROM n AS a WHERE NOT EXISTS (SELECT 1 FROM n AS b WHERE b.i < a.i AND a.i % b.i = 0)";
  sqlite3_stmt* prepared = nullptr;
  check(sqlite3_prepare_v2(database, kQuery, -1, &prepared, nullptr), database);
  const Statement statement(prepared);
  check(sqlite3_bind_int(statement.get(), 1, limit), database);
  if (sqlite3_step(statement.get()) != SQLITE_ROW) throw std::runtime_error(sqlite3_errmsg(database));
  return static_cast<long>(sqlite3_column_int64(statement.get(), 0));
}

}  // namespace

int main() {
  return heddle::run([] {
    heddle::Channel<Database> idle(kConnections);
    for (int i = 0; i < kConnections; ++i) idle.send(heddle::foreign_call(open));

    std::atomic<long> found{0};
    std::vector<heddle::Fiber> fibers;
    for (int i = 0; i < kFibers; ++i) {
      fibers.emplace_back([&] {
        Database database = *idle.receive();
        found += heddle::foreign_call(count_primes, database.get(), 100);
        idle.send(std::move(database));
      });
    }
    fibers.clear();
    std::cout << kFibers << " queries found " << found << " primes; the progress handler came by "
              << (looks > 0 ? "meanwhile" : "never") << std::endl;
  });
}
