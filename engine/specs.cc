#include "engine/specs.h"

#include <limits>

namespace stagecraft::engine {
namespace {

// An end that no event has reached makes no difference.
Micros EffectiveEnd(const Experiment& experiment, Micros newest) {
  const Micros never = std::numeric_limits<Micros>::max();
  if (!experiment.end_time.has_value()) return never;
  return *experiment.end_time > newest ? never : *experiment.end_time;
}

bool SameVariants(const Experiment& a, const Experiment& b) {
  if (a.variants.size() != b.variants.size()) return false;
  for (size_t i = 0; i < a.variants.size(); ++i) {
    if (a.variants[i].id != b.variants[i].id) return false;
  }
  return true;
}

template <typename Fold, typename Spec>
Folded<Fold> MakeFolded(const std::shared_ptr<const Spec>& spec) {
  auto fold = std::make_shared<const Fold>(spec);
  return {fold, std::make_shared<Book>(fold->ZeroTallies())};
}

}  // namespace

bool SameContributions(const Experiment& a, const Experiment& b,
                       Micros newest) {
  return a.name == b.name && a.stage == b.stage && SameVariants(a, b) &&
         a.start_time == b.start_time &&
         EffectiveEnd(a, newest) == EffectiveEnd(b, newest) &&
         *a.journey == *b.journey && a.kpis == b.kpis &&
         a.segments == b.segments && GuardrailWindow(a) == GuardrailWindow(b) &&
         a.plan.pre_exposure_window == b.plan.pre_exposure_window;
}

FoldedSpecs Compile(const Specs& specs, const FoldedSpecs& current,
                    Micros newest, FoldedSpecs* fresh) {
  FoldedSpecs compiled;
  for (const auto& journey : specs.journeys) {
    const auto it = current.journeys.find(journey->name);
    if (it != current.journeys.end() &&
        it->second.fold->journey() == *journey) {
      compiled.journeys[journey->name] = it->second;
      continue;
    }
    const auto folded = MakeFolded<JourneyFold>(journey);
    compiled.journeys[journey->name] = folded;
    fresh->journeys[journey->name] = folded;
  }
  for (const auto& experiment : specs.experiments) {
    const auto it = current.experiments.find(experiment->name);
    if (it != current.experiments.end() &&
        SameContributions(it->second.fold->experiment(), *experiment, newest)) {
      compiled.experiments[experiment->name] = {
          std::make_shared<const ExperimentFold>(experiment), it->second.book};
      continue;
    }
    const auto folded = MakeFolded<ExperimentFold>(experiment);
    compiled.experiments[experiment->name] = folded;
    fresh->experiments[experiment->name] = folded;
  }
  return compiled;
}

}  // namespace stagecraft::engine
