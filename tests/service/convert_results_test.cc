#include "service/convert_results.h"

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "tests/service/looks_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// One KPI of each number of components and one of times, in each role.
v1::Experiment ManyKpis() {
  return MailExperiment(R"pb(
    frozen_kpis {
      name: "journeys/mail/kpis/secondary"
      direction: DOWN
      time_to_event { events { names: "visit" } }
    }
    frozen_kpis {
      name: "journeys/mail/kpis/guard"
      direction: UP
      ratio {
        numerator {
          events { names: "buy" }
          sum_values: true
        }
        denominator { events { names: "buy" } }
      }
    }
    frozen_kpis {
      name: "journeys/mail/kpis/first"
      direction: UP
      length { seconds: 1209600 }
      conversion { events { names: "visit" } }
    }
    frozen_kpis {
      name: "journeys/mail/kpis/second"
      direction: UP
      length { seconds: 1209600 }
      customer_lifetime_value {
        purchases { names: "buy" }
        lifespan { seconds: 31536000 }
      }
    }
    plan {
      primary_kpis: "journeys/mail/kpis/first"
      primary_kpis: "journeys/mail/kpis/second"
      guardrails { kpi: "journeys/mail/kpis/guard" relative_margin: 0.1 }
      secondary_kpis: "journeys/mail/kpis/secondary"
    }
  )pb");
}

class Random {
 public:
  explicit Random(uint64_t seed) : bits_(seed) {}
  int64_t Count() { return static_cast<int64_t>(bits_() >> 1); }
  // Any bits, and often one of the extremes.
  absl::int128 Wide() {
    switch (bits_() % 6) {
      case 0:
        return std::numeric_limits<absl::int128>::min();
      case 1:
        return std::numeric_limits<absl::int128>::max();
      case 2:
        return -1;
      case 3:
        return 0;
      default:
        return absl::MakeInt128(static_cast<int64_t>(bits_()), bits_());
    }
  }
  engine::KpiTally SumsOf(int components) {
    engine::KpiTally tally;
    tally.sums = engine::Sums(components);
    tally.sums.set_count(Count());
    for (int i = 0; i < components; ++i) {
      tally.sums.set_sum(i, Wide());
      for (int j = i; j < components; ++j) tally.sums.set_product(i, j, Wide());
    }
    return tally;
  }
  engine::KpiTally Times() {
    engine::KpiTally tally;
    engine::Micros duration = 0;
    for (uint64_t i = bits_() % 20; i > 0; --i) {
      duration += static_cast<int64_t>(bits_() % 1'000'000'000'000);
      tally.bins.push_back(
          {.duration = duration,
           .events = static_cast<int64_t>(bits_() % (uint64_t{1} << 50)),
           .censored = static_cast<int64_t>(bits_() % 3)});
    }
    return tally;
  }

 private:
  std::mt19937_64 bits_;
};

engine::ExperimentLook RandomLook(uint64_t seed) {
  Random random(seed);
  engine::ExperimentLook look;
  look.as_of = kStart + static_cast<int64_t>(seed) * 1'234'567;
  if (seed % 2 == 0) look.newest_event_time = kStart + 1;
  look.units = {random.Count(), random.Count()};
  look.crossed_over_units = random.Count();
  look.matched_units = random.Count();
  look.kpis = {{random.Times(), random.Times()},
               {random.SumsOf(2), random.SumsOf(2)},
               {random.SumsOf(1), random.SumsOf(1)},
               {random.SumsOf(3), random.SumsOf(3)}};
  look.stage_conversions = {{random.SumsOf(1), random.SumsOf(1)},
                            {random.SumsOf(1), random.SumsOf(1)}};
  look.time_in_stage = {random.Times(), random.Times()};
  return look;
}

void ExpectSame(const std::vector<engine::KpiTally>& a,
                const std::vector<engine::KpiTally>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t v = 0; v < a.size(); ++v) {
    EXPECT_TRUE(a[v].sums == b[v].sums);
    EXPECT_EQ(a[v].bins, b[v].bins);
  }
}

TEST(EvidenceTest, RandomTalliesComeBackBitForBit) {
  const v1::Experiment proto = ManyKpis();
  const auto experiment = StartedToEngine(proto);
  ASSERT_THAT(experiment, IsOk());
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    const engine::ExperimentLook look = RandomLook(seed);
    const v1::Evidence evidence = ToEvidence(proto, *experiment, look);
    v1::Evidence stored;  // As the ledger keeps it.
    ASSERT_TRUE(stored.ParseFromString(evidence.SerializeAsString()));
    const auto content = FromEvidence(stored);
    ASSERT_THAT(content, IsOk());
    EXPECT_EQ(content->look.as_of, look.as_of);
    EXPECT_EQ(content->look.newest_event_time, look.newest_event_time);
    EXPECT_EQ(content->look.units, look.units);
    EXPECT_EQ(content->look.crossed_over_units, look.crossed_over_units);
    EXPECT_EQ(content->look.matched_units, look.matched_units);
    ASSERT_EQ(content->look.kpis.size(), look.kpis.size());
    for (size_t i = 0; i < look.kpis.size(); ++i) {
      ExpectSame(content->look.kpis[i], look.kpis[i]);
    }
    ASSERT_EQ(content->look.stage_conversions.size(), 2);
    for (size_t i = 0; i < 2; ++i) {
      ExpectSame(content->look.stage_conversions[i], look.stage_conversions[i]);
    }
    ExpectSame(content->look.time_in_stage, look.time_in_stage);
    EXPECT_EQ(ToEvidence(proto, content->experiment, content->look)
                  .SerializeAsString(),
              evidence.SerializeAsString());
  }
}

TEST(EvidenceTest, TalliesAreInTheOrderOfTheResults) {
  const v1::Experiment proto = ManyKpis();
  const auto experiment = StartedToEngine(proto);
  ASSERT_THAT(experiment, IsOk());
  const v1::Evidence evidence = ToEvidence(proto, *experiment, RandomLook(1));
  std::vector<std::string> seen;
  for (const v1::TallyRecord& record : evidence.tallies()) {
    seen.push_back(record.kpi() + " " + record.variant());
  }
  std::vector<std::string> want;
  for (const char* kpi :
       {"journeys/mail/kpis/first", "journeys/mail/kpis/second",
        "journeys/mail/kpis/guard", "stages/visit/conversion",
        "stages/buy/conversion", "stages/mailed/time",
        "journeys/mail/kpis/secondary"}) {
    want.push_back(std::string(kpi) + " none");
    want.push_back(std::string(kpi) + " mens");
  }
  EXPECT_EQ(seen, want);
}

TEST(EvidenceTest, AnInt128IsHighAndLow) {
  const v1::Experiment proto = VisitsExperiment();
  const auto experiment = StartedToEngine(proto);
  ASSERT_THAT(experiment, IsOk());
  engine::ExperimentLook look;
  look.units = {0, 0};
  engine::KpiTally tally;
  tally.sums = engine::Sums(1);
  tally.sums.set_sum(0, -1);  // high -1, low all ones.
  tally.sums.set_product(0, 0, absl::MakeInt128(5, 7));
  look.kpis = {{tally, tally}};
  look.stage_conversions = {{tally, tally}, {tally, tally}};
  look.time_in_stage.resize(2);
  const v1::Evidence evidence = ToEvidence(proto, *experiment, look);
  const v1::TallyRecord& record = evidence.tallies(0);
  EXPECT_EQ(record.sums(0).high(), -1);
  EXPECT_EQ(record.sums(0).low(), ~uint64_t{0});
  EXPECT_EQ(record.products(0).high(), 5);
  EXPECT_EQ(record.products(0).low(), 7);
}

TEST(EvidenceTest, WhatDoesNotFitIsDataLoss) {
  const v1::Experiment proto = ManyKpis();
  const auto experiment = StartedToEngine(proto);
  ASSERT_THAT(experiment, IsOk());
  const v1::Evidence good = ToEvidence(proto, *experiment, RandomLook(2));
  using Change = std::function<void(v1::Evidence*)>;
  const std::pair<const char*, Change> rows[] = {
      {"evidence.experiment", [](v1::Evidence* e) { e->clear_experiment(); }},
      {"evidence.experiment: stage is",
       [](v1::Evidence* e) { e->mutable_experiment()->set_stage("x"); }},
      {"evidence.units has 3 items, want one for each of the 2",
       [](v1::Evidence* e) { e->add_units(1); }},
      {"evidence.units has -1", [](v1::Evidence* e) { e->set_units(0, -1); }},
      {"evidence.as_of.nanos is -1",
       [](v1::Evidence* e) { e->mutable_as_of()->set_nanos(-1); }},
      {"evidence.newest_event_time.seconds is -1",
       [](v1::Evidence* e) {
         e->mutable_newest_event_time()->set_seconds(-1);
       }},
      {"tally of journeys/mail/kpis/first, variant none is there twice",
       [](v1::Evidence* e) { *e->add_tallies() = e->tallies(0); }},
      {"tally of journeys/mail/kpis/first, variant none is missing",
       [](v1::Evidence* e) { e->mutable_tallies(0)->set_variant("x"); }},
      {"want those of the experiment's KPIs and variants, 14",
       [](v1::Evidence* e) { e->add_tallies()->set_kpi("x"); }},
      {"has 0 sums and 1 products, want 1 and 1",
       [](v1::Evidence* e) { e->mutable_tallies(0)->clear_sums(); }},
      {"has -1 units, want at least 0",
       [](v1::Evidence* e) { e->mutable_tallies(0)->set_units(-1); }},
      {"has 1 bins, want none",
       [](v1::Evidence* e) { e->mutable_tallies(0)->add_bins(); }},
      {"want those of its bins",
       [](v1::Evidence* e) {
         v1::TallyRecord* times = e->mutable_tallies(13);
         times->set_units(times->units() + 1);
       }},
      {"stratum x is of a stratum that the plan does not have",
       [](v1::Evidence* e) { e->mutable_tallies(0)->set_stratum("x"); }},
      {"evidence.past_looks has look 0 with 5 units after look 0",
       [](v1::Evidence* e) { e->add_past_looks()->set_units(5); }},
      {"evidence.past_looks.as_of.seconds is -1",
       [](v1::Evidence* e) {
         e->add_past_looks()->mutable_as_of()->set_seconds(-1);
       }},
      {"a bin with a negative number", [](v1::Evidence* e) {
         e->mutable_tallies(13)->add_bins()->set_events(-1);
       }}};
  ASSERT_THAT(FromEvidence(good), IsOk());
  for (const auto& [message, change] : rows) {
    v1::Evidence bad = good;
    change(&bad);
    EXPECT_THAT(FromEvidence(bad),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  }
}

// Every value of the engine's enums has its own on the wire.
TEST(ConvertResultsTest, ReasonsAndKindsKeepTheirMeaning) {
  engine::Verdict verdict;
  verdict.kind = engine::VerdictKind::kHarmful;
  verdict.variant = "b";
  using Code = engine::Reason::Code;
  for (int code = 0; code <= static_cast<int>(Code::kFutile); ++code) {
    verdict.reasons.push_back(
        {static_cast<Code>(code), absl::StrCat("m", code), "b", "k"});
  }
  for (const auto kind :
       {engine::VerdictKind::kCollecting, engine::VerdictKind::kWinner,
        engine::VerdictKind::kNoDifference, engine::VerdictKind::kHarmful,
        engine::VerdictKind::kInvalid}) {
    verdict.treatments.push_back({"b", kind});
    EXPECT_EQ(v1::Verdict::Kind_Name(ToProto(kind)),
              std::string(engine::ToText(kind)));
  }
  const v1::Verdict proto = ToProto(verdict);
  EXPECT_EQ(proto.kind(), v1::Verdict::HARMFUL);
  EXPECT_EQ(proto.variant(), "b");
  ASSERT_EQ(proto.reasons_size(), 18);
  // Both lists are in the contract's order, which begins with UNSPECIFIED.
  for (int i = 0; i < proto.reasons_size(); ++i) {
    EXPECT_EQ(proto.reasons(i).code(), i + 1);
    EXPECT_EQ(proto.reasons(i).message(), absl::StrCat("m", i));
    EXPECT_EQ(proto.reasons(i).kpi(), "k");
    EXPECT_EQ(proto.reasons(i).variant(), "b");
  }
  EXPECT_EQ(proto.variants_size(), 5);
}

}  // namespace
}  // namespace stagecraft::service
