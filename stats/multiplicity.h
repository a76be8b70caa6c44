// p-values adjusted for testing several hypotheses at a time: reject those with
// an adjusted value <= alpha.
//
// With p_(1) <= ... <= p_(m):
//   kBonferroni         m p
//   kHolm               max_{j <= i} (m - j + 1) p_(j)
//   kHochberg           min_{j >= i} (m - j + 1) p_(j)   (independence or MTP2)
//   kHommel             Simes closure                    (the same)
//   kBenjaminiHochberg  min_{j >= i} m p_(j) / j         (false discovery rate)
// all capped at 1, in input order, equal p-values adjusted equally.
//
// Source: S. Holm, Scand. J. Stat. 6 (1979) 65; Y. Hochberg, Biometrika 75
// (1988)
//         800; G. Hommel, Biometrika 75 (1988) 383; Y. Benjamini, Y. Hochberg,
//         J. R. Stat. Soc. B 57 (1995) 289. As R's p.adjust.
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
};

// Errors: kInvalidArgument if a p-value is not in [0, 1]. An empty input is an
// empty answer.
absl::StatusOr<std::vector<double>> AdjustPValues(
    absl::Span<const double> p_values, Correction correction);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_MULTIPLICITY_H_
