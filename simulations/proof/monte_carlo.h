// Replications on all cores, and what is measured in them.
#ifndef STAGECRAFT_SIMULATIONS_PROOF_MONTE_CARLO_H_
#define STAGECRAFT_SIMULATIONS_PROOF_MONTE_CARLO_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "simulations/proof/proof.h"
#include "simulations/random.h"
#include "stats/moments.h"

namespace stagecraft::simulations {

// A share of `n`, with the interval of Clopper and Pearson.
Measured MeasuredShare(int64_t hits, int64_t n);
// A mean, with a normal interval: for hundreds of replications. Of fewer than
// ten values the interval is the whole line.
Measured MeasuredMean(const stats::Moments& moments);
// A mean of values that lie within `range` of each other. From 2000 on the same
// as above; fewer may not have met what is rare, and have the bounds of A.
// Maurer and M. Pontil (2009), an empirical Bernstein's.
Measured MeasuredBoundedMean(const stats::Moments& moments, double range);
// var x / var y of the pairs, with the normal interval of its logarithm: its
// error is 2 sqrt((1 - r^2) / (n - 1)) for normal pairs of correlation r.
Measured MeasuredVarianceRatio(const stats::PairedMoments& moments);
// The largest distance of the distribution of `values`, in [0, 1], from the
// uniform one, with the bounds of Dvoretzky, Kiefer, Wolfowitz and Massart.
Measured MeasuredDistanceFromUniform(std::vector<double> values);

// What replications count, by number. Grows as it is used.
class Tally {
 public:
  void Count(size_t what, bool hit);
  void Add(size_t what, double value);
  void AddPair(size_t what, double x, double y);
  // Keeps the value itself.
  void Keep(size_t what, double value);
  void Merge(const Tally& other);

  Measured Share(size_t what) const;
  Measured Mean(size_t what) const;
  Measured BoundedMean(size_t what, double range) const;
  Measured VarianceRatio(size_t what) const;
  Measured DistanceFromUniform(size_t what) const;
  int64_t hits(size_t what) const;
  stats::Moments Moments(size_t what) const;

 private:
  struct Counts {
    int64_t n = 0;
    int64_t hits = 0;
  };
  std::vector<Counts> counts_;
  std::vector<stats::MomentsAccumulator> sums_;
  std::vector<stats::PairedMomentsAccumulator> pairs_;
  std::vector<std::vector<double>> values_;
};

// One replication: draws from `random`, writes what it found into `tally`.
using Replication = std::function<absl::Status(Random& random, Tally* tally)>;

// Runs `replications` of them. Each has a stream of its own, told by the run's
// seed, `stream` and its number, so that the answer does not depend on the
// threads. `replicate` is called from several threads. Errors: of the first
// replication that failed.
absl::StatusOr<Tally> Replicate(const ProofRun& run, absl::string_view stream,
                                int64_t replications,
                                const Replication& replicate);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_PROOF_MONTE_CARLO_H_
