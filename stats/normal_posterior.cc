#include "stats/normal_posterior.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/bayes_rank_integral.h"
#include "stats/check.h"
#include "stats/credible_interval.h"
#include "stats/distributions.h"
#include "stats/effect.h"
#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckPosterior(const StudentPosterior& posterior,
                            absl::string_view name) {
  if (auto status = FirstError(
          {CheckFinite(posterior.location, absl::StrCat(name, ".location")),
           CheckPositive(posterior.scale, absl::StrCat(name, ".scale")),
           CheckPositive(posterior.degrees_of_freedom,
                         absl::StrCat(name, ".degrees_of_freedom"))});
      !status.ok()) {
    return status;
  }
  if (!(posterior.degrees_of_freedom > 1)) {
    return NotEnough(absl::StrCat(name, ".degrees_of_freedom is ",
                                  posterior.degrees_of_freedom,
                                  ", want > 1: expected losses do not exist"));
  }
  return absl::OkStatus();
}

double LogDensityConstant(double df) {
  if (df > 1e6) return -0.91893853320467274178 - 0.25 / df;
  return std::lgamma((df + 1) / 2) - std::lgamma(df / 2) -
         0.5 * std::log(df * M_PI);
}

// Standard Student t.
TailsAt StudentAt(double t, double df, double constant) {
  const double upper = StudentUpperTail(std::abs(t), df);
  const double density =
      std::exp(constant - (df + 1) / 2 * std::log1p(t * t / df));
  return t < 0 ? TailsAt{upper, 1 - upper, density}
               : TailsAt{1 - upper, upper, density};
}

// Ascending, wider and wider, until the tail is below `least`.
std::vector<double> Knots(const StudentPosterior& posterior, double center,
                          double least) {
  std::vector<double> half;
  constexpr double kStep = 0.35;
  for (int k = 0; k < 400; ++k) {
    const double t = 2 * std::sinh(kStep * k);
    half.push_back(t);
    if (StudentUpperTail(t, posterior.degrees_of_freedom) < least) break;
  }
  std::vector<double> knots;
  for (size_t k = half.size(); k-- > 1;) {
    knots.push_back(center - posterior.scale * half[k]);
  }
  for (double t : half) knots.push_back(center + posterior.scale * t);
  return knots;
}

// Smallest tail that counts: heavy tails are cut relative to their bulk.
double LeastTail(double df) { return df > 30 ? 1e-300 : 1e-200; }

}  // namespace

absl::StatusOr<NormalPrior> RescaleAbsolutePrior(const NormalPrior& absolute,
                                                 double control_mean) {
  if (auto status = FirstError({CheckFinite(absolute.mean, "absolute.mean"),
                                CheckPositive(absolute.sd, "absolute.sd"),
                                CheckFinite(control_mean, "control_mean")});
      !status.ok()) {
    return status;
  }
  if (control_mean == 0) {
    return NotEnough(
        "control_mean is 0, want another: the answer is relative to it");
  }
  return NormalPrior{.mean = absolute.mean / std::abs(control_mean),
                     .sd = absolute.sd / std::abs(control_mean)};
}

absl::StatusOr<NormalEffectPosterior> UpdateNormalComparison(
    const NormalEstimate& control, const NormalEstimate& treatment,
    const std::optional<ScaledNormalPrior>& prior,
    const NormalEffectOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckEstimate(control, "control"),
                                CheckEstimate(treatment, "treatment"),
                                CheckFinite(options.threshold, "threshold")});
      !status.ok()) {
    return status;
  }
  const bool relative = options.scale == MeanScale::kRelative;
  NormalEstimate effect;
  if (relative) {
    const auto lift =
        LiftOfEstimates(control, treatment,
                        {.alpha = options.alpha, .method = LiftMethod::kDelta});
    if (!lift.ok()) return lift.status();
    effect = {lift->value, lift->standard_error};
  } else {
    effect = {treatment.value - control.value,
              std::hypot(control.standard_error, treatment.standard_error)};
    if (effect.standard_error == 0) {
      return NotEnough("both standard errors are 0, want at least one above 0");
    }
  }
  std::optional<NormalPrior> own;
  if (prior.has_value()) {
    own = prior->prior;
    if (prior->scale != options.scale) {
      const auto rescaled =
          relative ? RescaleAbsolutePrior(prior->prior, control.value)
                   : RescaleRelativePrior(prior->prior, control.value);
      if (!rescaled.ok()) return rescaled.status();
      own = *rescaled;
    }
  }
  const auto comparison = UpdateNormalEffect(
      effect, own, {.alpha = options.alpha, .direction = options.direction});
  if (!comparison.ok()) return comparison.status();
  NormalEffectPosterior result{.comparison = *comparison};
  const double z =
      (options.threshold - comparison->effect_mean) / comparison->effect_sd;
  if (auto status = CheckResult({z}, "the deviate of the threshold");
      !status.ok()) {
    return status;
  }
  result.probability_above_threshold = NormalUpperTail(z);
  result.probability_below_threshold = NormalLowerTail(z);
  result.log_probability_above_threshold = LogNormalUpperTail(z);
  result.log_probability_below_threshold = LogNormalUpperTail(-z);
  return result;
}

absl::StatusOr<StudentPosterior> UpdateNormalMean(
    const Moments& data, const std::optional<NormalInverseGammaPrior>& prior) {
  if (auto status = CheckMoments(data, "data"); !status.ok()) return status;
  const double n = static_cast<double>(data.n);
  StudentPosterior result;
  if (!prior.has_value()) {
    if (data.n < 2) {
      return NotEnough(absl::StrCat("data.n is ", data.n,
                                    ", want at least 2 without a prior"));
    }
    if (data.variance == 0) {
      return NotEnough("data.variance is 0, want > 0 without a prior");
    }
    return StudentPosterior{data.mean, std::sqrt(data.variance / n), n - 1};
  }
  if (auto status = FirstError({CheckFinite(prior->mean, "prior.mean"),
                                CheckPositive(prior->weight, "prior.weight"),
                                CheckPositive(prior->shape, "prior.shape"),
                                CheckPositive(prior->scale, "prior.scale")});
      !status.ok()) {
    return status;
  }
  const double weight = prior->weight + n;
  const double shape = prior->shape + n / 2;
  const double gap = data.mean - prior->mean;
  const double scale = prior->scale +
                       (data.n > 1 ? (n - 1) * data.variance / 2 : 0.0) +
                       n * (prior->weight / weight) * gap * gap / 2;
  result = {prior->mean + gap * (n / weight), std::sqrt(scale / shape / weight),
            2 * shape};
  if (auto status = CheckResult({result.location, result.scale},
                                "the posterior of the mean");
      !status.ok()) {
    return status;
  }
  return result;
}

absl::StatusOr<Interval> StudentInterval(const StudentPosterior& posterior,
                                         double alpha) {
  if (auto status =
          FirstError({CheckAlpha(alpha),
                      CheckFinite(posterior.location, "posterior.location"),
                      CheckPositive(posterior.scale, "posterior.scale"),
                      CheckPositive(posterior.degrees_of_freedom,
                                    "posterior.degrees_of_freedom")});
      !status.ok()) {
    return status;
  }
  const Interval interval = SymmetricInterval(
      posterior.location, posterior.scale, posterior.degrees_of_freedom, alpha,
      Alternative::kTwoSided);
  if (auto status =
          CheckResult({interval.lower, interval.upper}, "the interval");
      !status.ok()) {
    return status;
  }
  return interval;
}

absl::StatusOr<std::vector<BayesRank>> RankStudent(
    absl::Span<const StudentPosterior> arms, const BayesOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  if (arms.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("arms has ", arms.size(), " arms, want at least 2"));
  }
  const double sign = options.direction == Direction::kUp ? 1 : -1;
  std::vector<RankArm> marginals;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (auto status = CheckPosterior(arms[i], absl::StrCat("arms[", i, "]"));
        !status.ok()) {
      return status;
    }
    const StudentPosterior& own = arms[i];
    const double center = sign * (own.location - arms[0].location);
    const double df = own.degrees_of_freedom, scale = own.scale;
    const double constant = LogDensityConstant(df);
    RankArm arm;
    arm.at = [=](double x) {
      TailsAt at = StudentAt((x - center) / scale, df, constant);
      at.density /= scale;
      return at;
    };
    arm.knots = Knots(own, center, LeastTail(df));
    marginals.push_back(std::move(arm));
  }
  const RankSums sums = RankIndependent(marginals, {});
  std::vector<BayesRank> ranks;
  for (size_t i = 0; i < arms.size(); ++i) {
    BayesRank rank{
        .probability_best = std::clamp(sums.best[i], 0.0, 1.0),
        .expected_loss = std::max(0.0, sums.loss[i]),
        .posterior_mean = arms[i].location,
        .interval = SymmetricInterval(arms[i].location, arms[i].scale,
                                      arms[i].degrees_of_freedom, options.alpha,
                                      Alternative::kTwoSided)};
    if (auto status = CheckResult({rank.probability_best, rank.expected_loss,
                                   rank.interval.lower, rank.interval.upper},
                                  "the ranking");
        !status.ok()) {
      return status;
    }
    ranks.push_back(rank);
  }
  return ranks;
}

absl::StatusOr<BayesComparison> CompareStudent(
    const StudentPosterior& control, const StudentPosterior& treatment,
    const BayesOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckPosterior(control, "control"),
                                CheckPosterior(treatment, "treatment")});
      !status.ok()) {
    return status;
  }
  const StudentPosterior arms[] = {control, treatment};
  const auto ranks = RankStudent(arms, options);
  if (!ranks.ok()) return ranks.status();
  BayesComparison result;
  result.probability_to_beat_control = (*ranks)[1].probability_best;
  result.probability_control_better = (*ranks)[0].probability_best;
  result.log_probability_to_beat_control =
      result.probability_to_beat_control > 0.5
          ? std::log1p(-result.probability_control_better)
          : std::log(result.probability_to_beat_control);
  result.log_probability_control_better =
      result.probability_control_better > 0.5
          ? std::log1p(-result.probability_to_beat_control)
          : std::log(result.probability_control_better);
  result.expected_loss_treatment = (*ranks)[1].expected_loss;
  result.expected_loss_control = (*ranks)[0].expected_loss;
  result.effect_mean = treatment.location - control.location;
  const auto sd = [](const StudentPosterior& x) {
    const double df = x.degrees_of_freedom;
    return df > 2 ? x.scale * std::sqrt(df / (df - 2)) : kInfinity;
  };
  result.effect_sd = std::hypot(sd(control), sd(treatment));
  // P(t - c - E <= d) = E over the narrower one of a tail of the other.
  const bool by_control = control.scale <= treatment.scale;
  const StudentPosterior& base = by_control ? control : treatment;
  const StudentPosterior& other = by_control ? treatment : control;
  const double base_constant = LogDensityConstant(base.degrees_of_freedom);
  const double other_constant = LogDensityConstant(other.degrees_of_freedom);
  constexpr double kLeast = 1e-17;
  Marginal marginal;
  marginal.at = [&](double d) {
    // Both are symmetric: the other one's edge moves with d either way.
    const double edge = d / other.scale, ratio = base.scale / other.scale;
    std::vector<double> ends;
    const StudentPosterior standard{0, 1, base.degrees_of_freedom};
    ends = Knots(standard, 0, kLeast);
    const double low = ends.front(), high = ends.back();
    const StudentPosterior far{0, 1 / ratio, other.degrees_of_freedom};
    for (double knot : Knots(far, -edge / ratio, kLeast)) {
      if (knot > low && knot < high) ends.push_back(knot);
    }
    TailsAt sum;
    VisitNodes(
        std::move(ends), low, high, kInfinity, [&](double x, double weight) {
          const double f =
              weight *
              std::exp(base_constant -
                       (base.degrees_of_freedom + 1) / 2 *
                           std::log1p(x * x / base.degrees_of_freedom));
          const TailsAt at = StudentAt(
              edge + ratio * x, other.degrees_of_freedom, other_constant);
          sum.lower += f * at.lower;
          sum.upper += f * at.upper;
          sum.density += f * at.density / other.scale;
        });
    return sum;
  };
  marginal.spread = std::hypot(control.scale, treatment.scale);
  // Symmetric about its location.
  const double radius =
      QuantileOf(marginal, 1 - options.alpha / 2, options.alpha / 2);
  result.effect = {result.effect_mean - radius, result.effect_mean + radius,
                   1 - options.alpha};
  if (auto status = CheckResult(
          {result.probability_to_beat_control, result.expected_loss_treatment,
           result.expected_loss_control, result.effect.lower,
           result.effect.upper},
          "the comparison");
      !status.ok()) {
    return status;
  }
  return result;
}

}  // namespace stagecraft::stats
