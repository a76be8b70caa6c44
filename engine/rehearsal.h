// Rehearsals: a plan is run many times in virtual time, driven from tallies:
// not event by event but by drawing blocks of units, whose contributions were
// folded once, and adding them up. Looks are assessed by the same rule as those
// of the service. This is how 10,000 replications take seconds.
#ifndef STAGECRAFT_ENGINE_REHEARSAL_H_
#define STAGECRAFT_ENGINE_REHEARSAL_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/duration_tally.h"
#include "engine/experiment.h"
#include "engine/operating_characteristics.h"
#include "engine/sums.h"

namespace stagecraft::engine {

// What some units add to an experiment's tallies once all their windows are
// over. Every sum counts all units of the block. Another end of a time is taken
// as the end of the follow-up.
struct UnitBlock {
  int64_t units = 0;
  std::vector<Sums> kpis;               // By KPI; unused for times.
  std::vector<Sums> stage_conversions;  // By later stage.
  // Times from exposure to the event (or another end), by KPI; only for times.
  // Units that never end are censored at their longest follow-up.
  std::vector<std::vector<DurationBin>> times;
  std::vector<DurationBin> time_in_stage;  // If there is a later stage.
};

// The units of one variant, as blocks of about equal size. They are drawn with
// replacement: the truth is the mean over the blocks.
struct RehearsalArm {
  std::vector<UnitBlock> blocks;
};

struct RehearsalOptions {
  double units_per_day = 0;  // That enter the experiment, all variants.
  int looks = 100;           // At equal distances,
  Micros look_every = 0;     // of so much; whole hours. At most 10,000 looks.
  int64_t replications = 1'000;
  uint64_t seed = 1;  // The answer depends on it, not on the threads.
  int threads = 1;
  // Units keep arriving until then, when the experiment is concluded; the looks
  // after it see windows ripen. Absent: until the last look, which does not
  // conclude it.
  std::optional<Micros> arrivals_end;
  // Called now and then from one thread; ends the rehearsal (kCancelled) when
  // it returns false.
  std::function<bool(int64_t done)> progress;
};

// The true effects of drawing from these arms.
std::vector<TrueEffect> TrueEffects(const Experiment& experiment,
                                    absl::Span<const RehearsalArm> arms);

// `arms` by variant. The plan's method decides when a replication stops; each
// look is assessed as the service does.
//
// Units arrive at random (Poisson), one by one: the sizes of the arms differ as
// they do in life. They are filled with blocks as these get full, so that up to
// one block of units has not ripened yet when it could have; blocks should be
// small against the units of a look, and a rehearsal takes time in proportion
// to their number. A unit counts as exposed at the look after its arrival:
// windows are over, and times have grown, at looks a whole number of intervals
// later. Times are put on the middle of an interval, and the truth that
// coverage is counted against is of such times. KPIs without an end of their
// window count at once. Plans are rehearsed without post-stratification,
// staleness, crossing over and identities that do not match.
//
// Errors: kInvalidArgument names the field, the value seen and the value
// wanted.
absl::StatusOr<OperatingCharacteristics> Rehearse(
    const Experiment& experiment, absl::Span<const RehearsalArm> arms,
    const RehearsalOptions& options);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_REHEARSAL_H_
