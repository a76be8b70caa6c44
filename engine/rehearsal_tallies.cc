#include "engine/rehearsal_tallies.h"

#include <algorithm>
#include <limits>

#include "absl/types/span.h"

namespace stagecraft::engine {
namespace {

constexpr Micros kNever = std::numeric_limits<Micros>::max();

int CeilingOf(Micros duration, Micros every) {
  return static_cast<int>((duration + every - 1) / every);
}

}  // namespace

TimeGrid::TimeGrid(Micros every, int looks, std::optional<Micros> horizon)
    : every_(every),
      horizon_(horizon.value_or(kNever)),
      bins_(horizon.has_value() ? static_cast<int>(std::min<int64_t>(
                                      (*horizon + every - 1) / every, looks))
                                : looks) {
  // Beyond the last look nothing is seen.
  if (bins_ == looks) horizon_ = std::min<Micros>(horizon_, looks * every);
}

int TimeGrid::BinOf(Micros duration) const {
  if (duration >= horizon_) return bins_;
  return static_cast<int>(duration / every_);
}

Micros TimeGrid::Edge(int bin) const {
  return std::min(bin * every_, horizon_);
}

std::vector<DurationBin> TimeGrid::Apply(
    const std::vector<DurationBin>& times) const {
  std::vector<DurationBin> edges(bins_ + 1);
  std::vector<DurationBin> middles(bins_);
  for (const DurationBin& time : times) {
    const int bin = BinOf(time.duration);
    if (bin < bins_) {
      middles[bin].events += time.events;
      edges[bin].censored += time.censored + time.other_ends;
    } else {
      edges[bin].censored += time.events + time.censored + time.other_ends;
    }
  }
  std::vector<DurationBin> result;
  for (int bin = 0; bin <= bins_; ++bin) {
    if (edges[bin].censored > 0) {
      edges[bin].duration = Edge(bin);
      result.push_back(edges[bin]);
    }
    if (bin < bins_ && middles[bin].events > 0) {
      middles[bin].duration = Middle(bin);
      result.push_back(middles[bin]);
    }
  }
  return result;
}

RehearsalShape::RehearsalShape(const Experiment& experiment,
                               const RehearsalOptions& options)
    : looks(options.looks) {
  const auto add_sum = [&](int components, Micros window) {
    const Sum sum = {components, width, CeilingOf(window, options.look_every)};
    width += NumbersOf(components);
    return sum;
  };
  const auto grid = [&](std::optional<Micros> horizon) {
    return TimeGrid(options.look_every, options.looks, horizon);
  };
  for (const Kpi& kpi : experiment.kpis) {
    const std::optional<Micros> window =
        kpi.length.has_value() ? std::optional(kpi.delay + *kpi.length)
                               : std::nullopt;
    const bool is_time = kpi.kind == KpiKind::kTimeToEvent;
    times.push_back(is_time ? std::optional(grid(window)) : std::nullopt);
    kpis.push_back(
        is_time ? std::nullopt
                : std::optional(add_sum(
                      Components(kpi.kind) + Covariates(experiment.plan, kpi),
                      window.value_or(0))));
  }
  const ExperimentColumns columns(experiment);
  const Micros guardrails = GuardrailWindow(experiment);
  for (int i = 0; i < columns.later_stages(); ++i) {
    stages.push_back(add_sum(1, guardrails));
  }
  if (columns.later_stages() > 0) times.push_back(grid(guardrails));
}

PackedArm::PackedArm(const RehearsalShape& shape, const RehearsalArm& arm)
    : width_(shape.width), columns_(shape.times.size()), begins_({0}) {
  units_.reserve(arm.blocks.size());
  rows_.reserve(arm.blocks.size() * width_);
  for (const UnitBlock& block : arm.blocks) {
    units_.push_back(block.units);
    const auto append = [&](const Sums& sums) {
      const auto numbers = sums.numbers();
      rows_.insert(rows_.end(), numbers.begin(), numbers.end());
    };
    for (size_t i = 0; i < shape.kpis.size(); ++i) {
      if (shape.kpis[i].has_value()) append(block.kpis[i]);
    }
    for (const Sums& sums : block.stage_conversions) append(sums);
    for (size_t column = 0; column < columns_; ++column) {
      if (shape.times[column].has_value()) {
        const TimeGrid& grid = *shape.times[column];
        const auto& times = column < shape.kpis.size() ? block.times[column]
                                                       : block.time_in_stage;
        for (const DurationBin& bin : grid.Apply(times)) {
          times_.push_back({grid.BinOf(bin.duration),
                            static_cast<int32_t>(bin.events),
                            static_cast<int32_t>(bin.censored)});
        }
      }
      begins_.push_back(times_.size());
    }
  }
}

RehearsalTallies::RehearsalTallies(const RehearsalShape& shape,
                                   const PackedArm& arm)
    : shape_(shape),
      arm_(arm),
      cohorts_(static_cast<size_t>(shape.looks + 1) * shape.width),
      totals_(shape.width) {
  for (const std::optional<TimeGrid>& grid : shape.times) {
    Times& times = times_.emplace_back();
    if (!grid.has_value()) continue;
    const size_t bins = grid->bins();
    times.events.resize(bins);
    times.censored.resize(bins);
    times.waiting.resize(bins + 1);
    times.later_events.resize((bins + 1) * bins);
    times.later_censored.resize((bins + 1) * bins);
  }
}

void RehearsalTallies::Reset(Random* random) {
  look_ = 0;
  units_ = 0;
  taken_ = 0;
  next_ = arm_.blocks() == 0 ? 0 : random->Below(arm_.blocks());
  std::fill(totals_.begin(), totals_.end(), 0);
  for (Times& times : times_) {
    std::fill(times.events.begin(), times.events.end(), 0);
    std::fill(times.censored.begin(), times.censored.end(), 0);
    times.at_horizon = 0;
  }
}

void RehearsalTallies::Advance(int64_t units, bool is_last, Random* random) {
  ++look_;
  units_ += units;
  const auto width = static_cast<size_t>(shape_.width);
  std::fill_n(cohorts_.begin() + look_ * width, width, 0);
  for (size_t column = 0; column < times_.size(); ++column) {
    if (!shape_.times[column].has_value()) continue;
    Age(*shape_.times[column], &times_[column]);
  }
  if (arm_.blocks() > 0) {
    while (taken_ + arm_.units(next_) <= units_ ||
           (is_last && taken_ < units_)) {
      Take(next_);
      next_ = random->Below(arm_.blocks());
    }
  }
  const auto ripen = [&](const RehearsalShape::Sum& sum) {
    const int cohort = look_ - sum.lag;
    if (cohort < 1) return;
    const absl::int128* from = &cohorts_[cohort * width + sum.offset];
    absl::int128* to = &totals_[sum.offset];
    for (int i = 0; i < NumbersOf(sum.components); ++i) to[i] += from[i];
  };
  for (const auto& sum : shape_.kpis) {
    if (sum.has_value()) ripen(*sum);
  }
  for (const RehearsalShape::Sum& sum : shape_.stages) ripen(sum);
}

void RehearsalTallies::Take(size_t block) {
  taken_ += arm_.units(block);
  const absl::int128* row = arm_.row(block);
  absl::int128* cohort = &cohorts_[static_cast<size_t>(look_) * shape_.width];
  for (int i = 0; i < shape_.width; ++i) cohort[i] += row[i];
  for (size_t column = 0; column < times_.size(); ++column) {
    if (!shape_.times[column].has_value()) continue;
    const int bins = shape_.times[column]->bins();
    Times& times = times_[column];
    const int slot = look_ % (bins + 1);
    times.waiting[slot] += arm_.units(block);
    for (const PackedArm::Time& time :
         arm_.times(block, static_cast<int>(column))) {
      if (time.bin >= bins) continue;
      times.later_events[slot * bins + time.bin] += time.events;
      times.later_censored[slot * bins + time.bin] += time.censored;
    }
  }
}

void RehearsalTallies::Age(const TimeGrid& grid, Times* times) const {
  const int bins = grid.bins();
  for (int age = 1; age <= bins && look_ - age >= 1; ++age) {
    const int slot = (look_ - age) % (bins + 1);
    const int bin = age - 1;
    const int64_t events = times->later_events[slot * bins + bin];
    const int64_t censored = times->later_censored[slot * bins + bin];
    times->events[bin] += events;
    times->censored[bin] += censored;
    times->waiting[slot] -= events + censored;
    if (age == bins) times->at_horizon += times->waiting[slot];
  }
  // The slot of the new cohort was that of one which is at its horizon.
  const int slot = look_ % (bins + 1);
  times->waiting[slot] = 0;
  std::fill_n(times->later_events.begin() + slot * bins, bins, 0);
  std::fill_n(times->later_censored.begin() + slot * bins, bins, 0);
}

void RehearsalTallies::Fill(const TimeGrid& grid, const Times& times,
                            std::vector<DurationBin>* bins) const {
  bins->clear();
  for (int bin = 0; bin <= grid.bins(); ++bin) {
    int64_t censored = 0;
    if (bin == grid.bins()) {
      censored = times.at_horizon;
    } else {
      censored = times.censored[bin];
      if (look_ - bin >= 1) {
        censored += times.waiting[(look_ - bin) % (grid.bins() + 1)];
      }
    }
    if (censored > 0) bins->push_back({grid.Edge(bin), 0, 0, censored});
    if (bin < grid.bins() && times.events[bin] > 0) {
      bins->push_back({grid.Middle(bin), times.events[bin], 0, 0});
    }
  }
}

void RehearsalTallies::FillSums(int variant, ExperimentLook* look) const {
  look->units[variant] = units_;
  look->matched_units += units_;
  const auto fill = [&](const RehearsalShape::Sum& sum, KpiTally* tally) {
    std::copy_n(totals_.begin() + sum.offset, NumbersOf(sum.components),
                tally->sums.numbers().begin());
  };
  for (size_t i = 0; i < shape_.kpis.size(); ++i) {
    if (shape_.kpis[i].has_value()) {
      fill(*shape_.kpis[i], &look->kpis[i][variant]);
    }
  }
  for (size_t i = 0; i < shape_.stages.size(); ++i) {
    fill(shape_.stages[i], &look->stage_conversions[i][variant]);
  }
}

void RehearsalTallies::FillTimes(int variant, ExperimentLook* look) const {
  for (size_t column = 0; column < times_.size(); ++column) {
    if (!shape_.times[column].has_value()) continue;
    KpiTally& tally = column < look->kpis.size() ? look->kpis[column][variant]
                                                 : look->time_in_stage[variant];
    Fill(*shape_.times[column], times_[column], &tally.bins);
  }
}

}  // namespace stagecraft::engine
