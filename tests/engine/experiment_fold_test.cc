#include "engine/experiment_fold.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/random.h"
#include "gtest/gtest.h"
#include "tests/engine/appended.h"

namespace stagecraft::engine {
namespace {

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  // In [0, n).
  int Below(int n) {
    return static_cast<int>(random_.Below(static_cast<uint64_t>(n)));
  }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  Random random_;
};

std::shared_ptr<const Journey> MakeJourney(Dice* dice) {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/j";
  // Sometimes more filters than have a bit of their own.
  const int stages = 2 + (dice->OneIn(3) ? 45 : dice->Below(5));
  for (int i = 0; i < stages; ++i) {
    Stage stage;
    stage.id = absl::StrCat("s", i);
    // Some stages are entered by the same events.
    stage.entry.names = {absl::StrCat("e", dice->Below(4))};
    journey->stages.push_back(stage);
  }
  journey->ordering = dice->OneIn(2) ? Journey::Ordering::kOrdered
                                     : Journey::Ordering::kUnordered;
  return journey;
}

std::shared_ptr<const Experiment> MakeExperiment(Dice* dice) {
  auto experiment = std::make_shared<Experiment>();
  experiment->name = "journeys/j/experiments/e";
  experiment->journey = MakeJourney(dice);
  const auto stages = static_cast<int>(experiment->journey->stages.size());
  experiment->stage = absl::StrCat("s", dice->Below(stages));
  experiment->variants = {{"a", 500'000}, {"b", 500'000}};
  if (dice->OneIn(2)) experiment->segments = {{"d", {"u", "v"}}};
  if (dice->OneIn(2)) experiment->plan.pre_exposure_window = 5 * kHour;
  experiment->plan.automatic_guardrails.window = (1 + dice->Below(9)) * kHour;
  experiment->start_time = 2 * kHour;
  if (dice->OneIn(2)) experiment->end_time = 15 * kHour;
  const int kpis = dice->OneIn(3) ? 34 : dice->Below(5);
  for (int i = 0; i < kpis; ++i) {
    Kpi kpi;
    kpi.name = absl::StrCat("k", i);
    kpi.kind = dice->OneIn(3)   ? KpiKind::kRatio
               : dice->OneIn(2) ? KpiKind::kTimeToEvent
                                : KpiKind::kConversion;
    kpi.events.names = {absl::StrCat("e", i)};
    kpi.denominator.names = {absl::StrCat("f", i)};
    if (kpi.kind == KpiKind::kRatio || dice->OneIn(2)) {
      kpi.length = (1 + dice->Below(9)) * kHour;
    }
    kpi.delay = dice->Below(2) * kHour;
    experiment->kpis.push_back(kpi);
  }
  return experiment;
}

// Of contents that match a few of `filters` filters.
struct History {
  History(const Experiment& experiment, int filters, Dice* dice) {
    const int size = 2 + dice->Below(12);
    Micros time = dice->Below(6) * kHour;
    for (int i = 0; i < size; ++i) {
      ContentFacts& content = facts.emplace_back();
      content.exposes = SpecSet(1);
      content.concerns = SpecSet(1);
      content.matches = SpecSet(1);
      content.specs.resize(1);
      SpecFacts& of_spec = content.specs[0];
      if (i == 0 ? !dice->OneIn(4) : dice->OneIn(10)) {
        content.is_exposure = true;
        of_spec.variant = static_cast<int16_t>(dice->Below(2));
        content.exposes.Add(0);
      }
      std::vector<int> matched;
      for (int n = filters == 0 ? 0 : dice->Below(4); n > 0; --n) {
        matched.push_back(dice->Below(filters));
      }
      std::sort(matched.begin(), matched.end());
      matched.erase(std::unique(matched.begin(), matched.end()), matched.end());
      for (const int filter : matched) of_spec.AddFilter(filter);
      if (!matched.empty()) content.matches.Add(0);
      if (!experiment.segments.empty() && dice->OneIn(2)) {
        of_spec.slots[0] = static_cast<int16_t>(1 + dice->Below(3));
      }
      events.push_back(
          {time, dice->Below(1000) * 1000, dice->OneIn(2), &content});
      // Often at the same time.
      time += dice->OneIn(3) ? 0 : dice->Below(3) * kHour / 2;
    }
  }

  std::deque<ContentFacts> facts;
  std::vector<FoldEvent> events;
};

// What changes when events are appended is what two recomputations differ in.
TEST(ExperimentFoldTest, AppendingIsRecomputing) {
  Dice dice(7);
  int with_content = 0;
  for (int e = 0; e < 150; ++e) {
    const auto experiment = MakeExperiment(&dice);
    const ExperimentFold fold(experiment);
    int filters = fold.columns().later_stages();
    for (const Kpi& kpi : experiment->kpis) {
      filters += kpi.kind == KpiKind::kRatio ? 2 : 1;
    }
    for (int unit = 0; unit < 40; ++unit) {
      const History history(*experiment, filters, &dice);
      const absl::Span<const FoldEvent> events = history.events;
      const size_t old = dice.Below(static_cast<int>(events.size()));
      const Appended appended(fold, events, old);
      ASSERT_TRUE(appended.appended == appended.recomputed) << e << " " << unit;
      with_content += appended.recomputed == fold.ZeroTallies() ? 0 : 1;
    }
  }
  EXPECT_GT(with_content, 2000);
}

}  // namespace
}  // namespace stagecraft::engine
