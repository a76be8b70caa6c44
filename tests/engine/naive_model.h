// A deliberately naive second implementation of what the engine promises: all
// events that were ever sent, in a list, and every number computed from it
// afresh, straight from the definitions. No ticks, no retraction, no cache.
#ifndef STAGECRAFT_TESTS_ENGINE_NAIVE_MODEL_H_
#define STAGECRAFT_TESTS_ENGINE_NAIVE_MODEL_H_

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/event.h"
#include "engine/experiment.h"
#include "engine/journey.h"

namespace stagecraft::testing {

// Sums over the units of one variant: of x and y and, if the plan says so, of
// the same before the exposure.
struct NaiveKpi {
  int64_t units = 0;
  std::array<double, 4> sums = {};
  std::array<std::array<double, 4>, 4> products = {};
};

struct NaiveTime {
  std::multiset<engine::Micros> events;
  std::multiset<engine::Micros> censored;
  friend bool operator==(const NaiveTime&, const NaiveTime&) = default;
};

struct NaiveExperiment {
  std::vector<int64_t> units;  // By variant.
  int64_t crossed_over = 0;
  int64_t matched = 0;
  std::vector<std::vector<NaiveKpi>> kpis;        // KPI, variant.
  std::vector<std::vector<NaiveTime>> kpi_times;  // KPI, variant.
  std::vector<std::vector<NaiveKpi>> stage_conversions;
  std::vector<std::vector<int64_t>> stages_reached;
  std::vector<NaiveTime> time_in_stage;  // Variant.
};

struct NaiveStage {
  int64_t entered = 0, advanced = 0, dropped = 0;
  std::multiset<engine::Micros> advance_times, drop_times, open_times;
};

class NaiveModel {
 public:
  void Send(const engine::Event& event) { sent_.push_back(event); }
  void Send(const engine::Alias& alias) { aliases_.push_back(alias); }

  // As of a full hour. `segment`: only units whose attribute has the value at
  // exposure.
  NaiveExperiment Experiment(const engine::Experiment& experiment,
                             engine::Micros as_of,
                             const std::string& attribute = "",
                             const std::string& value = "") const;
  std::vector<NaiveStage> Journey(const engine::Journey& journey,
                                  engine::Micros as_of) const;

  // The events of each unit that count, by time, before `as_of`.
  std::vector<std::vector<engine::Event>> Units(engine::Micros as_of) const;

 private:
  std::vector<engine::Event> sent_;
  std::vector<engine::Alias> aliases_;
};

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_ENGINE_NAIVE_MODEL_H_
