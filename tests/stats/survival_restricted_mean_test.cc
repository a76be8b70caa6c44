// R 4.2.2, survival 3.5.3 and, for the ratio, the definitions of survRM2.
#include "stats/survival_restricted_mean.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

const std::vector<DurationBin> kMaintained = {
    {9, 1, 0},  {13, 1, 1}, {18, 1, 0}, {23, 1, 0}, {28, 0, 1},
    {31, 1, 0}, {34, 1, 0}, {45, 0, 1}, {48, 1, 0}, {161, 0, 1}};
const std::vector<DurationBin> kNotMaintained = {
    {5, 2, 0},  {8, 2, 0},  {12, 1, 0}, {16, 0, 1}, {23, 1, 0},
    {27, 1, 0}, {30, 1, 0}, {33, 1, 0}, {43, 1, 0}, {45, 1, 0}};

std::vector<DurationBin> Both() {
  std::vector<DurationBin> all = kMaintained;
  all.insert(all.end(), kNotMaintained.begin(), kNotMaintained.end());
  return all;
}

TEST(RestrictedMeanTest, AgreesWithR) {
  // survmean(survfit(...), rmean = ...) of survival 3.5.3.
  const auto all = RestrictedMean(Both(), 40);
  ASSERT_THAT(all, IsOk());
  EXPECT_NEAR(all->value, 25.2394755003451, 1e-12);
  EXPECT_NEAR(all->standard_error, 2.6984025410624, 1e-12);
  const auto maintained = RestrictedMean(kMaintained, 28);
  const auto other = RestrictedMean(kNotMaintained, 28);
  EXPECT_NEAR(maintained->value, 23.375, 1e-12);
  EXPECT_NEAR(maintained->standard_error, 2.0428289651327, 1e-12);
  EXPECT_NEAR(other->standard_error, 2.8359533093546, 1e-12);
  const auto effect = CompareRestrictedMeans(kNotMaintained, kMaintained, 28);
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->value, 23.375 - 18.916666666667, 1e-11);
  EXPECT_NEAR(effect->standard_error,
              std::hypot(2.0428289651327, 2.8359533093546), 1e-12);
}

TEST(RestrictedMeanTest, WithoutCensoringItIsTheMeanOfTheCutTimes) {
  std::mt19937_64 random(5);
  std::vector<DurationBin> bins;
  double sum = 0, squares = 0;
  constexpr int kUnits = 500;
  std::vector<double> cut;
  for (int i = 0; i < kUnits; ++i) {
    const double time = static_cast<double>(random() % 400) / 10;
    bins.push_back({time, 1, 0});
    cut.push_back(std::min(time, 25.0));
    sum += cut.back();
  }
  for (double x : cut) {
    squares += (x - sum / kUnits) * (x - sum / kUnits);
  }
  const auto mean = RestrictedMean(bins, 25);
  ASSERT_THAT(mean, IsOk());
  EXPECT_NEAR(mean->value, sum / kUnits, 1e-11);
  // Greenwood without censoring is the binomial: variance with n, not n - 1.
  EXPECT_NEAR(mean->standard_error, std::sqrt(squares) / kUnits, 1e-11);
  // The curve has reached 0: a later horizon is defined.
  EXPECT_THAT(RestrictedMean(bins, 1000), IsOk());
}

TEST(RestrictedMeanTest, RatioFollowsTheLogScale) {
  // survRM2: ln ratio has error sqrt((se_t / mean_t)^2 + (se_c / mean_c)^2).
  const double c = 18.916666666666668, ce = 2.8359533093546;
  const double t = 23.375, te = 2.0428289651327;
  const auto ratio = RestrictedMeanRatio(kNotMaintained, kMaintained, 28);
  ASSERT_THAT(ratio, IsOk());
  const double error = std::hypot(ce / c, te / t);
  EXPECT_NEAR(ratio->value, t / c, 1e-12);
  EXPECT_NEAR(ratio->interval.lower,
              t / c * std::exp(-1.959963984540054 * error), 1e-11);
  EXPECT_NEAR(ratio->p_value, std::erfc(std::log(t / c) / error / std::sqrt(2)),
              1e-11);
  const auto lost =
      RestrictedMeanRatio(kNotMaintained, kMaintained, 28,
                          {.quantity = RestrictedMeanQuantity::kTimeLost});
  ASSERT_THAT(lost, IsOk());
  EXPECT_NEAR(lost->value, (28 - t) / (28 - c), 1e-12);
  EXPECT_NEAR(lost->interval.upper,
              (28 - t) / (28 - c) *
                  std::exp(1.959963984540054 *
                           std::hypot(ce / (28 - c), te / (28 - t))),
              1e-10);
  // Treatment over control, and its inverse.
  const auto inverse = RestrictedMeanRatio(kMaintained, kNotMaintained, 28);
  EXPECT_NEAR(inverse->value * ratio->value, 1, 1e-14);
  EXPECT_NEAR(inverse->interval.lower * ratio->interval.upper, 1, 1e-13);
  // At its own value as the null there is nothing to reject.
  EXPECT_NEAR(RestrictedMeanRatio(kNotMaintained, kMaintained, 28,
                                  {.null_ratio = t / c})
                  ->p_value,
              1, 1e-9);
}

TEST(RestrictedMeanTest, VarianceConventions) {
  // By hand: times 1, 2, 3, 4 with one event each, horizon 3.5: areas from each
  // event on 1.375, 0.625, 0.125; v = 1/12, 1/6, 1/2; d / n^2 = 1/16, 1/9, 1/4.
  const std::vector<DurationBin> bins = {
      {1, 1, 0}, {2, 1, 0}, {3, 1, 0}, {4, 1, 0}};
  const double greenwood =
      1.375 * 1.375 / 12 + 0.625 * 0.625 / 6 + 0.125 * 0.125 / 2;
  const double aalen =
      1.375 * 1.375 / 16 + 0.625 * 0.625 / 9 + 0.125 * 0.125 / 4;
  EXPECT_NEAR(RestrictedMean(bins, 3.5)->standard_error, std::sqrt(greenwood),
              1e-14);
  EXPECT_NEAR(RestrictedMean(bins, 3.5, 0.05, RestrictedMeanVariance::kUnbiased)
                  ->standard_error,
              std::sqrt(greenwood * 1.5), 1e-14);
  EXPECT_NEAR(RestrictedMean(bins, 3.5, 0.05, RestrictedMeanVariance::kAalen)
                  ->standard_error,
              std::sqrt(aalen), 1e-14);
  EXPECT_THAT(
      RestrictedMean(bins, 1.5, 0.05, RestrictedMeanVariance::kUnbiased),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("want at least 2")));
}

TEST(RestrictedMeanTest, ScalesWithTime) {
  std::vector<DurationBin> scaled = Both();
  for (DurationBin& bin : scaled) bin.time *= 86400;
  EXPECT_NEAR(RestrictedMean(scaled, 40 * 86400.0)->standard_error / 86400,
              RestrictedMean(Both(), 40)->standard_error, 1e-12);
}

TEST(RestrictedMeanTest, ABillionUnits) {
  std::vector<DurationBin> many = Both();
  for (DurationBin& bin : many) {
    bin.events *= 100000000;
    bin.censored *= 100000000;
  }
  const auto mean = RestrictedMean(many, 40);
  ASSERT_THAT(mean, IsOk());
  EXPECT_NEAR(mean->value, 25.2394755003451, 1e-12);
  EXPECT_NEAR(mean->standard_error * 1e4, 2.6984025410624, 1e-11);
}

TEST(RestrictedMeanTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(RestrictedMean(kMaintained, 162),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("want at most the last follow-up 161")));
  EXPECT_THAT(
      RestrictedMean(kMaintained, 0),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("horizon is 0")));
  EXPECT_THAT(
      RestrictedMean({}, 1),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no units")));
  // No event before the horizon in either arm.
  EXPECT_THAT(CompareRestrictedMeans(kMaintained, kNotMaintained, 4),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both standard errors are 0")));
  EXPECT_THAT(
      RestrictedMeanRatio(kMaintained, kNotMaintained, 6,
                          {.quantity = RestrictedMeanQuantity::kTimeLost}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("want both > 0 for a ratio")));
  EXPECT_THAT(
      RestrictedMeanRatio(kMaintained, kNotMaintained, 20, {.null_ratio = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("null_ratio is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
