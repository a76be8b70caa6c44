#include "service/statistics/surveys.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/statistics/convert_common.h"
#include "stats/check.h"
#include "stats/mean.h"
#include "stats/proportion.h"
#include "stats/survey.h"

namespace stagecraft::service {
namespace {

constexpr int64_t kMostAnswers = int64_t{1} << 53;

stats::NetPromoterInterval IntervalOf(v1::NetPromoterInterval interval) {
  switch (interval) {
    case v1::NET_PROMOTER_INTERVAL_WALD_N:
      return stats::NetPromoterInterval::kWaldN;
    case v1::NET_PROMOTER_INTERVAL_ADJUSTED_WALD:
      return stats::NetPromoterInterval::kAdjustedWald;
    case v1::NET_PROMOTER_INTERVAL_SCORE:
      return stats::NetPromoterInterval::kScore;
    default:
      return stats::NetPromoterInterval::kWald;
  }
}

absl::string_view NameOf(stats::NetPromoterInterval interval) {
  switch (interval) {
    case stats::NetPromoterInterval::kWaldN:
      return "NPS, Wald with n";
    case stats::NetPromoterInterval::kAdjustedWald:
      return "NPS, adjusted Wald (3, T)";
    case stats::NetPromoterInterval::kScore:
      return "NPS, score";
    default:
      return "NPS, Wald";
  }
}

// Checks the counts of a list and their sum.
absl::StatusOr<std::vector<stats::ValueCount>> RatingsOf(
    const google::protobuf::RepeatedField<int64_t>& counts, int64_t lowest,
    absl::string_view name) {
  std::vector<stats::ValueCount> ratings;
  int64_t left = kMostAnswers;
  for (int i = 0; i < counts.size(); ++i) {
    const int64_t count = counts[i];
    if (auto status = stats::CheckNotNegative(
            count, absl::StrCat(name, ".rating_counts[", i, "]"));
        !status.ok()) {
      return status;
    }
    if (count > left) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ".rating_counts sum to more than 2^53, want at most that"));
    }
    left -= count;
    ratings.push_back({static_cast<double>(lowest + i), count});
  }
  return ratings;
}

absl::StatusOr<stats::NetPromoterCounts> CountsOf(
    const v1::NetPromoterSample& sample, absl::string_view name) {
  const bool groups = sample.has_promoters() || sample.has_passives() ||
                      sample.has_detractors();
  if (sample.rating_counts_size() > 0) {
    if (groups) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ".rating_counts is given beside ", name,
          ".promoters, .passives or .detractors, want one of them"));
    }
    const auto ratings = RatingsOf(sample.rating_counts(), 0, name);
    if (!ratings.ok()) return ratings.status();
    return stats::CountNetPromoters(*ratings);
  }
  if (!sample.has_promoters() || !sample.has_passives() ||
      !sample.has_detractors()) {
    return absl::InvalidArgumentError(absl::StrCat(
        name,
        !sample.has_promoters()  ? ".promoters"
        : !sample.has_passives() ? ".passives"
                                 : ".detractors",
        " is missing, want the number of answers (or `rating_counts`)"));
  }
  const stats::NetPromoterCounts counts{.promoters = sample.promoters(),
                                        .passives = sample.passives(),
                                        .detractors = sample.detractors()};
  if (auto status = stats::FirstError(
          {stats::CheckNotNegative(counts.promoters,
                                   absl::StrCat(name, ".promoters")),
           stats::CheckNotNegative(counts.passives,
                                   absl::StrCat(name, ".passives")),
           stats::CheckNotNegative(counts.detractors,
                                   absl::StrCat(name, ".detractors"))});
      !status.ok()) {
    return status;
  }
  return counts;
}

double ScoreOf(const stats::NetPromoterCounts& counts) {
  const double up = static_cast<double>(counts.promoters);
  const double down = static_cast<double>(counts.detractors);
  return (up - down) / (up + down + static_cast<double>(counts.passives));
}

// The methods by the names of the contract.
absl::Status WithContractNames(const absl::Status& status) {
  return absl::Status(
      status.code(),
      absl::StrReplaceAll(status.message(), {{"kAdjustedWald", "adjusted-wald"},
                                             {"kScore", "score"}}));
}

struct RatedArms {
  std::vector<stats::ValueCount> control, treatment;
  stats::RatingScale scale;
};

template <typename Request>
absl::StatusOr<RatedArms> ArmsOf(const Request& request) {
  const int64_t lowest = request.has_lowest() ? request.lowest() : 1;
  if (std::abs(lowest) > 1000000) {
    return absl::InvalidArgumentError(absl::StrCat(
        "lowest is ", lowest, ", want a number in [-1000000, 1000000]"));
  }
  if (request.control().rating_counts_size() !=
      request.treatment().rating_counts_size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "treatment.rating_counts has ",
        request.treatment().rating_counts_size(), " numbers, want ",
        request.control().rating_counts_size(),
        " as control.rating_counts has: one for each rating of the scale"));
  }
  auto control =
      RatingsOf(request.control().rating_counts(), lowest, "control");
  if (!control.ok()) return control.status();
  auto treatment =
      RatingsOf(request.treatment().rating_counts(), lowest, "treatment");
  if (!treatment.ok()) return treatment.status();
  RatedArms arms{*std::move(control), *std::move(treatment), {}};
  arms.scale.lowest = static_cast<int>(lowest);
  arms.scale.highest =
      static_cast<int>(lowest) + request.control().rating_counts_size() - 1;
  return arms;
}

// Names the arm where the message does not.
absl::Status OfArm(const absl::Status& status, absl::string_view arm) {
  return Renamed(status, "there are", absl::StrCat(arm, ": there are"));
}

}  // namespace

absl::StatusOr<v1::EstimateNetPromoterScoreResponse> EstimateNetPromoterScore(
    const v1::EstimateNetPromoterScoreRequest& request) {
  const auto counts = CountsOf(request.sample(), "sample");
  if (!counts.ok()) return counts.status();
  stats::NetPromoterOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  options.interval = IntervalOf(request.interval());
  const auto score = stats::EstimateNetPromoterScore(*counts, options);
  if (!score.ok()) {
    return WithContractNames(OfArm(score.status(), "sample"));
  }
  v1::EstimateNetPromoterScoreResponse response;
  *response.mutable_score() =
      service::ToProto(*score, NameOf(options.interval));
  response.set_n(counts->promoters + counts->passives + counts->detractors);
  return response;
}

absl::StatusOr<v1::CompareNetPromoterScoresResponse> CompareNetPromoterScores(
    const v1::CompareNetPromoterScoresRequest& request) {
  const auto control = CountsOf(request.control(), "control");
  if (!control.ok()) return control.status();
  const auto treatment = CountsOf(request.treatment(), "treatment");
  if (!treatment.ok()) return treatment.status();
  stats::NetPromoterOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  options.interval = IntervalOf(request.interval());
  const auto effect =
      stats::CompareNetPromoterScores(*control, *treatment, options);
  if (!effect.ok()) return WithContractNames(effect.status());
  v1::CompareNetPromoterScoresResponse response;
  *response.mutable_difference() = service::ToProto(*effect);
  response.set_control_score(ScoreOf(*control));
  response.set_treatment_score(ScoreOf(*treatment));
  return response;
}

absl::StatusOr<v1::CompareSatisfactionResponse> CompareSatisfaction(
    const v1::CompareSatisfactionRequest& request) {
  const auto arms = ArmsOf(request);
  if (!arms.ok()) return arms.status();
  const int threshold = request.has_threshold() ? request.threshold() : 4;
  const auto control =
      stats::SatisfiedShare(arms->control, threshold, arms->scale);
  if (!control.ok()) return OfArm(control.status(), "control");
  const auto treatment =
      stats::SatisfiedShare(arms->treatment, threshold, arms->scale);
  if (!treatment.ok()) return OfArm(treatment.status(), "treatment");
  stats::ProportionOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  const auto effect = stats::CompareProportions(*control, *treatment, options);
  if (!effect.ok()) return effect.status();
  v1::CompareSatisfactionResponse response;
  *response.mutable_difference() = service::ToProto(*effect);
  for (const bool first : {true, false}) {
    const auto share =
        stats::EstimateProportion(first ? *control : *treatment, options.alpha);
    if (!share.ok()) return share.status();
    *(first ? response.mutable_control() : response.mutable_treatment()) =
        service::ToProto(*share, "Wilson");
  }
  return response;
}

absl::StatusOr<v1::CompareRatingsResponse> CompareRatings(
    const v1::CompareRatingsRequest& request) {
  const auto arms = ArmsOf(request);
  if (!arms.ok()) return arms.status();
  const auto control = stats::RatingMoments(arms->control, arms->scale);
  if (!control.ok()) return OfArm(control.status(), "control");
  const auto treatment = stats::RatingMoments(arms->treatment, arms->scale);
  if (!treatment.ok()) return OfArm(treatment.status(), "treatment");
  stats::MeanOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  options.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) options.null_value = request.null_value();
  const auto effect = stats::CompareMeans(*control, *treatment, options);
  if (!effect.ok()) return effect.status();
  v1::CompareRatingsResponse response;
  *response.mutable_difference() = service::ToProto(*effect);
  for (const bool first : {true, false}) {
    const auto mean =
        stats::EstimateMean(first ? *control : *treatment, options.alpha);
    if (!mean.ok()) return mean.status();
    *(first ? response.mutable_control() : response.mutable_treatment()) =
        service::ToProto(*mean, "Student t");
  }
  return response;
}

std::vector<Method> SurveysMethods() {
  return {
      MakeMethod<&EstimateNetPromoterScore>({
          .source = "B. Rocks, Am. Stat. 70 (2016) 365",
          .example = R"({
  "sample": {"promoters": 12, "passives": 9, "detractors": 7},
  "interval": "adjusted-wald"
})",
      }),
      MakeMethod<&CompareNetPromoterScores>({
          .source = "B. Rocks, Am. Stat. 70 (2016) 365",
          .example = R"({
  "control": {"promoters": 40, "passives": 35, "detractors": 25},
  "treatment": {"promoters": 55, "passives": 30, "detractors": 20}
})",
      }),
      MakeMethod<&CompareSatisfaction>({
          .source = "R. Newcombe, Stat. Med. 17 (1998) 873",
          .example = R"({
  "control": {"rating_counts": [12, 20, 41, 87, 60]},
  "treatment": {"rating_counts": [9, 16, 33, 95, 72]},
  "threshold": 4
})",
      }),
      MakeMethod<&CompareRatings>({
          .source = "B. Welch, Biometrika 34 (1947) 28",
          .example = R"({
  "control": {"rating_counts": [4, 9, 16, 31, 52, 48, 20]},
  "treatment": {"rating_counts": [3, 6, 15, 28, 50, 56, 31]}
})",
      }),
  };
}

}  // namespace stagecraft::service
