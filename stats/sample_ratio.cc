#include "stats/sample_ratio.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/discrete.h"
#include "stats/distributions.h"

namespace stagecraft::stats {

absl::StatusOr<SampleRatio> CompareSampleRatio(
    absl::Span<const int64_t> counts, absl::Span<const double> shares) {
  if (counts.size() != shares.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("counts has ", counts.size(), " arms and shares has ",
                     shares.size(), ", want equally many"));
  }
  if (counts.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("counts has ", counts.size(), " arms, want at least 2"));
  }
  double total = 0, share_sum = 0;
  int arms = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (auto status =
            CheckNotNegative(counts[i], absl::StrCat("counts[", i, "]"));
        !status.ok()) {
      return status;
    }
    if (!(shares[i] >= 0 && shares[i] < 1)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shares[", i, "] is ", shares[i], ", want a number in [0, 1)"));
    }
    total += static_cast<double>(counts[i]);
    share_sum += shares[i];
    if (shares[i] > 0) ++arms;
  }
  if (!(std::abs(share_sum - 1) <= 1e-9)) {
    return absl::InvalidArgumentError(
        absl::StrCat("shares sum to ", share_sum, ", want 1"));
  }
  if (arms < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("shares has ", arms, " positive shares, want at least 2"));
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    if (shares[i] == 0 && counts[i] > 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("counts[", i, "] is ", counts[i],
                       " where the planned share is 0, want 0 units"));
    }
  }
  if (total == 0) return NotEnough("counts are all 0, want at least one unit");
  SampleRatio result{.degrees_of_freedom = arms - 1};
  for (size_t i = 0; i < counts.size(); ++i) {
    if (shares[i] == 0) continue;
    const double expected = total * shares[i];
    const double miss = static_cast<double>(counts[i]) - expected;
    result.statistic += miss * (miss / expected);
  }
  result.p_value =
      ChiSquaredUpperTail(result.statistic, result.degrees_of_freedom);
  if (auto status = CheckResult({result.statistic, result.p_value},
                                "the sample ratio test");
      !status.ok()) {
    return status;
  }
  return result;
}

absl::StatusOr<double> SequentialSampleRatioPValue(
    absl::Span<const int64_t> counts, absl::Span<const double> shares,
    double concentration) {
  if (!(concentration > 0) || !std::isfinite(concentration)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "concentration is ", concentration, ", want a number > 0"));
  }
  // The same checks of counts and shares.
  const auto fixed = CompareSampleRatio(counts, shares);
  if (!fixed.ok()) return fixed.status();
  double total = 0;
  for (int64_t count : counts) total += static_cast<double>(count);
  // With A = alpha + counts, T = concentration + total and ln Gamma(x) = (x -
  // 1/2) ln x - x + ln(2 pi) / 2 + r(x), the terms linear in the counts join to
  // deviances of A from T shares.
  const double all = concentration + total;
  double log_factor = StirlingRemainder(concentration) -
                      StirlingRemainder(all) +
                      0.5 * std::log1p(total / concentration);
  for (size_t i = 0; i < counts.size(); ++i) {
    if (shares[i] == 0) continue;
    const double prior = concentration * shares[i];
    const double count = static_cast<double>(counts[i]);
    log_factor += Deviance(prior + count, all * shares[i]) -
                  0.5 * std::log1p(count / prior) +
                  StirlingRemainder(prior + count) - StirlingRemainder(prior);
  }
  return std::min(1.0, std::exp(-log_factor));
}

}  // namespace stagecraft::stats
