// A share that may be looked at after every unit: exact confidence sequences
// from counts, at every sample size and every share, also with no successes.
//
// For each p the counts S of n give an e-value against "the share is p":
//   M(p) = B(b0 + S, a0 + n - S) / B(b0, a0) / (p^S (1 - p)^(n - S)),
// the likelihood mixed over a Beta(b0, a0) share. The confidence sequence is
// {p : M(p) < 1 / alpha}, the always-valid p-value of p is min(1, 1 / M(p)).
//   kCentered  b0 = p K, a0 = (1 - p) K: about the p that is tested, so that it
//              is tuned for a sample size whatever p. The default. K =
//              max(planned_trials / D - 1, 1/1000), D = 2 ln(1/a) + ln(1 + 2
//              ln(1/a)), a = alpha_opt (2 alpha_opt one-sided): the
//              Beta-Binomial mixture of boundary_mixture.h. One-sided it mixes
//              over the shares above (below) p only;
//   kFixed     one Beta(prior_a, prior_b) for all p, uniform by default
//              (Robbins). One-sided it is the same set, one end of it told:
//              valid and a little wide.
// With kCentered a first single success does not exclude shares near 0.
//
// Needs: units that are independent and of one share (or whose share given the
//        past is p). No large sample. Planned sizes change the width, never the
//        coverage.
// Source: S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Ann. Stat. 49 (2021)
//         1055, proposition 7 (confseq's bernoulli_confidence_interval is
//         kCentered); H. Robbins, Ann. Math. Stat. 41 (1970) 1397.
#ifndef STAGECRAFT_STATS_ANYTIME_PROPORTION_H_
#define STAGECRAFT_STATS_ANYTIME_PROPORTION_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "stats/estimate.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

enum class ShareMixture { kCentered, kFixed };

// How two arms are put together; see AnytimeShareDifference.
enum class DifferenceRule { kProduct, kUnion };

struct AnytimeShareOptions {
  double alpha = 0.05;
  // kGreater bounds the share (difference) from below, kLess from above.
  Alternative alternative = Alternative::kTwoSided;
  ShareMixture mixture = ShareMixture::kCentered;
  int64_t planned_trials = 2500;    // Of one arm, > 0. For kCentered.
  std::optional<double> alpha_opt;  // For kCentered; absent: alpha.
  double prior_a = 1, prior_b = 1;  // > 0. For kFixed.
  DifferenceRule difference = DifferenceRule::kProduct;
};

// Of one share; 0 trials give [0, 1]. Errors: kInvalidArgument for bad counts
// or options.
absl::StatusOr<Interval> AnytimeShareInterval(
    const Proportion& share, const AnytimeShareOptions& options = {});

// ln M(null): an e-value against "the share is null_value" ("at most" with
// kGreater, "at least" with kLess). null_value in (0, 1).
absl::StatusOr<double> AnytimeShareLogEValue(
    const Proportion& share, double null_value,
    const AnytimeShareOptions& options = {});

// Treatment minus control, two-sided or one end.
//   kProduct  all differences d that some p makes plausible:
//             min over p of M_c(p) M_t(p + d) < 1 / alpha, with the two-sided M
//             of each arm. The default. One-sided one end of it is told: valid
//             and a little wide;
//   kUnion    each arm's own interval at alpha / 2: [l_t - u_c, u_t - l_c].
//             About a fifth to a third wider; use it when the arms' intervals
//             are shown beside and must agree.
// Both hold at stopping times that depend on both arms, for any allocation that
// is decided before a unit's outcome.
absl::StatusOr<Interval> AnytimeShareDifference(
    const Proportion& control, const Proportion& treatment,
    const AnytimeShareOptions& options = {});

// ln of the smallest M_c(p) M_t(p + null_value) over p: an e-value against "the
// difference is null_value", in (-1, 1); with kGreater against "at most", with
// kLess against "at least": then the smallest over those differences too.
// Errors: kInvalidArgument.
absl::StatusOr<double> AnytimeShareDifferenceLogEValue(
    const Proportion& control, const Proportion& treatment,
    double null_value = 0, const AnytimeShareOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_ANYTIME_PROPORTION_H_
