#include "engine/sequence_start.h"

#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

KpiArm ShareArm(int64_t conversions, int64_t units) {
  KpiArm arm;
  arm.units = units;
  arm.share = {conversions, units};
  return arm;
}

absl::Status CheckShares(const KpiArm& control, const KpiArm& treatment) {
  return CheckSequenceStart({.kind = KpiKind::kConversion}, control, treatment);
}

TEST(SequenceStartTest, SharesNeedConversionsAndTheOther) {
  EXPECT_THAT(CheckShares(ShareArm(10, 100), ShareArm(90, 100)), IsOk());
  EXPECT_THAT(CheckShares(ShareArm(50, 1000), ShareArm(9, 300)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "no always-valid answer yet: the treatment has 9 "
                       "conversions, want at least 10"));
  EXPECT_THAT(CheckShares(ShareArm(491, 500), ShareArm(90, 100)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "no always-valid answer yet: the control has 9 units "
                       "that did not convert, want at least 10"));
}

// Of a treatment that nobody gets through there is an answer as soon as the
// share of both says that 50 should have.
TEST(SequenceStartTest, NoneIsEnoughWhereManyWereExpected) {
  EXPECT_THAT(CheckShares(ShareArm(100, 1000), ShareArm(0, 1000)), IsOk());
  EXPECT_THAT(CheckShares(ShareArm(0, 1000), ShareArm(100, 1000)), IsOk());
  EXPECT_THAT(CheckShares(ShareArm(99, 1000), ShareArm(0, 1000)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("treatment has 0 conversions")));
  EXPECT_THAT(CheckShares(ShareArm(900, 1000), ShareArm(1000, 1000)), IsOk());
  EXPECT_THAT(CheckShares(ShareArm(901, 1000), ShareArm(1000, 1000)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("treatment has 0 units that did not")));
  KpiArm many;
  many.units = 1000;
  many.numerator = 100;
  KpiArm none = many;
  none.numerator = 0;
  EXPECT_THAT(CheckSequenceStart({.kind = KpiKind::kTimeToEvent}, many, none),
              IsOk());
}

TEST(SequenceStartTest, AllKindsNeedUnitsOfBothArms) {
  KpiArm enough;
  enough.units = 100;
  KpiArm less;
  less.units = 99;
  const KpiSpec spec = {.kind = KpiKind::kValueSum};
  EXPECT_THAT(CheckSequenceStart(spec, enough, enough), IsOk());
  EXPECT_THAT(CheckSequenceStart(spec, less, enough),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control has 99 units, want at least 100")));
  EXPECT_THAT(CheckSequenceStart(spec, enough, less),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("treatment has 99 units")));
}

// Units with one answer each are as many effective units; 31 with one and one
// with 5 are 36^2 / 56 = 23.1.
TEST(SequenceStartTest, RatiosNeedEffectiveDenominators) {
  const auto arm = [](const std::vector<int>& answers) {
    stats::PairedMomentsAccumulator sums;
    for (const int y : answers) sums.Add(y, y);
    KpiArm result;
    result.units = static_cast<int64_t>(answers.size());
    result.ratio = sums.Summary();
    return result;
  };
  std::vector<int> answers(200);
  for (int i = 0; i < 30; ++i) answers[i] = 1;
  const KpiArm enough = arm(answers);
  answers[29] = 0;
  const KpiArm less = arm(answers);
  for (int i = 0; i < 31; ++i) answers[i] = 1;
  answers[31] = 5;
  const KpiArm uneven = arm(answers);
  for (const KpiKind kind : {KpiKind::kRatio, KpiKind::kNetPromoterScore}) {
    const KpiSpec spec = {.kind = kind};
    EXPECT_THAT(CheckSequenceStart(spec, enough, enough), IsOk());
    EXPECT_THAT(CheckSequenceStart(spec, enough, less),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         "no always-valid answer yet: the treatment has 29.0 "
                         "effective units in its denominator, want at least "
                         "30"));
    EXPECT_THAT(CheckSequenceStart(spec, uneven, enough),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("control has 23.1 effective")));
    EXPECT_THAT(CheckSequenceStart(spec, arm(std::vector<int>(200)), enough),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("control has 0.0 effective")));
  }
}

// 200 units of value 1 and as many of 0 are 200 effective units of 400; values
// about 0 never are, and need units instead.
TEST(SequenceStartTest, MeansInUnevenArmsNeedEffectiveUnits) {
  const auto arm = [](int64_t ones, int64_t others, double other) {
    stats::MomentsAccumulator sums;
    sums.AddRepeated(1, ones);
    sums.AddRepeated(other, others);
    KpiArm result;
    result.units = ones + others;
    result.mean = sums.Summary();
    return result;
  };
  const KpiSpec spec = {.kind = KpiKind::kValueSum};
  EXPECT_THAT(CheckSequenceStart(spec, arm(400, 401, 0), arm(200, 200, 0)),
              IsOk());
  const auto less = StatusIs(
      absl::StatusCode::kFailedPrecondition,
      HasSubstr("has 199.0 effective units, of arms of very different size, "
                "want at least 200"));
  EXPECT_THAT(CheckSequenceStart(spec, arm(400, 401, 0), arm(199, 201, 0)),
              less);
  EXPECT_THAT(CheckSequenceStart(spec, arm(199, 201, 0), arm(400, 401, 0)),
              less);
  // Not more than 3 : 2.
  EXPECT_THAT(CheckSequenceStart(spec, arm(150, 150, 0), arm(9, 191, 0)),
              IsOk());
  const KpiArm about_zero = arm(4'999, 5'000, -1);
  const KpiArm enough_about_zero = arm(5'000, 5'000, -1);
  const KpiArm many = arm(20'000, 20'000, -1);
  EXPECT_THAT(CheckSequenceStart(spec, many, about_zero),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control has 0.0 effective")));
  EXPECT_THAT(CheckSequenceStart(spec, many, enough_about_zero), IsOk());
}

TEST(SequenceStartTest, TimesNeedUnitsThatGotThere) {
  KpiArm enough;
  enough.units = 100;
  enough.numerator = 10;
  KpiArm less = enough;
  less.numerator = 9;
  const KpiSpec spec = {.kind = KpiKind::kTimeToEvent};
  EXPECT_THAT(CheckSequenceStart(spec, enough, enough), IsOk());
  EXPECT_THAT(CheckSequenceStart(spec, enough, less),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("9 units that got there")));
}

}  // namespace
}  // namespace stagecraft::engine
