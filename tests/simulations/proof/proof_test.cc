// The framework of the proof book: what counts as kept, and that a promise
// which is not true is found to be broken.
#include "simulations/proof/proof.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simulations/proof/monte_carlo.h"
#include "simulations/proof/page.h"
#include "simulations/proof/trial.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

// scipy 1.10.1, norm.isf(5e-6).
constexpr double kZ = 4.417173413469026;

Line LineOf(Promise promise, Measured measured) {
  return {"a line", LineUnit::kPercent, promise, measured};
}

TEST(PromiseTest, IsKeptIfTheIntervalMeetsIt) {
  const Measured measured{100, 0.05, 0.04, 0.06};
  EXPECT_TRUE(IsKept(LineOf(Exactly(0.041), measured)));
  EXPECT_FALSE(IsKept(LineOf(Exactly(0.039), measured)));
  EXPECT_TRUE(IsKept(LineOf(Exactly(0.039, 0.002), measured)));
  EXPECT_FALSE(IsKept(LineOf(Exactly(0.061), measured)));
  EXPECT_TRUE(IsKept(LineOf(AtMost(0.041), measured)));
  EXPECT_FALSE(IsKept(LineOf(AtMost(0.039), measured)));
  EXPECT_TRUE(IsKept(LineOf(AtLeast(0.059), measured)));
  EXPECT_FALSE(IsKept(LineOf(AtLeast(0.061), measured)));
  EXPECT_TRUE(IsKept(LineOf(NoPromise(), measured)));
  EXPECT_FALSE(IsPromised(LineOf(NoPromise(), measured)));
  EXPECT_TRUE(IsPromised(LineOf(AtMost(1), measured)));
}

TEST(PromiseTest, WhatIsNotANumberIsNotKept) {
  const double nan = std::nan("");
  EXPECT_FALSE(IsKept(LineOf(AtMost(0.05), {100, nan, nan, nan})));
}

TEST(MeasuredTest, SharesHaveExactIntervals) {
  // No hit: the upper end u has (1 - u)^n = kMiss / 2.
  const Measured none = MeasuredShare(0, 100);
  EXPECT_EQ(none.replications, 100);
  EXPECT_EQ(none.value, 0);
  EXPECT_EQ(none.lower, 0);
  EXPECT_NEAR(none.upper, 1 - std::pow(kMiss / 2, 0.01), 1e-12);
  const Measured all = MeasuredShare(100, 100);
  EXPECT_NEAR(all.lower, std::pow(kMiss / 2, 0.01), 1e-12);
  EXPECT_EQ(all.upper, 1);
  EXPECT_EQ(MeasuredShare(0, 0).upper, stats::kInfinity);
}

TEST(MeasuredTest, MeansHaveNormalOnes) {
  const Measured mean = MeasuredMean({.n = 400, .mean = 3, .variance = 4});
  EXPECT_EQ(mean.value, 3);
  EXPECT_NEAR(mean.upper, 3 + kZ * 0.1, 1e-12);
  EXPECT_NEAR(mean.lower, 3 - kZ * 0.1, 1e-12);
  EXPECT_EQ(MeasuredMean({.n = 1, .mean = 3}).lower, -stats::kInfinity);
}

TEST(MeasuredTest, BoundedMeansAllowForWhatWasNotMet) {
  // 100 times 0, of values in [0, 1]: 7 ln(4e5) / (3 * 99).
  const Measured none = MeasuredBoundedMean({.n = 100}, 1);
  EXPECT_NEAR(none.upper, 7 * std::log(4e5) / 297, 1e-12);
  EXPECT_NEAR(none.lower, -none.upper, 1e-15);
  const stats::Moments many{.n = 2'000, .mean = 0.3, .variance = 0.1};
  EXPECT_EQ(MeasuredBoundedMean(many, 1).upper, MeasuredMean(many).upper);
}

TEST(MeasuredTest, RatiosOfVariancesKnowTheCorrelation) {
  stats::PairedMoments pair{
      .n = 401, .var_x = 1, .var_y = 4, .cov_xy = 2 * std::sqrt(0.75)};
  // r^2 = 0.75: an error of 2 sqrt(0.25 / 400) = 0.05 of the logarithm.
  const Measured ratio = MeasuredVarianceRatio(pair);
  EXPECT_NEAR(ratio.value, 0.25, 1e-15);
  EXPECT_NEAR(ratio.upper, 0.25 * std::exp(0.05 * kZ), 1e-12);
  EXPECT_NEAR(ratio.lower, 0.25 * std::exp(-0.05 * kZ), 1e-12);
}

TEST(MeasuredTest, DistanceFromUniformIsKolmogorovs) {
  // Steps of 1/2 at 0.1 and 0.7: the distances are 0.1, 0.4, 0.2, 0.3.
  const Measured distance = MeasuredDistanceFromUniform({0.7, 0.1});
  EXPECT_NEAR(distance.value, 0.4, 1e-15);
  EXPECT_EQ(distance.lower, 0);
  EXPECT_EQ(distance.upper, 1);
  std::vector<double> skewed;
  for (int i = 0; i < 10'000; ++i) {
    skewed.push_back(std::pow((i + 0.5) / 10'000, 2));
  }
  // sup |sqrt(x) - x| = 1/4; the band is sqrt(ln(2 / kMiss) / 20000).
  const Measured far = MeasuredDistanceFromUniform(skewed);
  EXPECT_NEAR(far.value, 0.25, 1e-4);
  EXPECT_NEAR(far.upper - far.value, std::sqrt(std::log(2e5) / 20'000), 1e-12);
  EXPECT_GT(far.lower, 0.2);
}

ProofRun RunOf(int threads, uint64_t seed = 7) {
  ProofRun run;
  run.threads = threads;
  run.seed = seed;
  return run;
}

absl::StatusOr<Tally> SumOfNormals(const ProofRun& run,
                                   absl::string_view stream) {
  return Replicate(run, stream, 1'000, [](Random& random, Tally* tally) {
    const double x = random.Normal();
    tally->Add(0, x);
    tally->Count(0, x > 0);
    tally->Keep(0, random.Uniform());
    return absl::OkStatus();
  });
}

TEST(ReplicateTest, DoesNotDependOnThreads) {
  const auto one = SumOfNormals(RunOf(1), "a");
  const auto three = SumOfNormals(RunOf(3), "a");
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(three, IsOk());
  EXPECT_EQ(one->Mean(0).value, three->Mean(0).value);
  EXPECT_EQ(one->Mean(0).upper, three->Mean(0).upper);
  EXPECT_EQ(one->hits(0), three->hits(0));
  EXPECT_EQ(one->DistanceFromUniform(0).value,
            three->DistanceFromUniform(0).value);
  EXPECT_EQ(one->Share(0).replications, 1'000);
}

TEST(ReplicateTest, DependsOnSeedAndStream) {
  const auto base = SumOfNormals(RunOf(1), "a");
  EXPECT_NE(base->Mean(0).value, SumOfNormals(RunOf(1), "b")->Mean(0).value);
  EXPECT_NE(base->Mean(0).value, SumOfNormals(RunOf(1, 8), "a")->Mean(0).value);
  // Replications differ from each other, too.
  EXPECT_LT(base->Mean(0).lower, 0);
  EXPECT_GT(base->Mean(0).upper, 0);
  EXPECT_GT(base->Mean(0).upper - base->Mean(0).lower, 0.2);
  EXPECT_LT(base->DistanceFromUniform(0).lower, 1e-9);
}

TEST(ReplicateTest, ErrorsAreTold) {
  const auto tally =
      Replicate(RunOf(2), "e", 100, [](Random&, Tally*) -> absl::Status {
        return absl::InternalError("no luck");
      });
  EXPECT_THAT(tally,
              StatusIs(absl::StatusCode::kInternal, HasSubstr("no luck")));
}

TEST(TrialTest, BinomialDrawsHaveTheirMoments) {
  // 20,000 draws of Binomial(40, 0.3): mean 12, variance 8.4. Six standard
  // errors: 6 sqrt(8.4 / 20000) = 0.123; of the variance 6 * 8.4 sqrt(2 /
  // 20000) = 0.50.
  Random random(11);
  stats::MomentsAccumulator moments;
  for (int i = 0; i < 20'000; ++i) {
    moments.Add(static_cast<double>(DrawBinomial(40, 0.3, random)));
  }
  EXPECT_NEAR(moments.Summary().mean, 12, 0.123);
  EXPECT_NEAR(moments.Summary().variance, 8.4, 0.50);
  EXPECT_EQ(DrawBinomial(40, 1, random), 40);
  EXPECT_EQ(DrawBinomial(40, 0, random), 0);
}

TEST(TrialTest, BulkConversionsAreThoseOfUnits) {
  const auto trial = MakeTrial({}, {engine::KpiKind::kConversion});
  ASSERT_THAT(trial, IsOk());
  engine::ExperimentLook one = EmptyLook(*trial);
  engine::ExperimentLook bulk = EmptyLook(*trial);
  for (const double x : {1, 0, 0, 1, 1}) AddValue(0, 1, x, &one);
  AddConversions(0, 1, 3, 5, &bulk);
  EXPECT_EQ(one.kpis[0][1].sums, bulk.kpis[0][1].sums);
}

TEST(TrialTest, RefusesWhatTheServiceWould) {
  engine::Plan plan;
  plan.alpha = 2;
  EXPECT_THAT(MakeTrial(plan, {engine::KpiKind::kConversion}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("plan.alpha is 2")));
}

// A test that could not fail would be no test: an A/A that is looked at five
// times by a rule for one look errs in 14.17 %, not 5 %.
TEST(BrokenPromiseTest, UncorrectedPeekingIsFound) {
  engine::Plan plan;
  plan.method = engine::Plan::Method::kFixedHorizon;
  plan.planned_units = 200;
  const auto trial = MakeTrial(plan, {engine::KpiKind::kValueSum});
  ASSERT_THAT(trial, IsOk());
  const auto tally =
      Replicate(RunOf(2), "peeking", 2'000, [&](Random& random, Tally* out) {
        engine::ExperimentLook look = EmptyLook(*trial);
        bool called = false;
        for (int k = 1; k <= 5; ++k) {
          MoveTo(k, &look);
          for (int v = 0; v < 2; ++v) {
            AddUnits(v, 100, &look);
            for (int i = 0; i < 100; ++i) {
              AddValue(0, v, random.Normal(), &look);
            }
          }
          called = called || IsDiscovery(Judge(*trial, look));
        }
        out->Count(0, called);
        return absl::OkStatus();
      });
  ASSERT_THAT(tally, IsOk());
  const Line claimed{"A/A, 5 looks", LineUnit::kPercent, Exactly(0.05),
                     tally->Share(0)};
  EXPECT_FALSE(IsKept(claimed));
  Line known = claimed;
  known.promise = Exactly(.1417, 0.00005);
  EXPECT_TRUE(IsKept(known));
  ProofResult result{{"aa", "An A/A", "It errs in 5 %.", "Nobody.", nullptr},
                     {claimed, known}};
  EXPECT_FALSE(result.kept());
  const std::string page = RenderPage(RunOf(1), {result});
  EXPECT_THAT(page, HasSubstr("2 promises, 1 broken"));
  EXPECT_THAT(page, HasSubstr("| 5 % | **NO** | 2000 |"));
  EXPECT_THAT(page, HasSubstr("| 14.165 to 14.175 % | yes | 2000 |"));
}

TEST(PageTest, SaysWhatIsPromised) {
  const auto text = [](Promise promise) {
    return PromiseText(LineOf(promise, {100, 0.05, 0.04, 0.06}));
  };
  EXPECT_EQ(text(Exactly(0.05)), "5 %");
  EXPECT_EQ(text(AtMost(0.001)), "at most 0.1 %");
  EXPECT_EQ(text(AtLeast(0.95)), "at least 95 %");
  EXPECT_EQ(text(Exactly(0.5, 0.01)), "49 to 51 %");
  EXPECT_EQ(text(NoPromise()), "");
  Line number{"n",
              LineUnit::kNumber,
              Exactly(0.8176, 0.00005),
              {1000, 0.8175, 0.8170, 0.8180}};
  EXPECT_EQ(PromiseText(number), "0.81755 to 0.81765");
  EXPECT_EQ(ValueText(0.8175, number), "0.8175");
  EXPECT_EQ(ValueText(-0.0000001, number), "0.0000");
}

TEST(PageTest, ShownLinesHaveNoMark) {
  const ProofResult result{{"x", "X", "Y.", "Z.", nullptr},
                           {LineOf(NoPromise(), {100, 0.9, 0.8, 1})}};
  const std::string page = RenderPage(RunOf(1), {result});
  EXPECT_THAT(page, HasSubstr("| (shown) |  | 100 |"));
  EXPECT_THAT(page, HasSubstr("0 promises, 0 broken"));
  EXPECT_THAT(page, Not(HasSubstr("**NO**")));
}

TEST(BookTest, NamesAreUsableAndUnique) {
  std::vector<std::string> names;
  for (const Proof& proof : AllProofs()) {
    EXPECT_THAT(proof.name, ::testing::MatchesRegex("[a-z-]+"));
    EXPECT_THAT(names, Not(::testing::Contains(proof.name)));
    EXPECT_FALSE(proof.title.empty());
    EXPECT_FALSE(proof.promise.empty());
    EXPECT_FALSE(proof.source.empty());
    names.push_back(proof.name);
  }
}

}  // namespace
}  // namespace stagecraft::simulations
