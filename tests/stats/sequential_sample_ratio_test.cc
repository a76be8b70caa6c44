// Expected figures: the Bayes factor by mpmath 1.2.1 with 40 digits (loggamma),
// the shares' ends by bisection with the other shares in proportion to their
// counts.
#include "stats/sequential_sample_ratio.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "stats/sample_ratio.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(SequentialSampleRatioTest, AgreesWithTheDefinition) {
  struct Row {
    std::vector<int64_t> counts;
    std::vector<double> shares;
    double concentration, log_e;
    std::vector<Interval> intervals;
  };
  const Row kRows[] = {{{510, 470},
                        {0.5, 0.5},
                        1000,
                        0.0625999029723178596,
                        {{0.476685094002577441, 0.56392348093382045},
                         {0.43607651906617955, 0.523314905997422559}}},
                       {{5050, 4890, 10100},
                        {0.25, 0.25, 0.5},
                        10000,
                        0.185624395746634573,
                        {{0.242635603352993398, 0.261512703478637711},
                         {0.234755361439567745, 0.253429912918366175},
                         {0.493121366998714865, 0.514860149171862599}}},
                       {{1000000000, 1000200000},
                        {0.5, 0.5},
                        1000,
                        2.74436600608242587,
                        {{0.499899385484595609, 0.500000624515087712},
                         {0.499999375484912288, 0.500100614515404391}}},
                       {{3, 0, 0},
                        {0.2, 0.3, 0.5},
                        1,
                        2.39789527279837054,
                        {{0.163864254120129164, 1},
                         {0, 0.836135745879870836},
                         {0, 0.836135745879870836}}}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.counts[0]);
    auto test = SequentialSampleRatio::Create(row.shares, row.concentration);
    ASSERT_THAT(test, IsOk());
    ASSERT_THAT(test->Add(row.counts), IsOk());
    EXPECT_NEAR(test->LogEValue(), row.log_e, 1e-10);
    EXPECT_NEAR(test->PValue(), std::exp(-row.log_e), 1e-10);
    const auto intervals = test->ShareIntervals();
    ASSERT_THAT(intervals, IsOk());
    for (size_t i = 0; i < row.counts.size(); ++i) {
      EXPECT_NEAR((*intervals)[i].lower, row.intervals[i].lower, 1e-12);
      EXPECT_NEAR((*intervals)[i].upper, row.intervals[i].upper, 1e-12);
      EXPECT_EQ((*intervals)[i].level, 0.95);
    }
    // The pointwise function is another implementation of the same.
    EXPECT_NEAR(
        *SequentialSampleRatioPValue(row.counts, row.shares, row.concentration),
        test->LookPValue(), 1e-6);
  }
}

TEST(SequentialSampleRatioTest, KeepsTheSmallestPValueAndForgetsBatching) {
  const std::vector<double> shares = {0.3, 0.7};
  auto test = SequentialSampleRatio::Create(shares, 100);
  EXPECT_EQ(test->LogEValue(), 0);
  EXPECT_EQ(test->PValue(), 1);
  ASSERT_THAT(test->Add({100, 100}), IsOk());
  const double after_first = test->PValue();
  EXPECT_EQ(after_first, test->LookPValue());
  EXPECT_LT(after_first, 0.001);
  ASSERT_THAT(test->Add({0, 130}), IsOk());  // Back at 30 %.
  EXPECT_EQ(test->PValue(), after_first);
  EXPECT_GT(test->LookPValue(), 0.9);
  auto once = SequentialSampleRatio::Create(shares, 100);
  ASSERT_THAT(once->Add({100, 230}), IsOk());
  EXPECT_EQ(once->LogEValue(), test->LogEValue());
  const auto path =
      SequentialSampleRatioPath({{100, 100}, {100, 230}}, shares, 100);
  ASSERT_THAT(path, IsOk());
  EXPECT_EQ((*path)[1].p_value, after_first);
  EXPECT_EQ((*path)[1].look_p_value, test->LookPValue());
  EXPECT_EQ((*path)[1].log_e_value, test->LogEValue());
}

// E[M] = 1 after n units, by the binomial sum.
TEST(SequentialSampleRatioTest, HasExpectationOne) {
  for (const int n : {1, 9, 70}) {
    double expectation = 0;
    for (int x = 0; x <= n; ++x) {
      auto test = SequentialSampleRatio::Create({0.2, 0.8}, 20);
      ASSERT_THAT(test->Add({x, n - x}), IsOk());
      expectation += std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) -
                              std::lgamma(n - x + 1) + x * std::log(0.2) +
                              (n - x) * std::log(0.8) + test->LogEValue());
    }
    EXPECT_NEAR(expectation, 1, 1e-11);
  }
}

TEST(SequentialSampleRatioTest, AnArmWithoutShareIsLeftOut) {
  auto with = SequentialSampleRatio::Create({0.5, 0, 0.5});
  auto without = SequentialSampleRatio::Create({0.5, 0.5});
  ASSERT_THAT(with->Add({520, 0, 480}), IsOk());
  ASSERT_THAT(without->Add({520, 480}), IsOk());
  EXPECT_EQ(with->LogEValue(), without->LogEValue());
  const auto intervals = with->ShareIntervals();
  EXPECT_EQ((*intervals)[1].upper, 0);
  EXPECT_EQ((*intervals)[2].upper, (*without->ShareIntervals())[1].upper);
  EXPECT_THAT(with->Add({0, 1, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("new_units[1] is 1 where the planned share")));
  EXPECT_EQ(with->counts()[0], 520);
}

TEST(SequentialSampleRatioTest, RefusesWhatIsUndefined) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(SequentialSampleRatio::Create({0.5, 0.4}),
              StatusIs(invalid, HasSubstr("shares sum to 0.9, want 1")));
  EXPECT_THAT(SequentialSampleRatio::Create({1.0}),
              StatusIs(invalid, HasSubstr("shares[0] is 1")));
  EXPECT_THAT(SequentialSampleRatio::Create({}),
              StatusIs(invalid, HasSubstr("0 positive shares")));
  EXPECT_THAT(SequentialSampleRatio::Create({0.5, 0.5}, 0),
              StatusIs(invalid, HasSubstr("concentration is 0")));
  auto test = SequentialSampleRatio::Create({0.5, 0.5});
  EXPECT_THAT(test->Add({1}),
              StatusIs(invalid, HasSubstr("has 1 arms, want 2")));
  EXPECT_THAT(test->Add({1, -1}),
              StatusIs(invalid, HasSubstr("new_units[1] is -1")));
  EXPECT_THAT(test->ShareIntervals(2),
              StatusIs(invalid, HasSubstr("alpha is 2")));
  const auto empty = test->ShareIntervals();
  EXPECT_EQ((*empty)[0].lower, 0);
  EXPECT_EQ((*empty)[0].upper, 1);
  EXPECT_THAT(SequentialSampleRatioPath({{5, 5}, {4, 9}}, {0.5, 0.5}),
              StatusIs(invalid, HasSubstr("looks[1][0] is 4, want at least")));
}

}  // namespace
}  // namespace stagecraft::stats
