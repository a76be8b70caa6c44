#include "stats/sample_ratio_exact.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/discrete.h"
#include "stats/estimate.h"
#include "stats/sample_ratio.h"

namespace stagecraft::stats {
namespace {

constexpr double kTie = 1e-7;
constexpr double kNegligible = -48;  // ln 1e-21; at most 1e6 visits.

// C(n + k, k) in double: only compared with a bound.
double Compositions(double n, int k) {
  double result = 1;
  for (int i = 1; i <= k; ++i) result *= (n + i) / i;
  return result;
}

// Sums probabilities relative to the observed outcome's.
class Sum {
 public:
  Sum(const std::vector<int64_t>& counts, const std::vector<double>& shares)
      : arms_(counts.size()),
        total_(std::accumulate(counts.begin(), counts.end(), int64_t{0})),
        shares_(shares),
        log_terms_(arms_),
        log_rest_(arms_) {
    // ln P = constant + sum of log_terms[arm][count]; deviances, so that
    // nothing cancels.
    const double n = static_cast<double>(total_);
    double rest = 0;
    for (size_t arm = arms_; arm-- > 0;) {
      rest += shares[arm];
      log_terms_[arm] = LogTerms(n * shares[arm]);
      log_rest_[arm] = LogTerms(n * rest);
    }
    for (size_t arm = 0; arm < arms_; ++arm) {
      observed_ += log_terms_[arm][static_cast<size_t>(counts[arm])];
    }
    constant_ = StirlingRemainder(n) + 0.5 * std::log(2 * M_PI * n);
    ratio_ = shares[arms_ - 2] / shares[arms_ - 1];
    Visit(0, total_, -observed_);
  }

  double PValue() const {
    return std::min(1.0, std::exp(constant_ + observed_ + std::log(sum_)));
  }

 private:
  std::vector<double> LogTerms(double mean) const {
    std::vector<double> terms(static_cast<size_t>(total_) + 1);
    terms[0] = -mean;
    for (size_t i = 1; i < terms.size(); ++i) {
      const double x = static_cast<double>(i);
      terms[i] = -Deviance(x, mean) - StirlingRemainder(x) -
                 0.5 * std::log(2 * M_PI * x);
    }
    return terms;
  }

  // `log` is the log probability of the arms before, over the observed one's.
  void Visit(size_t arm, int64_t left, double log) {
    // Of all outcomes from here together. The sum is at least 1, the observed
    // outcome: what is far below never shows.
    if (log + log_rest_[arm][static_cast<size_t>(left)] < kNegligible) return;
    if (arm + 2 == arms_) {
      Line(left, log);
      return;
    }
    for (int64_t i = 0; i <= left; ++i) {
      Visit(arm + 1, left - i, log + log_terms_[arm][static_cast<size_t>(i)]);
    }
  }

  double Log(int64_t i, int64_t left, double log) const {
    return log + log_terms_[arms_ - 2][static_cast<size_t>(i)] +
           log_terms_[arms_ - 1][static_cast<size_t>(left - i)];
  }

  // The last two arms share `left` units: a binomial, rising to its mode. What
  // counts is both of its tails.
  void Line(int64_t left, double log) {
    const double share =
        shares_[arms_ - 2] / (shares_[arms_ - 2] + shares_[arms_ - 1]);
    const int64_t mode = std::min(
        left, static_cast<int64_t>(static_cast<double>(left + 1) * share));
    if (Log(mode, left, log) <= kTie) {
      sum_ += std::exp(log + log_rest_[arms_ - 2][static_cast<size_t>(left)]);
      return;
    }
    int64_t low = -1, high = mode;  // The last on the left that counts.
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (Log(middle, left, log) <= kTie ? low : high) = middle;
    }
    const int64_t last = low;
    if (last >= 0) {
      double term = 1, sum = 1;
      for (int64_t i = last; i > 0; --i) {
        term *= static_cast<double>(i) /
                (static_cast<double>(left - i + 1) * ratio_);
        sum += term;
        if (term < 1e-17 * sum) break;
      }
      sum_ += std::exp(Log(last, left, log)) * sum;
    }
    low = mode;
    high = left + 1;  // The first on the right that counts.
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (Log(middle, left, log) <= kTie ? high : low) = middle;
    }
    if (high <= left) {
      double term = 1, sum = 1;
      for (int64_t i = high; i < left; ++i) {
        term *=
            static_cast<double>(left - i) * ratio_ / static_cast<double>(i + 1);
        sum += term;
        if (term < 1e-17 * sum) break;
      }
      sum_ += std::exp(Log(high, left, log)) * sum;
    }
  }

  size_t arms_;
  int64_t total_;
  std::vector<double> shares_;
  std::vector<std::vector<double>> log_terms_;
  // The same of all arms from an index on, taken as one.
  std::vector<std::vector<double>> log_rest_;
  double observed_ = 0, constant_ = 0, ratio_ = 1, sum_ = 0;
};

}  // namespace

absl::StatusOr<double> ExactSampleRatioPValue(absl::Span<const int64_t> counts,
                                              absl::Span<const double> shares) {
  // The same checks of counts and shares.
  const auto limit = CompareSampleRatio(counts, shares);
  if (!limit.ok()) return limit.status();
  std::vector<int64_t> used_counts;
  std::vector<double> used_shares;
  double total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (shares[i] == 0) continue;
    used_counts.push_back(counts[i]);
    used_shares.push_back(shares[i]);
    total += static_cast<double>(counts[i]);
  }
  const int arms = static_cast<int>(used_counts.size());
  if (arms == 2) {
    for (int64_t count : used_counts) {
      if (auto status = CheckExactTrials(count, "a count"); !status.ok()) {
        return status;
      }
    }
    return CountDistribution::Binomial(used_counts[0] + used_counts[1],
                                       used_shares[0], used_shares[1])
        .PValue(used_counts[0], Alternative::kTwoSided);
  }
  const double visits = Compositions(total, arms - 2);
  if (visits > static_cast<double>(kMaxExactOutcomes)) {
    return NotEnough(absl::StrCat("the exact test of ", total, " units in ",
                                  arms, " arms needs ", visits,
                                  " visits, want at most ", kMaxExactOutcomes,
                                  ": the chi-squared test answers here"));
  }
  // The two largest shares last: the arms that are summed as a line.
  std::vector<size_t> order(used_counts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return used_shares[a] < used_shares[b];
  });
  std::vector<int64_t> sorted_counts;
  std::vector<double> sorted_shares;
  for (size_t i : order) {
    sorted_counts.push_back(used_counts[i]);
    sorted_shares.push_back(used_shares[i]);
  }
  return Sum(sorted_counts, sorted_shares).PValue();
}

}  // namespace stagecraft::stats
