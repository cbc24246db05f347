// Symbolizer: an exported function by name, the middle of one by its beginning, what is no code not at all.
#include <memory>
#include <string>

#include "fixture.hpp"

namespace conformance {
namespace {

class Symbolizer : public Conformance {
 protected:
  struct Found {
    int calls = 0;
    std::string module;
    uintptr_t module_base = 0;
    std::string name;
    uintptr_t start = 0;
  };

  Found find(uintptr_t address, int32_t expected) {
    Found found;
    const int32_t result = symbolizer->find(
        address,
        [](const HeddleSymbol* symbol, void* argument) {
          auto& out = *static_cast<Found*>(argument);
          ++out.calls;
          if (symbol->module != nullptr) out.module = symbol->module;
          out.module_base = symbol->module_base;
          if (symbol->name != nullptr) out.name = symbol->name;
          out.start = symbol->start;
        },
        &found);
    EXPECT_EQ(result, expected);
    return found;
  }

  // The one function that every port exports. On ARM bit 0 says which kind of code it is.
  uintptr_t query() const { return reinterpret_cast<uintptr_t>(find_query()); }
};

TEST_F(Symbolizer, FindsAnExportedFunction) {
  ASSERT_NE(symbolizer, nullptr);
  const Found found = find(query(), HEDDLE_OK);
  EXPECT_EQ(found.calls, 1);
  EXPECT_EQ(found.name, HEDDLE_PORT_QUERY_NAME);
  EXPECT_EQ(found.start | 1, query() | 1);
  EXPECT_LT(found.module_base, query());
  EXPECT_NE(found.module.find(port().id), std::string::npos) << found.module;
}

TEST_F(Symbolizer, FindsTheFunctionThatAnAddressLiesIn) {
  ASSERT_NE(symbolizer, nullptr);
  EXPECT_EQ(find(query() + 2, HEDDLE_OK).name, HEDDLE_PORT_QUERY_NAME);
}

TEST_F(Symbolizer, FindsNothingWhereNoModuleIs) {
  ASSERT_NE(symbolizer, nullptr);
  EXPECT_EQ(find(0, HEDDLE_E_INVALID).calls, 0);
  const auto on_heap = std::make_unique<char>();
  EXPECT_EQ(find(reinterpret_cast<uintptr_t>(on_heap.get()), HEDDLE_E_INVALID).calls, 0);
}

}  // namespace
}  // namespace conformance
