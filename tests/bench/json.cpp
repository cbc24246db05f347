// The report for other programs.
#include "bench/report.hpp"

#include <nlohmann/json.hpp>

namespace heddle::bench {

namespace {

using Json = nlohmann::ordered_json;

Json row_json(const Row& row, const std::string& library) {
  const Summary found = *row.of(library);
  return {{"subject", row.subject->id},      {"title", row.subject->title}, {"processors", row.subject->processors},
          {"measure", row.measure},          {"library", library},          {"unit", row.unit},
          {"median", found.median},          {"least", found.least},        {"most", found.most},
          {"values", row.values.at(library)}};
}

}  // namespace

std::string json(const Setting& setting, const Results& results) {
  Json out = {{"machine", setting.machine}, {"compiler", setting.compiler}, {"rounds", setting.rounds}};
  Json& list = out["results"] = Json::array();
  for (const Group& group : groups())
    for (const Subject& subject : group.subjects)
      for (const Row& row : results.rows_of(subject))
        for (const auto& [library, values] : row.values) list.push_back(row_json(row, library));
  Json& faults = out["not_measured"] = Json::array();
  for (const Results::Fault& fault : results.faults())
    faults.push_back({{"subject", fault.subject->id}, {"library", fault.library}, {"why", fault.why}});
  return out.dump(2) + "\n";
}

}  // namespace heddle::bench
