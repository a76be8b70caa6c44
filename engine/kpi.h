// KPIs: quantities over a unit's events after its first exposure.
//
// A unit with first exposure e contributes the events of the window
// [e + delay, e + delay + length). Its contribution is a vector of 1 to 3
// components, of which tallies keep sums and products (a plan with CUPED adds
// the same components before the exposure, see `Covariates` in
// engine/experiment.h):
//
//   kind                 components                          value
//   kConversion          x = any match                       mean x
//   kDropOff             x = no match                        mean x
//   kRetention           x = any match                       mean x
//   kCount               x = number of matches               mean x
//   kValueSum            x = sum of values                   mean x
//   kRatio               x, y = numerator, denominator       sum x / sum y
//   kRatingMean          x = sum of ratings, y = answers     sum x / sum y
//   kSatisfiedShare      x = satisfied, y = answers          sum x / sum y
//   kNetPromoterScore    x = promoters - detractors,         sum x / sum y
//                        y = answers
//   kCustomerLifetimeValue  x = value, y = any purchase,     sum x / sum y
//                        z = purchases                       * lifespan /
//                        length
//   kTimeToEvent         (a time, see engine/duration_tally.h)
#ifndef STAGECRAFT_ENGINE_KPI_H_
#define STAGECRAFT_ENGINE_KPI_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "engine/event.h"
#include "engine/journey.h"

namespace stagecraft::engine {

enum class KpiKind {
  kConversion,
  kDropOff,
  kCount,
  kValueSum,
  kRatio,
  kRetention,
  kTimeToEvent,
  kRatingMean,
  kSatisfiedShare,
  kNetPromoterScore,
  kCustomerLifetimeValue,
};

// `conversion`, `drop_off` and so on, as in the contract.
absl::string_view ToText(KpiKind kind);

// Number of components: 0 for times, else 1 to 3.
int Components(KpiKind kind);
// Whether the unit's value is 0 or 1.
bool IsShareOfUnits(KpiKind kind);
// Whether the value is sum x / sum y.
bool IsRatio(KpiKind kind);

struct Kpi {
  std::string name;  // `journeys/{journey}/kpis/{kpi}`.
  KpiKind kind = KpiKind::kConversion;
  bool higher_is_better = true;
  EventFilter events;                   // The numerator's of a ratio.
  EventFilter denominator;              // Only kRatio.
  bool sum_numerator_values = false;    // Only kRatio; else counts.
  bool sum_denominator_values = false;  // Only kRatio; else counts.
  Micros delay = 0;
  std::optional<Micros> length;
  std::optional<MicroValue> unit_cap;  // Only kCount and kValueSum.
  MicroValue threshold = 0;            // Only kSatisfiedShare.
  Micros lifespan = 0;                 // Only kCustomerLifetimeValue.
  friend bool operator==(const Kpi&, const Kpi&) = default;
};

// Errors: kInvalidArgument names the field, the value seen and the value
// wanted.
absl::Status Validate(const Kpi& kpi);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_KPI_H_
