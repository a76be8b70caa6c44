#include "service/statistics/convert_covariates.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/check.h"

namespace stagecraft::service {
namespace {

absl::Status Missing(absl::string_view name, absl::string_view field,
                     absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ".", field, " is missing, want ", want));
}

// The first field of the scalar way that is given, or an empty text.
std::string ScalarField(const v1::CovariateSample& sample) {
  if (sample.has_mean()) return "mean";
  if (sample.has_variance()) return "variance";
  if (sample.has_covariate_mean()) return "covariate_mean";
  if (sample.has_covariate_variance()) return "covariate_variance";
  if (sample.has_covariance()) return "covariance";
  return "";
}

absl::Status Twice(absl::string_view name, absl::string_view a,
                   absl::string_view b) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ".", a, " and ", name, ".", b,
                   " are both given, want one of them"));
}

absl::StatusOr<stats::MultiMoments> FromColumns(
    const v1::CovariateSample& sample, absl::string_view name) {
  const std::string scalar = ScalarField(sample);
  if (sample.has_n()) return Twice(name, "columns", "n");
  if (!scalar.empty()) return Twice(name, "columns", scalar);
  if (sample.means_size() > 0) return Twice(name, "columns", "means");
  if (sample.covariances_size() > 0) {
    return Twice(name, "columns", "covariances");
  }
  const int units = sample.columns(0).values_size();
  for (int i = 1; i < sample.columns_size(); ++i) {
    if (sample.columns(i).values_size() == units) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".columns[", i, "].values has ", sample.columns(i).values_size(),
        " numbers, want ", units, " as the first column has"));
  }
  stats::MultiMomentsAccumulator accumulator(sample.columns_size());
  std::vector<double> row(static_cast<size_t>(sample.columns_size()));
  for (int unit = 0; unit < units; ++unit) {
    for (int i = 0; i < sample.columns_size(); ++i) {
      row[static_cast<size_t>(i)] = sample.columns(i).values(unit);
    }
    if (auto status = accumulator.Add(row); !status.ok()) return status;
  }
  return accumulator.Summary();
}

absl::StatusOr<stats::MultiMoments> FromLists(const v1::CovariateSample& sample,
                                              absl::string_view name) {
  const std::string scalar = ScalarField(sample);
  if (!scalar.empty()) return Twice(name, "means", scalar);
  if (!sample.has_n()) return Missing(name, "n", "the number of units");
  const int k = sample.means_size();
  if (k == 0) return Missing(name, "means", "the means of all variables");
  if (sample.covariances_size() != k * k) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".covariances has ", sample.covariances_size(),
                     " numbers, want ", k * k, ": ", k, " rows of ", k));
  }
  return stats::MultiMoments{
      .n = sample.n(),
      .mean = {sample.means().begin(), sample.means().end()},
      .covariance = {sample.covariances().begin(), sample.covariances().end()}};
}

absl::StatusOr<stats::MultiMoments> FromScalars(
    const v1::CovariateSample& sample, absl::string_view name) {
  if (!sample.has_n()) {
    return Missing(name, "n", "the number of units (or `columns`)");
  }
  if (!sample.has_mean()) return Missing(name, "mean", "a number (or `means`)");
  if (!sample.has_variance()) return Missing(name, "variance", "a number");
  if (auto status = stats::CheckNotNegative(sample.variance(),
                                            absl::StrCat(name, ".variance"));
      !status.ok()) {
    return status;
  }
  const bool covariate = sample.has_covariate_mean() ||
                         sample.has_covariate_variance() ||
                         sample.has_covariance();
  if (!covariate) {
    return stats::MultiMoments{.n = sample.n(),
                               .mean = {sample.mean()},
                               .covariance = {sample.variance()}};
  }
  if (!sample.has_covariate_mean()) {
    return Missing(name, "covariate_mean", "a number");
  }
  if (!sample.has_covariate_variance()) {
    return Missing(name, "covariate_variance", "a number");
  }
  if (!sample.has_covariance()) return Missing(name, "covariance", "a number");
  if (auto status =
          stats::CheckNotNegative(sample.covariate_variance(),
                                  absl::StrCat(name, ".covariate_variance"));
      !status.ok()) {
    return status;
  }
  const double limit =
      std::sqrt(sample.variance()) * std::sqrt(sample.covariate_variance());
  if (std::abs(sample.covariance()) > limit * (1 + 1e-9)) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".covariance is ", sample.covariance(),
        ", want at most sqrt(variance covariate_variance) = ", limit,
        " in absolute value"));
  }
  return stats::MultiMoments{
      .n = sample.n(),
      .mean = {sample.mean(), sample.covariate_mean()},
      .covariance = {sample.variance(), sample.covariance(),
                     sample.covariance(), sample.covariate_variance()}};
}

}  // namespace

absl::StatusOr<stats::MultiMoments> FromProto(const v1::CovariateSample& sample,
                                              absl::string_view name) {
  const bool lists = sample.means_size() > 0 || sample.covariances_size() > 0;
  auto moments = sample.columns_size() > 0 ? FromColumns(sample, name)
                 : lists                   ? FromLists(sample, name)
                                           : FromScalars(sample, name);
  if (!moments.ok()) return moments.status();
  absl::Status status = stats::CheckMoments(*moments, name);
  if (status.ok()) return moments;
  if (lists) {
    status = Renamed(status, absl::StrCat(name, ".covariance"),
                     absl::StrCat(name, ".covariances"));
    status = Renamed(status, absl::StrCat(name, ".mean"),
                     absl::StrCat(name, ".means"));
  }
  return status;
}

}  // namespace stagecraft::service
