// Operating characteristics: what a plan does when the same experiment is run
// many times, where the truth is known. Rates of each verdict, of false winners
// and of harm caught, coverage of intervals at the stopping time, bias, units
// and days to the verdict; each with its Monte-Carlo interval.
#ifndef STAGECRAFT_ENGINE_OPERATING_CHARACTERISTICS_H_
#define STAGECRAFT_ENGINE_OPERATING_CHARACTERISTICS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "engine/assessment.h"
#include "engine/experiment.h"
#include "engine/verdict.h"
#include "stats/estimate.h"
#include "stats/exact_sum.h"

namespace stagecraft::engine {

// What is true of a KPI (named as in KpiAnalysis) under a treatment.
struct TrueEffect {
  std::string kpi;
  int variant = 1;                 // Index of the treatment.
  double difference = 0;           // Treatment minus control, per unit.
  std::optional<double> relative;  // Absent if the control's value is 0.
};

// What the verdict of one replication was made of, at the moment at which its
// plan stopped: the first look whose verdict is final (a winner, no difference,
// harm, or invalid), or the last look.
struct Outcome {
  struct Interval {
    std::string kpi;
    int variant = 1;
    std::string kind;  // `difference/newcombe`, `relative/sequential/acs`...
    bool relative = false;
    stats::Interval interval;
    std::optional<double> estimate;
  };
  // A primary KPI that was called better or worse.
  struct Finding {
    std::string kpi;
    int variant = 1;
    bool better = false;
  };
  VerdictKind kind = VerdictKind::kCollecting;
  int variant = -1;  // Index of the winner, or of the harmful one.
  int look = 0;      // From 1.
  int64_t units = 0;
  Micros after = 0;                 // Of the start.
  bool sample_ratio_alarm = false;  // At any look so far.
  // KPIs of guardrails that were found harmed, at any look so far.
  std::vector<std::string> harmed;
  std::vector<Finding> findings;
  std::vector<Interval> intervals;
};

// A winner, no difference, harm, or invalid: nothing is waited for any more.
bool IsFinal(VerdictKind kind);

// Reads the outcome of a plan that stopped with this assessment (made in full
// detail). `look` stays 0; alarms and harm are those of this one look. Of times
// there are intervals only if they were followed up to the KPI's horizon: those
// of a shorter one are about another quantity.
Outcome OutcomeOf(const Experiment& experiment, const Assessment& assessment);

// The two that may have been said at an earlier look: takes them over from its
// verdict.
void NoteAlarms(const Verdict& verdict, Outcome* outcome);

// A share of replications, or a mean over them, with the interval in which the
// value for infinitely many lies with 95 % confidence (Wilson's for shares,
// Student's for means). Of no replication all values are 0; of one, the
// interval of a mean is infinite.
struct MonteCarlo {
  int64_t replications = 0;  // That count.
  double value = 0;
  double lower = 0;
  double upper = 0;
};

// Adds up outcomes; neither their order nor how they were merged changes a bit
// of the summary. Not thread-safe.
class OperatingCharacteristics {
 public:
  // `truth` lists every primary KPI and treatment; more is welcome.
  OperatingCharacteristics(const Experiment& experiment,
                           std::vector<TrueEffect> truth);
  void Add(const Outcome& outcome);
  void Merge(const OperatingCharacteristics& other);

  struct Coverage {
    std::string kpi;
    std::string variant;
    std::string kind;
    MonteCarlo covered;
  };
  struct Estimate {
    std::string kpi;
    std::string variant;
    double truth = 0;
    MonteCarlo bias;                       // At the stopping time, all.
    std::optional<MonteCarlo> of_winners;  // Mean estimate when it wins.
    // Mean estimate of winners / truth; absent if the truth is 0.
    std::optional<double> exaggeration;
  };
  struct Summary {
    int64_t replications = 0;
    std::map<VerdictKind, MonteCarlo> verdicts;
    // A winner that is not better than the control on any primary KPI.
    MonteCarlo false_winner;
    // A primary KPI of some treatment is called better and is not, or worse and
    // is not, when the plan stops: wrongly decided, to either side.
    MonteCarlo false_finding;
    // A winner that is; absent if no treatment is.
    std::optional<MonteCarlo> power;
    MonteCarlo units;
    MonteCarlo days;
    std::vector<MonteCarlo> wins;  // By treatment.
    MonteCarlo sample_ratio_alarms;
    std::map<std::string, MonteCarlo> harmed;  // By KPI of a guardrail.
    std::vector<Coverage> coverage;
    std::vector<Estimate> estimates;
    // Share of replications that stopped by look k, and with a winner.
    std::vector<double> stopped_by_look;
    std::vector<double> won_by_look;
  };
  Summary Summarize() const;

 private:
  // A mean over replications of a count.
  struct CountSum {
    int64_t n = 0;
    absl::int128 sum = 0;
    absl::int128 squares = 0;
    void Add(int64_t value);
    void Merge(const CountSum& other);
    MonteCarlo Mean(double unit) const;  // In units of `unit`.
  };
  // A mean over replications of a real number.
  struct RealSum {
    int64_t n = 0;
    stats::ExactSum sum;
    stats::ExactSum squares;
    void Add(double value);
    void Merge(const RealSum& other);
    MonteCarlo Mean(double shift) const;  // Of the values plus `shift`.
  };
  struct Hits {
    int64_t n = 0;
    int64_t hits = 0;
  };
  struct Errors {
    RealSum all;      // Estimate minus truth, at the stopping time.
    RealSum winners;  // The same, of those that won.
  };
  using Subject = std::pair<std::string, int>;  // KPI and variant.

  const TrueEffect* FindTruth(const std::string& kpi, int variant) const;
  bool IsBetter(int variant) const;
  bool IsFalse(const Outcome::Finding& finding) const;

  std::vector<std::string> variants_;
  std::vector<std::pair<std::string, bool>> primaries_;  // Higher is better.
  std::map<Subject, TrueEffect> truth_;

  int64_t replications_ = 0;
  std::map<VerdictKind, int64_t> verdicts_;
  int64_t false_winners_ = 0;
  int64_t false_findings_ = 0;
  int64_t true_winners_ = 0;
  std::vector<int64_t> wins_;  // By treatment.
  int64_t alarms_ = 0;
  CountSum units_;
  CountSum micros_;
  std::map<std::string, int64_t> harmed_;
  std::map<std::tuple<std::string, int, std::string>, Hits> coverage_;
  std::map<Subject, Errors> errors_;
  std::vector<int64_t> stopped_;  // At look k, with a final verdict.
  std::vector<int64_t> won_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_OPERATING_CHARACTERISTICS_H_
