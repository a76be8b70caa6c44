// Collects the changes of a unit in an experiment. Private to the experiment's
// fold.
#ifndef STAGECRAFT_ENGINE_EXPERIMENT_EMITTER_H_
#define STAGECRAFT_ENGINE_EXPERIMENT_EMITTER_H_

#include <limits>
#include <vector>

#include "engine/contribution.h"
#include "engine/experiment_fold.h"

namespace stagecraft::engine {

// Undoes what would come after the moment at which the unit crossed over to
// another variant.
class ExperimentFold::Emitter {
 public:
  Emitter(const ExposureSummary& exposure, std::vector<Change>* changes)
      : group_(static_cast<int16_t>(exposure.variant)),
        crossing_(exposure.crossed_over.has_value()
                      ? EventTick(*exposure.crossed_over)
                      : std::numeric_limits<Tick>::max()),
        changes_(changes) {}

  // The unit has `value` from `tick` until it crosses over.
  void Add(int column, Tick tick, const UnitValue& value,
           DurationKind kind = DurationKind::kOpen) {
    if (tick >= crossing_) return;
    Emit(column, tick, 1, value, kind);
    if (crossing_ != std::numeric_limits<Tick>::max()) {
      Emit(column, crossing_, -1, value, kind);
    }
  }
  // At `tick` the unit's value becomes `after`.
  void Replace(int column, Tick tick, const UnitValue& before,
               const UnitValue& after,
               DurationKind before_kind = DurationKind::kOpen,
               DurationKind after_kind = DurationKind::kOpen) {
    if (tick >= crossing_) return;
    Emit(column, tick, -1, before, before_kind);
    if (crossing_ != std::numeric_limits<Tick>::max()) {
      Emit(column, crossing_, 1, before, before_kind);
    }
    Add(column, tick, after, after_kind);
  }
  // Whatever happens later.
  void AddForEver(int column, Tick tick) {
    Emit(column, tick, 1, {}, DurationKind::kOpen);
  }

 private:
  void Emit(int column, Tick tick, int sign, const UnitValue& value,
            DurationKind kind) {
    changes_->push_back({static_cast<int16_t>(column), group_, tick,
                         static_cast<int8_t>(sign), kind, value});
  }

  int16_t group_;
  Tick crossing_;
  std::vector<Change>* changes_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_EXPERIMENT_EMITTER_H_
