// E-values: evidence against a null hypothesis as a number >= 0 whose mean
// under the null is at most 1. 20 is what p = 0.05 would be, at most.
//
// They multiply over independent (or sequential) data, average under any
// dependence, and a test may stop on them at any time. Every e-process of this
// library (mixtures, mSPRT, bets, sample ratio) gives ln e.
//
//   p from e   min(1, 1 / e): the only admissible one
//   e from p   f(p) with f falling, integral over [0, 1] at most 1:
//     kPower    k p^(k - 1), 0 < k < 1
//     kMixture  the average of all k: (1 - p + p ln p) / (p (ln p)^2)
//     kShafer   1 / sqrt(p) - 1
//   VovkSellkeBound(p) = 1 / (-e p ln p) for p < 1/e, otherwise 1: the largest
//   kPower, an upper limit of the evidence in p and NOT an e-value.
// Going there and back loses evidence.
//
// Source: V. Vovk, R. Wang, Ann. Stat. 49 (2021) 1736; T. Sellke, M. Bayarri,
// J.
//         Berger, Am. Stat. 55 (2001) 62; e-BH: R. Wang, A. Ramdas, J. R. Stat.
//         Soc. B 84 (2022) 822.
#ifndef STAGECRAFT_STATS_E_VALUE_H_
#define STAGECRAFT_STATS_E_VALUE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

enum class PToECalibrator { kPower, kMixture, kShafer };

// Errors: kInvalidArgument if e is negative or not finite.
absl::StatusOr<double> PValueFromEValue(double e_value);

// Errors: kInvalidArgument if p is not in (0, 1] (at 0 the evidence would be
// infinite) or kappa, for kPower, not in (0, 1).
absl::StatusOr<double> EValueFromPValue(
    double p_value, PToECalibrator calibrator = PToECalibrator::kMixture,
    double kappa = 0.5);

absl::StatusOr<double> VovkSellkeBound(double p_value);

// The arithmetic mean, an e-value under any dependence; with weights >= 0 that
// sum to 1 the weighted one. Errors: kInvalidArgument for a bad value, an empty
// input, weights of another size or sum.
absl::StatusOr<double> MeanOfEValues(absl::Span<const double> e_values,
                                     absl::Span<const double> weights = {});

// ln of the product, an e-value if they are independent or each is one given
// those before. -infinity if one is 0. Errors: kInvalidArgument.
absl::StatusOr<double> LogProductOfEValues(absl::Span<const double> e_values);

// e-BH: with e_[1] >= e_[2] >= ... rejects the k largest, k the largest k with
// k e_[k] / m >= 1 / alpha. The false discovery rate is at most alpha under ANY
// dependence (Benjamini-Hochberg on p-values needs positive dependence).
//   adjusted  the smallest alpha at which it is rejected, min over j >= rank of
//             m / (j e_[j]), capped at 1; in input order, equal values equal.
struct EBenjaminiHochberg {
  std::vector<bool> rejected;
  std::vector<double> adjusted;
  int rejections = 0;
};
// Errors: kInvalidArgument. An empty input is an empty answer.
absl::StatusOr<EBenjaminiHochberg> RejectByEBenjaminiHochberg(
    absl::Span<const double> e_values, double alpha = 0.05);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_E_VALUE_H_
