// What a unit's events say of one KPI: the vector of components that tallies
// sum up.
#ifndef STAGECRAFT_ENGINE_KPI_MEASURE_H_
#define STAGECRAFT_ENGINE_KPI_MEASURE_H_

#include <optional>

#include "engine/kpi.h"
#include "engine/sums.h"

namespace stagecraft::engine {

// Takes in the matching events of one unit, in any order, and tells the unit's
// value so far. Not for kTimeToEvent.
class KpiMeasure {
 public:
  explicit KpiMeasure(const Kpi& kpi) : kpi_(&kpi) {}

  // An event that matches `Kpi::events`.
  void AddEvent(const std::optional<MicroValue>& value);
  // An event that matches `Kpi::denominator` of a ratio.
  void AddDenominatorEvent(const std::optional<MicroValue>& value);

  // Components in units of 1e-6, each within +-kMaxMicroValue.
  UnitValue Value() const;

 private:
  const Kpi* kpi_;
  absl::int128 x_ = 0;
  absl::int128 y_ = 0;
  int64_t matches_ = 0;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_KPI_MEASURE_H_
