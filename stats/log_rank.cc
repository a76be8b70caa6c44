#include "stats/log_rank.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/survival_quadratic_form.h"

namespace stagecraft::stats {
namespace {

using Groups = std::vector<absl::Span<const DurationBin>>;

// The sums of the test, over all strata.
struct Sums {
  explicit Sums(size_t groups)
      : observed(groups, 0),
        expected(groups, 0),
        events(groups, 0),
        units(groups, 0),
        variance(groups * groups, 0) {}

  std::vector<double> observed, expected;
  std::vector<int64_t> events, units;
  std::vector<double> variance;  // Row by row.
};

// The weight of one time after another; see the header.
class Weights {
 public:
  explicit Weights(const LogRankOptions& options) : options_(options) {}

  double Next(double d, double n) {
    switch (options_.weight) {
      case LogRankWeight::kLogRank:
        return 1;
      case LogRankWeight::kGehan:
        return n;
      case LogRankWeight::kTaroneWare:
        return std::sqrt(n);
      case LogRankWeight::kPetoPeto:
        return survival_ *= 1 - d / (n + 1);
      case LogRankWeight::kModifiedPetoPeto:
        survival_ *= 1 - d / (n + 1);
        return survival_ * (n / (n + 1));
      case LogRankWeight::kFlemingHarrington:
        break;
    }
    const double before = survival_;
    survival_ *= (n - d) / n;
    return Power(before, options_.rho) * Power(1 - before, options_.gamma);
  }

 private:
  static double Power(double base, double exponent) {
    if (exponent == 0) return 1;
    return exponent == 1 ? base : std::pow(base, exponent);
  }

  LogRankOptions options_;
  double survival_ = 1;
};

constexpr double kNever = std::numeric_limits<double>::infinity();

// Where the pass is in one group.
struct Cursor {
  const DurationBin* next;
  const DurationBin* end;
  double at_risk;
  double here = 0, leaving = 0;  // At the current time.
  double time() const { return next == end ? kNever : next->time; }
};

// All groups side by side in time, one pass. `kCount` is their number where
// that is known to the compiler (two, the common case), otherwise 0.
template <size_t kCount>
void Pass(absl::Span<Cursor> cursors, double total,
          const LogRankOptions& options, Sums* sums) {
  const size_t count = kCount > 0 ? kCount : cursors.size();
  Weights weights(options);
  while (true) {
    double time = kNever;
    for (size_t g = 0; g < count; ++g) {
      time = std::min(time, cursors[g].time());
    }
    if (time == kNever) return;
    double events = 0, left = 0;
    for (size_t g = 0; g < count; ++g) {
      Cursor& cursor = cursors[g];
      cursor.here = cursor.leaving = 0;
      if (cursor.time() != time) continue;
      cursor.here = static_cast<double>(cursor.next->events);
      cursor.leaving = cursor.here + static_cast<double>(cursor.next->censored);
      events += cursor.here;
      left += cursor.leaving;
      ++cursor.next;
    }
    if (events > 0) {
      const double weight = weights.Next(events, total);
      const double inverse = 1 / total;
      const double scale = total > 1 ? weight * weight * events *
                                           ((total - events) / (total - 1))
                                     : 0;
      for (size_t g = 0; g < count; ++g) {
        const double share = cursors[g].at_risk * inverse;
        sums->observed[g] += weight * cursors[g].here;
        sums->expected[g] += weight * events * share;
        double* row = &sums->variance[g * count];
        for (size_t h = 0; h < g; ++h) {
          row[h] -= scale * share * (cursors[h].at_risk * inverse);
        }
        row[g] += scale * share * ((total - cursors[g].at_risk) * inverse);
      }
    }
    for (size_t g = 0; g < count; ++g) {
      cursors[g].at_risk -= cursors[g].leaving;
    }
    total -= left;
  }
}

absl::Status AddStratum(const Groups& groups, const LogRankOptions& options,
                        Sums* sums) {
  const size_t count = groups.size();
  std::vector<OrderedBins> ordered;
  ordered.reserve(count);
  double total = 0;
  for (size_t g = 0; g < count; ++g) {
    auto bins = OrderedBins::Of(groups[g]);
    if (!bins.ok()) {
      return absl::Status(
          bins.status().code(),
          absl::StrCat("groups[", g, "]: ", bins.status().message()));
    }
    ordered.push_back(*std::move(bins));
    sums->units[g] += ordered[g].units();
    sums->events[g] += ordered[g].events();
    total += static_cast<double>(ordered[g].units());
  }
  std::vector<Cursor> cursors;
  for (const OrderedBins& bins : ordered) {
    const absl::Span<const DurationBin> span = bins.bins();
    cursors.push_back({span.data(), span.data() + span.size(),
                       static_cast<double>(bins.units())});
  }
  if (count == 2) {
    Pass<2>(absl::MakeSpan(cursors), total, options, sums);
  } else {
    Pass<0>(absl::MakeSpan(cursors), total, options, sums);
  }
  return absl::OkStatus();
}

absl::Status CheckOptions(const LogRankOptions& options) {
  if (auto status = FirstError({CheckNotNegative(options.rho, "rho"),
                                CheckNotNegative(options.gamma, "gamma")});
      !status.ok()) {
    return status;
  }
  if (options.weight != LogRankWeight::kFlemingHarrington &&
      (options.rho != 0 || options.gamma != 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("rho is ", options.rho, " and gamma is ", options.gamma,
                     ", want 0 with a weight other than Fleming-Harrington"));
  }
  return absl::OkStatus();
}

absl::Status CheckNotEmpty(const Sums& sums) {
  for (size_t g = 0; g < sums.units.size(); ++g) {
    if (sums.units[g] == 0) {
      return NotEnough(
          absl::StrCat("groups[", g, "] holds no units, want at least 1"));
    }
  }
  return absl::OkStatus();
}

absl::Status NoSharedEvents() {
  return NotEnough("no events while two groups are at risk, want some");
}

absl::Status NoVariance() {
  return NotEnough(
      "the log-rank statistic has no variance: every unit at risk has the "
      "event at the same time");
}

absl::StatusOr<LogRank> TestOf(Sums sums) {
  if (auto status = CheckNotEmpty(sums); !status.ok()) return status;
  const size_t count = sums.units.size();
  // Groups that were ever at risk at an event; all but one are free.
  std::vector<size_t> free;
  for (size_t g = 0; g < count; ++g) {
    if (sums.expected[g] > 0) free.push_back(g);
  }
  if (free.size() < 2) return NoSharedEvents();
  free.pop_back();
  std::vector<double> score;
  std::vector<std::vector<double>> v;
  for (size_t g : free) {
    score.push_back(sums.observed[g] - sums.expected[g]);
    v.emplace_back();
    for (size_t h : free) {
      v.back().push_back(
          sums.variance[std::max(g, h) * count + std::min(g, h)]);
    }
  }
  const QuadraticForm form = InverseForm(std::move(v), std::move(score));
  if (form.rank == 0) return NoVariance();
  LogRank result;
  result.observed = std::move(sums.observed);
  result.expected = std::move(sums.expected);
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

absl::StatusOr<LogRankScore> ScoreOf(const Sums& sums) {
  if (auto status = CheckNotEmpty(sums); !status.ok()) return status;
  if (!(sums.expected[0] > 0) || !(sums.expected[1] > 0)) {
    return NoSharedEvents();
  }
  LogRankScore result{.score = sums.observed[1] - sums.expected[1],
                      .variance = sums.variance[3],
                      .control_events = sums.events[0],
                      .treatment_events = sums.events[1],
                      .control_expected = sums.expected[0],
                      .treatment_expected = sums.expected[1],
                      .control_observed = sums.observed[0],
                      .treatment_observed = sums.observed[1]};
  if (!(result.variance > 0)) return NoVariance();
  result.z = result.score / std::sqrt(result.variance);
  if (auto status =
          CheckResult({result.score, result.variance}, "the log-rank test");
      !status.ok()) {
    return status;
  }
  return result;
}

absl::StatusOr<Effect> HazardRatioOf(const absl::StatusOr<LogRankScore>& score,
                                     const HazardRatioOptions& options) {
  if (!score.ok()) return score.status();
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  double log_ratio = score->score / score->variance;
  double error = 1 / std::sqrt(score->variance);
  const bool pike = options.method == HazardRatioMethod::kPike;
  if (pike) {
    if (score->control_events == 0 || score->treatment_events == 0) {
      return NotEnough(absl::StrCat(
          "control has ", score->control_events, " events and treatment ",
          score->treatment_events, ", want both > 0 for the Pike ratio"));
    }
    log_ratio =
        std::log(score->treatment_observed / score->treatment_expected) -
        std::log(score->control_observed / score->control_expected);
    error =
        std::sqrt(1 / score->treatment_expected + 1 / score->control_expected);
  }
  Effect effect;
  effect.value = std::exp(log_ratio);
  effect.standard_error = error;
  const Interval interval = SymmetricInterval(
      log_ratio, error, kInfinity, options.alpha, options.alternative);
  effect.interval = {std::exp(interval.lower), std::exp(interval.upper),
                     interval.level};
  effect.statistic = score->z;
  effect.p_value = PValue(score->z, kInfinity, options.alternative);
  effect.alternative = options.alternative;
  effect.test_method = "log-rank";
  effect.interval_method =
      pike ? "Pike hazard ratio" : "Peto one-step hazard ratio";
  if (auto status = CheckResult({effect.value, error}, "the hazard ratio");
      !status.ok()) {
    return status;
  }
  return effect;
}

absl::StatusOr<LogRank> TestOfStratum(const Groups& groups,
                                      const LogRankOptions& options) {
  Sums sums(groups.size());
  if (auto status = AddStratum(groups, options, &sums); !status.ok()) {
    return status;
  }
  return TestOf(std::move(sums));
}

}  // namespace

absl::StatusOr<LogRank> LogRankTest(
    absl::Span<const std::vector<DurationBin>> groups,
    const LogRankOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  if (groups.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("groups has ", groups.size(), " groups, want at least 2"));
  }
  return TestOfStratum(Groups(groups.begin(), groups.end()), options);
}

absl::StatusOr<LogRank> LogRankTestOfTwo(absl::Span<const DurationBin> first,
                                         absl::Span<const DurationBin> second,
                                         const LogRankOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  return TestOfStratum({first, second}, options);
}

absl::StatusOr<LogRank> StratifiedLogRankTest(
    absl::Span<const std::vector<std::vector<DurationBin>>> strata,
    const LogRankOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  if (strata.empty()) {
    return absl::InvalidArgumentError("strata is empty, want at least 1");
  }
  const size_t count = strata[0].size();
  if (count < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("strata[0] has ", count, " groups, want at least 2"));
  }
  Sums sums(count);
  for (size_t s = 0; s < strata.size(); ++s) {
    if (strata[s].size() != count) {
      return absl::InvalidArgumentError(
          absl::StrCat("strata[", s, "] has ", strata[s].size(),
                       " groups, want ", count, " as in strata[0]"));
    }
    if (auto status = AddStratum(Groups(strata[s].begin(), strata[s].end()),
                                 options, &sums);
        !status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat("strata[", s, "]: ", status.message()));
    }
  }
  return TestOf(std::move(sums));
}

absl::StatusOr<LogRankScore> ScoreLogRank(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment, const LogRankOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  Sums sums(2);
  if (auto status = AddStratum({control, treatment}, options, &sums);
      !status.ok()) {
    return status;
  }
  return ScoreOf(sums);
}

absl::StatusOr<LogRankScore> ScoreStratifiedLogRank(
    absl::Span<const TwoArmBins> strata, const LogRankOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  if (strata.empty()) {
    return absl::InvalidArgumentError("strata is empty, want at least 1");
  }
  Sums sums(2);
  for (size_t s = 0; s < strata.size(); ++s) {
    if (auto status = AddStratum({strata[s].control, strata[s].treatment},
                                 options, &sums);
        !status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat("strata[", s, "]: ", status.message()));
    }
  }
  return ScoreOf(sums);
}

absl::StatusOr<Effect> HazardRatio(absl::Span<const DurationBin> control,
                                   absl::Span<const DurationBin> treatment,
                                   const HazardRatioOptions& options) {
  return HazardRatioOf(ScoreLogRank(control, treatment), options);
}

absl::StatusOr<Effect> StratifiedHazardRatio(
    absl::Span<const TwoArmBins> strata, const HazardRatioOptions& options) {
  return HazardRatioOf(ScoreStratifiedLogRank(strata), options);
}

}  // namespace stagecraft::stats
