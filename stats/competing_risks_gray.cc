#include "stats/competing_risks_gray.h"

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

// One group at one time.
struct Group {
  double at_risk = 0;
  double own = 0, other = 0, leaving = 0;  // At this time.
  double before = 1, after = 1;            // Kaplan-Meier of any cause.
  double incidence = 0;                    // F_g(t-).
};

// The state at one time with events. Indices are groups.
struct Moment {
  std::vector<Group> groups;
  double own = 0;                // Own ends of all groups.
  double total = 0;              // sum n / S(t-).
  double risk = 0;               // sum R.
  double weight = 1;             // (1 - F(t-))^rho.
  double before = 0, after = 0;  // Pooled F.
};

// Walks the groups side by side and calls visit(moment) where there are events.
template <typename Visit>
void VisitMoments(const std::vector<OrderedCompetingBins>& bins, size_t cause,
                  double rho, const Visit& visit) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  const size_t count = bins.size();
  std::vector<size_t> next(count, 0);
  Moment moment;
  moment.groups.resize(count);
  for (size_t g = 0; g < count; ++g) {
    moment.groups[g].at_risk = static_cast<double>(bins[g].units());
  }
  while (true) {
    double time = kNever;
    for (size_t g = 0; g < count; ++g) {
      if (next[g] < bins[g].size()) {
        time = std::min(time, bins[g].time(next[g]));
      }
    }
    if (time == kNever) return;
    double all = 0;
    moment.own = moment.total = moment.risk = 0;
    for (size_t g = 0; g < count; ++g) {
      Group& group = moment.groups[g];
      group.own = group.other = group.leaving = 0;
      if (next[g] < bins[g].size() && bins[g].time(next[g]) == time) {
        const size_t i = next[g]++;
        group.own = static_cast<double>(bins[g].events(i, cause));
        group.other = static_cast<double>(bins[g].all_events(i)) - group.own;
        group.leaving = static_cast<double>(bins[g].leaving(i));
      }
      all += group.own + group.other;
      moment.own += group.own;
      if (!(group.at_risk > 0)) continue;
      group.after = group.before *
                    ((group.at_risk - group.own - group.other) / group.at_risk);
      const double total = group.at_risk / group.before;
      moment.total += total;
      moment.risk += total * (1 - group.incidence);
    }
    if (all > 0) {
      moment.after = moment.before + moment.own / moment.total;
      moment.weight =
          rho == 0 ? 1 : std::pow(std::max(0.0, 1 - moment.before), rho);
      visit(moment);
      moment.before = moment.after;
    }
    for (Group& group : moment.groups) {
      if (group.at_risk > 0) {
        group.incidence += group.before * (group.own / group.at_risk);
        group.before = group.after;
      }
      group.at_risk -= group.leaving;
    }
  }
}

// 1 - (d - 1) / (n - 1), the tie correction.
double TieFactor(double d, double n) {
  return d > 1 ? 1 - (d - 1) / (n - 1) : 1;
}

class Score {
 public:
  explicit Score(size_t groups)
      : count_(groups),
        score_(groups, 0),
        rest_(groups * groups, 0),
        slope_(groups * groups, 0),
        variance_(groups, std::vector<double>(groups, 0)) {}

  // First pass: the score, and the whole of the sums c below.
  void AddScore(const Moment& m) {
    if (!(m.own > 0)) return;
    for (size_t g = 0; g < count_; ++g) {
      const Group& group = m.groups[g];
      if (!(group.at_risk > 0)) continue;
      const double risk = group.at_risk / group.before * (1 - group.incidence);
      score_[g] += m.weight * (group.own - m.own * (risk / m.risk));
    }
    SetSlopes(m);
    const double step = m.own / (m.total * (1 - m.before));
    for (size_t i = 0; i < rest_.size(); ++i) rest_[i] += slope_[i] * step;
  }

  // Second pass: what an end in group k at this time moves score i by, now and
  // through F later on. `rest_` holds the sums c of later times.
  void AddVariance(const Moment& m) {
    SetSlopes(m);
    if (m.own > 0) {
      const double step = m.own / (m.total * (1 - m.before));
      for (size_t i = 0; i < rest_.size(); ++i) rest_[i] -= slope_[i] * step;
    }
    for (size_t k = 0; k < count_; ++k) {
      const Group& group = m.groups[k];
      if (!(group.at_risk > 0)) continue;
      const double ratio = group.after > 0 ? (1 - m.after) / group.after : 0;
      if (m.own > 0) {
        const double weight = TieFactor(m.own, m.total * group.before) *
                              group.before * m.own / (m.total * group.at_risk);
        AddOuter(k, weight, 1, 1 - ratio);
      }
      if (group.other > 0 && group.after > 0) {
        const double share = group.before / group.at_risk;
        AddOuter(
            k,
            TieFactor(group.other, group.at_risk) * share * share * group.other,
            0, -ratio);
      }
    }
  }

  QuadraticForm Form() const {
    // All but one of the scores are free: they add up to 0.
    std::vector<double> score(score_.begin(), score_.end() - 1);
    std::vector<std::vector<double>> v;
    for (size_t i = 0; i + 1 < count_; ++i) {
      v.emplace_back(variance_[i].begin(), variance_[i].end() - 1);
    }
    return InverseForm(std::move(v), std::move(score));
  }

 private:
  // a_ij = w h_i (1{i = j} - h_j / h), h = n / S(t-).
  void SetSlopes(const Moment& m) {
    for (size_t i = 0; i < count_; ++i) {
      const Group& a = m.groups[i];
      const double h = a.at_risk > 0 ? a.at_risk / a.before : 0;
      for (size_t j = 0; j < count_; ++j) {
        const Group& b = m.groups[j];
        const double other = b.at_risk > 0 ? b.at_risk / b.before : 0;
        slope_[i * count_ + j] =
            m.weight * h * ((i == j ? 1 : 0) - other / m.total);
      }
    }
  }

  void AddOuter(size_t k, double weight, double now, double later) {
    const auto moves = [&](size_t i) {
      return now * slope_[i * count_ + k] + later * rest_[i * count_ + k];
    };
    for (size_t i = 0; i < count_; ++i) {
      for (size_t j = 0; j < count_; ++j) {
        variance_[i][j] += weight * moves(i) * moves(j);
      }
    }
  }

  size_t count_;
  std::vector<double> score_;
  std::vector<double> rest_, slope_;  // [i * count_ + j].
  std::vector<std::vector<double>> variance_;
};

}  // namespace

absl::StatusOr<GrayTestResult> GrayTest(
    absl::Span<const std::vector<CompetingBin>> groups, int cause, double rho) {
  if (groups.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("groups has ", groups.size(), " groups, want at least 2"));
  }
  if (auto status = CheckNotNegative(rho, "rho"); !status.ok()) return status;
  std::vector<OrderedCompetingBins> ordered;
  for (size_t g = 0; g < groups.size(); ++g) {
    auto bins = OrderedCompetingBins::Of(groups[g]);
    if (!bins.ok()) {
      return absl::Status(
          bins.status().code(),
          absl::StrCat("groups[", g, "]: ", bins.status().message()));
    }
    if (bins->causes() != (g == 0 ? bins->causes() : ordered[0].causes())) {
      return absl::InvalidArgumentError(
          absl::StrCat("groups[", g, "] has ", bins->causes(), " causes, want ",
                       ordered[0].causes(), " as in groups[0]"));
    }
    ordered.push_back(*std::move(bins));
  }
  if (cause < 0 || static_cast<size_t>(cause) >= ordered[0].causes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cause is ", cause, ", want 0 to ", ordered[0].causes() - 1));
  }
  Score score(groups.size());
  const size_t own = static_cast<size_t>(cause);
  VisitMoments(ordered, own, rho,
               [&](const Moment& moment) { score.AddScore(moment); });
  VisitMoments(ordered, own, rho,
               [&](const Moment& moment) { score.AddVariance(moment); });
  const QuadraticForm form = score.Form();
  if (form.rank == 0) {
    return NotEnough(absl::StrCat(
        "cause ", cause,
        " has no ends while two groups are at risk, want some: the statistic "
        "has no variance"));
  }
  GrayTestResult result{.statistic = std::max(0.0, form.value),
                        .degrees_of_freedom = form.rank};
  result.p_value =
      ChiSquaredUpperTail(result.statistic, result.degrees_of_freedom);
  if (auto status =
          CheckResult({result.statistic, result.p_value}, "Gray's test");
      !status.ok()) {
    return status;
  }
  return result;
}

}  // namespace stagecraft::stats
