#include "service/statistics/convert_values.h"

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::service {
namespace {

template <typename Sample>
absl::StatusOr<std::vector<stats::ValueCount>> Convert(const Sample& sample,
                                                       absl::string_view name) {
  const int size = sample.values_size();
  const bool counted = sample.counts_size() > 0;
  if (counted && sample.counts_size() != size) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".counts has ", sample.counts_size(),
                     " numbers, want ", size, ", one for each value"));
  }
  std::vector<stats::ValueCount> histogram;
  histogram.reserve(static_cast<size_t>(size));
  for (int i = 0; i < size; ++i) {
    const int64_t count = counted ? sample.counts(i) : 1;
    if (auto status = stats::CheckNotNegative(
            count, absl::StrCat(name, ".counts[", i, "]"));
        !status.ok()) {
      return status;
    }
    histogram.push_back({sample.values(i), count});
  }
  return histogram;
}

}  // namespace

absl::StatusOr<std::vector<stats::ValueCount>> FromProto(
    const v1::ValueSample& sample, absl::string_view name) {
  return Convert(sample, name);
}

absl::StatusOr<std::vector<stats::ValueCount>> FromProto(
    const v1::UnitValueSample& sample, absl::string_view name) {
  return Convert(sample, name);
}

}  // namespace stagecraft::service
