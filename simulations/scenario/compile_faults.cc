#include "simulations/scenario/compile_parts.h"

namespace stagecraft::simulations {

void CompileFaults(const v1::Scenario::Faults& faults, Fields* fields,
                   Scenario* scenario) {
  Faults& result = scenario->faults;
  result.late_share = fields->Share(faults.late().share(), "faults.late.share");
  if (result.late_share > 0) {
    result.late_delay =
        CompileTimes(faults.late().delay(), "faults.late.delay", fields);
  }
  result.duplicate_share =
      fields->Share(faults.duplicates().share(), "faults.duplicates.share");
  if (result.duplicate_share > 0) {
    result.duplicate_delay = CompileTimes(faults.duplicates().delay(),
                                          "faults.duplicates.delay", fields);
  }
  result.restamped_share = fields->Share(faults.duplicates().restamped_share(),
                                         "faults.duplicates.restamped_share");
  result.reordering = fields->Real(faults.reordering(), 0, 1e6,
                                   "faults.reordering", "0 to 1e6 hours");
  if (faults.has_alias_delay()) {
    result.alias_delay =
        CompileTimes(faults.alias_delay(), "faults.alias_delay", fields);
  }
  fields->Size(faults.lost_exposures_size(), 100, "faults.lost_exposures");
  for (int i = 0; i < faults.lost_exposures_size() && fields->ok(); ++i) {
    const v1::Scenario::Faults::LostExposures& lost = faults.lost_exposures(i);
    const std::string field = At("faults.lost_exposures", i);
    result.lost_exposures.push_back(
        {CompileArm(lost.arm(), absl::StrCat(field, ".arm"), *scenario, fields),
         fields->Share(lost.share(), absl::StrCat(field, ".share"))});
  }
  fields->Size(faults.broken_splits_size(), 100, "faults.broken_splits");
  for (int i = 0; i < faults.broken_splits_size() && fields->ok(); ++i) {
    const v1::Scenario::Faults::BrokenSplit& broken = faults.broken_splits(i);
    const std::string field = At("faults.broken_splits", i);
    Faults::Broken compiled;
    compiled.arm = CompileArm(broken.arm(), absl::StrCat(field, ".arm"),
                              *scenario, fields);
    v1::Scenario::Arm instead = broken.arm();
    instead.set_variant(broken.variant());
    compiled.variant = CompileArm(instead, field, *scenario, fields).variant;
    compiled.share =
        fields->Share(broken.share(), absl::StrCat(field, ".share"));
    result.broken_splits.push_back(compiled);
  }
}

}  // namespace stagecraft::simulations
