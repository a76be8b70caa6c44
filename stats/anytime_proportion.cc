#include "stats/anytime_proportion.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/boundary_math.h"
#include "stats/boundary_mixture.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckCounts(const Proportion& share, absl::string_view name) {
  if (auto status = FirstError(
          {CheckNotNegative(share.successes, absl::StrCat(name, ".successes")),
           CheckNotNegative(share.trials, absl::StrCat(name, ".trials"))});
      !status.ok()) {
    return status;
  }
  if (share.successes > share.trials) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".successes is ", share.successes,
                     ", want at most the ", share.trials, " trials"));
  }
  return absl::OkStatus();
}

// What all p of one question share.
class Evidence {
 public:
  static absl::StatusOr<Evidence> Create(const AnytimeShareOptions& options) {
    const bool one_sided = options.alternative != Alternative::kTwoSided;
    if (auto status = FirstError({CheckAlpha(options.alpha),
                                  CheckPositive(options.prior_a, "prior_a"),
                                  CheckPositive(options.prior_b, "prior_b")});
        !status.ok()) {
      return status;
    }
    if (options.planned_trials <= 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "planned_trials is ", options.planned_trials, ", want > 0"));
    }
    Evidence evidence;
    evidence.alternative_ = options.alternative;
    evidence.fixed_ = options.mixture == ShareMixture::kFixed;
    evidence.prior_a_ = options.prior_a;
    evidence.prior_b_ = options.prior_b;
    evidence.log_prior_ = std::lgamma(options.prior_a) +
                          std::lgamma(options.prior_b) -
                          std::lgamma(options.prior_a + options.prior_b);
    if (!evidence.fixed_) {
      const double alpha_opt = options.alpha_opt.value_or(options.alpha);
      if (auto status =
              CheckBetween(alpha_opt, 0, one_sided ? 0.5 : 1, "alpha_opt");
          !status.ok()) {
        return status;
      }
      const auto rho = NormalMixtureRho(
          {static_cast<double>(options.planned_trials), alpha_opt}, one_sided);
      if (!rho.ok()) return rho.status();
      evidence.concentration_ = std::max(*rho - 1, 1e-3);
    }
    return evidence;
  }

  // ln M(p), p in (0, 1).
  double LogValue(const Proportion& share, double p) const {
    const auto n = static_cast<double>(share.trials);
    const auto s = static_cast<double>(share.successes);
    if (fixed_) {
      const double a = prior_a_ + s, b = prior_b_ + (n - s), total = a + b;
      const double shift = std::clamp((a - p * total) / total, -p, 1 - p);
      return total * BernoulliDivergence(p, shift) + prior_a_ * std::log(p) +
             prior_b_ * std::log1p(-p) + LogBetaShape(a, b) - log_prior_;
    }
    // kLess looks at the failures.
    const bool mirrored = alternative_ == Alternative::kLess;
    const double q = mirrored ? 1 - p : p;
    const auto mixture =
        MakeMixtureWithRho(alternative_ == Alternative::kTwoSided
                               ? BoundaryKind::kBetaBinomialTwoSided
                               : BoundaryKind::kBetaBinomialOneSided,
                           concentration_ * q * (1 - q), {.g = q, .h = 1 - q});
    if (!mixture.ok()) return 0;
    const double sum = mirrored ? (n - s) - n * q : s - n * q;
    const auto value = LogSupermartingale(*mixture, sum, n * q * (1 - q));
    return value.ok() ? *value : 0;
  }

 private:
  Alternative alternative_ = Alternative::kTwoSided;
  bool fixed_ = false;
  double prior_a_ = 1, prior_b_ = 1, log_prior_ = 0;
  double concentration_ = 1;
};

constexpr double kSmallest = 1e-290;

// The ends of {p : ln M(p) < threshold}, M being smallest at the estimate.
Interval IntervalOf(const Evidence& evidence, const Proportion& share,
                    const AnytimeShareOptions& options, double alpha) {
  Interval interval{.lower = 0, .upper = 1, .level = 1 - options.alpha};
  const double threshold = -std::log(alpha);
  if (share.trials == 0) return interval;
  const auto n = static_cast<double>(share.trials);
  const double estimate = static_cast<double>(share.successes) / n;
  const auto excess = [&](double p) {
    return evidence.LogValue(share, p) - threshold;
  };
  if (options.alternative != Alternative::kLess && share.successes > 0 &&
      excess(kSmallest) > 0) {
    interval.lower = IncreasingRoot([&](double p) { return -excess(p); },
                                    kSmallest, std::min(estimate, 1 - 1e-16));
  }
  const double largest = 1 - 1e-16;
  if (options.alternative != Alternative::kGreater &&
      share.successes < share.trials && excess(largest) > 0) {
    interval.upper =
        IncreasingRoot(excess, std::max(estimate, kSmallest), largest);
  }
  return interval;
}

// The smallest value of a function that falls and then rises, between ends.
double Smallest(const std::function<double(double)>& f, double low,
                double high) {
  constexpr double kGolden = 0.61803398874989484820;
  double a = low, b = high;
  double x = b - kGolden * (b - a), y = a + kGolden * (b - a);
  double fx = f(x), fy = f(y);
  for (int i = 0; i < 80 && b - a > 1e-12 * (std::abs(a) + std::abs(b)); ++i) {
    if (fx < fy) {
      b = y;
      y = x;
      fy = fx;
      x = b - kGolden * (b - a);
      fx = f(x);
    } else {
      a = x;
      x = y;
      fx = fy;
      y = a + kGolden * (b - a);
      fy = f(y);
    }
  }
  return std::min({fx, fy, f(low), f(high)});
}

// The evidence of both arms against the difference d, two-sided.
class PairEvidence {
 public:
  static absl::StatusOr<PairEvidence> Create(
      const Proportion& control, const Proportion& treatment,
      const AnytimeShareOptions& options) {
    if (auto status = FirstError({CheckCounts(control, "control"),
                                  CheckCounts(treatment, "treatment")});
        !status.ok()) {
      return status;
    }
    AnytimeShareOptions two_sided = options;
    two_sided.alternative = Alternative::kTwoSided;
    auto arm = Evidence::Create(two_sided);
    if (!arm.ok()) return arm.status();
    return PairEvidence(*arm, control, treatment);
  }

  // d in (-1, 1).
  double LogValue(double d) const {
    const double low = std::max(0.0, -d) + 1e-15;
    const double high = std::min(1.0, 1 - d) - 1e-15;
    if (!(low < high)) return kInfinity;
    const auto sum = [&](double p) {
      return arm_.LogValue(control_, p) +
             arm_.LogValue(treatment_, std::clamp(p + d, kSmallest, 1 - 1e-16));
    };
    return Smallest(sum, low, high);
  }

 private:
  PairEvidence(const Evidence& arm, const Proportion& control,
               const Proportion& treatment)
      : arm_(arm), control_(control), treatment_(treatment) {}

  Evidence arm_;
  Proportion control_, treatment_;
};

// 0 without trials: nothing is known of it.
double ShareOf(const Proportion& share) {
  return share.trials == 0 ? 0
                           : static_cast<double>(share.successes) /
                                 static_cast<double>(share.trials);
}

}  // namespace

absl::StatusOr<Interval> AnytimeShareInterval(
    const Proportion& share, const AnytimeShareOptions& options) {
  if (auto status = CheckCounts(share, "share"); !status.ok()) return status;
  const auto evidence = Evidence::Create(options);
  if (!evidence.ok()) return evidence.status();
  return IntervalOf(*evidence, share, options, options.alpha);
}

absl::StatusOr<double> AnytimeShareLogEValue(
    const Proportion& share, double null_value,
    const AnytimeShareOptions& options) {
  if (auto status = FirstError({CheckCounts(share, "share"),
                                CheckBetween(null_value, 0, 1, "null_value")});
      !status.ok()) {
    return status;
  }
  const auto evidence = Evidence::Create(options);
  if (!evidence.ok()) return evidence.status();
  return evidence->LogValue(share, null_value);
}

absl::StatusOr<Interval> AnytimeShareDifference(
    const Proportion& control, const Proportion& treatment,
    const AnytimeShareOptions& options) {
  const auto pair = PairEvidence::Create(control, treatment, options);
  if (!pair.ok()) return pair.status();
  Interval interval{.lower = -1, .upper = 1, .level = 1 - options.alpha};
  if (options.difference == DifferenceRule::kUnion) {
    AnytimeShareOptions half = options;
    half.alpha = options.alpha / 2;
    AnytimeShareOptions opposite = half;
    if (options.alternative == Alternative::kGreater) {
      opposite.alternative = Alternative::kLess;
    } else if (options.alternative == Alternative::kLess) {
      opposite.alternative = Alternative::kGreater;
    }
    const auto c = AnytimeShareInterval(control, opposite);
    if (!c.ok()) return c.status();
    const auto t = AnytimeShareInterval(treatment, half);
    if (!t.ok()) return t.status();
    interval.lower = t->lower - c->upper;
    interval.upper = t->upper - c->lower;
    return interval;
  }
  if (control.trials == 0 || treatment.trials == 0) return interval;
  const double difference = ShareOf(treatment) - ShareOf(control);
  const double threshold = -std::log(options.alpha);
  const auto excess = [&](double d) { return pair->LogValue(d) - threshold; };
  constexpr double kEnd = 1 - 1e-14;
  if (options.alternative != Alternative::kLess && excess(-kEnd) > 0) {
    interval.lower = IncreasingRoot([&](double d) { return -excess(d); }, -kEnd,
                                    std::min(difference, kEnd));
  }
  if (options.alternative != Alternative::kGreater && excess(kEnd) > 0) {
    interval.upper = IncreasingRoot(excess, std::max(difference, -kEnd), kEnd);
  }
  return interval;
}

absl::StatusOr<double> AnytimeShareDifferenceLogEValue(
    const Proportion& control, const Proportion& treatment, double null_value,
    const AnytimeShareOptions& options) {
  if (auto status = CheckBetween(null_value, -1, 1, "null_value");
      !status.ok()) {
    return status;
  }
  const auto pair = PairEvidence::Create(control, treatment, options);
  if (!pair.ok()) return pair.status();
  // The evidence is smallest near the observed difference.
  double d = null_value;
  const double difference =
      std::clamp(ShareOf(treatment) - ShareOf(control), -1 + 1e-14, 1 - 1e-14);
  if (options.alternative == Alternative::kGreater) d = std::min(d, difference);
  if (options.alternative == Alternative::kLess) d = std::max(d, difference);
  return pair->LogValue(d);
}

}  // namespace stagecraft::stats
