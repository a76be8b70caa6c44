#include "stats/contingency.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/discrete.h"
#include "stats/distributions.h"

namespace stagecraft::stats {

absl::StatusOr<double> FisherExactPValue(const Proportion& control,
                                         const Proportion& treatment,
                                         Alternative alternative) {
  if (auto status =
          FirstError({CheckProportion(control, "control"),
                      CheckProportion(treatment, "treatment"),
                      CheckExactTrials(control.trials, "control.trials"),
                      CheckExactTrials(treatment.trials, "treatment.trials")});
      !status.ok()) {
    return status;
  }
  return CountDistribution::Hypergeometric(
             treatment.trials, control.trials,
             treatment.successes + control.successes)
      .PValue(treatment.successes, alternative);
}

absl::StatusOr<ChiSquaredTest> TestIndependence(
    absl::Span<const int64_t> counts, int columns) {
  if (columns < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("columns is ", columns, ", want at least 2"));
  }
  const size_t width = static_cast<size_t>(columns);
  if (counts.size() % width != 0 || counts.size() < 2 * width) {
    return absl::InvalidArgumentError(
        absl::StrCat("counts has ", counts.size(),
                     " entries, want at least two rows of ", columns));
  }
  const size_t rows = counts.size() / width;
  std::vector<double> row(rows), column(width);
  double total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("counts[", i, "] is ", counts[i], ", want >= 0"));
    }
    const double count = static_cast<double>(counts[i]);
    row[i / width] += count;
    column[i % width] += count;
    total += count;
  }
  const auto used = [](const std::vector<double>& sums) {
    return static_cast<int>(std::count_if(sums.begin(), sums.end(),
                                          [](double sum) { return sum > 0; }));
  };
  const int used_rows = used(row), used_columns = used(column);
  if (used_rows < 2 || used_columns < 2) {
    return NotEnough(absl::StrCat("the table has ", used_rows, " rows and ",
                                  used_columns,
                                  " columns with counts, want at least 2 of "
                                  "each"));
  }
  ChiSquaredTest test{.degrees_of_freedom =
                          (used_rows - 1) * (used_columns - 1)};
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = row[i / width] * (column[i % width] / total);
    if (!(expected > 0)) continue;
    const double miss = static_cast<double>(counts[i]) - expected;
    test.statistic += miss * (miss / expected);
  }
  test.p_value = ChiSquaredUpperTail(test.statistic, test.degrees_of_freedom);
  return test;
}

}  // namespace stagecraft::stats
