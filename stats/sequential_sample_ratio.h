// Sample ratio, watched as units come: the multinomial sequential test with its
// e-value, its running p-value and a confidence sequence for the shares.
//
// Against shares q the counts n give the Bayes factor of a Dirichlet(k) prior,
// k_i = concentration * planned share_i, N = sum n:
//   M(q) = B(k + n) / B(k) / prod q_i^n_i
// M(planned) is the e-value against the plan; its p-value is min(1, 1/M), over
// looks the running minimum. {q : M(q) < 1/alpha} is a confidence sequence for
// all shares at once; told arm by arm: share i is in [lower_i, upper_i] if some
// q with that share is in it. The arms' intervals hold jointly with 1 - alpha.
//
// The larger the concentration, the smaller the deviations it is tuned for:
// 1000 finds 1 to 2 per cent, 10000 (the default of the authors' package) about
// half a per cent and needs more units. Units may come in batches of any size,
// looks at any time. An arm of planned share 0 is left out; a unit there is an
// error of its own.
//
// Source: M. Lindon, A. Malek, NeurIPS 2022, "Anytime-valid inference for
//         multinomial count data". The pointwise p-value is also
//         SequentialSampleRatioPValue in sample_ratio.h.
#ifndef STAGECRAFT_STATS_SEQUENTIAL_SAMPLE_RATIO_H_
#define STAGECRAFT_STATS_SEQUENTIAL_SAMPLE_RATIO_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

// Takes batches of units. A value type; not for use by two threads at a time.
class SequentialSampleRatio {
 public:
  // `shares` of the arms sum to 1, at least two are positive.
  // Errors: kInvalidArgument.
  static absl::StatusOr<SequentialSampleRatio> Create(
      absl::Span<const double> shares, double concentration = 1000);

  // Units that came since the last call, per arm.
  // Errors: kInvalidArgument if the size differs or a count is negative;
  // kFailedPrecondition if an arm of planned share 0 has units. Then nothing is
  // taken.
  absl::Status Add(absl::Span<const int64_t> new_units);

  absl::Span<const int64_t> counts() const { return counts_; }
  // ln M(planned) now; 0 before the first unit.
  double LogEValue() const;
  // The smallest p-value of the batches so far, and of now alone.
  double PValue() const { return p_value_; }
  double LookPValue() const;

  // Per arm, in order; an arm of planned share 0 has [0, 0]. Of now alone.
  // Errors: kInvalidArgument for a bad alpha.
  absl::StatusOr<std::vector<Interval>> ShareIntervals(
      double alpha = 0.05) const;

 private:
  SequentialSampleRatio() = default;

  std::vector<double> shares_;
  double concentration_ = 1000;
  std::vector<int64_t> counts_;
  double p_value_ = 1;
};

// One look of a path.
struct SampleRatioPoint {
  double log_e_value = 0;
  double look_p_value = 1;
  double p_value = 1;  // Running minimum.
};

// The path over looks; `looks[i]` are the counts of all units so far.
// Errors: as above; kInvalidArgument if a count falls.
absl::StatusOr<std::vector<SampleRatioPoint>> SequentialSampleRatioPath(
    absl::Span<const std::vector<int64_t>> looks,
    absl::Span<const double> shares, double concentration = 1000);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SEQUENTIAL_SAMPLE_RATIO_H_
