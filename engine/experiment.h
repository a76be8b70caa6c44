// Experiments and their plans, as the engine sees them.
#ifndef STAGECRAFT_ENGINE_EXPERIMENT_H_
#define STAGECRAFT_ENGINE_EXPERIMENT_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/journey.h"
#include "engine/kpi.h"

namespace stagecraft::engine {

inline constexpr int32_t kMillion = 1'000'000;

struct Variant {
  std::string id;
  int32_t share_ppm = 0;
};

// Buckets [start_ppm, end_ppm) of the unit space belong to a variant.
struct Allocation {
  int variant = 0;  // Index into `Experiment::variants`.
  int32_t start_ppm = 0;
  int32_t end_ppm = 0;
  friend bool operator==(const Allocation&, const Allocation&) = default;
};

// How the verdict is reached. Meaning, ranges and defaults as in the contract.
struct Plan {
  enum class Method { kFixedHorizon, kAlwaysValid, kGroupSequential };
  enum class Correction {
    kHolm,
    kBonferroni,
    kNone,
    kHochberg,
    kHommel,
    kSidak,
    kBenjaminiHochberg,
    kBenjaminiYekutieli
  };
  // Just one of the margins is more than 0.
  struct Guardrail {
    std::string kpi;
    double relative_margin = 0;  // In (0, 1].
    double absolute_margin = 0;  // In the KPI's own unit.
  };
  struct GroupSequential {
    enum class Spending {
      kOBrienFleming,
      kPocock,
      kHwangShihDeCani,
      kPowerFamily
    };
    // Share of `planned_units` at each look, the last one 1.
    std::vector<double> fractions = {0.2, 0.4, 0.6, 0.8, 1};
    Spending spending = Spending::kOBrienFleming;
    double parameter = 0;
    bool futility = false;
    Spending futility_spending = Spending::kOBrienFleming;
    double futility_parameter = 0;
    friend bool operator==(const GroupSequential&,
                           const GroupSequential&) = default;
  };
  struct Prior {
    double relative_effect_mean = 0;
    double relative_effect_sd = 0;  // 0: flat.
    double share_alpha = 1;
    double share_beta = 1;
  };
  struct AutomaticGuardrails {
    double stage_conversion_margin = 0.05;
    double time_in_stage_margin = 0.1;
    std::optional<Micros> window;  // Absent: see `GuardrailWindow`.
    std::vector<std::string> informational_stages;
    bool time_in_stage_informational = false;
  };
  std::vector<std::string> primary_kpis;    // 1 to 5 names.
  std::vector<Guardrail> guardrails;        // At most 10.
  std::vector<std::string> secondary_kpis;  // At most 20.
  AutomaticGuardrails automatic_guardrails;
  Method method = Method::kAlwaysValid;
  double alpha = 0.05;
  double power = 0.8;
  double minimum_detectable_effect = 0.05;
  Micros minimum_duration = 0;
  int64_t planned_units = 0;
  int64_t minimum_units = 100;
  int64_t minimum_conversions = 10;
  Correction correction = Correction::kHolm;
  double sample_ratio_alpha = 0.001;
  double maximum_crossed_over_share = 0.01;
  std::optional<Micros> maximum_staleness;
  double minimum_identity_match_rate = 0;
  GroupSequential group_sequential;           // Only kGroupSequential.
  std::optional<Micros> pre_exposure_window;  // CUPED.
  std::string post_stratify_by;  // A dimension of the segments, or empty.
  Prior prior;
};

// How many components the tallies of a KPI have besides its own: the same ones
// in the plan's window before the exposure, or none.
int Covariates(const Plan& plan, const Kpi& kpi);

struct Experiment {
  enum class State {
    kDraft,
    kRunning,
    kPaused,
    kConcluded,
    kRolledOut,
    kArchived
  };
  std::string name;  // `journeys/{journey}/experiments/{experiment}`.
  int64_t revision = 1;
  State state = State::kDraft;
  std::string stage;              // Id within `journey`.
  std::vector<Variant> variants;  // 2 to 20; the first is the control.
  std::vector<Allocation> allocations;
  std::optional<Predicate> targeting;
  std::string layer;            // `layers/{layer}`, or empty.
  int32_t layer_start_ppm = 0;  // Buckets of the layer that are its own.
  int32_t layer_end_ppm = 0;
  int32_t coverage_ppm = kMillion;
  std::string salt;  // Never empty.
  bool sticky = false;
  std::map<std::string, std::string> overrides;  // Unit id to variant id.
  std::vector<SegmentDimension> segments;        // At most 5.
  Plan plan;
  std::optional<Micros> start_time;
  std::optional<Micros> end_time;
  std::string rolled_out_variant;
  // The variants' shares were changed after the start: units came under
  // different shares, and their ratio cannot be tested against the last ones.
  bool shares_changed = false;
  // Frozen at the start.
  std::shared_ptr<const Journey> journey;
  std::vector<Kpi> kpis;  // All that the plan names.
};

// Checks an experiment by itself, against its journey and its KPIs.
// Errors: kInvalidArgument names the field, the value seen and the value
// wanted.
absl::Status Validate(const Experiment& experiment);
absl::Status Validate(const Plan& plan);

// How long after exposure later stages count for the automatic guardrails: the
// plan's window, else the end of the first primary KPI's window, else 14 days.
Micros GuardrailWindow(const Experiment& experiment);

// Index of the variant, or nothing.
std::optional<int> FindVariant(const Experiment& experiment,
                               absl::string_view id);
// The KPI that the plan names so, or null.
const Kpi* FindKpi(const Experiment& experiment, absl::string_view name);

// Life-cycle verbs.
enum class Verb { kStart, kPause, kResume, kConclude, kRollOut, kArchive };
// The state after `verb`. Errors: kFailedPrecondition names the state seen and
// the states wanted.
absl::StatusOr<Experiment::State> Transition(Experiment::State state,
                                             Verb verb);
absl::string_view ToText(Experiment::State state);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_EXPERIMENT_H_
