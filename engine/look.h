// Looks: the tallies of one moment, which is all that results and verdicts are
// a function of.
#ifndef STAGECRAFT_ENGINE_LOOK_H_
#define STAGECRAFT_ENGINE_LOOK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/book.h"
#include "engine/experiment_fold.h"
#include "engine/journey_fold.h"

namespace stagecraft::engine {

// The tally of one KPI and variant.
struct KpiTally {
  Sums sums;                      // Of shares, means and ratios.
  std::vector<DurationBin> bins;  // Of times.
};

// The KPIs' tallies of one value of the dimension that a plan is
// post-stratified by.
struct Stratum {
  std::string value;
  // As in `ExperimentLook`; times have none.
  std::vector<std::vector<KpiTally>> kpis;
};

// A planned look of a group sequential plan that was passed without an end.
struct PastLook {
  Micros as_of = 0;
  int look = 0;       // From 1.
  int64_t units = 0;  // Mature on every primary KPI and guardrail.
  friend bool operator==(const PastLook&, const PastLook&) = default;
};

// The tallies of an experiment, as of a moment, of everybody or of a segment.
struct ExperimentLook {
  Micros as_of = 0;
  // Of a segment: plans decide on everybody only.
  bool is_segment = false;
  std::optional<Micros> newest_event_time;  // Of the whole store.
  std::vector<int64_t> units;               // By variant.
  int64_t crossed_over_units = 0;
  int64_t matched_units = 0;
  // By KPI of the experiment, then by variant.
  std::vector<std::vector<KpiTally>> kpis;
  // By later stage, then by variant.
  std::vector<std::vector<KpiTally>> stage_conversions;
  std::vector<std::vector<int64_t>> stages_reached;
  // By variant; empty if the experiment's stage is the last one.
  std::vector<KpiTally> time_in_stage;
  // Of everybody, if the plan is post-stratified; those that have units.
  std::vector<Stratum> strata;
  // Of a group sequential plan, see engine/schedule.h; oldest first. They are
  // what the look's limit depends on besides its own tallies.
  std::vector<PastLook> past_looks;
};

// The tallies of a journey, as of a moment, of everybody or of a segment.
struct JourneyLook {
  struct Stage {
    int64_t entered = 0;
    int64_t advanced = 0;
    int64_t dropped_out = 0;
    std::vector<DurationBin> bins;  // Empty for the last stage.
  };
  Micros as_of = 0;
  std::vector<Stage> stages;
};

// What a look is for. Durations are what makes a look long: there is a count
// for each of them, and the more events the more there are.
enum class LookPurpose {
  kAnalysis,  // All there is.
  kPath,      // Primary KPIs over time: whatever else there is, is empty or 0.
};

// Read tallies as of `as_of`. `past_looks` stays empty.
ExperimentLook ReadLook(const ExperimentFold& fold, const Tallies& tallies,
                        int slot, Micros as_of,
                        LookPurpose purpose = LookPurpose::kAnalysis);
JourneyLook ReadLook(const JourneyFold& fold, const Tallies& tallies, int slot,
                     Micros as_of);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_LOOK_H_
