#include "engine/fingerprint.h"

#include <functional>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/load.h"

namespace stagecraft::engine {
namespace {

template <typename Spec>
using Edits = std::vector<std::function<void(Spec&)>>;

// All of them differ from the original and from each other.
template <typename Spec>
void ExpectDifferent(const Spec& spec, const Edits<Spec>& edits) {
  std::set<uint64_t> seen = {Fingerprint(spec)};
  EXPECT_EQ(*seen.begin(), Fingerprint(Spec(spec)));
  for (size_t i = 0; i < edits.size(); ++i) {
    Spec changed = spec;
    edits[i](changed);
    EXPECT_TRUE(seen.insert(Fingerprint(changed)).second) << "edit " << i;
  }
}

Predicate Is(const std::string& attribute, AttributeValue value) {
  Predicate predicate;
  predicate.condition = {attribute, Condition::Operator::kEquals, {value}};
  return predicate;
}

Edits<Journey> JourneyEdits() {
  return {
      [](Journey& j) { j.name += "x"; },
      [](Journey& j) { j.stages.pop_back(); },
      [](Journey& j) { j.stages[0].id = "other"; },
      [](Journey& j) { j.stages[0].entry.names.push_back("other"); },
      [](Journey& j) { j.stages[0].entry.where = Is("a", "1"); },
      [](Journey& j) { j.stages[0].entry.where = Is("a", 1.0); },
      [](Journey& j) { j.stages[0].entry.where = Is("a", true); },
      [](Journey& j) { j.stages[0].entry.where = Is("b", true); },
      [](Journey& j) {
        j.stages[0].entry.where = Predicate{Predicate::Kind::kNot, {}, {}};
        j.stages[0].entry.where->children = {Is("a", true)};
      },
      [](Journey& j) {
        j.stages[0].exit = EventFilter{{"left"}, {}};
      },
      [](Journey& j) { j.stages[0].dropout_after = kDay; },
      [](Journey& j) { j.stages[1].dropout_after = 2 * kDay; },
      [](Journey& j) { j.ordering = Journey::Ordering::kUnordered; },
      [](Journey& j) { j.holdout_ppm += 1; },
      [](Journey& j) {
        j.segments.push_back({"country", {"de"}});
      },
      [](Journey& j) {
        j.segments.push_back({"country", {"de", "fr"}});
      },
      [](Journey& j) { j.time_resolution *= 2; },
  };
}

TEST(FingerprintTest, EveryFieldOfAJourneyCounts) {
  ExpectDifferent(*testing::MakeLoadJourney(), JourneyEdits());
}

TEST(FingerprintTest, EveryFieldThatIsFoldedOfAnExperimentCounts) {
  const auto journey = testing::MakeLoadJourney();
  Edits<Experiment> edits = {
      [](Experiment& e) { e.name += "x"; },
      [](Experiment& e) { e.stage += "x"; },
      [](Experiment& e) { e.variants[1].id += "x"; },
      [](Experiment& e) {
        e.variants.push_back({"third", 0});
      },
      [](Experiment& e) { e.start_time = *e.start_time + 1; },
      [](Experiment& e) { e.start_time.reset(); },
      [](Experiment& e) { e.end_time = *e.start_time + kDay; },
      [](Experiment& e) { e.end_time = *e.start_time + 2 * kDay; },
      [](Experiment& e) { e.kpis.pop_back(); },
      [](Experiment& e) { e.kpis[0].name += "x"; },
      [](Experiment& e) { e.kpis[0].kind = KpiKind::kRetention; },
      [](Experiment& e) {
        e.kpis[0].higher_is_better = !e.kpis[0].higher_is_better;
      },
      [](Experiment& e) { e.kpis[0].events.names.push_back("x"); },
      [](Experiment& e) { e.kpis[0].denominator.names.push_back("x"); },
      [](Experiment& e) { e.kpis[0].sum_numerator_values ^= true; },
      [](Experiment& e) { e.kpis[0].sum_denominator_values ^= true; },
      [](Experiment& e) { e.kpis[0].delay += 1; },
      [](Experiment& e) { e.kpis[0].length = 3 * kHour; },
      [](Experiment& e) { e.kpis[0].unit_cap = 7; },
      [](Experiment& e) { e.kpis[0].threshold = 7; },
      [](Experiment& e) { e.kpis[0].lifespan = 7; },
      [](Experiment& e) {
        e.segments.push_back({"country", {"de"}});
      },
      [](Experiment& e) { e.plan.automatic_guardrails.window = 5 * kHour; },
      [](Experiment& e) { e.plan.pre_exposure_window = kDay; },
  };
  for (const auto& edit : JourneyEdits()) {
    edits.push_back([edit](Experiment& e) {
      Journey changed = *e.journey;
      edit(changed);
      e.journey = std::make_shared<const Journey>(changed);
    });
  }
  ExpectDifferent(*testing::MakeLoadExperiments(journey)[0], edits);
}

TEST(FingerprintTest, WhatIsNotFoldedDoesNotCount) {
  const auto experiment =
      *testing::MakeLoadExperiments(testing::MakeLoadJourney())[0];
  Experiment changed = experiment;
  changed.revision += 1;
  changed.state = Experiment::State::kPaused;
  changed.plan.alpha = 0.01;
  changed.salt = "other";
  EXPECT_EQ(Fingerprint(changed), Fingerprint(experiment));
}

}  // namespace
}  // namespace stagecraft::engine
