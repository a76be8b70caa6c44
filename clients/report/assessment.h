// What a comparison says, in one word, and by which of its intervals.
#ifndef STAGECRAFT_CLIENTS_REPORT_ASSESSMENT_H_
#define STAGECRAFT_CLIENTS_REPORT_ASSESSMENT_H_

#include "absl/strings/string_view.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// The plan with its defaults filled in, as far as the report judges by it.
struct EffectivePlan {
  bool always_valid = true;
  double alpha = 0.05;
  double power = 0.8;
  double minimum_detectable_effect = 0.05;
  int64_t minimum_units = 100;
  int64_t minimum_conversions = 10;
  double sample_ratio_alpha = 0.001;
  double maximum_crossed_over_share = 0.01;
  double stage_conversion_margin = 0.05;
  double time_in_stage_margin = 0.1;
  // Not of the plan: false if the look found the data to be invalid. Nothing is
  // called better or worse then.
  bool trusted = true;
};
EffectivePlan MakeEffectivePlan(const v1::Plan& plan);

enum class Assessment {
  kBetter,         // In the KPI's own direction.
  kWorse,          // Likewise.
  kUnclear,        // The interval contains 0.
  kKept,           // A guardrail is kept.
  kHarmed,         // A guardrail is harmed.
  kUncertain,      // A guardrail cannot be told.
  kNotComputable,  // There is no interval to judge by.
  kNotJudged,      // The data is not trusted.
};

// Guardrails by their status. Primary KPIs by the adjusted p-value (which
// decides) against alpha and by the sign of the difference. The others, and
// primary KPIs without such a p-value, by whether the deciding interval holds
// 0.
Assessment Assess(const v1::KpiResult& kpi, const v1::KpiComparison& comparison,
                  const EffectivePlan& plan);

// The interval for the relative difference at one look: the default method's,
// null if there is none that is usable.
const v1::Interval* FixedRelative(const v1::KpiComparison& comparison);
// The confidence sequence for the relative difference, or null.
const v1::Interval* SequentialRelative(const v1::KpiComparison& comparison);
// At a planned look of a group sequential plan its repeated interval. Else the
// one of the two above that belongs to the plan's method (between planned
// looks: the sequence); the other one if that is missing; or null.
const v1::Interval* DecidingRelative(const v1::KpiComparison& comparison,
                                     const EffectivePlan& plan);

// `better`, `worse`, `unclear`, `kept`, `harmed`, `uncertain`,
// `not computable`, `not judged`.
absl::string_view AssessmentWord(Assessment assessment);
// A CSS class: `better`, `worse`, `unclear`, `kept`, `none`.
absl::string_view AssessmentClass(Assessment assessment);
// A symbol, so that colour is not alone.
absl::string_view AssessmentSymbol(Assessment assessment);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_ASSESSMENT_H_
