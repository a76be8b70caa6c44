#include "stats/survey.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/effect.h"

namespace stagecraft::stats {
namespace {

// Counts above this are not whole in doubles, and their sum could overflow.
constexpr int64_t kMostAnswers = int64_t{1} << 53;

absl::Status CheckCount(int64_t count, absl::string_view name) {
  if (count <= kMostAnswers) return CheckNotNegative(count, name);
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", count, ", want at most 2^53"));
}

absl::Status CheckCounts(const NetPromoterCounts& counts,
                         absl::string_view prefix) {
  return FirstError(
      {CheckCount(counts.promoters, absl::StrCat(prefix, "promoters")),
       CheckCount(counts.passives, absl::StrCat(prefix, "passives")),
       CheckCount(counts.detractors, absl::StrCat(prefix, "detractors"))});
}

absl::Status CheckRatings(absl::Span<const ValueCount> ratings,
                          const RatingScale& scale) {
  if (scale.lowest >= scale.highest) {
    return absl::InvalidArgumentError(absl::StrCat("scale is ", scale.lowest,
                                                   " to ", scale.highest,
                                                   ", want lowest < highest"));
  }
  int64_t left = kMostAnswers;
  for (size_t i = 0; i < ratings.size(); ++i) {
    const double value = ratings[i].value;
    if (!(value >= scale.lowest && value <= scale.highest) ||
        value != std::floor(value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "ratings[", i, "].value is ", value, ", want a whole number from ",
          scale.lowest, " to ", scale.highest));
    }
    if (auto status = CheckNotNegative(ratings[i].count,
                                       absl::StrCat("ratings[", i, "].count"));
        !status.ok()) {
      return status;
    }
    if (ratings[i].count > left) {
      return absl::InvalidArgumentError(
          "ratings count more than 2^53 answers, want at most that");
    }
    left -= ratings[i].count;
  }
  return absl::OkStatus();
}

// Counts that may have parts of answers.
struct Answers {
  double up = 0, none = 0, down = 0;
  double n() const { return up + none + down; }
  double score() const { return (up - down) / n(); }
  // p + d - (p - d)^2 as a sum of products, so that nothing cancels.
  double variance() const {
    const double p = up / n(), d = down / n(), z = none / n();
    return (p + d) * z + 4 * p * d;
  }
};

Answers AnswersOf(const NetPromoterCounts& counts) {
  return {static_cast<double>(counts.promoters),
          static_cast<double>(counts.passives),
          static_cast<double>(counts.detractors)};
}

// Score and error by the method, kScore as kWald.
absl::StatusOr<NormalEstimate> ScoreWithError(const NetPromoterCounts& counts,
                                              NetPromoterInterval interval,
                                              absl::string_view arm) {
  if (auto status =
          CheckCounts(counts, arm.empty() ? "" : absl::StrCat(arm, "."));
      !status.ok())
    return status;
  Answers answers = AnswersOf(counts);
  const double n = answers.n();
  if (interval == NetPromoterInterval::kAdjustedWald) {
    if (n < 1) {
      return NotEnough(
          absl::StrCat(arm.empty() ? "there are" : absl::StrCat(arm, " has"),
                       " 0 answers, want at least 1"));
    }
    answers.up += 0.75;
    answers.none += 1.5;
    answers.down += 0.75;
    return NormalEstimate{answers.score(),
                          std::sqrt(answers.variance() / answers.n())};
  }
  if (n < 2) {
    return NotEnough(
        absl::StrCat(arm.empty() ? "there are" : absl::StrCat(arm, " has"), " ",
                     n, " answers, want at least 2"));
  }
  const double denominator =
      interval == NetPromoterInterval::kWaldN ? n : n - 1;
  return NormalEstimate{answers.score(),
                        std::sqrt(answers.variance() / denominator)};
}

// Tango's statistic of p - d = v; falls as v rises.
double ScoreStatistic(const Answers& answers, double v) {
  const double n = answers.n(), up = answers.up, down = answers.down;
  const double excess = up - down - n * v;
  if (excess == 0) return 0;
  // The share of detractors q by maximum likelihood given v, the larger root of
  // 2 n q^2 + b q - down v' = 0 with its terms arranged against cancellation.
  const double b = -up - down + (2 * n - up + down) * v;
  const double c = -down * v * (1 - v);
  const double root = std::sqrt(std::max(0.0, b * b - 8 * n * c));
  const double q = b > 0 ? -2 * c / (b + root) : (root - b) / (4 * n);
  const double variance = n * (2 * q + v * (1 - v));
  if (!(variance > 0)) return excess > 0 ? kInfinity : -kInfinity;
  return excess / std::sqrt(variance);
}

// Where the statistic crosses `target`, between `low` and `high`.
double SolveScore(const Answers& answers, double target, double low,
                  double high) {
  for (int step = 0; step < 200 && low < high; ++step) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (ScoreStatistic(answers, middle) > target ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

Interval ScoreInterval(const NetPromoterCounts& counts, double tail,
                       double level) {
  const Answers answers = AnswersOf(counts);
  const double z = NormalUpperQuantile(tail);
  const double score = answers.score();
  return {.lower = z > 0 ? SolveScore(answers, z, -1, score)
                         : SolveScore(answers, z, score, 1),
          .upper = z > 0 ? SolveScore(answers, -z, score, 1)
                         : SolveScore(answers, -z, -1, score),
          .level = level};
}

absl::Status CheckOptions(const NetPromoterOptions& options) {
  return FirstError({CheckAlpha(options.alpha),
                     CheckBetween(options.null_value, -2, 2, "null_value")});
}

double TailOf(const NetPromoterOptions& options) {
  return options.alternative == Alternative::kTwoSided ? options.alpha / 2
                                                       : options.alpha;
}

// Ends that a one-sided question does not ask for are the ends of the scale.
void KeepAsked(Alternative alternative, double most, Interval& interval) {
  interval.lower = std::max(-most, interval.lower);
  interval.upper = std::min(most, interval.upper);
  if (alternative == Alternative::kGreater) interval.upper = most;
  if (alternative == Alternative::kLess) interval.lower = -most;
}

absl::string_view NameOf(NetPromoterInterval interval) {
  switch (interval) {
    case NetPromoterInterval::kWald:
      return "NPS, Wald";
    case NetPromoterInterval::kWaldN:
      return "NPS, Wald with n";
    case NetPromoterInterval::kAdjustedWald:
      return "NPS, adjusted Wald (3, T)";
    case NetPromoterInterval::kScore:
      return "NPS, score";
  }
  return "NPS";
}

}  // namespace

absl::StatusOr<int> NetPromoterContribution(double rating) {
  if (!(rating >= 0 && rating <= 10) || rating != std::floor(rating)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "rating is ", rating, ", want a whole number from 0 to 10"));
  }
  return rating >= 9 ? 1 : rating >= 7 ? 0 : -1;
}

absl::StatusOr<NetPromoterCounts> CountNetPromoters(
    absl::Span<const ValueCount> ratings) {
  if (auto status = CheckRatings(ratings, {0, 10}); !status.ok()) return status;
  NetPromoterCounts counts;
  for (const ValueCount& rating : ratings) {
    (rating.value >= 9   ? counts.promoters
     : rating.value >= 7 ? counts.passives
                         : counts.detractors) += rating.count;
  }
  return counts;
}

absl::StatusOr<Estimate> EstimateNetPromoterScore(
    const NetPromoterCounts& counts, const NetPromoterOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  const bool score = options.interval == NetPromoterInterval::kScore;
  const auto estimate = ScoreWithError(counts, options.interval, "");
  if (!estimate.ok()) return estimate.status();
  const Answers answers = AnswersOf(counts);
  if (!score && !(estimate->standard_error > 0)) {
    return NotEnough(
        "all answers are alike, want at least two kinds (or kAdjustedWald or "
        "kScore)");
  }
  Estimate answer{.value = answers.score(),
                  .standard_error = estimate->standard_error};
  answer.interval =
      score ? ScoreInterval(counts, TailOf(options), 1 - options.alpha)
            : SymmetricInterval(estimate->value, estimate->standard_error,
                                kInfinity, options.alpha, options.alternative);
  KeepAsked(options.alternative, 1, answer.interval);
  return answer;
}

absl::StatusOr<Estimate> EstimateNetPromoterScore(
    const NetPromoterCounts& counts, double alpha) {
  return EstimateNetPromoterScore(counts, NetPromoterOptions{.alpha = alpha});
}

absl::StatusOr<Effect> CompareNetPromoterScores(
    const NetPromoterCounts& control, const NetPromoterCounts& treatment,
    const NetPromoterOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  const auto c = ScoreWithError(control, options.interval, "control");
  if (!c.ok()) return c.status();
  const auto t = ScoreWithError(treatment, options.interval, "treatment");
  if (!t.ok()) return t.status();
  if (c->standard_error == 0 && t->standard_error == 0) {
    return NotEnough(
        "all answers of each arm are alike, want one arm with two kinds (or "
        "kAdjustedWald)");
  }
  auto effect = CompareEstimates(*c, *t,
                                 {.alpha = options.alpha,
                                  .alternative = options.alternative,
                                  .null_value = options.null_value});
  if (!effect.ok()) return effect;
  effect->value = AnswersOf(treatment).score() - AnswersOf(control).score();
  effect->test_method = options.interval == NetPromoterInterval::kScore
                            ? NameOf(NetPromoterInterval::kWald)
                            : NameOf(options.interval);
  effect->interval_method = NameOf(options.interval);
  if (options.interval == NetPromoterInterval::kScore) {
    const double tail = TailOf(options);
    if (tail >= 0.5) {
      return absl::InvalidArgumentError(
          absl::StrCat("alpha is ", options.alpha,
                       ", want < 0.5 for a one-sided score bound"));
    }
    const Interval of_c = ScoreInterval(control, tail, 0);
    const Interval of_t = ScoreInterval(treatment, tail, 0);
    effect->interval = {
        .lower = effect->value -
                 std::hypot(t->value - of_t.lower, of_c.upper - c->value),
        .upper = effect->value +
                 std::hypot(of_t.upper - t->value, c->value - of_c.lower),
        .level = 1 - options.alpha};
  }
  KeepAsked(options.alternative, 2, effect->interval);
  return effect;
}

absl::StatusOr<Proportion> SatisfiedShare(absl::Span<const ValueCount> ratings,
                                          int threshold,
                                          const RatingScale& scale) {
  if (auto status = CheckRatings(ratings, scale); !status.ok()) return status;
  if (!(threshold > scale.lowest && threshold <= scale.highest)) {
    return absl::InvalidArgumentError(
        absl::StrCat("threshold is ", threshold, ", want one in (",
                     scale.lowest, ", ", scale.highest, "]"));
  }
  Proportion share;
  for (const ValueCount& rating : ratings) {
    share.trials += rating.count;
    if (rating.value >= threshold) share.successes += rating.count;
  }
  if (share.trials == 0) return NotEnough("there are no answers, want some");
  return share;
}

absl::StatusOr<Moments> RatingMoments(absl::Span<const ValueCount> ratings,
                                      const RatingScale& scale) {
  if (auto status = CheckRatings(ratings, scale); !status.ok()) return status;
  MomentsAccumulator accumulator;
  for (const ValueCount& rating : ratings) {
    accumulator.AddRepeated(rating.value, rating.count);
  }
  const Moments moments = accumulator.Summary();
  if (moments.n == 0) return NotEnough("there are no answers, want some");
  return moments;
}

}  // namespace stagecraft::stats
