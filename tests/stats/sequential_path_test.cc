#include "stats/sequential_path.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

std::vector<SequenceLook> Looks() {
  std::vector<SequenceLook> looks;
  for (int i = 0; i < 40; ++i) {
    const int64_t units = 40 + 100 * i;
    looks.push_back({{0.1 + 0.3 * std::sin(i), 4 / std::sqrt(units)}, units});
  }
  return looks;
}

// The slow twin: every point from all looks before it.
TEST(SequentialPathTest, CarriesTheMinimumAndTheIntersection) {
  const auto looks = Looks();
  const SequenceOptions options{.planned_units = 2000};
  const auto path = AnytimePath(looks, options);
  ASSERT_THAT(path, IsOk());
  ASSERT_EQ(path->size(), looks.size());
  // 40 units are too few for the asymptotic sequence.
  EXPECT_THAT((*path)[0].look, StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("total_units is 40")));
  EXPECT_FALSE((*path)[0].p_value.has_value());
  EXPECT_FALSE((*path)[0].interval.has_value());
  bool p_held = false, interval_held = false;
  for (size_t i = 1; i < looks.size(); ++i) {
    double p = 1, lower = -kInfinity, upper = kInfinity;
    for (size_t j = 1; j <= i; ++j) {
      const auto one =
          AnytimeEffect(looks[j].estimate, looks[j].total_units, options);
      p = std::min(p, one->p_value);
      lower = std::max(lower, one->interval.lower);
      upper = std::min(upper, one->interval.upper);
    }
    const SequencePoint& point = (*path)[i];
    EXPECT_EQ(point.p_value, p);
    EXPECT_EQ(point.interval->lower, lower);
    EXPECT_EQ(point.interval->upper, upper);
    EXPECT_EQ(point.interval->level, 0.95);
    p_held |= point.look->p_value > p;
    interval_held |= point.look->interval.lower < lower;
  }
  // The looks do move back, so that holding them is tested.
  EXPECT_TRUE(p_held);
  EXPECT_TRUE(interval_held);
}

TEST(SequentialPathTest, AnEmptyIntersectionIsSaid) {
  RunningEvidence running;
  EXPECT_FALSE(running.p_value().has_value());
  EXPECT_FALSE(running.is_empty());
  running.Add(0.2, {0, 1, 0.95});
  EXPECT_FALSE(running.is_empty());
  running.Add(0.5, {2, 3, 0.95});
  EXPECT_TRUE(running.is_empty());
  EXPECT_EQ(running.p_value(), 0.2);
  EXPECT_EQ(running.interval()->lower, 2);
  EXPECT_EQ(running.interval()->upper, 1);
}

TEST(SequentialPathTest, MixtureSprtHoldsItsMinimum) {
  std::vector<SprtLook> looks;
  for (int i = 0; i < 30; ++i) {
    looks.push_back(
        {{1 + 20 * i, 1, 2}, {1 + 30 * i, 1 + 0.5 * std::cos(i), 3}});
  }
  for (const Alternative alternative :
       {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
    const MixtureSprtOptions options{.tau_squared = 0.1,
                                     .alternative = alternative};
    const auto path = MixtureSprtPath(looks, options);
    ASSERT_THAT(path, IsOk());
    EXPECT_FALSE((*path)[0].p_value.has_value());
    double p = 1;
    for (size_t i = 1; i < looks.size(); ++i) {
      const auto one =
          TestMixtureSprt(looks[i].control, looks[i].treatment, options);
      p = std::min(p, one->p_value);
      EXPECT_EQ((*path)[i].p_value, p);
      EXPECT_EQ((*path)[i].look->p_value, one->p_value);
    }
    EXPECT_LT(p, 0.5);
  }
}

TEST(SequentialPathTest, RefusesWhatIsUndefined) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  auto looks = Looks();
  looks[7].total_units = 3;
  EXPECT_THAT(AnytimePath(looks),
              StatusIs(invalid, HasSubstr("looks[7].total_units is 3, want at "
                                          "least the 640")));
  looks = Looks();
  looks[3].estimate.value = std::nan("");
  EXPECT_THAT(
      AnytimePath(looks),
      StatusIs(invalid, HasSubstr("looks[3]: difference.value is nan")));
  EXPECT_THAT(AnytimePath({}), IsOk());
  EXPECT_THAT(MixtureSprtPath({{{9, 1, 1}, {9, 1, 1}}, {{10, 1, 1}, {8, 1, 1}}},
                              {.tau_squared = 1}),
              StatusIs(invalid, HasSubstr("looks[1].treatment.n is 8")));
  EXPECT_THAT(MixtureSprtPath({{{9, 1, 1}, {9, 1, 1}}}, {}),
              StatusIs(invalid, HasSubstr("looks[0]: tau_squared is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
