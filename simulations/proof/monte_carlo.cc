#include "simulations/proof/monte_carlo.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "engine/hash.h"
#include "stats/distributions.h"
#include "stats/proportion_interval.h"

namespace stagecraft::simulations {
namespace {

template <typename T>
T& At(std::vector<T>& items, size_t i) {
  if (i >= items.size()) items.resize(i + 1);
  return items[i];
}

template <typename T>
T Get(const std::vector<T>& items, size_t i) {
  return i < items.size() ? items[i] : T();
}

Measured Unknown(int64_t n) {
  return {n, 0, -stats::kInfinity, stats::kInfinity};
}

}  // namespace

Measured MeasuredShare(int64_t hits, int64_t n) {
  const auto share = stats::EstimateProportion(
      {hits, n},
      {.alpha = kMiss, .interval = stats::RateInterval::kClopperPearson});
  if (!share.ok()) return Unknown(n);
  return {n, share->value, share->interval.lower, share->interval.upper};
}

Measured MeasuredMean(const stats::Moments& moments) {
  constexpr int64_t kFewest = 10;
  if (moments.n < kFewest) return Unknown(moments.n);
  const stats::Interval interval = stats::SymmetricInterval(
      moments.mean,
      std::sqrt(moments.variance / static_cast<double>(moments.n)),
      stats::kInfinity, kMiss, stats::Alternative::kTwoSided);
  return {moments.n, moments.mean, interval.lower, interval.upper};
}

Measured MeasuredBoundedMean(const stats::Moments& moments, double range) {
  constexpr int64_t kEnough = 2'000;
  if (moments.n >= kEnough) return MeasuredMean(moments);
  if (moments.n < 2) return Unknown(moments.n);
  const auto n = static_cast<double>(moments.n);
  const double log = std::log(4 / kMiss);  // Of one side's error, kMiss / 2.
  const double half = std::sqrt(2 * moments.variance * log / n) +
                      7 * range * log / (3 * (n - 1));
  return {moments.n, moments.mean, moments.mean - half, moments.mean + half};
}

Measured MeasuredVarianceRatio(const stats::PairedMoments& moments) {
  if (moments.n < 2 || !(moments.var_x > 0) || !(moments.var_y > 0)) {
    return Unknown(moments.n);
  }
  const double ratio = moments.var_x / moments.var_y;
  const double r_squared =
      moments.cov_xy * moments.cov_xy / (moments.var_x * moments.var_y);
  const double error = 2 * std::sqrt(std::max(0.0, 1 - r_squared) /
                                     static_cast<double>(moments.n - 1));
  const double half = error * stats::NormalUpperQuantile(kMiss / 2);
  return {moments.n, ratio, ratio * std::exp(-half), ratio * std::exp(half)};
}

Measured MeasuredDistanceFromUniform(std::vector<double> values) {
  const auto n = static_cast<double>(values.size());
  if (values.empty()) return Unknown(0);
  std::sort(values.begin(), values.end());
  double distance = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    distance = std::max({distance, static_cast<double>(i + 1) / n - values[i],
                         values[i] - static_cast<double>(i) / n});
  }
  const double band = std::sqrt(std::log(2 / kMiss) / (2 * n));
  return {static_cast<int64_t>(values.size()), distance,
          std::max(0.0, distance - band), std::min(1.0, distance + band)};
}

void Tally::Count(size_t what, bool hit) {
  Counts& counts = At(counts_, what);
  ++counts.n;
  counts.hits += hit ? 1 : 0;
}

void Tally::Add(size_t what, double value) { At(sums_, what).Add(value); }

void Tally::AddPair(size_t what, double x, double y) {
  At(pairs_, what).Add(x, y);
}

void Tally::Keep(size_t what, double value) {
  At(values_, what).push_back(value);
}

void Tally::Merge(const Tally& other) {
  for (size_t i = 0; i < other.counts_.size(); ++i) {
    At(counts_, i).n += other.counts_[i].n;
    At(counts_, i).hits += other.counts_[i].hits;
  }
  for (size_t i = 0; i < other.sums_.size(); ++i) {
    At(sums_, i).Merge(other.sums_[i]);
  }
  for (size_t i = 0; i < other.pairs_.size(); ++i) {
    At(pairs_, i).Merge(other.pairs_[i]);
  }
  for (size_t i = 0; i < other.values_.size(); ++i) {
    std::vector<double>& mine = At(values_, i);
    mine.insert(mine.end(), other.values_[i].begin(), other.values_[i].end());
  }
}

Measured Tally::Share(size_t what) const {
  const Counts counts = Get(counts_, what);
  return MeasuredShare(counts.hits, counts.n);
}

Measured Tally::Mean(size_t what) const { return MeasuredMean(Moments(what)); }

Measured Tally::BoundedMean(size_t what, double range) const {
  return MeasuredBoundedMean(Moments(what), range);
}

stats::Moments Tally::Moments(size_t what) const {
  return Get(sums_, what).Summary();
}

Measured Tally::VarianceRatio(size_t what) const {
  return MeasuredVarianceRatio(Get(pairs_, what).Summary());
}

Measured Tally::DistanceFromUniform(size_t what) const {
  return MeasuredDistanceFromUniform(Get(values_, what));
}

int64_t Tally::hits(size_t what) const { return Get(counts_, what).hits; }

absl::StatusOr<Tally> Replicate(const ProofRun& run, absl::string_view stream,
                                int64_t replications,
                                const Replication& replicate) {
  // Sums depend on the order of adding: chunks do not depend on the threads.
  constexpr int64_t kMostChunks = 256;
  const int64_t chunks = std::min(kMostChunks, replications);
  const uint64_t key = engine::Mix(engine::HashBytes(stream), run.seed);
  std::vector<Tally> tallies(chunks);
  std::vector<absl::Status> errors(chunks);
  std::atomic<int64_t> next{0};
  absl::Mutex mutex;
  int64_t done = 0;
  const auto work = [&] {
    for (int64_t chunk = next++; chunk < chunks; chunk = next++) {
      const int64_t end = replications * (chunk + 1) / chunks;
      for (int64_t i = replications * chunk / chunks; i < end; ++i) {
        Random random(engine::Mix(static_cast<uint64_t>(i), key));
        errors[chunk] = replicate(random, &tallies[chunk]);
        if (!errors[chunk].ok()) break;
      }
      absl::MutexLock lock(&mutex);
      ++done;
      if (run.progress != nullptr) {
        run.progress(static_cast<double>(done) / static_cast<double>(chunks));
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < run.threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  Tally all;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    if (!errors[chunk].ok()) return errors[chunk];
    all.Merge(tallies[chunk]);
  }
  return all;
}

}  // namespace stagecraft::simulations
