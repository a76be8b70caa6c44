#include "stats/equivalence.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/fieller.h"
#include "stats/proportion_score.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckOptions(const EquivalenceOptions& options) {
  if (auto status = FirstError(
          {CheckFinite(options.lower, "lower"),
           CheckFinite(options.upper, "upper"),
           CheckBetween(options.one_sided_alpha, 0, 0.5, "one_sided_alpha")});
      !status.ok()) {
    return status;
  }
  if (!(options.lower < options.upper)) {
    return absl::InvalidArgumentError(
        absl::StrCat("lower is ", options.lower, " and upper is ",
                     options.upper, ", want lower < upper"));
  }
  return absl::OkStatus();
}

// The weight of the control in t - c - margin, or t - c - margin |c|.
double ControlWeight(double control, double margin, bool relative) {
  if (!relative) return -1;
  return -1 - (control < 0 ? -margin : margin);
}

// Tests that the contrast at `margin`, times `side`, is positive.
absl::StatusOr<OneSidedTest> TestSide(const NormalEstimate& c,
                                      const NormalEstimate& t, double margin,
                                      bool relative, double side,
                                      double degrees_of_freedom) {
  const double weight = ControlWeight(c.value, margin, relative);
  const double contrast =
      relative ? t.value + weight * c.value : (t.value - c.value) - margin;
  const double se = std::hypot(t.standard_error, weight * c.standard_error);
  if (!(se > 0)) {
    return NotEnough(absl::StrCat("the contrast at the margin ", margin,
                                  " has no variance, want some in an arm that "
                                  "it depends on"));
  }
  OneSidedTest test{.statistic = side * contrast / se,
                    .degrees_of_freedom = degrees_of_freedom};
  if (auto status = CheckResult({test.statistic}, "the equivalence contrast");
      !status.ok()) {
    return status;
  }
  test.p_value = StudentUpperTail(test.statistic, degrees_of_freedom);
  return test;
}

struct Degrees {
  double lower, upper, interval;
};

absl::StatusOr<Equivalence> Test(const NormalEstimate& control,
                                 const NormalEstimate& treatment,
                                 const EquivalenceOptions& options,
                                 const Degrees& degrees) {
  if (options.relative && control.value == 0) {
    return NotEnough(
        "the control value is 0, want another: the margins are relative to "
        "it");
  }
  const auto lower = TestSide(control, treatment, options.lower,
                              options.relative, 1, degrees.lower);
  if (!lower.ok()) return lower.status();
  const auto upper = TestSide(control, treatment, options.upper,
                              options.relative, -1, degrees.upper);
  if (!upper.ok()) return upper.status();
  Equivalence result{.lower = *lower, .upper = *upper};
  const double difference = treatment.value - control.value;
  const double alpha = 2 * options.one_sided_alpha;
  if (options.relative) {
    result.value = difference / std::abs(control.value);
    const auto set =
        FiellerLiftSet(control, treatment, alpha, degrees.interval);
    if (!set.ok()) return set.status();
    result.interval = Hull(*set);
  } else {
    result.value = difference;
    result.interval = SymmetricInterval(
        difference,
        std::hypot(treatment.standard_error, control.standard_error),
        degrees.interval, alpha, Alternative::kTwoSided);
  }
  return result;
}

Equivalence Decided(Equivalence result, const EquivalenceOptions& options) {
  result.p_value = std::max(result.lower.p_value, result.upper.p_value);
  result.equivalent = result.p_value < options.one_sided_alpha;
  return result;
}

}  // namespace

absl::StatusOr<Equivalence> TestEquivalence(const NormalEstimate& control,
                                            const NormalEstimate& treatment,
                                            const EquivalenceOptions& options,
                                            double degrees_of_freedom) {
  if (auto status =
          FirstError({CheckOptions(options), CheckEstimate(control, "control"),
                      CheckEstimate(treatment, "treatment"),
                      CheckDegrees(degrees_of_freedom)});
      !status.ok()) {
    return status;
  }
  const auto result =
      Test(control, treatment, options,
           {degrees_of_freedom, degrees_of_freedom, degrees_of_freedom});
  if (!result.ok()) return result;
  return Decided(*result, options);
}

absl::StatusOr<Equivalence> TestMeanEquivalence(
    const Moments& control, const Moments& treatment,
    const EquivalenceOptions& options, MeanTest test) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  const auto arms = PrepareMeans(control, treatment, test);
  if (!arms.ok()) return arms.status();
  const auto degrees = [&](double margin) {
    const double weight =
        ControlWeight(arms->control.value, margin, options.relative);
    if (weight * arms->control.standard_error == 0 &&
        arms->treatment.standard_error == 0) {
      return kInfinity;  // Without variance: the error is said below.
    }
    return ContrastDegrees(*arms, control, treatment, test, weight, 1);
  };
  const auto result = Test(arms->control, arms->treatment, options,
                           {degrees(options.lower), degrees(options.upper),
                            arms->degrees_of_freedom});
  if (!result.ok()) return result;
  return Decided(*result, options);
}

absl::StatusOr<Equivalence> TestProportionEquivalence(
    const Proportion& control, const Proportion& treatment,
    const EquivalenceOptions& options, ProportionNonInferiorityMethod method) {
  if (auto status = FirstError({CheckOptions(options),
                                CheckProportion(control, "control"),
                                CheckProportion(treatment, "treatment")});
      !status.ok()) {
    return status;
  }
  const Rate c = RateOf(control), t = RateOf(treatment);
  if (method == ProportionNonInferiorityMethod::kUnpooled) {
    return TestEquivalence({c.p, std::sqrt(c.Variance())},
                           {t.p, std::sqrt(t.Variance())}, options);
  }
  const double top = options.relative ? kInfinity : 1;
  if (auto status = FirstError({CheckBetween(options.lower, -1, top, "lower"),
                                CheckBetween(options.upper, -1, top, "upper")});
      !status.ok()) {
    return status;
  }
  if (options.relative && control.successes == 0) {
    return NotEnough(
        "control.successes is 0, want at least 1: the margins are relative to "
        "the control rate");
  }
  const double inflation =
      method == ProportionNonInferiorityMethod::kMiettinenNurminen
          ? MiettinenNurminenInflation(c, t)
          : 1;
  const auto side = [&](double margin, double sign) {
    const ScoreStatistic score =
        options.relative ? ScoreOfRatio(c, t, 1 + margin, inflation)
                         : ScoreOfDifference(c, t, margin, inflation);
    OneSidedTest test;
    test.statistic = sign * score.contrast / score.standard_error;
    test.p_value = NormalUpperTail(test.statistic);
    return test;
  };
  Equivalence result{.lower = side(options.lower, 1),
                     .upper = side(options.upper, -1)};
  if (!std::isfinite(result.lower.statistic) ||
      !std::isfinite(result.upper.statistic)) {
    return NotEnough(
        "a contrast has no variance at its margin, want successes and "
        "failures");
  }
  const double alpha = 2 * options.one_sided_alpha;
  if (options.relative) {
    result.value = (t.p - c.p) / c.p;
    result.interval =
        ScoreRatioInterval(c, t, alpha, Alternative::kTwoSided, inflation);
    result.interval.lower -= 1;
    result.interval.upper -= 1;
  } else {
    result.value = t.p - c.p;
    result.interval =
        ScoreDifferenceInterval(c, t, alpha, Alternative::kTwoSided, inflation);
  }
  return Decided(result, options);
}

}  // namespace stagecraft::stats
