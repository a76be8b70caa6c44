// The ranking of k arms of bayes.h.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/bayes.h"
#include "stats/bayes_input.h"
#include "stats/beta_posterior.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

// Each arm's probability to be above all others and E (max of others - own)+.
// `lower(i)` and `upper(i)` are the tails of arm i at the node and `density(i)`
// is per unit of the coordinate.
struct RankSums {
  std::vector<double> best, loss;
};

class RankIntegral {
 public:
  explicit RankIntegral(size_t arms)
      : sums_{std::vector<double>(arms, 0), std::vector<double>(arms, 0)},
        prefix_(arms + 1, 1),
        suffix_(arms + 1, 1),
        lower_(arms),
        log_lower_(arms) {}

  // At one node: weight, dquantity/dcoordinate, and the tails and densities.
  template <typename Lower, typename Upper, typename Density>
  void Add(double weight, double slope, const Lower& lower, const Upper& upper,
           const Density& density) {
    const size_t n = lower_.size();
    for (size_t i = 0; i < n; ++i) {
      lower_[i] = lower(i);
      // ln of the lower tail, exact also where it is close to 1.
      log_lower_[i] =
          lower_[i] > 0.5 ? std::log1p(-upper(i)) : std::log(lower_[i]);
      prefix_[i + 1] = prefix_[i] * lower_[i];
    }
    for (size_t i = n; i-- > 0;) suffix_[i] = suffix_[i + 1] * lower_[i];
    for (size_t i = 0; i < n; ++i) {
      const double others = prefix_[i] * suffix_[i + 1];
      sums_.best[i] += weight * density(i) * others;
      if (slope > 0 && lower_[i] > 0) {
        // 1 - product, by logarithms: -expm1 of their sum.
        double log_others = 0;
        for (size_t j = 0; j < n; ++j) {
          if (j != i) log_others += log_lower_[j];
        }
        sums_.loss[i] += weight * slope * lower_[i] * -std::expm1(log_others);
      }
    }
  }

  const RankSums& sums() const { return sums_; }

 private:
  RankSums sums_;
  std::vector<double> prefix_, suffix_, lower_, log_lower_;
};

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
          top_loss += weight * arms[0].SlopeAt(v) * at[i].lower * (1 - others);
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

}  // namespace

absl::StatusOr<std::vector<BayesRank>> RankBetaBinomial(
    absl::Span<const Proportion> arms, const BetaPrior& prior,
    const BayesOptions& options) {
  if (auto status =
          FirstError({CheckAlpha(options.alpha), CheckPrior(prior, "prior")});
      !status.ok()) {
    return status;
  }
  if (arms.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("arms has ", arms.size(), " arms, want at least 2"));
  }
  const bool up = options.direction == Direction::kUp;
  std::vector<BetaPosterior> posteriors;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (auto status = CheckCounts(arms[i], absl::StrCat("arms[", i, "]"));
        !status.ok()) {
      return status;
    }
    // Where down is good, rank the failures.
    posteriors.push_back(
        up ? PosteriorOf(arms[i], prior)
           : PosteriorOf({arms[i].trials - arms[i].successes, arms[i].trials},
                         {prior.beta, prior.alpha}));
  }
  const BetaRanking ranking = RankPosteriors(posteriors);
  std::vector<BayesRank> ranks;
  for (size_t i = 0; i < arms.size(); ++i) {
    const BetaPosterior& own = posteriors[i];
    // Of the success rate, also where the failures were ranked.
    const auto quantile = [&](double tail) {
      const double offset =
          own.OffsetAt(own.LowerQuantile(up ? tail : 1 - tail));
      return up ? own.Mean() + offset : own.Complement() - offset;
    };
    BayesRank rank{
        .probability_best = std::clamp(ranking.best[i], 0.0, 1.0),
        .expected_loss = std::max(0.0, ranking.loss[i]),
        .posterior_mean = up ? own.Mean() : own.Complement(),
        .interval = {quantile(options.alpha / 2),
                     quantile(1 - options.alpha / 2), 1 - options.alpha}};
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
  if (arms.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("arms has ", arms.size(), " arms, want at least 2"));
  }
  const double sign = options.direction == Direction::kUp ? 1 : -1;
  std::vector<double> ends;
  double low = kInfinity, high = -kInfinity;
  for (size_t i = 0; i < arms.size(); ++i) {
    const std::string name = absl::StrCat("arms[", i, "]");
    if (auto status =
            FirstError({CheckEstimate(arms[i], name),
                        CheckPositive(arms[i].standard_error,
                                      absl::StrCat(name, ".standard_error"))});
        !status.ok()) {
      return status;
    }
    // Relative to the first arm: only distances matter.
    const double center = sign * (arms[i].value - arms[0].value);
    for (int k = -26; k <= 26; ++k) {
      ends.push_back(center + 0.5 * k * arms[i].standard_error);
    }
    low = std::min(low, center - 13 * arms[i].standard_error);
    high = std::max(high, center + 13 * arms[i].standard_error);
  }
  RankIntegral integral(arms.size());
  const auto z = [&](size_t i, double x) {
    return (x - sign * (arms[i].value - arms[0].value)) /
           arms[i].standard_error;
  };
  VisitNodes(
      std::move(ends), low, high, kInfinity, [&](double x, double weight) {
        integral.Add(
            weight, 1.0, [&](size_t i) { return NormalLowerTail(z(i, x)); },
            [&](size_t i) { return NormalUpperTail(z(i, x)); },
            [&](size_t i) {
              return NormalDensity(z(i, x)) / arms[i].standard_error;
            });
      });
  std::vector<BayesRank> ranks;
  for (size_t i = 0; i < arms.size(); ++i) {
    BayesRank rank{
        .probability_best = std::clamp(integral.sums().best[i], 0.0, 1.0),
        .expected_loss = std::max(0.0, integral.sums().loss[i]),
        .posterior_mean = arms[i].value,
        .interval =
            SymmetricInterval(arms[i].value, arms[i].standard_error, kInfinity,
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
