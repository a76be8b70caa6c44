// Looks as text, to be compared: all numbers that a look is made of.
#ifndef STAGECRAFT_TESTS_SIMULATIONS_LOOK_TEXT_H_
#define STAGECRAFT_TESTS_SIMULATIONS_LOOK_TEXT_H_

#include <sstream>
#include <string>
#include <vector>

#include "engine/look.h"

namespace stagecraft::testing {

inline void Write(const std::vector<engine::DurationBin>& bins,
                  std::ostream& out) {
  for (const engine::DurationBin& bin : bins) {
    out << ' ' << bin.duration << ':' << bin.events << '/' << bin.other_ends
        << '/' << bin.censored;
  }
}

inline void Write(const char* what,
                  const std::vector<engine::KpiTally>& tallies,
                  std::ostream& out) {
  for (size_t v = 0; v < tallies.size(); ++v) {
    out << what << " of " << v << ':';
    for (const absl::int128 number : tallies[v].sums.numbers()) {
      out << ' ' << number;
    }
    Write(tallies[v].bins, out);
    out << '\n';
  }
}

inline std::string LookText(const engine::ExperimentLook& look) {
  std::ostringstream out;
  out << "as of " << look.as_of << "\nunits";
  for (const int64_t units : look.units) out << ' ' << units;
  out << "\ncrossed over " << look.crossed_over_units << "\nmatched "
      << look.matched_units << '\n';
  for (const auto& kpi : look.kpis) Write("kpi", kpi, out);
  for (const auto& stage : look.stage_conversions) Write("stage", stage, out);
  for (const auto& stage : look.stages_reached) {
    out << "reached";
    for (const int64_t units : stage) out << ' ' << units;
    out << '\n';
  }
  Write("time", look.time_in_stage, out);
  for (const engine::Stratum& stratum : look.strata) {
    out << stratum.value << '\n';
    for (const auto& kpi : stratum.kpis) Write("kpi", kpi, out);
  }
  return out.str();
}

inline std::string LookText(const engine::JourneyLook& look) {
  std::ostringstream out;
  out << "as of " << look.as_of << '\n';
  for (const engine::JourneyLook::Stage& stage : look.stages) {
    out << stage.entered << ' ' << stage.advanced << ' ' << stage.dropped_out
        << ':';
    Write(stage.bins, out);
    out << '\n';
  }
  return out.str();
}

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_SIMULATIONS_LOOK_TEXT_H_
