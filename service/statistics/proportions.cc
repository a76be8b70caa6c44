#include "service/statistics/proportions.h"

#include <cstdint>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/check.h"
#include "stats/contingency.h"
#include "stats/fieller.h"
#include "stats/odds_ratio.h"
#include "stats/proportion.h"
#include "stats/proportion_interval.h"

namespace stagecraft::service {
namespace {

stats::Proportion ShareOf(const v1::ShareSample& sample) {
  return {.successes = sample.successes(), .trials = sample.trials()};
}

stats::RateInterval IntervalOf(v1::ShareInterval interval) {
  switch (interval) {
    case v1::SHARE_INTERVAL_WILSON_CORRECTED:
      return stats::RateInterval::kWilsonCorrected;
    case v1::SHARE_INTERVAL_CLOPPER_PEARSON:
      return stats::RateInterval::kClopperPearson;
    case v1::SHARE_INTERVAL_AGRESTI_COULL:
      return stats::RateInterval::kAgrestiCoull;
    case v1::SHARE_INTERVAL_JEFFREYS:
      return stats::RateInterval::kJeffreys;
    case v1::SHARE_INTERVAL_WALD:
      return stats::RateInterval::kWald;
    case v1::SHARE_INTERVAL_WALD_CORRECTED:
      return stats::RateInterval::kWaldCorrected;
    default:
      return stats::RateInterval::kWilson;
  }
}

stats::ProportionTest TestOf(v1::ShareTest test) {
  switch (test) {
    case v1::SHARE_TEST_UNPOOLED:
      return stats::ProportionTest::kUnpooled;
    case v1::SHARE_TEST_MIETTINEN_NURMINEN:
      return stats::ProportionTest::kScoreMiettinenNurminen;
    case v1::SHARE_TEST_YATES:
      return stats::ProportionTest::kYates;
    case v1::SHARE_TEST_AGRESTI_CAFFO:
      return stats::ProportionTest::kAgrestiCaffo;
    case v1::SHARE_TEST_WELCH:
      return stats::ProportionTest::kWelch;
    default:
      return stats::ProportionTest::kScore;
  }
}

stats::ProportionInterval IntervalOf(v1::ShareDifferenceInterval interval) {
  switch (interval) {
    case v1::SHARE_DIFFERENCE_INTERVAL_WALD:
      return stats::ProportionInterval::kWald;
    case v1::SHARE_DIFFERENCE_INTERVAL_NEWCOMBE_CORRECTED:
      return stats::ProportionInterval::kNewcombeCorrected;
    case v1::SHARE_DIFFERENCE_INTERVAL_WALD_CORRECTED:
      return stats::ProportionInterval::kWaldCorrected;
    case v1::SHARE_DIFFERENCE_INTERVAL_AGRESTI_CAFFO:
      return stats::ProportionInterval::kAgrestiCaffo;
    case v1::SHARE_DIFFERENCE_INTERVAL_MIETTINEN_NURMINEN:
      return stats::ProportionInterval::kMiettinenNurminen;
    case v1::SHARE_DIFFERENCE_INTERVAL_MEE:
      return stats::ProportionInterval::kMee;
    case v1::SHARE_DIFFERENCE_INTERVAL_WELCH:
      return stats::ProportionInterval::kWelch;
    default:
      return stats::ProportionInterval::kNewcombe;
  }
}

stats::OddsRatioMethod MethodOf(v1::CompareOddsRequest::Method method) {
  switch (method) {
    case v1::CompareOddsRequest::WOOLF_ADJUSTED:
      return stats::OddsRatioMethod::kWoolfAdjusted;
    case v1::CompareOddsRequest::CONDITIONAL:
      return stats::OddsRatioMethod::kConditional;
    default:
      return stats::OddsRatioMethod::kWoolf;
  }
}

// p_t - p_c, without a test.
double Difference(const v1::ShareSample& control,
                  const v1::ShareSample& treatment) {
  return static_cast<double>(treatment.successes()) /
             static_cast<double>(treatment.trials()) -
         static_cast<double>(control.successes()) /
             static_cast<double>(control.trials());
}

}  // namespace

absl::StatusOr<v1::EstimateShareResponse> EstimateShare(
    const v1::EstimateShareRequest& request) {
  stats::RateOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = FromProto(request.alternative());
  options.interval = IntervalOf(request.interval());
  const auto estimate =
      stats::EstimateProportion(ShareOf(request.sample()), options);
  if (!estimate.ok()) return Renamed(estimate.status(), "proportion", "sample");
  v1::EstimateShareResponse response;
  *response.mutable_estimate() =
      ToProto(*estimate, stats::Name(options.interval));
  return response;
}

absl::StatusOr<v1::TestShareResponse> TestShare(
    const v1::TestShareRequest& request) {
  const stats::Alternative alternative = FromProto(request.alternative());
  const auto result = stats::TestProportion(
      ShareOf(request.sample()), request.null_value(),
      request.test() == v1::TestShareRequest::SCORE ? stats::RateTest::kScore
                                                    : stats::RateTest::kExact,
      alternative);
  if (!result.ok()) return Renamed(result.status(), "proportion", "sample");
  v1::TestShareResponse response;
  if (result->statistic.has_value()) response.set_statistic(*result->statistic);
  response.set_p_value(result->p_value);
  response.set_alternative(ToProto(alternative));
  return response;
}

absl::StatusOr<v1::CompareSharesResponse> CompareShares(
    const v1::CompareSharesRequest& request) {
  stats::ProportionOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  options.test = TestOf(request.test());
  options.interval = IntervalOf(request.interval());
  const auto effect = stats::CompareProportions(
      ShareOf(request.control()), ShareOf(request.treatment()), options);
  if (!effect.ok()) return effect.status();
  v1::CompareSharesResponse response;
  *response.mutable_difference() = ToProto(*effect);
  return response;
}

absl::StatusOr<v1::EstimateShareDifferenceResponse> EstimateShareDifference(
    const v1::EstimateShareDifferenceRequest& request) {
  stats::ProportionOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = FromProto(request.alternative());
  options.interval = IntervalOf(request.interval());
  const auto interval = stats::ProportionDifferenceInterval(
      ShareOf(request.control()), ShareOf(request.treatment()), options);
  if (!interval.ok()) return interval.status();
  v1::EstimateShareDifferenceResponse response;
  response.mutable_difference()->set_value(
      Difference(request.control(), request.treatment()));
  *response.mutable_difference()->mutable_interval() =
      ToProto(*interval, stats::Name(options.interval));
  return response;
}

absl::StatusOr<v1::CompareSharesRelativeResponse> CompareSharesRelative(
    const v1::CompareSharesRelativeRequest& request) {
  const stats::Proportion control = ShareOf(request.control());
  const stats::Proportion treatment = ShareOf(request.treatment());
  stats::LiftOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  options.method = FromProto(request.method());
  const auto effect = stats::ProportionLift(control, treatment, options);
  if (!effect.ok()) return effect.status();
  v1::CompareSharesRelativeResponse response;
  *response.mutable_lift() = ToProto(*effect);
  if (absl::StrContains(effect->interval_method, "Fieller")) {
    // The interval cannot say what the set is if it is none.
    const auto c = stats::EstimateProportion(control);
    const auto t = stats::EstimateProportion(treatment);
    if (!c.ok()) return c.status();
    if (!t.ok()) return t.status();
    const auto set =
        stats::FiellerLiftSet({c->value, c->standard_error},
                              {t->value, t->standard_error}, options.alpha);
    if (!set.ok()) return set.status();
    *response.mutable_fieller() = ToProto(*set);
  }
  return response;
}

absl::StatusOr<v1::TestFisherExactResponse> TestFisherExact(
    const v1::TestFisherExactRequest& request) {
  const stats::Alternative alternative = FromProto(request.alternative());
  const auto p_value = stats::FisherExactPValue(
      ShareOf(request.control()), ShareOf(request.treatment()), alternative);
  if (!p_value.ok()) return p_value.status();
  v1::TestFisherExactResponse response;
  response.set_p_value(*p_value);
  response.set_alternative(ToProto(alternative));
  return response;
}

absl::StatusOr<v1::CompareOddsResponse> CompareOdds(
    const v1::CompareOddsRequest& request) {
  stats::OddsRatioOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  options.method = MethodOf(request.method());
  const auto odds = stats::CompareOdds(ShareOf(request.control()),
                                       ShareOf(request.treatment()), options);
  if (!odds.ok()) return odds.status();
  v1::CompareOddsResponse response;
  response.set_value(odds->value);
  if (odds->log_standard_error.has_value()) {
    response.set_log_standard_error(*odds->log_standard_error);
  }
  *response.mutable_interval() = ToProto(odds->interval, odds->method);
  if (odds->statistic.has_value()) response.set_statistic(*odds->statistic);
  response.set_p_value(odds->p_value);
  response.set_alternative(ToProto(odds->alternative));
  return response;
}

absl::StatusOr<v1::TestIndependenceResponse> TestIndependence(
    const v1::TestIndependenceRequest& request) {
  const int columns = request.rows(0).counts_size();
  std::vector<int64_t> counts;
  for (int i = 0; i < request.rows_size(); ++i) {
    const auto& row = request.rows(i).counts();
    if (row.size() != columns) {
      return absl::InvalidArgumentError(
          absl::StrCat("rows[", i, "].counts has ", row.size(), " items, want ",
                       columns, " as the first row"));
    }
    for (int j = 0; j < row.size(); ++j) {
      if (auto status = stats::CheckNotNegative(
              row[j], absl::StrCat("rows[", i, "].counts[", j, "]"));
          !status.ok()) {
        return status;
      }
      counts.push_back(row[j]);
    }
  }
  absl::StatusOr<stats::ChiSquaredTest> test;
  if (request.yates_correction()) {
    if (request.rows_size() != 2 || columns != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("yates_correction is true with ", request.rows_size(),
                       " rows of ", columns, " counts, want 2 rows of 2"));
    }
    for (int i = 0; i < 2; ++i) {
      if (counts[2 * i] > std::numeric_limits<int64_t>::max() / 2 ||
          counts[2 * i + 1] > std::numeric_limits<int64_t>::max() / 2) {
        return absl::InvalidArgumentError(
            absl::StrCat("rows[", i,
                         "].counts sum to more than 2^63, want "
                         "less"));
      }
    }
    test = stats::CompareProportionsChiSquared(
        {counts[0], counts[0] + counts[1]}, {counts[2], counts[2] + counts[3]},
        true);
  } else {
    test = stats::TestIndependence(counts, columns);
  }
  if (!test.ok()) return test.status();
  v1::TestIndependenceResponse response;
  response.set_statistic(test->statistic);
  response.set_degrees_of_freedom(test->degrees_of_freedom);
  response.set_p_value(test->p_value);
  return response;
}

std::vector<Method> ProportionsMethods() {
  return {
      MakeMethod<&EstimateShare>({
          .source = "E. Wilson, JASA 22 (1927) 209; L. Brown, T. Cai, A. "
                    "DasGupta, Stat. Sci. 16 (2001) 101",
          .example = R"({
  "sample": {"successes": 3, "trials": 17},
  "interval": "clopper-pearson"
})",
      }),
      MakeMethod<&TestShare>({
          .source = "binomial test, as R's binom.test",
          .example = R"({
  "sample": {"successes": 3, "trials": 17},
  "null_value": 0.4
})",
      }),
      MakeMethod<&CompareShares>({
          .source = "C. Farrington, G. Manning, Stat. Med. 9 (1990) 1447; R. "
                    "Newcombe, Stat. Med. 17 (1998) 873",
          .example = R"({
  "control": {"successes": 2262, "trials": 21306},
  "treatment": {"successes": 3894, "trials": 21307}
})",
      }),
      MakeMethod<&EstimateShareDifference>({
          .source = "R. Newcombe, Stat. Med. 17 (1998) 873",
          .example = R"({
  "control": {"successes": 0, "trials": 29},
  "treatment": {"successes": 5, "trials": 56},
  "interval": "miettinen-nurminen"
})",
      }),
      MakeMethod<&CompareSharesRelative>({
          .source = "D. Katz et al., Biometrics 34 (1978) 469; P. Koopman, "
                    "Biometrics 40 (1984) 513",
          .example = R"({
  "control": {"successes": 2262, "trials": 21306},
  "treatment": {"successes": 3894, "trials": 21307},
  "method": "log-ratio"
})",
      }),
      MakeMethod<&TestFisherExact>({
          .source = "R. Fisher, J. R. Stat. Soc. 98 (1935) 39",
          .example = R"({
  "control": {"successes": 9, "trials": 10},
  "treatment": {"successes": 1, "trials": 10}
})",
      }),
      MakeMethod<&CompareOdds>({
          .source = "B. Woolf, Ann. Hum. Genet. 19 (1955) 251; R. Fisher, J. "
                    "R. Stat. Soc. 98 (1935) 39",
          .example = R"({
  "control": {"successes": 15, "trials": 50},
  "treatment": {"successes": 25, "trials": 35},
  "method": "conditional"
})",
      }),
      MakeMethod<&TestIndependence>({
          .source = "K. Pearson, Phil. Mag. 50 (1900) 157",
          .example = R"({
  "rows": [
    {"counts": [15, 35]},
    {"counts": [25, 45]},
    {"counts": [5, 35]}
  ]
})",
      }),
  };
}

}  // namespace stagecraft::service
