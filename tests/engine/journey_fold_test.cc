#include "engine/journey_fold.h"

#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/engine/appended.h"

namespace stagecraft::engine {
namespace {

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  int Below(int n) { return static_cast<int>(random_() % n); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::mt19937_64 random_;
};

// Stages that may have an exit and a time limit; `filters` gets how many
// filters the journey has, each with a name of its own.
std::shared_ptr<const Journey> MakeJourney(Dice* dice, int* filters) {
  auto journey = std::make_shared<Journey>();
  journey->ordering = dice->OneIn(3) ? Journey::Ordering::kUnordered
                                     : Journey::Ordering::kOrdered;
  const int stages = 1 + dice->Below(4);
  *filters = 0;
  for (int i = 0; i < stages; ++i) {
    Stage stage;
    stage.id = absl::StrCat("s", i);
    stage.entry.names = {absl::StrCat("n", (*filters)++)};
    if (dice->OneIn(3)) {
      stage.exit.emplace();
      stage.exit->names = {absl::StrCat("n", (*filters)++)};
    }
    if (dice->OneIn(3)) stage.dropout_after = (1 + dice->Below(6)) * kHour;
    journey->stages.push_back(stage);
  }
  return journey;
}

// What changes when events are appended is what two recomputations differ in.
TEST(JourneyFoldTest, AppendingIsRecomputing) {
  Dice dice(5);
  int changed = 0;
  for (int round = 0; round < 20'000; ++round) {
    int filters;
    const JourneyFold fold(MakeJourney(&dice, &filters));
    std::deque<ContentFacts> facts;
    std::vector<FoldEvent> events;
    Micros time = 0;
    const size_t size = 1 + dice.Below(10);
    const size_t old = dice.Below(static_cast<int>(size));
    for (size_t i = 0; i < size; ++i) {
      ContentFacts& content = facts.emplace_back();
      content.specs.resize(1);
      for (int filter = 0; filter < filters; ++filter) {
        if (dice.OneIn(4)) content.specs[0].AddFilter(filter);
      }
      // Often at the same time, but what is appended is later.
      time += i == old ? 1 + dice.Below(3) * kHour : dice.Below(3) * kHour / 2;
      events.push_back({time, 0, false, &content});
    }
    const Appended unit(fold, events, old);
    ASSERT_TRUE(unit.appended == unit.recomputed) << round;
    changed += unit.was == unit.is ? 0 : 1;
  }
  EXPECT_GT(changed, 5000);
}

}  // namespace
}  // namespace stagecraft::engine
