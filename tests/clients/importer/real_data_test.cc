// The example mappings on real files (see data/README.md beside the project):
// counts against the figures that pandas and scipy gave for the same files.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/clients/importer/import_fixture.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::IsOk;

class RealDataTest : public ::testing::Test {
 protected:
  static std::string Path(const std::string& name) {
    const char* folder = std::getenv("STAGECRAFT_DATA");
    return std::string(folder != nullptr ? folder : "../shared/data") + "/" +
           name;
  }
  static nlohmann::json Reference(const std::string& folder) {
    std::ifstream file(Path(folder + "/reference.json"));
    return nlohmann::json::parse(file);
  }
};

TEST_F(RealDataTest, HillstromEmailTest) {
  const std::string path = Path("hillstrom/hillstrom_data.csv.gz");
  if (!std::ifstream(path)) GTEST_SKIP() << path << " is not there";
  ImportOptions options;
  const auto mapping =
      LoadMapping("tests/clients/importer/testdata/hillstrom_mapping.json");
  ASSERT_THAT(mapping, IsOk());
  options.mapping = *mapping;
  options.max_errors = 0;

  std::map<std::string, std::string> arms;  // By unit.
  std::map<std::string, int64_t> exposures, visits, purchases;
  std::map<std::string, double> spend;
  std::map<std::string, int64_t> names;
  std::set<std::string> ids;
  int64_t with_all_attributes = 0;
  const auto stats = ReadEvents({path}, options, [&](v1::Event event) {
    ++names[event.name()];
    ids.insert(event.event_id());
    const auto& attributes = event.attributes();
    with_all_attributes += attributes.at("newbie").has_string_value() &&
                           attributes.at("channel").has_string_value() &&
                           attributes.at("zip_code").has_string_value() &&
                           attributes.at("recency").number_value() >= 1 &&
                           attributes.at("history").number_value() >= 29.99;
    if (event.name() == "stagecraft.exposure") {
      const std::string& arm = attributes.at("variant").string_value();
      arms[event.unit_id()] = arm;
      ++exposures[arm];
      EXPECT_EQ(attributes.at("experiment").string_value(),
                "journeys/email/experiments/email");
      EXPECT_EQ(event.time().seconds(), 1204329600);  // date -d 2008-03-01 +%s
    } else if (event.name() == "visit") {
      ++visits[arms.at(event.unit_id())];
      EXPECT_EQ(event.time().seconds(), 1204329600 + 86400);
    } else if (event.name() == "purchase") {
      ++purchases[arms.at(event.unit_id())];
      spend[arms.at(event.unit_id())] += event.value();
      EXPECT_EQ(event.time().seconds(), 1204329600 + 2 * 86400);
    }
    return absl::OkStatus();
  });
  ASSERT_THAT(stats, IsOk());

  const nlohmann::json reference = Reference("hillstrom");
  EXPECT_EQ(stats->rows, reference["rows"]);
  EXPECT_EQ(stats->rows, 64000);
  EXPECT_EQ(stats->rejected_rows, 0);
  const std::map<std::string, std::string> kArms = {
      {"No E-Mail", "control"},
      {"Mens E-Mail", "mens"},
      {"Womens E-Mail", "womens"}};
  for (const auto& [published, arm] : kArms) {
    SCOPED_TRACE(arm);
    const nlohmann::json& want = reference["arms"][published];
    EXPECT_EQ(exposures[arm], want["n"]);
    EXPECT_EQ(visits[arm], want["visit"]);
    EXPECT_EQ(purchases[arm], want["conversion"]);
    EXPECT_NEAR(spend[arm], want["spend"]["sum"], 1e-6);
  }
  EXPECT_EQ(purchases["control"], 122);
  EXPECT_EQ(purchases["mens"], 267);
  EXPECT_EQ(purchases["womens"], 189);
  EXPECT_EQ(names["assigned"], 64000);
  EXPECT_EQ(names["stagecraft.exposure"], 64000);
  // 64,000 exposures, as many assignments, 9,394 visits, 578 purchases.
  EXPECT_EQ(stats->events, 2 * 64000 + 9394 + 578);
  EXPECT_EQ(ids.size(), stats->events) << "ids are not unique";
  EXPECT_EQ(with_all_attributes, stats->events);
}

TEST_F(RealDataTest, IncidentLog) {
  const std::string path = Path("incident_log/incident_event_log.csv.gz");
  if (!std::ifstream(path)) GTEST_SKIP() << path << " is not there";
  ImportOptions options;
  const auto mapping =
      LoadMapping("tests/clients/importer/testdata/incident_mapping.json");
  ASSERT_THAT(mapping, IsOk());
  options.mapping = *mapping;
  options.max_errors = 0;
  int64_t progress = 0;
  int64_t progress_total = 0;
  options.on_progress = [&](int64_t done, int64_t total) {
    EXPECT_GE(done, progress);
    progress = done;
    progress_total = total;
  };

  std::map<std::string, int64_t> names;
  std::set<std::string> units, state_ids, opened_ids;
  std::map<std::string, int64_t> opened_at, closed_at;
  std::map<std::string, bool> made_sla;  // Of the last row.
  int64_t first = INT64_MAX;
  int64_t last = INT64_MIN;
  const auto stats = ReadEvents({path}, options, [&](v1::Event event) {
    ++names[event.name()];
    units.insert(event.unit_id());
    if (event.name() == "opened") {
      opened_ids.insert(event.event_id());
      opened_at[event.unit_id()] = event.time().seconds();
    } else if (event.name() == "closed") {
      EXPECT_EQ(event.event_id(), event.unit_id() + "-closed");
      closed_at[event.unit_id()] = event.time().seconds();
    } else {
      state_ids.insert(event.event_id());
      first = std::min(first, event.time().seconds());
      last = std::max(last, event.time().seconds());
      made_sla[event.unit_id()] =
          event.attributes().at("made_sla").bool_value();
    }
    return absl::OkStatus();
  });
  ASSERT_THAT(stats, IsOk());

  const nlohmann::json reference = Reference("incident_log");
  EXPECT_EQ(stats->rows, 141712);
  EXPECT_EQ(stats->rejected_rows, 0);
  EXPECT_EQ(names["state.Active"], 38716);
  int64_t states = 0;
  for (const auto& [state, count] : reference["events_by_state"].items()) {
    EXPECT_EQ(names["state." + state], count) << state;
    ++states;
  }
  EXPECT_EQ(names.size(), states + 2);  // And opened, closed.
  EXPECT_EQ(units.size(), reference["incidents"]);
  EXPECT_EQ(state_ids.size(), reference["events"]);
  EXPECT_EQ(opened_ids.size(), 24918);
  EXPECT_EQ(closed_at.size(), 24918);
  EXPECT_EQ(first, 1456708980);  // date -ud '2016-02-29 01:23' +%s
  EXPECT_EQ(last, 1487430000);   // date -ud '2017-02-18 15:00' +%s
  double sum = 0;
  for (const auto& [unit, time] : closed_at) sum += time - opened_at.at(unit);
  EXPECT_NEAR(sum / closed_at.size(),
              reference["opened_to_closed"]["mean_s"].get<double>(), 1e-6);
  int64_t in_time = 0;
  for (const auto& [unit, is_made] : made_sla) in_time += is_made;
  EXPECT_EQ(in_time, 15803);  // README: made_sla of the last row.
  EXPECT_GT(progress_total, 2'000'000);
  EXPECT_EQ(progress, progress_total);
}

}  // namespace
}  // namespace stagecraft::client
