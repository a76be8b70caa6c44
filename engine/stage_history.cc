#include "engine/stage_history.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "engine/hash.h"
#include "engine/record.h"

namespace stagecraft::engine {
namespace {

// The journey's and the experiment's number in the set.
constexpr size_t kJourney = 0;
constexpr size_t kExperiment = 1;

void CollectAttributes(const Predicate& predicate,
                       std::vector<absl::string_view>* keys) {
  if (predicate.kind == Predicate::Kind::kCondition) {
    keys->push_back(predicate.condition.attribute);
    return;
  }
  for (const Predicate& child : predicate.children) {
    CollectAttributes(child, keys);
  }
}

void AddBins(const std::vector<DurationBin>& bins,
             std::map<Micros, DurationBin>* pooled) {
  for (const DurationBin& bin : bins) {
    DurationBin& sum = (*pooled)[bin.duration];
    sum.duration = bin.duration;
    sum.events += bin.events;
    sum.other_ends += bin.other_ends;
    sum.censored += bin.censored;
  }
}

std::vector<DurationBin> ToVector(const std::map<Micros, DurationBin>& pooled) {
  std::vector<DurationBin> bins;
  for (const auto& [duration, bin] : pooled) bins.push_back(bin);
  return bins;
}

}  // namespace

UnitBlock PoolBlocks(absl::Span<const UnitBlock> blocks) {
  if (blocks.empty()) return {};
  UnitBlock pooled = blocks[0];
  std::vector<std::map<Micros, DurationBin>> times(pooled.times.size());
  std::map<Micros, DurationBin> time_in_stage;
  for (const UnitBlock& block : blocks) {
    for (size_t i = 0; i < times.size(); ++i)
      AddBins(block.times[i], &times[i]);
    AddBins(block.time_in_stage, &time_in_stage);
  }
  for (const UnitBlock& block : blocks.subspan(1)) {
    pooled.units += block.units;
    for (size_t i = 0; i < pooled.kpis.size(); ++i) {
      pooled.kpis[i] += block.kpis[i];
    }
    for (size_t i = 0; i < pooled.stage_conversions.size(); ++i) {
      pooled.stage_conversions[i] += block.stage_conversions[i];
    }
  }
  for (size_t i = 0; i < times.size(); ++i)
    pooled.times[i] = ToVector(times[i]);
  pooled.time_in_stage = ToVector(time_in_stage);
  return pooled;
}

std::vector<absl::string_view> AttributesOf(const Predicate& predicate) {
  std::vector<absl::string_view> keys;
  CollectAttributes(predicate, &keys);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

Micros FollowUp(const Experiment& experiment) {
  const Plan& plan = experiment.plan;
  Micros longest = 0;
  const auto take = [&](const std::string& name) {
    const Kpi* kpi = FindKpi(experiment, name);
    if (kpi == nullptr || !kpi->length.has_value()) return;
    longest = std::max(longest, kpi->delay + *kpi->length);
  };
  for (const std::string& name : plan.primary_kpis) take(name);
  for (const Plan::Guardrail& guardrail : plan.guardrails) take(guardrail.kpi);
  if (ExperimentColumns(experiment).later_stages() > 0) {
    longest = std::max(longest, GuardrailWindow(experiment));
  }
  return longest;
}

HistoryReader::HistoryReader(const FoldSet* set, const ContentTable* contents,
                             const HistoryOptions& options)
    : set_(set),
      contents_(contents),
      options_(options),
      journey_(set->specs().journeys.begin()->second.fold.get()),
      experiment_(set->specs().experiments.begin()->second.fold.get()),
      stage_(experiment_->columns().first_stage()),
      follow_up_(FollowUp(experiment_->experiment())),
      delta_(set->book(kExperiment)->NewDelta()),
      units_by_hour_((options.to - options.from) / kHour) {
  const std::optional<Predicate>& targeting =
      experiment_->experiment().targeting;
  if (targeting.has_value()) {
    targeting_.emplace(*targeting);
    attributes_ = AttributesOf(*targeting);
  }
}

HistoryReader::Targeted HistoryReader::IsTargeted(
    absl::Span<const UnitEvent> events, size_t entry) const {
  if (!targeting_.has_value()) return Targeted::kYes;
  // Attributes point into the encoded contents, which stay where they are.
  std::vector<std::optional<AttributeView>> found(attributes_.size());
  size_t missing = attributes_.size();
  for (size_t i = entry + 1; i-- > 0 && missing > 0;) {
    const UnitEvent& event = events[i];
    ContentView view;
    if (!DecodeContent(event.content == ContentTable::kNotInterned
                           ? event.text
                           : (*contents_)[event.content],
                       &view)
             .ok()) {
      continue;
    }
    for (size_t key = 0; key < attributes_.size(); ++key) {
      if (found[key].has_value()) continue;
      found[key] = view.Find(attributes_[key]);
      if (found[key].has_value()) --missing;
    }
  }
  if (missing == attributes_.size()) return Targeted::kUnknown;
  const bool matches = targeting_->Matches(
      [&](absl::string_view key) -> std::optional<AttributeView> {
        const auto at =
            std::lower_bound(attributes_.begin(), attributes_.end(), key);
        return found[at - attributes_.begin()];
      });
  return matches ? Targeted::kYes : Targeted::kNo;
}

void HistoryReader::Add(absl::string_view root,
                        absl::Span<const UnitEvent> events,
                        absl::Span<const FoldEvent> facts) {
  const auto end = std::partition_point(
      facts.begin(), facts.end(),
      [&](const FoldEvent& event) { return event.time < options_.to; });
  facts = facts.subspan(0, end - facts.begin());
  const JourneyFold::Visits visits = journey_->VisitsOf(facts, kJourney);
  if (visits[0].has_value() &&
      (!first_entry_.has_value() || visits[0]->entry < *first_entry_)) {
    first_entry_ = visits[0]->entry;
  }
  if (!visits[stage_].has_value() || visits[stage_]->entry < options_.from) {
    return;
  }
  const StageVisit& visit = *visits[stage_];
  ++counts_.units;
  const Targeted targeted = IsTargeted(events, visit.entry_event);
  if (targeted == Targeted::kUnknown) {
    ++counts_.without_attributes;
    // Then it is as a request without attributes would be answered.
    if (!targeting_->Matches(
            [](absl::string_view) { return std::optional<AttributeView>(); })) {
      return;
    }
  } else if (targeted == Targeted::kNo) {
    return;
  }
  ++counts_.targeted;
  ++units_by_hour_[(visit.entry - options_.from) / kHour];
  experiment_->ContributeExposed(
      facts, kExperiment,
      {.variant = 0, .time = visit.entry, .event = visit.entry_event},
      &contribution_);
  delta_.Add(contribution_, 1);
  if (visit.entry + follow_up_ > options_.to) return;
  ++counts_.mature;
  const std::vector<Column>& columns = experiment_->columns().columns();
  Sample sample{UnitHash(root), std::vector<UnitValue>(columns.size())};
  for (const Change& change : contribution_.changes) {
    UnitValue& value = sample.columns[change.column];
    if (columns[change.column].durations) {
      // The last change that adds is what the unit ends with.
      if (change.sign > 0) {
        value = {change.value[0], static_cast<MicroValue>(change.kind)};
      }
      continue;
    }
    for (int i = 0; i < kMaxComponents; ++i) {
      value[i] += change.sign * change.value[i];
    }
  }
  Keep(std::move(sample));
}

void HistoryReader::Keep(Sample sample) {
  samples_.push_back(std::move(sample));
  // Not often: it takes time in proportion to what is kept.
  if (static_cast<int64_t>(samples_.size()) >
      options_.max_sampled_units + options_.max_sampled_units / 2) {
    DropSurplus();
  }
}

void HistoryReader::DropSurplus() {
  if (static_cast<int64_t>(samples_.size()) <= options_.max_sampled_units) {
    return;
  }
  std::nth_element(
      samples_.begin(), samples_.begin() + options_.max_sampled_units,
      samples_.end(),
      [](const Sample& a, const Sample& b) { return a.hash < b.hash; });
  samples_.resize(options_.max_sampled_units);
}

void HistoryReader::Flush() {
  if (delta_.empty()) return;
  set_->book(kExperiment)->Apply(delta_);
  delta_.Clear();
}

std::vector<UnitBlock> HistoryReader::BlocksOf(
    const ExperimentFold& fold, const HistoryOptions& options,
    absl::Span<const Sample> samples) {
  const Experiment& experiment = fold.experiment();
  const ExperimentColumns& columns = fold.columns();
  const int first_later = columns.first_stage() + 1;
  std::vector<UnitBlock> blocks;
  while (!samples.empty()) {
    const absl::Span<const Sample> units =
        samples.subspan(0, options.units_per_block);
    samples.remove_prefix(units.size());
    UnitBlock& block = blocks.emplace_back();
    block.units = static_cast<int64_t>(units.size());
    const auto sums_of = [&](int column) {
      Sums sums(columns.columns()[column].components);
      for (const Sample& unit : units) sums.Add(unit.columns[column], 1);
      return sums;
    };
    const auto bins_of = [&](int column) {
      DurationCounts counts;
      for (const Sample& unit : units) {
        const UnitValue& value = unit.columns[column];
        counts.Add(static_cast<DurationKind>(value[1]), value[0], 1);
      }
      const Column& of = columns.columns()[column];
      return counts.AsOf(options.to, of.horizon, of.waits);
    };
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      const Kpi& kpi = experiment.kpis[i];
      const int column = columns.Kpi(static_cast<int>(i));
      const bool is_time = kpi.kind == KpiKind::kTimeToEvent;
      block.kpis.push_back(is_time ? Sums() : sums_of(column));
      block.times.emplace_back();
      if (!is_time) continue;
      block.times.back() = bins_of(column);
    }
    for (int i = 0; i < columns.later_stages(); ++i) {
      block.stage_conversions.push_back(
          sums_of(columns.StageConversion(first_later + i)));
    }
    if (columns.later_stages() > 0) {
      block.time_in_stage = bins_of(columns.TimeInStage());
    }
  }
  return blocks;
}

StageHistory HistoryReader::Combine(absl::Span<HistoryReader> readers) {
  const HistoryReader& first = readers[0];
  const HistoryOptions& options = first.options_;
  StageHistory history;
  std::optional<Micros> first_entry;
  std::vector<int64_t> by_hour(first.units_by_hour_.size());
  std::vector<Sample> samples;
  for (HistoryReader& reader : readers) {
    history.units += reader.counts_.units;
    history.targeted += reader.counts_.targeted;
    history.without_attributes += reader.counts_.without_attributes;
    history.mature += reader.counts_.mature;
    if (reader.first_entry_.has_value()) {
      first_entry = std::min(first_entry.value_or(*reader.first_entry_),
                             *reader.first_entry_);
    }
    for (size_t hour = 0; hour < by_hour.size(); ++hour) {
      by_hour[hour] += reader.units_by_hour_[hour];
    }
    reader.DropSurplus();
    std::move(reader.samples_.begin(), reader.samples_.end(),
              std::back_inserter(samples));
    reader.samples_.clear();
  }
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.hash < b.hash; });
  if (static_cast<int64_t>(samples.size()) > options.max_sampled_units) {
    samples.resize(options.max_sampled_units);
  }
  history.to = options.to;
  history.from = std::clamp(first_entry.value_or(options.from) / kHour * kHour,
                            options.from, options.to);
  const int64_t skipped = (history.from - options.from) / kHour;
  constexpr int64_t kHoursPerDay = kDay / kHour;
  for (size_t hour = skipped; hour < by_hour.size(); ++hour) {
    const size_t day = (hour - skipped) / kHoursPerDay;
    if (history.arrivals.size() <= day) history.arrivals.push_back(0);
    history.arrivals[day] += by_hour[hour];
  }
  history.look =
      first.set_->book(kExperiment)->Read([&](const Tallies& tallies) {
        return ReadLook(*first.experiment_, tallies, 0, options.to);
      });
  history.blocks = BlocksOf(*first.experiment_, options, samples);
  return history;
}

}  // namespace stagecraft::engine
