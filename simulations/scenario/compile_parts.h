// The parts of Compile, in the order in which they are called. Private to it.
#ifndef STAGECRAFT_SIMULATIONS_SCENARIO_COMPILE_PARTS_H_
#define STAGECRAFT_SIMULATIONS_SCENARIO_COMPILE_PARTS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "simulations/scenario/fields.h"
#include "simulations/scenario/scenario.h"
#include "stagecraft/v1/scenario.pb.h"

namespace stagecraft::simulations {

// compile_distribution.cc: of times in hours, which are not negative, or of
// values.
Distribution CompileTimes(const v1::Scenario::Distribution& source,
                          absl::string_view field, Fields* fields);
Distribution CompileValues(const v1::Scenario::Distribution& source,
                           absl::string_view field, Fields* fields);

// compile_calendar.cc: times, arrivals, looks.
void CompileCalendar(const v1::Scenario& source, Fields* fields,
                     Scenario* scenario);
// compile_resources.cc: the journey and its experiments.
void CompileResources(const v1::Scenario& source, Fields* fields,
                      Scenario* scenario);
// compile_people.cc: attributes, groups, identity.
void CompilePeople(const v1::Scenario::World& world, Fields* fields,
                   Scenario* scenario);
// compile_stages.cc: what they do at each stage, and all contents.
void CompileStages(const v1::Scenario::World& world, Fields* fields,
                   Scenario* scenario);
// compile_effects.cc.
void CompileEffects(const v1::Scenario& source, Fields* fields,
                    Scenario* scenario);
// compile_faults.cc.
void CompileFaults(const v1::Scenario::Faults& faults, Fields* fields,
                   Scenario* scenario);

// compile_expectations.cc.
void CompileExpectations(const v1::Scenario& source, Fields* fields,
                         Scenario* scenario);

// Index of the stage; an error if there is none.
int CompileStage(absl::string_view id, absl::string_view field,
                 const Scenario& scenario, Fields* fields);
// The arm, by index; an error if there is none.
Arm CompileArm(const v1::Scenario::Arm& arm, absl::string_view field,
               const Scenario& scenario, Fields* fields);

// `field[i]`.
inline std::string At(absl::string_view field, int i) {
  return absl::StrCat(field, "[", i, "]");
}

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_SCENARIO_COMPILE_PARTS_H_
