#include "stats/stratified_table.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

struct Table {
  double a, b, c, d;  // Treatment success, failure; control success, failure.
  double n1() const { return a + b; }
  double n0() const { return c + d; }
  double n() const { return a + b + c + d; }
  bool Informative() const {
    return n1() > 0 && n0() > 0 && a + c > 0 && b + d > 0;
  }
};

absl::StatusOr<std::vector<Table>> Tables(
    absl::Span<const StratifiedTable> strata, double alpha) {
  if (auto status = CheckAlpha(alpha); !status.ok()) return status;
  if (strata.empty()) {
    return absl::InvalidArgumentError("there are 0 strata, want at least 1");
  }
  std::vector<Table> tables;
  for (size_t h = 0; h < strata.size(); ++h) {
    for (const auto& [arm, name] :
         {std::pair{&strata[h].control, "control"},
          std::pair{&strata[h].treatment, "treatment"}}) {
      // An empty arm is fine here: the stratum takes no part.
      if (arm->trials == 0 && arm->successes == 0) continue;
      if (auto status =
              CheckProportion(*arm, absl::StrCat("strata[", h, "].", name));
          !status.ok()) {
        return status;
      }
    }
    const auto count = [](int64_t n) { return static_cast<double>(n); };
    const Proportion& t = strata[h].treatment;
    const Proportion& c = strata[h].control;
    tables.push_back({count(t.successes), count(t.trials - t.successes),
                      count(c.successes), count(c.trials - c.successes)});
  }
  return tables;
}

// The treatment's successes in a table with these margins and odds ratio: the
// root in [max(0, m - n0), min(n1, m)] of
// A (n0 - m + A) = ratio (m - A) (n1 - A).
double FittedSuccesses(const Table& table, double ratio) {
  const double n1 = table.n1(), n0 = table.n0(), m = table.a + table.c;
  if (ratio == 1) return n1 * m / table.n();
  // (ratio - 1) A^2 - (ratio (m + n1) + n0 - m) A + ratio m n1 = 0.
  const double q = ratio - 1;
  const double p = ratio * (m + n1) + n0 - m;
  const double root = std::sqrt(p * p - 4 * q * ratio * m * n1);
  // The stable form of the smaller root in size; it is the one in range.
  return 2 * ratio * m * n1 / (p + root);
}

}  // namespace

absl::StatusOr<MantelHaenszelTest> CompareStratified(
    absl::Span<const StratifiedTable> strata,
    const MantelHaenszelOptions& options) {
  const auto tables = Tables(strata, options.alpha);
  if (!tables.ok()) return tables.status();
  MantelHaenszelTest test{.alternative = options.alternative};
  double excess = 0, variance = 0;
  for (const Table& t : *tables) {
    if (!t.Informative()) continue;
    ++test.informative_strata;
    const double n = t.n(), m = t.a + t.c;
    // a - n1 m / N without the large products.
    excess += (t.a * (t.d / n) - t.b * (t.c / n));
    variance += t.n1() / n * (t.n0() / n) * (m * ((n - m) / (n - 1)));
  }
  if (test.informative_strata == 0) {
    return NotEnough(
        "no stratum has units in both arms with a success and a failure, want "
        "at least one");
  }
  const double k =
      options.continuity_correction && std::abs(excess) >= 0.5 ? 0.5 : 0;
  const double root = (std::abs(excess) - k) / std::sqrt(variance);
  test.statistic = root * root;
  test.p_value =
      PValue(excess < 0 ? -root : root, kInfinity, options.alternative);
  return test;
}

absl::StatusOr<MantelHaenszelOddsRatio> CommonOddsRatio(
    absl::Span<const StratifiedTable> strata,
    const MantelHaenszelOptions& options) {
  const auto tables = Tables(strata, options.alpha);
  if (!tables.ok()) return tables.status();
  double r = 0, s = 0, pr = 0, mixed = 0, qs = 0;
  for (const Table& t : *tables) {
    const double n = t.n();
    if (n == 0) continue;
    const double rh = t.a * (t.d / n), sh = t.b * (t.c / n);
    const double p = (t.a + t.d) / n, q = (t.b + t.c) / n;
    r += rh;
    s += sh;
    pr += p * rh;
    mixed += p * sh + q * rh;
    qs += q * sh;
  }
  if (!(r > 0) || !(s > 0)) {
    return NotEnough(absl::StrCat(
        "the common odds ratio is ",
        r > 0   ? "infinite"
        : s > 0 ? "0"
                : "0 / 0",
        ": sum a d / N is ", r, " and sum b c / N is ", s, ", want both > 0"));
  }
  MantelHaenszelOddsRatio ratio{.value = r / s};
  ratio.log_standard_error =
      std::sqrt(pr / (2 * r * r) + mixed / (2 * r * s) + qs / (2 * s * s));
  ratio.interval =
      SymmetricInterval(std::log(ratio.value), ratio.log_standard_error,
                        kInfinity, options.alpha, options.alternative);
  ratio.interval.lower = std::exp(ratio.interval.lower);
  ratio.interval.upper = std::exp(ratio.interval.upper);
  return ratio;
}

absl::StatusOr<Estimate> CommonRateDifference(
    absl::Span<const StratifiedTable> strata, double alpha) {
  const auto tables = Tables(strata, alpha);
  if (!tables.ok()) return tables.status();
  double weights = 0, sum = 0, p = 0, q = 0;
  for (const Table& t : *tables) {
    const double n1 = t.n1(), n0 = t.n0(), n = t.n();
    if (n1 == 0 || n0 == 0) continue;
    weights += n1 * (n0 / n);
    sum += t.a * (n0 / n) - t.c * (n1 / n);
    p += n1 / n * (n1 / n) * t.c - n0 / n * (n0 / n) * t.a +
         n1 / n * (n0 / n) * (n0 - n1) / 2;
    q += (t.a * (t.d / n) + t.c * (t.b / n)) / 2;
  }
  if (!(weights > 0)) {
    return NotEnough("no stratum has units in both arms, want at least one");
  }
  Estimate estimate{.value = sum / weights};
  const double variance = (estimate.value * p + q) / weights / weights;
  if (!(variance > 0)) {
    return NotEnough(
        "the common difference has no variance: want both successes and "
        "failures in some stratum");
  }
  estimate.standard_error = std::sqrt(variance);
  estimate.interval =
      SymmetricInterval(estimate.value, estimate.standard_error, kInfinity,
                        alpha, Alternative::kTwoSided);
  return estimate;
}

absl::StatusOr<HomogeneityTest> TestHomogeneity(
    absl::Span<const StratifiedTable> strata) {
  const auto ratio = CommonOddsRatio(strata);
  if (!ratio.ok()) return ratio.status();
  const auto tables = Tables(strata, 0.05);
  HomogeneityTest test{.degrees_of_freedom = -1};
  double excess = 0, variances = 0;
  for (const Table& t : *tables) {
    if (!t.Informative()) continue;
    ++test.degrees_of_freedom;
    const double m = t.a + t.c;
    const double fitted = FittedSuccesses(t, ratio->value);
    const double variance =
        1 / (1 / fitted + 1 / (m - fitted) + 1 / (t.n1() - fitted) +
             1 / (t.n0() - m + fitted));
    test.statistic += (t.a - fitted) * (t.a - fitted) / variance;
    excess += t.a - fitted;
    variances += variance;
  }
  if (test.degrees_of_freedom < 1) {
    return NotEnough(absl::StrCat(test.degrees_of_freedom + 1,
                                  " strata are informative, want at least 2"));
  }
  test.statistic = std::max(0.0, test.statistic - excess * excess / variances);
  test.p_value = ChiSquaredUpperTail(
      test.statistic, static_cast<double>(test.degrees_of_freedom));
  return test;
}

}  // namespace stagecraft::stats
