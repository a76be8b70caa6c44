// Ranks of two arms compared: does a value of the treatment tend to be larger?
//
// With all pairs of a treatment value t and a control value c,
//   U = pairs with t > c + half of those with t = c,
//   superiority P = U / (n_t n_c), an estimate of P(T > C) + P(T = C) / 2.
//
// Mann-Whitney test (Wilcoxon rank sum; U is R's W of wilcox.test(t, c)). Null:
// both arms have the SAME distribution; it is no test of means or medians, and
// if spreads differ its level is not kept: use Brunner-Munzel.
//   kAutomatic          exact if both arms have fewer than 50 values and none
//                       are tied (R's rule), else with continuity correction;
//   kExact              the distribution of U over all orders, without ties;
//                       two-sided: twice the smaller tail;
//   kNormal             z = (U - n_t n_c / 2) / s, with ties of t_j values
//                       s^2 = n_t n_c / (12 N (N - 1)) sum_j t_j (N^2 - t_j^2);
//   kNormalContinuity   the same with |U - n_t n_c / 2| less 1/2 (for one-sided
//                       tests towards the null).
//
// Brunner-Munzel: P compared with 1/2 (or null_value) without equal spreads.
//   Placements: F_c(t) of each t, the share of control values below it and half
//   of those equal; F_t(c) likewise, with variances v_t and v_c.
//     se^2 = v_t / n_t + v_c / n_c, Student's t with Welch-Satterthwaite
//     degrees of freedom.
//   Intervals: kSymmetric P +- t se, cut to [0, 1] (the default), or kLogit on
//   the scale of ln(P / (1 - P)), which stays within by itself.
//
// Hodges-Lehmann: the median of all differences t - c. It estimates the shift
//   between two distributions of the same shape (not the difference of
//   medians). Interval: the k-th smallest and k-th largest difference, k - 1
//   the largest with P(U <= k - 1) <= alpha / 2: exact where the test is, else
//   by k = floor(n_t n_c / 2 - z s). An end without such a k is infinite.
//
// All from histograms (values with counts); equal values may repeat.
// HistogramOf (quantile_histogram.h) makes one of raw values. Source: H. Mann,
// D. Whitney, Ann. Math. Stat. 18 (1947) 50; E. Brunner,
//         U. Munzel, Biom. J. 42 (2000) 17; J. Hodges, E. Lehmann, Ann. Math.
//         Stat. 34 (1963) 598.
// Same:   R wilcox.test; scipy.stats.mannwhitneyu, brunnermunzel.
// Cost:   of a sort; kExact n_t n_c min(U, n_t n_c - U) steps; Hodges-Lehmann
//         64 passes over the distinct values of both arms for each figure.
#ifndef STAGECRAFT_STATS_MANN_WHITNEY_H_
#define STAGECRAFT_STATS_MANN_WHITNEY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/quantile_histogram.h"

namespace stagecraft::stats {

enum class RankMethod { kAutomatic, kExact, kNormal, kNormalContinuity };

struct RankOptions {
  double alpha = 0.05;  // Of the interval of the shift.
  Alternative alternative = Alternative::kTwoSided;
  RankMethod method = RankMethod::kAutomatic;
};

struct MannWhitneyTest {
  double u = 0;            // Of the treatment.
  double superiority = 0;  // U / (n_t n_c).
  // z of the normal methods, with the correction if there is one; of kExact
  // without, for information.
  double z = 0;
  double p_value = 1;
  Alternative alternative = Alternative::kTwoSided;
  RankMethod method = RankMethod::kExact;  // The one used.
  absl::string_view test_method;           // Its name.
};

// Treatment against control; kGreater: the treatment tends to be larger.
//
// Errors: kInvalidArgument for a malformed histogram, kExact with ties or with
// more than 1e9 steps, or more than 2^61 pairs; kFailedPrecondition if an arm
// is empty or all values are equal.
absl::StatusOr<MannWhitneyTest> CompareRanks(
    absl::Span<const ValueCount> control,
    absl::Span<const ValueCount> treatment, const RankOptions& options = {});

enum class SuperiorityInterval { kSymmetric, kLogit };

struct SuperiorityOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0.5;  // Superiority under the null, in (0, 1).
  SuperiorityInterval interval = SuperiorityInterval::kSymmetric;
};

// The probability of superiority with the Brunner-Munzel test and interval.
//
// Errors: kInvalidArgument as above or for a bad option; kFailedPrecondition if
// an arm has fewer than 2 values, or P has no variance (the arms do not overlap
// or all values are equal): CompareRanks still has an answer for the former.
absl::StatusOr<Effect> CompareSuperiority(
    absl::Span<const ValueCount> control,
    absl::Span<const ValueCount> treatment,
    const SuperiorityOptions& options = {});

struct HodgesLehmann {
  double shift = 0;
  Interval interval;
  bool exact = false;  // Whether the interval is.
};

// The shift from control to treatment. `method` chooses the ranks of the
// interval: exact or normal (kNormalContinuity is kNormal).
//
// Errors: as CompareRanks, but equal values are answered (0, with the interval
// of the ranks).
absl::StatusOr<HodgesLehmann> EstimateShift(
    absl::Span<const ValueCount> control,
    absl::Span<const ValueCount> treatment, const RankOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_MANN_WHITNEY_H_
