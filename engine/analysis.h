// What the tallies of a look say of each KPI: values, lifts, intervals and
// probabilities, by the frequentist, the sequential and the Bayesian answer.
// A pure function of (experiment, look).
#ifndef STAGECRAFT_ENGINE_ANALYSIS_H_
#define STAGECRAFT_ENGINE_ANALYSIS_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/adjustment.h"
#include "engine/experiment.h"
#include "engine/group_sequential.h"
#include "engine/kpi_arm.h"
#include "engine/look.h"
#include "stats/estimate.h"

namespace stagecraft::engine {

enum class KpiRole { kPrimary, kGuardrail, kAutomaticGuardrail, kSecondary };

// An interval and how it was made: `newcombe`, `wald`, `welch`, `fieller`,
// `score`, `delta`, `katz`, `wilson`, `acs`.
struct NamedInterval {
  stats::Interval interval;
  std::string method;
};

// One KPI of one variant.
struct VariantAnalysis {
  int64_t units = 0;     // That count in the value.
  int64_t immature = 0;  // Whose window is not over.
  std::optional<double> value;
  std::optional<NamedInterval> interval;
  double numerator = 0;
  double denominator = 0;
  int64_t events = 0;                    // Times only.
  std::optional<double> median_seconds;  // Times only.
  std::string error;                     // Why the value is absent.
};

struct SequentialAnswer {
  NamedInterval difference;
  std::optional<NamedInterval> relative;
  double p_value = 1;
};

struct BayesianAnswer {
  double probability_to_beat_control = 0;
  double expected_loss = 0;  // Of choosing the treatment, in the KPI's unit.
  stats::Interval credible;
  std::string model;  // `beta-binomial` or `normal`.
};

struct GuardrailAnswer {
  enum class Status { kKept, kHarmed, kUncertain };
  Status status = Status::kUncertain;
  // One of them is more than 0, and the bound is of its kind.
  double relative_margin = 0;
  double absolute_margin = 0;
  std::optional<double> relative_bound;
  std::optional<double> absolute_bound;
  bool blocking = true;
};

// A treatment against the control.
struct ComparisonAnalysis {
  int variant = 0;  // Index of the treatment.
  std::optional<double> difference;
  std::vector<NamedInterval> difference_intervals;
  std::optional<double> relative;
  // First the one that covers wherever the control's value lies.
  std::vector<NamedInterval> relative_intervals;
  std::optional<double> p_value;
  std::string test;
  // How the difference was adjusted; absent if the plan or the KPI does not.
  std::optional<Adjustment> adjustment;
  // Times: the p-value of the difference of restricted means. The log-rank test
  // may find curves that cross; the difference then says nothing of either way,
  // so that both must be small to decide.
  std::optional<double> restricted_mean_p_value;
  // From engine/sequence_start.h on; `error` says why not yet if the plan is an
  // always-valid one.
  std::optional<SequentialAnswer> sequential;
  std::optional<BayesianAnswer> bayesian;
  // At a planned look of a group sequential plan; not of secondary KPIs.
  std::optional<GroupSequentialAnswer> group_sequential;
  std::optional<double> adjusted_p_value;  // Primary KPIs only.
  std::optional<GuardrailAnswer> guardrail;
  std::optional<double> optimized_value;
  std::optional<stats::Interval> optimized_interval;
  std::string error;
};

struct KpiAnalysis {
  // The KPI's name, `stages/{stage}/conversion` or `stages/{stage}/time`.
  std::string kpi;
  KpiRole role = KpiRole::kPrimary;
  KpiSpec spec;
  std::vector<VariantAnalysis> variants;
  std::vector<ComparisonAnalysis> comparisons;  // One for each treatment.
  // Expected loss of each variant against the best one, which decides between
  // several winners: of the first primary KPI only, of everybody, and empty
  // where there is one treatment.
  std::vector<double> expected_losses;
};

// How much of a look is worked out. Simulations ask for what the decision rule
// reads, at many looks; what else could be said then is absent: values and
// their intervals, relative effects that decide nothing, Bayesian answers,
// tests of guardrails, secondary KPIs, and sentences.
enum class Detail { kFull, kDecision };

// Primary KPIs first, then guardrails, automatic guardrails and secondary ones.
std::vector<KpiAnalysis> Analyze(const Experiment& experiment,
                                 const ExperimentLook& look,
                                 Detail detail = Detail::kFull);

// The relative difference of one primary KPI and treatment at several looks.
struct PathPoint {
  Micros time = 0;
  int64_t units = 0;
  double relative = 0;
  stats::Interval sequence;
};
// Looks without an answer are left out.
std::vector<PathPoint> AnalyzePath(const Experiment& experiment, int kpi,
                                   int variant,
                                   const std::vector<ExperimentLook>& looks);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ANALYSIS_H_
