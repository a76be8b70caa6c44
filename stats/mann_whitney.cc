#include "stats/mann_whitney.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/mann_whitney_exact.h"
#include "stats/mean.h"
#include "stats/moments.h"

namespace stagecraft::stats {
namespace {

constexpr int64_t kMostPairs = int64_t{1} << 61;
constexpr double kMostSteps = 1e9;
constexpr int64_t kExactBelow = 50;

// Both arms, sorted, and what is common to all answers.
struct Arms {
  std::vector<ValueCount> control, treatment;
  int64_t n_c = 0, n_t = 0;
  int64_t pairs = 0;
  int64_t twice_u = 0;   // 2 U, exact.
  double deviation = 0;  // Of U under the null; 0 if all values are equal.
  bool tied = false;
  Moments control_placements;    // F_t(c).
  Moments treatment_placements;  // F_c(t).
};

absl::StatusOr<Arms> MakeArms(absl::Span<const ValueCount> control,
                              absl::Span<const ValueCount> treatment) {
  Arms arms;
  auto c = SortedHistogram(control, "control");
  if (!c.ok()) return c.status();
  auto t = SortedHistogram(treatment, "treatment");
  if (!t.ok()) return t.status();
  arms.control = *std::move(c);
  arms.treatment = *std::move(t);
  arms.n_c = CountOf(arms.control);
  arms.n_t = CountOf(arms.treatment);
  if (arms.n_c == 0 || arms.n_t == 0) {
    return NotEnough(absl::StrCat("control has ", arms.n_c,
                                  " values and treatment has ", arms.n_t,
                                  ", want at least 1 in each"));
  }
  if (arms.n_c > kMostPairs / arms.n_t) {
    return absl::InvalidArgumentError(
        absl::StrCat("control has ", arms.n_c, " values and treatment has ",
                     arms.n_t, ", want at most 2^61 pairs"));
  }
  arms.pairs = arms.n_c * arms.n_t;
  const double n_c = static_cast<double>(arms.n_c);
  const double n_t = static_cast<double>(arms.n_t), n = n_c + n_t;
  MomentsAccumulator of_control, of_treatment;
  int64_t below_c = 0, below_t = 0;
  double spread = 0;
  size_t i = 0, j = 0;
  while (i < arms.control.size() || j < arms.treatment.size()) {
    double value = kInfinity;
    if (i < arms.control.size()) value = arms.control[i].value;
    if (j < arms.treatment.size()) {
      value = std::min(value, arms.treatment[j].value);
    }
    int64_t here_c = 0, here_t = 0;
    if (i < arms.control.size() && arms.control[i].value == value) {
      here_c = arms.control[i++].count;
    }
    if (j < arms.treatment.size() && arms.treatment[j].value == value) {
      here_t = arms.treatment[j++].count;
    }
    const double ties = static_cast<double>(here_c + here_t);
    spread += ties / n * (n - ties) * ((n + ties) / (n - 1));
    arms.tied = arms.tied || here_c + here_t > 1;
    arms.twice_u += here_t * (2 * below_c + here_c);
    of_treatment.AddRepeated(
        (static_cast<double>(below_c) + 0.5 * static_cast<double>(here_c)) /
            n_c,
        here_t);
    of_control.AddRepeated(
        (static_cast<double>(below_t) + 0.5 * static_cast<double>(here_t)) /
            n_t,
        here_c);
    below_c += here_c;
    below_t += here_t;
  }
  arms.deviation = std::sqrt(n_c * n_t / 12 * spread);
  arms.control_placements = of_control.Summary();
  arms.treatment_placements = of_treatment.Summary();
  return arms;
}

absl::StatusOr<RankMethod> Choose(const Arms& arms, RankMethod asked,
                                  double most) {
  if (asked == RankMethod::kAutomatic) {
    return !arms.tied && arms.n_c < kExactBelow && arms.n_t < kExactBelow
               ? RankMethod::kExact
               : RankMethod::kNormalContinuity;
  }
  if (asked != RankMethod::kExact) return asked;
  if (arms.tied) {
    return absl::InvalidArgumentError(
        "method is exact and values are tied, want values without ties or "
        "another method");
  }
  const double steps = static_cast<double>(arms.pairs) * most;
  if (steps > kMostSteps) {
    return absl::InvalidArgumentError(
        absl::StrCat("method is exact with ", arms.n_c, " and ", arms.n_t,
                     " values, which takes ", steps, " steps, want at most ",
                     kMostSteps, " or another method"));
  }
  return asked;
}

double SumTo(absl::Span<const double> probabilities, int64_t last) {
  double sum = 0;
  for (int64_t u = 0; u <= last; ++u) {
    sum += probabilities[static_cast<size_t>(u)];
  }
  return sum;
}

// P(U <= u) and P(U >= u), the smaller summed.
struct Tails {
  double lower, upper;
};

Tails ExactTails(const Arms& arms, int64_t u) {
  const int64_t mirrored = arms.pairs - u;
  const int64_t low = std::min(u, mirrored);
  const std::vector<double> probabilities =
      MannWhitneyProbabilities(arms.n_t, arms.n_c, low);
  const double tail = SumTo(probabilities, low);          // P(U <= low).
  const double rest = 1 - SumTo(probabilities, low - 1);  // P(U >= low).
  return u <= mirrored ? Tails{tail, rest} : Tails{rest, tail};
}

// The doubles in order, as integers.
int64_t ToOrdinal(double x) {
  const int64_t bits = std::bit_cast<int64_t>(x + 0.0);
  return bits >= 0 ? bits : std::numeric_limits<int64_t>::min() - bits;
}
double FromOrdinal(int64_t ordinal) {
  return std::bit_cast<double>(
      ordinal >= 0 ? ordinal : std::numeric_limits<int64_t>::min() - ordinal);
}

// How many differences t - c (as rounded to double) are <= d.
int64_t DifferencesAtMost(const Arms& arms, double d) {
  // The larger t, the fewer controls are large enough.
  int64_t sum = 0, controls = arms.n_c;
  size_t first = 0;  // Controls from here on are.
  for (const ValueCount& t : arms.treatment) {
    while (first < arms.control.size() &&
           t.value - arms.control[first].value > d) {
      controls -= arms.control[first++].count;
    }
    sum += t.count * controls;
  }
  return sum;
}

// The rank-th smallest difference, 1 <= rank <= pairs: bisection over all
// doubles, so the answer is one of the differences, to the last bit.
double DifferenceAt(const Arms& arms, int64_t rank) {
  int64_t low =
      ToOrdinal(arms.treatment.front().value - arms.control.back().value);
  int64_t high =
      ToOrdinal(arms.treatment.back().value - arms.control.front().value);
  while (low < high) {
    // Without overflow, rounded down.
    const int64_t middle = (low >> 1) + (high >> 1) + (low & high & 1);
    if (DifferencesAtMost(arms, FromOrdinal(middle)) >= rank) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return FromOrdinal(low);
}

}  // namespace

absl::StatusOr<MannWhitneyTest> CompareRanks(
    absl::Span<const ValueCount> control,
    absl::Span<const ValueCount> treatment, const RankOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  const auto made = MakeArms(control, treatment);
  if (!made.ok()) return made.status();
  const Arms& arms = *made;
  const int64_t smaller =
      std::min(arms.twice_u, 2 * arms.pairs - arms.twice_u) / 2;
  const auto method =
      Choose(arms, options.method, static_cast<double>(smaller));
  if (!method.ok()) return method.status();
  if (!(arms.deviation > 0)) {
    return NotEnough(
        "all values of both arms are equal, want some that differ");
  }
  MannWhitneyTest test{.u = static_cast<double>(arms.twice_u) / 2,
                       .superiority = static_cast<double>(arms.twice_u) /
                                      (2 * static_cast<double>(arms.pairs)),
                       .alternative = options.alternative,
                       .method = *method};
  double excess = static_cast<double>(arms.twice_u - arms.pairs) / 2;
  if (*method == RankMethod::kNormalContinuity) {
    switch (options.alternative) {
      case Alternative::kTwoSided:
        excess -= excess > 0 ? 0.5 : excess < 0 ? -0.5 : 0;
        break;
      case Alternative::kGreater:
        excess -= 0.5;
        break;
      case Alternative::kLess:
        excess += 0.5;
        break;
    }
  }
  test.z = excess / arms.deviation;
  if (*method != RankMethod::kExact) {
    test.p_value = PValue(test.z, kInfinity, options.alternative);
    test.test_method = *method == RankMethod::kNormal
                           ? "Mann-Whitney, normal"
                           : "Mann-Whitney, normal, continuity correction";
    return test;
  }
  test.test_method = "Mann-Whitney, exact";
  const Tails tails = ExactTails(arms, arms.twice_u / 2);
  switch (options.alternative) {
    case Alternative::kTwoSided:
      test.p_value = std::min(1.0, 2 * std::min(tails.lower, tails.upper));
      break;
    case Alternative::kGreater:
      test.p_value = tails.upper;
      break;
    case Alternative::kLess:
      test.p_value = tails.lower;
      break;
  }
  return test;
}

absl::StatusOr<Effect> CompareSuperiority(
    absl::Span<const ValueCount> control,
    absl::Span<const ValueCount> treatment, const SuperiorityOptions& options) {
  if (auto status =
          FirstError({CheckAlpha(options.alpha),
                      CheckBetween(options.null_value, 0, 1, "null_value")});
      !status.ok()) {
    return status;
  }
  const auto made = MakeArms(control, treatment);
  if (!made.ok()) return made.status();
  const Arms& arms = *made;
  if (arms.n_c < 2 || arms.n_t < 2) {
    return NotEnough(absl::StrCat("control has ", arms.n_c,
                                  " values and treatment has ", arms.n_t,
                                  ", want at least 2 in each"));
  }
  const double of_c =
      arms.control_placements.variance / static_cast<double>(arms.n_c);
  const double of_t =
      arms.treatment_placements.variance / static_cast<double>(arms.n_t);
  if (!(of_c + of_t > 0)) {
    return NotEnough(
        "the probability of superiority has no variance: the arms do not "
        "overlap or all values are equal");
  }
  Effect effect;
  effect.value =
      static_cast<double>(arms.twice_u) / (2 * static_cast<double>(arms.pairs));
  effect.standard_error = std::sqrt(of_c + of_t);
  effect.degrees_of_freedom =
      SatterthwaiteDegrees(of_c, arms.n_c, of_t, arms.n_t);
  // (2U - pairs) / (2 pairs) is exact where the value itself is near 1/2.
  const double above_half = static_cast<double>(arms.twice_u - arms.pairs) /
                            (2 * static_cast<double>(arms.pairs));
  effect.statistic =
      (above_half - (options.null_value - 0.5)) / effect.standard_error;
  effect.p_value =
      PValue(effect.statistic, effect.degrees_of_freedom, options.alternative);
  effect.alternative = options.alternative;
  effect.test_method = "Brunner-Munzel t";
  if (options.interval == SuperiorityInterval::kLogit) {
    if (effect.value <= 0 || effect.value >= 1) {
      return NotEnough(absl::StrCat("superiority is ", effect.value,
                                    ", want one in (0, 1) for kLogit"));
    }
    const double logit = std::log(effect.value) - std::log1p(-effect.value);
    effect.interval = SymmetricInterval(
        logit, effect.standard_error / (effect.value * (1 - effect.value)),
        effect.degrees_of_freedom, options.alpha, options.alternative);
    effect.interval.lower = 1 / (1 + std::exp(-effect.interval.lower));
    effect.interval.upper = 1 / (1 + std::exp(-effect.interval.upper));
    effect.interval_method = "Brunner-Munzel, logit";
  } else {
    effect.interval = SymmetricInterval(effect.value, effect.standard_error,
                                        effect.degrees_of_freedom,
                                        options.alpha, options.alternative);
    effect.interval.lower = std::max(0.0, effect.interval.lower);
    effect.interval.upper = std::min(1.0, effect.interval.upper);
    effect.interval_method = "Brunner-Munzel";
  }
  return effect;
}

absl::StatusOr<HodgesLehmann> EstimateShift(
    absl::Span<const ValueCount> control,
    absl::Span<const ValueCount> treatment, const RankOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  const auto made = MakeArms(control, treatment);
  if (!made.ok()) return made.status();
  const Arms& arms = *made;
  const auto method =
      Choose(arms, options.method, static_cast<double>(arms.pairs) / 2);
  if (!method.ok()) return method.status();
  if (!(arms.deviation > 0)) {
    return NotEnough(
        "all values of both arms are equal, want some that differ");
  }
  HodgesLehmann answer{.interval = {.level = 1 - options.alpha},
                       .exact = *method == RankMethod::kExact};
  const double low = DifferenceAt(arms, (arms.pairs + 1) / 2);
  answer.shift = low;
  if (arms.pairs % 2 == 0) {
    answer.shift = 0.5 * low + 0.5 * DifferenceAt(arms, arms.pairs / 2 + 1);
  }
  if (auto status = CheckResult({answer.shift}, "the shift"); !status.ok()) {
    return status;
  }
  const double tail = options.alternative == Alternative::kTwoSided
                          ? options.alpha / 2
                          : options.alpha;
  int64_t rank = 0;
  if (answer.exact) {
    const std::vector<double> probabilities =
        MannWhitneyProbabilities(arms.n_t, arms.n_c, arms.pairs / 2);
    double sum = 0;
    for (const double probability : probabilities) {
      sum += probability;
      if (!(sum <= tail)) break;
      ++rank;
    }
  } else {
    const double k = static_cast<double>(arms.pairs) / 2 -
                     NormalUpperQuantile(tail) * arms.deviation;
    rank = static_cast<int64_t>(std::floor(std::max(0.0, k)));
    rank = std::min(rank, (arms.pairs + 1) / 2);
  }
  if (rank >= 1) {
    if (options.alternative != Alternative::kLess) {
      answer.interval.lower = DifferenceAt(arms, rank);
    }
    if (options.alternative != Alternative::kGreater) {
      answer.interval.upper = DifferenceAt(arms, arms.pairs + 1 - rank);
    }
  }
  return answer;
}

}  // namespace stagecraft::stats
