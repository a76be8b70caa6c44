#include "engine/assessment.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/horizon.h"
#include "engine/tick.h"

namespace stagecraft::engine {
namespace {

using Reached = std::function<bool(const ExperimentLook&)>;

// The first full hour in [from, to] at which `reached` holds, or nothing. It is
// taken to hold from then on.
absl::StatusOr<std::optional<Micros>> FirstHour(Micros from, Micros to,
                                                const LookReader& read,
                                                const Reached& reached) {
  const auto holds = [&](int64_t hour) -> absl::StatusOr<bool> {
    const auto look = read(hour * kTickLength);
    if (!look.ok()) return look.status();
    return reached(*look);
  };
  int64_t low = from / kTickLength;
  int64_t high = to / kTickLength;
  if (low > high) return std::optional<Micros>();
  const auto last = holds(high);
  if (!last.ok()) return last.status();
  if (!*last) return std::optional<Micros>();
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    const auto is_reached = holds(middle);
    if (!is_reached.ok()) return is_reached.status();
    (*is_reached ? high : low) = *is_reached ? middle : middle + 1;
  }
  return std::optional<Micros>(high * kTickLength);
}

bool IsOver(const Verdict& verdict) {
  return std::all_of(verdict.treatments.begin(), verdict.treatments.end(),
                     [](const Verdict::Treatment& treatment) {
                       return treatment.kind == VerdictKind::kWinner ||
                              treatment.kind == VerdictKind::kHarmful ||
                              treatment.kind == VerdictKind::kNoDifference;
                     });
}

int64_t Winners(const Verdict& verdict) {
  return std::count_if(verdict.treatments.begin(), verdict.treatments.end(),
                       [](const Verdict::Treatment& treatment) {
                         return treatment.kind == VerdictKind::kWinner;
                       });
}

absl::StatusOr<Assessment> AssessAt(const Experiment& experiment, Micros as_of,
                                    std::vector<PastLook> past,
                                    const LookReader& read, Detail detail) {
  auto look = read(as_of);
  if (!look.ok()) return look.status();
  look->past_looks = std::move(past);
  return AssessLook(experiment, *std::move(look), detail);
}

absl::StatusOr<Assessment> AssessPlannedLooks(const Experiment& experiment,
                                              Micros as_of,
                                              const LookReader& read,
                                              Detail detail) {
  const int looks =
      static_cast<int>(experiment.plan.group_sequential.fractions.size());
  std::vector<PastLook> past;
  Micros from = experiment.start_time.value_or(0);
  while (past.empty() || past.back().look < looks) {
    const int next = past.empty() ? 1 : past.back().look + 1;
    const auto hour =
        FirstHour(from, as_of, read, [&](const ExperimentLook& look) {
          return LooksReached(experiment, look) >= next;
        });
    if (!hour.ok()) return hour.status();
    if (!hour->has_value()) break;
    auto assessment = AssessAt(experiment, **hour, past, read, detail);
    if (!assessment.ok()) return assessment;
    // One hour may bring the units for several looks: they are one.
    const int look = std::max(next, LooksReached(experiment, assessment->look));
    if (look == looks || IsOver(assessment->verdict) || **hour == as_of) {
      return assessment;
    }
    past.push_back({**hour, look, MatureUnits(experiment, assessment->look)});
    from = **hour;
  }
  return AssessAt(experiment, as_of, std::move(past), read, detail);
}

}  // namespace

Assessment AssessLook(const Experiment& experiment, ExperimentLook look,
                      Detail detail) {
  Assessment assessment{std::move(look), {}, {}};
  assessment.analyses = Analyze(experiment, assessment.look, detail);
  assessment.verdict =
      Decide(experiment, assessment.look, assessment.analyses, detail);
  if (detail == Detail::kDecision && Winners(assessment.verdict) > 1) {
    // Which of them is named follows from their expected losses.
    return AssessLook(experiment, std::move(assessment.look), Detail::kFull);
  }
  return assessment;
}

absl::StatusOr<Assessment> Assess(const Experiment& experiment, Micros as_of,
                                  const LookReader& read, Detail detail) {
  switch (experiment.plan.method) {
    case Plan::Method::kAlwaysValid:
      break;
    case Plan::Method::kGroupSequential:
      return AssessPlannedLooks(experiment, as_of, read, detail);
    case Plan::Method::kFixedHorizon: {
      const auto horizon = FirstHour(experiment.start_time.value_or(0), as_of,
                                     read, [&](const ExperimentLook& look) {
                                       return HorizonReached(experiment, look);
                                     });
      if (!horizon.ok()) return horizon.status();
      as_of = horizon->value_or(as_of);
      break;
    }
  }
  return AssessAt(experiment, as_of, {}, read, detail);
}

}  // namespace stagecraft::engine
