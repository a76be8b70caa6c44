// p-values adjusted for testing several hypotheses at a time: reject those with
// an adjusted value <= alpha.
//
// With p_(1) <= ... <= p_(m):
//   kBonferroni         m p
//   kHolm               max_{j <= i} (m - j + 1) p_(j)
//   kHochberg           min_{j >= i} (m - j + 1) p_(j)   (independence or MTP2)
//   kHommel             Simes closure                    (the same)
//   kSidak              1 - (1 - p)^m                    (independence, or
//                       two-sided normal statistics however correlated)
//   kHolmSidak          max_{j <= i} 1 - (1 - p_(j))^(m - j + 1)   (the same)
//   kBenjaminiHochberg  min_{j >= i} m p_(j) / j         (false discovery rate,
//                       independence or positive dependence)
//   kBenjaminiYekutieli the same times 1 + 1/2 + ... + 1/m   (any dependence)
// all capped at 1, in input order, equal p-values adjusted equally.
//
// Source: S. Holm, Scand. J. Stat. 6 (1979) 65; Y. Hochberg, Biometrika 75
// (1988)
//         800; G. Hommel, Biometrika 75 (1988) 383; Y. Benjamini, Y. Hochberg,
//         J. R. Stat. Soc. B 57 (1995) 289; Z. Sidak, JASA 62 (1967) 626; Y.
//         Benjamini, D. Yekutieli, Ann. Stat. 29 (2001) 1165. As R's p.adjust
//         and statsmodels' multipletests.
// Bonferroni, Holm, Hochberg, Hommel and Sidak bound the chance of any false
// rejection; the last two bound the expected share of false ones among the
// rejections. Time: n log n, for kHommel n^2.
#ifndef STAGECRAFT_STATS_MULTIPLICITY_H_
#define STAGECRAFT_STATS_MULTIPLICITY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

enum class Correction {
  kNone,
  kBonferroni,
  kHolm,
  kHochberg,
  kHommel,
  kBenjaminiHochberg,
  kSidak,
  kHolmSidak,
  kBenjaminiYekutieli,
};

// Errors: kInvalidArgument if a p-value is not in [0, 1]. An empty input is an
// empty answer.
absl::StatusOr<std::vector<double>> AdjustPValues(
    absl::Span<const double> p_values, Correction correction);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_MULTIPLICITY_H_
