#include "engine/block_effect.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/kpi_arm.h"
#include "engine/random.h"

namespace stagecraft::engine {
namespace {

constexpr absl::int128 kOne = static_cast<int64_t>(kMicroPerUnit);

absl::int128 Scaled(absl::int128 value, long double factor) {
  return static_cast<absl::int128>(
      std::round(static_cast<long double>(value) * factor));
}

absl::Status CannotBe(const Kpi& kpi, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(kpi.name, ": ", why));
}

// Chooses exactly `wanted` of `total` candidates that come one after the other,
// each subset with the same probability.
class Draw {
 public:
  Draw(int64_t wanted, int64_t total, uint64_t seed)
      : wanted_(wanted), left_(total), random_(seed) {}

  bool Next() {
    const bool chosen = random_.Below(static_cast<uint64_t>(left_)) <
                        static_cast<uint64_t>(wanted_);
    --left_;
    wanted_ -= chosen ? 1 : 0;
    return chosen;
  }

 private:
  int64_t wanted_;
  int64_t left_;  // Candidates that have not come yet.
  Random random_;
};

// Gives one unit of the block a conversion (sign 1) or takes it (-1).
void Convert(int sign, Sums* sums) {
  const absl::int128 conversions = sums->sum(0) / kOne;
  const absl::int128 donors =
      sign > 0 ? sums->count() - conversions : conversions;
  for (int j = 1; j < sums->components(); ++j) {
    // Of the units that are as this one was.
    const absl::int128 with = sums->product(0, j) / kOne;
    const absl::int128 covariate =
        (sign > 0 ? sums->sum(j) - with : with) / donors;
    sums->set_product(0, j, sums->product(0, j) + kOne * covariate * sign);
  }
  sums->set_sum(0, sums->sum(0) + kOne * sign);
  sums->set_product(0, 0, sums->product(0, 0) + kOne * kOne * sign);
}

absl::Status ChangeShare(const Kpi& kpi, int index, double relative,
                         uint64_t seed, std::vector<UnitBlock>* blocks) {
  int64_t units = 0;
  int64_t conversions = 0;
  for (const UnitBlock& block : *blocks) {
    units += block.kpis[index].count();
    conversions += static_cast<int64_t>(block.kpis[index].sum(0) / kOne);
  }
  if (conversions == 0) return CannotBe(kpi, "no unit has it, want some");
  const auto after = static_cast<int64_t>(
      std::llround(static_cast<double>(conversions) * (1 + relative)));
  if (after > units) {
    return CannotBe(
        kpi,
        absl::StrFormat("a share of %.4g cannot change by %+.4g of itself",
                        static_cast<double>(conversions) / units, relative));
  }
  const int sign = after > conversions ? 1 : -1;
  Draw draw(std::abs(after - conversions),
            sign > 0 ? units - conversions : conversions, seed);
  for (UnitBlock& block : *blocks) {
    Sums& sums = block.kpis[index];
    const auto converted = static_cast<int64_t>(sums.sum(0) / kOne);
    const int64_t candidates = sign > 0 ? sums.count() - converted : converted;
    for (int64_t i = 0; i < candidates; ++i) {
      if (draw.Next()) Convert(sign, &sums);
    }
  }
  return absl::OkStatus();
}

absl::Status ScaleFirst(const Kpi& kpi, int index, double relative,
                        std::vector<UnitBlock>* blocks) {
  absl::int128 total = 0;
  for (const UnitBlock& block : *blocks) total += block.kpis[index].sum(0);
  if (total == 0) return CannotBe(kpi, "its value is 0, want another one");
  const long double factor = 1 + static_cast<long double>(relative);
  for (UnitBlock& block : *blocks) {
    Sums& sums = block.kpis[index];
    sums.set_sum(0, Scaled(sums.sum(0), factor));
    sums.set_product(0, 0, Scaled(sums.product(0, 0), factor * factor));
    for (int j = 1; j < sums.components(); ++j) {
      sums.set_product(0, j, Scaled(sums.product(0, j), factor));
    }
  }
  return absl::OkStatus();
}

// The duration of an event, stretched; nothing if it is beyond the window.
std::optional<Micros> Stretched(const Kpi& kpi, Micros duration,
                                double factor) {
  const auto after =
      static_cast<Micros>(std::llround(static_cast<double>(duration) * factor));
  if (kpi.length.has_value() && after >= kpi.delay + *kpi.length) {
    return std::nullopt;
  }
  return after;
}

std::vector<DurationBin> StretchedBins(const Kpi& kpi, double factor,
                                       const std::vector<DurationBin>& bins) {
  std::map<Micros, DurationBin> by_duration;
  for (const DurationBin& bin : bins) {
    DurationBin& same = by_duration[bin.duration];
    same.other_ends += bin.other_ends;
    same.censored += bin.censored;
    if (bin.events == 0) continue;
    const auto after = Stretched(kpi, bin.duration, factor);
    if (after.has_value()) {
      by_duration[*after].events += bin.events;
    } else {
      by_duration[kpi.delay + *kpi.length].censored += bin.events;
    }
  }
  std::vector<DurationBin> stretched;
  for (auto& [duration, bin] : by_duration) {
    bin.duration = duration;
    if (bin.events + bin.other_ends + bin.censored > 0) {
      stretched.push_back(bin);
    }
  }
  return stretched;
}

absl::Status StretchTimes(const Kpi& kpi, int index, double relative,
                          std::vector<UnitBlock>* blocks) {
  double events = 0;  // Total time.
  double others = 0;
  std::map<Micros, int64_t> durations;
  for (const UnitBlock& block : *blocks) {
    for (const DurationBin& bin : block.times[index]) {
      const auto duration = static_cast<double>(bin.duration);
      events += duration * static_cast<double>(bin.events);
      others += duration * static_cast<double>(bin.other_ends + bin.censored);
      durations[bin.duration] += bin.events;
    }
  }
  if (!(events > 0)) return CannotBe(kpi, "no unit has the event, want some");
  const double wanted = (events + others) * (1 + relative) - others;
  const auto total = [&](double factor) {
    double sum = 0;
    for (const auto& [duration, count] : durations) {
      const auto after = Stretched(kpi, duration, factor);
      sum += static_cast<double>(after.has_value() ? *after
                                                   : kpi.delay + *kpi.length) *
             static_cast<double>(count);
    }
    return sum;
  };
  double low = 0;
  double high = 1;
  constexpr double kLargest = 1e6;
  while (total(high) < wanted && high < kLargest) high *= 2;
  if (wanted < 0 || total(high) < wanted) {
    return CannotBe(
        kpi, absl::StrFormat("so many wait for the event that the mean time "
                             "cannot change by %+.4g of itself",
                             relative));
  }
  for (int i = 0; i < 100; ++i) {
    const double middle = low + (high - low) / 2;
    (total(middle) < wanted ? low : high) = middle;
  }
  for (UnitBlock& block : *blocks) {
    block.times[index] = StretchedBins(kpi, high, block.times[index]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyEffect(const Experiment& experiment, int kpi, double relative,
                         uint64_t seed, std::vector<UnitBlock>* blocks) {
  if (kpi < 0 || kpi >= static_cast<int>(experiment.kpis.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("kpi is ", kpi, ", want 0 to ",
                     static_cast<int>(experiment.kpis.size()) - 1));
  }
  // More would not fit into sums of squares.
  constexpr double kLargest = 10;
  if (!(relative >= -1 && relative <= kLargest)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the relative effect is ", relative, ", want -1 to ", kLargest));
  }
  if (relative == 0) return absl::OkStatus();
  const Kpi& definition = experiment.kpis[kpi];
  switch (FamilyOf(definition.kind)) {
    case KpiFamily::kShare:
      return ChangeShare(definition, kpi, relative, seed, blocks);
    case KpiFamily::kMean:
    case KpiFamily::kRatio:
      return ScaleFirst(definition, kpi, relative, blocks);
    case KpiFamily::kTime:
      return StretchTimes(definition, kpi, relative, blocks);
  }
  return absl::InternalError("unknown KPI family");
}

}  // namespace stagecraft::engine
