// The ranking of k arms of bayes.h.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/bayes.h"
#include "stats/bayes_input.h"
#include "stats/bayes_rank_integral.h"
#include "stats/beta_effect.h"
#include "stats/beta_posterior.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckArms(size_t arms) {
  if (arms >= 2) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("arms has ", arms, " arms, want at least 2"));
}

struct BetaRanking {
  std::vector<double> best, loss;
};

// P(i above all others) and E (max_j p_j - p_i) of each of k >= 2 posteriors.
//
// In one coordinate, the logit relative to the first mean, from panel to panel
// of Gauss nodes; a panel is about as wide as the narrowest one of the
// posteriors that change there. The loss is integrated for the arm of the
// largest mean, others add their distance:
//   loss of r = integral of F_r (1 - prod_{j != r} F_j) dp
BetaRanking RankPosteriors(const std::vector<BetaPosterior>& arms) {
  const size_t k = arms.size();
  size_t top = 0;
  for (size_t i = 1; i < k; ++i) {
    if (MeanDistance(arms[i], arms[top]) > 0) top = i;
  }
  std::vector<double> shifts(k);
  double high = -kInfinity;
  for (size_t i = 0; i < k; ++i) {
    shifts[i] = LogitDistance(arms[0], arms[i]);
    high = std::max(high, arms[i].upper_end() - shifts[i]);
  }
  // Below, the arm of the largest mean is above every other rate.
  double from = arms[top].lower_end() - shifts[top];
  BetaRanking ranking{std::vector<double>(k, 0), std::vector<double>(k, 0)};
  std::vector<BetaPosterior::Local> at(k);
  std::vector<double> above(k + 1, 1);  // Products of the tails from i on.
  constexpr double kFarLogit = 45, kWidestNear = 1.5;
  const double first_logit = std::log(arms[0].a() / arms[0].b());
  double top_loss = 0;
  const GaussRule& rule = Gauss16();
  while (from < high) {
    double to = high;
    for (size_t i = 0; i < k; ++i) {
      const double v = from + shifts[i];
      if (v >= arms[i].upper_end()) continue;
      to =
          std::min(to, v < arms[i].lower_end() ? arms[i].lower_end() - shifts[i]
                                               : from + arms[i].WidthAt(v));
    }
    // dp/dv has a width of its own, until p or 1 - p is negligible.
    const double logit = from + first_logit;
    if (logit < -kFarLogit) {
      to = std::min(to, std::max(from, -kFarLogit - first_logit));
    } else if (logit < kFarLogit) {
      to = std::min(to, from + kWidestNear);
    }
    // Rounding must not stop the march.
    to = std::max(to, std::nextafter(from, kInfinity));
    const double half = (to - from) / 2, center = from + half;
    for (size_t node = 0; node < kGaussNodes; ++node) {
      const double v = center + half * rule.nodes[node];
      const double weight = half * rule.weights[node];
      for (size_t i = k; i-- > 0;) {
        at[i] = arms[i].At(v + shifts[i]);
        above[i] = above[i + 1] * at[i].lower;
      }
      double before = 1;
      for (size_t i = 0; i < k; ++i) {
        const double others = before * above[i + 1];
        ranking.best[i] += weight * at[i].density * others;
        if (i == top) {
          // 1 - others, as a sum of positive terms.
          double rest = 0;
          for (size_t j = 0; j < k; ++j) {
            if (j != i) rest = at[j].upper + at[j].lower * rest;
          }
          top_loss += weight * arms[0].SlopeAt(v) * at[i].lower * rest;
        }
        before *= at[i].lower;
      }
    }
    from = to;
  }
  // Exactly one is the best: nodes of very narrow arms far from the first one
  // are rounded, which this evens out.
  double total = 0;
  for (double best : ranking.best) total += best;
  for (double& best : ranking.best) best /= total;
  for (size_t i = 0; i < k; ++i) {
    ranking.loss[i] = top_loss + MeanDistance(arms[top], arms[i]);
  }
  return ranking;
}

// Small answers take tables that reach further out.
BetaRanking RankShapes(const std::vector<BetaShape>& shapes) {
  const auto rank = [&](double drop) {
    std::vector<BetaPosterior> posteriors;
    for (const BetaShape& shape : shapes) {
      posteriors.emplace_back(shape.a, shape.b, drop);
    }
    return RankPosteriors(posteriors);
  };
  BetaRanking ranking = rank(BetaPosterior::kDrop);
  constexpr double kSmall = 1e-8;
  bool small = false;
  for (size_t i = 0; i < shapes.size(); ++i) {
    small = small || ranking.best[i] < kSmall ||
            ranking.loss[i] < kSmall * BetaDeviation(shapes[i]);
  }
  return small ? rank(BetaPosterior::kDeepDrop) : ranking;
}

// Two arms have a closed form.
absl::StatusOr<RankSums> RankTwoNormals(absl::Span<const NormalEstimate> arms,
                                        const BayesOptions& options) {
  const auto effect = UpdateNormalEffect(
      {arms[1].value - arms[0].value,
       std::hypot(arms[0].standard_error, arms[1].standard_error)},
      std::nullopt, options);
  if (!effect.ok()) return effect.status();
  return RankSums{
      {effect->probability_control_better, effect->probability_to_beat_control},
      {effect->expected_loss_control, effect->expected_loss_treatment}};
}

RankSums RankNormals(absl::Span<const NormalEstimate> arms,
                     Direction direction) {
  const double sign = direction == Direction::kUp ? 1 : -1;
  std::vector<RankArm> marginals;
  for (const NormalEstimate& estimate : arms) {
    // Relative to the first arm: only distances matter.
    const double center = sign * (estimate.value - arms[0].value);
    const double sd = estimate.standard_error;
    RankArm arm;
    arm.at = [center, sd](double x) {
      const double z = (x - center) / sd;
      return TailsAt{NormalLowerTail(z), NormalUpperTail(z),
                     NormalDensity(z) / sd};
    };
    for (int k = -26; k <= 26; ++k) arm.knots.push_back(center + 1.5 * k * sd);
    marginals.push_back(std::move(arm));
  }
  return RankIndependent(marginals, {});
}

}  // namespace

absl::StatusOr<std::vector<BayesRank>> RankBetaBinomial(
    absl::Span<const Proportion> arms, const BetaPrior& prior,
    const BayesOptions& options) {
  if (auto status = CheckPrior(prior, "prior"); !status.ok()) return status;
  const std::vector<BetaPrior> priors(arms.size(), prior);
  return RankBetaBinomialPriors(arms, priors, options);
}

absl::StatusOr<std::vector<BayesRank>> RankBetaBinomialPriors(
    absl::Span<const Proportion> arms, absl::Span<const BetaPrior> priors,
    const BayesOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  if (auto status = CheckArms(arms.size()); !status.ok()) return status;
  if (priors.size() != arms.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("priors has ", priors.size(),
                     " priors, want one for each of ", arms.size(), " arms"));
  }
  const bool up = options.direction == Direction::kUp;
  std::vector<BetaShape> shapes;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (auto status = FirstError(
            {CheckCounts(arms[i], absl::StrCat("arms[", i, "]")),
             CheckPrior(priors[i], absl::StrCat("priors[", i, "]"))});
        !status.ok()) {
      return status;
    }
    const BetaShape shape = ShapeOf(arms[i], priors[i]);
    // Where down is good, rank the failures.
    shapes.push_back(up ? shape : BetaShape{shape.b, shape.a});
  }
  const BetaRanking ranking = RankShapes(shapes);
  std::vector<BayesRank> ranks;
  for (size_t i = 0; i < arms.size(); ++i) {
    const BetaShape own = ShapeOf(arms[i], priors[i]);
    BayesRank rank{.probability_best = std::clamp(ranking.best[i], 0.0, 1.0),
                   .expected_loss = std::max(0.0, ranking.loss[i]),
                   .posterior_mean = own.a / (own.a + own.b),
                   .interval = BetaRateInterval(own, CredibleKind::kEqualTailed,
                                                options.alpha)};
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

absl::StatusOr<std::vector<BayesRank>> RankNormal(
    absl::Span<const NormalEstimate> arms, const BayesOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  if (auto status = CheckArms(arms.size()); !status.ok()) return status;
  for (size_t i = 0; i < arms.size(); ++i) {
    const std::string name = absl::StrCat("arms[", i, "]");
    if (auto status =
            FirstError({CheckEstimate(arms[i], name),
                        CheckPositive(arms[i].standard_error,
                                      absl::StrCat(name, ".standard_error"))});
        !status.ok()) {
      return status;
    }
  }
  absl::StatusOr<RankSums> sums = arms.size() == 2
                                      ? RankTwoNormals(arms, options)
                                      : RankNormals(arms, options.direction);
  if (!sums.ok()) return sums.status();
  std::vector<BayesRank> ranks;
  for (size_t i = 0; i < arms.size(); ++i) {
    BayesRank rank{.probability_best = std::clamp(sums->best[i], 0.0, 1.0),
                   .expected_loss = std::max(0.0, sums->loss[i]),
                   .posterior_mean = arms[i].value,
                   .interval = SymmetricInterval(
                       arms[i].value, arms[i].standard_error, kInfinity,
                       options.alpha, Alternative::kTwoSided)};
    if (auto status = CheckResult({rank.probability_best, rank.expected_loss},
                                  "the ranking");
        !status.ok()) {
      return status;
    }
    ranks.push_back(rank);
  }
  return ranks;
}

}  // namespace stagecraft::stats
