#include "stats/post_stratification.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/lift_of_difference.h"

namespace stagecraft::stats {
namespace {

int64_t Units(const Stratum& stratum) {
  int64_t units = 0;
  for (const MultiMoments& arm : stratum.arms) units += arm.n;
  return units;
}

std::string NameOf(const Stratum& stratum, size_t h) {
  return stratum.name.empty() ? absl::StrCat("strata[", h, "]")
                              : absl::StrCat("stratum \"", stratum.name, "\"");
}

absl::Status CheckStrata(absl::Span<const Stratum> strata,
                         const PostStratificationOptions& options) {
  if (strata.empty()) {
    return absl::InvalidArgumentError("there are 0 strata, want at least 1");
  }
  if (options.min_units < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("min_units is ", options.min_units, ", want at least 2"));
  }
  const size_t arms = strata[0].arms.size();
  if (arms < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        NameOf(strata[0], 0), " has ", arms, " arms, want at least 2"));
  }
  const size_t variables = strata[0].arms[0].mean.size();
  const size_t metric = options.metric == CupedMetric::kRatio ? 2 : 1;
  double weights = 0;
  for (size_t h = 0; h < strata.size(); ++h) {
    const std::string name = NameOf(strata[h], h);
    if (strata[h].arms.size() != arms) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " has ", strata[h].arms.size(), " arms, want ",
                       arms, " as the first stratum has"));
    }
    for (size_t a = 0; a < arms; ++a) {
      const MultiMoments& arm = strata[h].arms[a];
      const std::string arm_name = absl::StrCat(name, " arms[", a, "]");
      if (auto status = CheckMoments(arm, arm_name); !status.ok()) {
        return status;
      }
      if (arm.mean.size() != variables || variables < metric) {
        return absl::InvalidArgumentError(absl::StrCat(
            arm_name, " has ", arm.mean.size(), " variables, want ",
            std::max(variables, metric), " as the first stratum has, ", metric,
            " of them the metric"));
      }
    }
    if (options.given_weights) {
      if (auto status =
              CheckNotNegative(strata[h].weight, absl::StrCat(name, " weight"));
          !status.ok()) {
        return status;
      }
      weights += strata[h].weight;
    }
  }
  if (options.given_weights && !(weights > 0 && std::isfinite(weights))) {
    return absl::InvalidArgumentError(
        absl::StrCat("weights sum to ", weights, ", want a number > 0"));
  }
  return absl::OkStatus();
}

// The first arm of `stratum` with fewer than `min_units`, or the arms' number.
size_t SmallArm(const Stratum& stratum, int64_t min_units) {
  for (size_t a = 0; a < stratum.arms.size(); ++a) {
    if (stratum.arms[a].n < min_units) return a;
  }
  return stratum.arms.size();
}

absl::Status MergeSmall(std::vector<Stratum>& strata,
                        const PostStratificationOptions& options,
                        std::vector<std::string>& notes) {
  const auto smaller = [](const Stratum& a, const Stratum& b) {
    return Units(a) < Units(b);
  };
  while (true) {
    auto small = strata.end();
    for (auto s = strata.begin(); s != strata.end(); ++s) {
      if (SmallArm(*s, options.min_units) == s->arms.size()) continue;
      if (small == strata.end() || smaller(*s, *small)) small = s;
    }
    if (small == strata.end()) return absl::OkStatus();
    const size_t a = SmallArm(*small, options.min_units);
    if (!options.merge_small || strata.size() == 1) {
      return NotEnough(absl::StrCat(
          NameOf(*small, static_cast<size_t>(small - strata.begin())), " has ",
          small->arms[a].n, " units in arms[", a, "], want at least ",
          options.min_units,
          options.merge_small ? "; no other stratum is left to merge it with"
                              : " (or merge small strata)"));
    }
    Stratum lost = std::move(*small);
    strata.erase(small);
    Stratum& into = *std::min_element(strata.begin(), strata.end(), smaller);
    notes.push_back(absl::StrCat("stratum \"", lost.name,
                                 "\" is merged into \"", into.name,
                                 "\": ", lost.arms[a].n, " units in arms[", a,
                                 "], want at least ", options.min_units));
    for (size_t i = 0; i < into.arms.size(); ++i) {
      auto merged = Merge(into.arms[i], lost.arms[i]);
      if (!merged.ok()) return merged.status();
      into.arms[i] = *std::move(merged);
    }
    into.name = absl::StrCat(into.name, "+", lost.name);
    into.weight += lost.weight;
  }
}

std::vector<double> WeightsOf(absl::Span<const Stratum> strata, bool given) {
  std::vector<double> weights;
  double sum = 0;
  for (const Stratum& stratum : strata) {
    weights.push_back(given ? stratum.weight
                            : static_cast<double>(Units(stratum)));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

// The cell with its ratio replaced by value + (u - value v) / denominator.
MultiMoments LinearisedCell(const MultiMoments& cell, double value,
                            double denominator) {
  const size_t k = cell.mean.size();
  const double a = 1 / denominator, b = -value / denominator;
  const PairedMoments pair = Margin(cell, 0, 1);
  const Moments metric = LinearCombination(pair, a, b);
  MultiMoments linear{.n = cell.n,
                      .mean = std::vector<double>(k - 1),
                      .covariance = std::vector<double>((k - 1) * (k - 1))};
  linear.mean[0] = value + metric.mean;
  const double noise = 1.5e-14 * (a * a * pair.var_x + b * b * pair.var_y);
  linear.covariance[0] = metric.variance <= noise ? 0 : metric.variance;
  for (size_t i = 2; i < k; ++i) {
    linear.mean[i - 1] = cell.mean[i];
    double cross = a * cell.Covariance(0, i) + b * cell.Covariance(1, i);
    if (linear.covariance[0] == 0) cross = 0;
    // Rounding must not leave more than the variances allow.
    const double limit =
        std::sqrt(linear.covariance[0]) * std::sqrt(cell.Covariance(i, i));
    cross = std::clamp(cross, -limit, limit);
    linear.covariance[i - 1] = linear.covariance[(i - 1) * (k - 1)] = cross;
    for (size_t j = 2; j < k; ++j) {
      linear.covariance[(i - 1) * (k - 1) + j - 1] = cell.Covariance(i, j);
    }
  }
  return linear;
}

absl::Status LineariseRatios(std::vector<Stratum>& strata,
                             absl::Span<const double> weights) {
  for (size_t a = 0; a < strata[0].arms.size(); ++a) {
    double numerator = 0, denominator = 0;
    for (size_t h = 0; h < strata.size(); ++h) {
      numerator += weights[h] * strata[h].arms[a].mean[0];
      denominator += weights[h] * strata[h].arms[a].mean[1];
    }
    if (denominator == 0) {
      return NotEnough(absl::StrCat("the denominator of arms[", a,
                                    "] has the weighted mean 0, want one that "
                                    "differs from 0"));
    }
    const double value = numerator / denominator;
    for (Stratum& stratum : strata) {
      stratum.arms[a] = LinearisedCell(stratum.arms[a], value, denominator);
    }
  }
  return absl::OkStatus();
}

// What one arm of one stratum gives.
struct Cell {
  double n = 0;
  double unadjusted = 0, adjusted = 0;
  double unadjusted_variance = 0, variance = 0, cross = 0;  // Of one unit.
};

Cell FromArm(const CupedAdjustment& adjustment, size_t a) {
  const CupedArm& arm = adjustment.arms[a];
  const double n = static_cast<double>(arm.n);
  const size_t k = adjustment.arms.size();
  return {
      .n = n,
      .unadjusted = arm.unadjusted.value,
      .adjusted = arm.adjusted.value,
      .unadjusted_variance =
          n * arm.unadjusted.standard_error * arm.unadjusted.standard_error,
      .variance = n * arm.adjusted.standard_error * arm.adjusted.standard_error,
      .cross = n * adjustment.covariance_with_unadjusted[a * k + a]};
}

// cells[h][a].
absl::StatusOr<std::vector<std::vector<Cell>>> Cells(
    absl::Span<const Stratum> strata, bool theta_per_stratum,
    std::vector<std::string>& notes) {
  const size_t arms = strata[0].arms.size();
  std::vector<std::vector<Cell>> cells(strata.size());
  if (strata[0].arms[0].mean.size() == 1) {
    for (size_t h = 0; h < strata.size(); ++h) {
      for (const MultiMoments& arm : strata[h].arms) {
        const double variance = arm.covariance[0];
        cells[h].push_back({.n = static_cast<double>(arm.n),
                            .unadjusted = arm.mean[0],
                            .adjusted = arm.mean[0],
                            .unadjusted_variance = variance,
                            .variance = variance,
                            .cross = variance});
      }
    }
    return cells;
  }
  if (!theta_per_stratum) {
    std::vector<MultiMoments> all;
    for (const Stratum& stratum : strata) {
      all.insert(all.end(), stratum.arms.begin(), stratum.arms.end());
    }
    const auto adjustment = AdjustArms(all);
    if (!adjustment.ok()) return adjustment.status();
    notes.insert(notes.end(), adjustment->notes.begin(),
                 adjustment->notes.end());
    for (size_t i = 0; i < all.size(); ++i) {
      cells[i / arms].push_back(FromArm(*adjustment, i));
    }
    return cells;
  }
  for (size_t h = 0; h < strata.size(); ++h) {
    const auto adjustment = AdjustArms(strata[h].arms);
    if (!adjustment.ok()) {
      return absl::Status(adjustment.status().code(),
                          absl::StrCat(NameOf(strata[h], h), ": ",
                                       adjustment.status().message()));
    }
    for (const std::string& note : adjustment->notes) {
      notes.push_back(absl::StrCat(NameOf(strata[h], h), ": ", note));
    }
    for (size_t a = 0; a < arms; ++a) {
      cells[h].push_back(FromArm(*adjustment, a));
    }
  }
  return cells;
}

}  // namespace

absl::StatusOr<PostStratification> PostStratify(
    absl::Span<const Stratum> given, const PostStratificationOptions& options) {
  if (auto status = CheckStrata(given, options); !status.ok()) return status;
  PostStratification answer{.metric = options.metric};
  std::vector<Stratum> strata(given.begin(), given.end());
  if (auto status = MergeSmall(strata, options, answer.notes); !status.ok()) {
    return status;
  }
  const std::vector<double> weights = WeightsOf(strata, options.given_weights);
  if (options.metric == CupedMetric::kRatio) {
    if (auto status = LineariseRatios(strata, weights); !status.ok()) {
      return status;
    }
  }
  const auto cells = Cells(strata, options.theta_per_stratum, answer.notes);
  if (!cells.ok()) return cells.status();

  const size_t k = strata[0].arms.size(), strata_count = strata.size();
  double units = 0;
  for (const Stratum& stratum : strata) {
    units += static_cast<double>(Units(stratum));
  }
  answer.covariance.assign(k * k, 0);
  answer.covariance_with_unadjusted.assign(k * k, 0);
  for (size_t h = 0; h < strata_count; ++h) {
    StratumResult result{.name = strata[h].name, .weight = weights[h]};
    for (size_t a = 0; a < k; ++a) {
      result.n.push_back(strata[h].arms[a].n);
      result.unadjusted.push_back((*cells)[h][a].unadjusted);
      result.adjusted.push_back((*cells)[h][a].adjusted);
    }
    answer.strata.push_back(std::move(result));
  }
  for (size_t a = 0; a < k; ++a) {
    PostStratifiedArm arm;
    Moments plain;
    for (const Stratum& stratum : strata) {
      arm.n += stratum.arms[a].n;
      plain = Merge(plain, Margin(stratum.arms[a], 0));
    }
    answer.plain_variance.push_back(plain.variance /
                                    static_cast<double>(plain.n));
    const double share = static_cast<double>(arm.n) / units;
    double unadjusted_variance = 0, variance = 0, cross = 0, degrees = 0;
    for (size_t h = 0; h < strata_count; ++h) {
      const Cell& cell = (*cells)[h][a];
      arm.unadjusted.value += weights[h] * cell.unadjusted;
      arm.adjusted.value += weights[h] * cell.adjusted;
      double factor = 1 / cell.n;
      if (options.variance == PostStratificationVariance::kBeforeSplit) {
        const double expected = static_cast<double>(Units(strata[h])) * share;
        factor = (1 + (1 - share) / expected) / expected;
      }
      factor *= weights[h] * weights[h];
      unadjusted_variance += factor * cell.unadjusted_variance;
      variance += factor * cell.variance;
      cross += factor * cell.cross;
      degrees +=
          factor * cell.variance * (factor * cell.variance) / (cell.n - 1);
    }
    arm.degrees_of_freedom =
        degrees > 0 ? variance * variance / degrees : kInfinity;
    arm.unadjusted.standard_error = std::sqrt(unadjusted_variance);
    arm.adjusted.standard_error = std::sqrt(variance);
    answer.covariance[a * k + a] = variance;
    answer.covariance_with_unadjusted[a * k + a] = cross;
    if (auto status = CheckResult(
            {arm.unadjusted.value, arm.adjusted.value, unadjusted_variance,
             variance, answer.plain_variance.back()},
            absl::StrCat("the post-stratified mean of arms[", a, "]"));
        !status.ok()) {
      return status;
    }
    answer.arms.push_back(arm);
  }
  if (options.variance == PostStratificationVariance::kPopulation &&
      !options.given_weights) {
    // Covariances of the means due to the weights: multinomial over strata.
    for (size_t a = 0; a < k; ++a) {
      double own = 0;
      for (size_t b = 0; b < k; ++b) {
        double adjusted = 0, cross = 0;
        for (size_t h = 0; h < strata_count; ++h) {
          const auto& row = (*cells)[h];
          const double deviation =
              row[b].unadjusted - answer.arms[b].unadjusted.value;
          const double step = row[a].adjusted - answer.arms[a].adjusted.value;
          adjusted += weights[h] * step *
                      (row[b].adjusted - answer.arms[b].adjusted.value);
          cross += weights[h] * step * deviation;
          if (a == b) own += weights[h] * deviation * deviation;
        }
        answer.covariance[a * k + b] += adjusted / units;
        answer.covariance_with_unadjusted[a * k + b] += cross / units;
      }
      NormalEstimate& unadjusted = answer.arms[a].unadjusted;
      unadjusted.standard_error =
          std::hypot(unadjusted.standard_error, std::sqrt(own / units));
      answer.arms[a].adjusted.standard_error =
          std::sqrt(answer.covariance[a * k + a]);
    }
  }
  return answer;
}

MultiMoments ToMultiMoments(const Moments& moments) {
  return {
      .n = moments.n, .mean = {moments.mean}, .covariance = {moments.variance}};
}

MultiMoments ToMultiMoments(const PairedMoments& m) {
  return {.n = m.n,
          .mean = {m.mean_x, m.mean_y},
          .covariance = {m.var_x, m.cov_xy, m.cov_xy, m.var_y}};
}

}  // namespace stagecraft::stats
