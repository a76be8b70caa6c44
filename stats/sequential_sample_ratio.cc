#include "stats/sequential_sample_ratio.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "stats/boundary_math.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

// ln(Gamma(k + n) / Gamma(k)) without its entropy.
double ShapeOf(double k, double n) {
  return 0.5 * std::log(k / (k + n)) + StirlingRemainder(k + n) -
         StirlingRemainder(k);
}

}  // namespace

absl::StatusOr<SequentialSampleRatio> SequentialSampleRatio::Create(
    absl::Span<const double> shares, double concentration) {
  if (auto status = CheckPositive(concentration, "concentration");
      !status.ok()) {
    return status;
  }
  double sum = 0;
  int positive = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    if (!(shares[i] >= 0 && shares[i] < 1)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shares[", i, "] is ", shares[i], ", want a number in [0, 1)"));
    }
    sum += shares[i];
    if (shares[i] > 0) ++positive;
  }
  if (positive < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "shares has ", positive, " positive shares, want at least 2"));
  }
  if (!(std::abs(sum - 1) <= 1e-9)) {
    return absl::InvalidArgumentError(
        absl::StrCat("shares sum to ", sum, ", want 1"));
  }
  SequentialSampleRatio test;
  test.shares_.assign(shares.begin(), shares.end());
  test.concentration_ = concentration;
  test.counts_.assign(shares.size(), 0);
  return test;
}

absl::Status SequentialSampleRatio::Add(absl::Span<const int64_t> new_units) {
  if (new_units.size() != shares_.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "new_units has ", new_units.size(), " arms, want ", shares_.size()));
  }
  for (size_t i = 0; i < new_units.size(); ++i) {
    if (auto status =
            CheckNotNegative(new_units[i], absl::StrCat("new_units[", i, "]"));
        !status.ok()) {
      return status;
    }
    if (shares_[i] == 0 && new_units[i] > 0) {
      return NotEnough(absl::StrCat("new_units[", i, "] is ", new_units[i],
                                    " where the planned share is 0, want 0"));
    }
    if (new_units[i] > std::numeric_limits<int64_t>::max() - counts_[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("new_units[", i, "] is ", new_units[i],
                       ", want a total that fits 64 bits"));
    }
  }
  for (size_t i = 0; i < new_units.size(); ++i) counts_[i] += new_units[i];
  p_value_ = std::min(p_value_, LookPValue());
  return absl::OkStatus();
}

double SequentialSampleRatio::LogEValue() const {
  double total = 0;
  for (const int64_t count : counts_) total += static_cast<double>(count);
  // The gammas by Stirling: their entropies add up to the divergence of the
  // posterior shares from the planned ones, the rest is small.
  const double weight = concentration_ + total;
  double entropy = 0, rest = -ShapeOf(concentration_, total);
  for (size_t i = 0; i < shares_.size(); ++i) {
    if (shares_[i] == 0) continue;
    const auto n = static_cast<double>(counts_[i]);
    const double share = shares_[i];
    entropy += share * EntropyExcess((n - total * share) / (weight * share));
    rest += ShapeOf(concentration_ * share, n);
  }
  return weight * entropy + rest;
}

double SequentialSampleRatio::LookPValue() const {
  return std::exp(-std::max(0.0, LogEValue()));
}

absl::StatusOr<std::vector<Interval>> SequentialSampleRatio::ShareIntervals(
    double alpha) const {
  if (auto status = CheckAlpha(alpha); !status.ok()) return status;
  double total = 0;
  for (const int64_t count : counts_) total += static_cast<double>(count);
  // ln M(q) at the observed shares p: the smallest over all q. Every other q
  // adds N times its divergence from p; with share i fixed at x the smallest
  // divergence is that of two classes.
  double at_estimate = LogEValue();
  for (size_t i = 0; i < shares_.size() && total > 0; ++i) {
    if (shares_[i] == 0) continue;
    const double p = static_cast<double>(counts_[i]) / total;
    at_estimate -=
        total * shares_[i] * EntropyExcess((p - shares_[i]) / shares_[i]);
  }
  const double room = -std::log(alpha) - at_estimate;
  std::vector<Interval> intervals;
  for (size_t i = 0; i < shares_.size(); ++i) {
    Interval interval{.lower = 0, .upper = 1, .level = 1 - alpha};
    if (shares_[i] == 0) {
      interval.upper = 0;
    } else if (total > 0) {
      const double p = static_cast<double>(counts_[i]) / total;
      const auto excess = [&](double x) {
        const double rest = 1 - p;
        double divergence = 0;
        if (p > 0) divergence += p * std::log(p / x);
        if (rest > 0) divergence += rest * std::log(rest / (1 - x));
        // Where the two nearly agree the logarithms cancel.
        if (std::abs(p - x) < 0.1 * std::min(x, 1 - x)) {
          divergence = BernoulliDivergence(x, p - x);
        }
        return total * divergence - room;
      };
      constexpr double kEnd = 1e-300, kLast = 1 - 1e-16;
      if (p > 0 && excess(kEnd) > 0) {
        interval.lower = IncreasingRoot([&](double x) { return -excess(x); },
                                        kEnd, std::min(p, kLast));
      }
      if (p < 1 && excess(kLast) > 0) {
        interval.upper = IncreasingRoot(excess, std::max(p, kEnd), kLast);
      }
    }
    intervals.push_back(interval);
  }
  return intervals;
}

absl::StatusOr<std::vector<SampleRatioPoint>> SequentialSampleRatioPath(
    absl::Span<const std::vector<int64_t>> looks,
    absl::Span<const double> shares, double concentration) {
  auto test = SequentialSampleRatio::Create(shares, concentration);
  if (!test.ok()) return test.status();
  std::vector<SampleRatioPoint> points;
  std::vector<int64_t> fresh(shares.size());
  for (size_t i = 0; i < looks.size(); ++i) {
    if (looks[i].size() != shares.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("looks[", i, "] has ", looks[i].size(), " arms, want ",
                       shares.size()));
    }
    for (size_t j = 0; j < shares.size(); ++j) {
      const int64_t before = test->counts()[j];
      if (looks[i][j] < before) {
        return absl::InvalidArgumentError(absl::StrCat(
            "looks[", i, "][", j, "] is ", looks[i][j], ", want at least the ",
            before, " of the look before: counts are of all units so far"));
      }
      fresh[j] = looks[i][j] - before;
    }
    if (auto status = test->Add(fresh); !status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat("looks[", i, "]: ", status.message()));
    }
    points.push_back({test->LogEValue(), test->LookPValue(), test->PValue()});
  }
  return points;
}

}  // namespace stagecraft::stats
