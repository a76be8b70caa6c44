#include "stats/log_rank.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

struct Entry {
  double time;
  size_t group;
  int64_t events, leaving;
};

struct QuadraticForm {
  double value = 0;
  int rank = 0;
};

// x' V^- x for a positive semidefinite V, by Gaussian elimination with the
// largest remaining diagonal element as pivot. Exact for consistent x.
QuadraticForm InverseForm(std::vector<std::vector<double>> v,
                          std::vector<double> x) {
  QuadraticForm form;
  const size_t n = x.size();
  double largest = 0;
  for (size_t i = 0; i < n; ++i) largest = std::max(largest, v[i][i]);
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; ++i) {
      if (v[i][i] > v[pivot][pivot]) pivot = i;
    }
    if (!(v[pivot][pivot] > 1e-12 * largest)) break;
    std::swap(v[k], v[pivot]);
    for (auto& row : v) std::swap(row[k], row[pivot]);
    std::swap(x[k], x[pivot]);
    form.value += x[k] * (x[k] / v[k][k]);
    ++form.rank;
    for (size_t i = k + 1; i < n; ++i) {
      const double factor = v[i][k] / v[k][k];
      for (size_t j = k + 1; j < n; ++j) v[i][j] -= factor * v[k][j];
      x[i] -= factor * x[k];
    }
  }
  return form;
}

}  // namespace

absl::StatusOr<LogRank> LogRankTest(
    absl::Span<const std::vector<DurationBin>> groups) {
  const size_t count = groups.size();
  if (count < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("groups has ", count, " groups, want at least 2"));
  }
  std::vector<Entry> entries;
  std::vector<double> at_risk(count, 0);
  for (size_t g = 0; g < count; ++g) {
    const auto bins = SortedBins(groups[g]);
    if (!bins.ok()) {
      return absl::Status(
          bins.status().code(),
          absl::StrCat("groups[", g, "]: ", bins.status().message()));
    }
    if (bins->empty()) {
      return NotEnough(
          absl::StrCat("groups[", g, "] holds no units, want at least 1"));
    }
    for (const DurationBin& bin : *bins) {
      entries.push_back({bin.time, g, bin.events, bin.events + bin.censored});
      at_risk[g] += static_cast<double>(bin.events + bin.censored);
    }
  }
  std::stable_sort(
      entries.begin(), entries.end(),
      [](const Entry& a, const Entry& b) { return a.time < b.time; });

  LogRank result;
  result.observed.assign(count, 0);
  result.expected.assign(count, 0);
  std::vector<std::vector<double>> variance(count,
                                            std::vector<double>(count, 0));
  for (size_t first = 0; first < entries.size();) {
    size_t last = first;
    double events = 0;
    while (last < entries.size() && entries[last].time == entries[first].time) {
      const double here = static_cast<double>(entries[last].events);
      events += here;
      result.observed[entries[last].group] += here;
      ++last;
    }
    if (events > 0) {
      double total = 0;
      for (double n : at_risk) total += n;
      const double scale =
          total > 1 ? events * ((total - events) / (total - 1)) : 0;
      for (size_t g = 0; g < count; ++g) {
        const double share = at_risk[g] / total;
        result.expected[g] += events * share;
        for (size_t h = 0; h < count; ++h) {
          variance[g][h] +=
              scale * share * ((g == h ? 1 : 0) - at_risk[h] / total);
        }
      }
    }
    for (; first < last; ++first) {
      at_risk[entries[first].group] -=
          static_cast<double>(entries[first].leaving);
    }
  }

  // Groups that were ever at risk at an event; all but one are free.
  std::vector<size_t> free;
  for (size_t g = 0; g < count; ++g) {
    if (result.expected[g] > 0) free.push_back(g);
  }
  if (free.size() < 2) {
    return NotEnough("no events while two groups are at risk, want some");
  }
  free.pop_back();
  std::vector<double> score;
  std::vector<std::vector<double>> v;
  for (size_t g : free) {
    score.push_back(result.observed[g] - result.expected[g]);
    v.emplace_back();
    for (size_t h : free) v.back().push_back(variance[g][h]);
  }
  const QuadraticForm form = InverseForm(std::move(v), std::move(score));
  if (form.rank == 0) {
    return NotEnough(
        "the log-rank statistic has no variance: every unit at risk has the "
        "event at the same time");
  }
  result.statistic = std::max(0.0, form.value);
  result.degrees_of_freedom = form.rank;
  result.p_value =
      ChiSquaredUpperTail(result.statistic, result.degrees_of_freedom);
  if (auto status =
          CheckResult({result.statistic, result.p_value}, "the log-rank test");
      !status.ok()) {
    return status;
  }
  return result;
}

}  // namespace stagecraft::stats
