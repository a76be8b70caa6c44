// What the engine tallied beside what the naive model counted.
#ifndef STAGECRAFT_TESTS_ENGINE_NAIVE_COMPARE_H_
#define STAGECRAFT_TESTS_ENGINE_NAIVE_COMPARE_H_

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/look.h"
#include "gtest/gtest.h"
#include "tests/engine/naive_model.h"

namespace stagecraft::testing {

inline void ExpectSameSums(const engine::Sums& sums, const NaiveKpi& naive,
                           bool lifetime_value = false) {
  ASSERT_EQ(sums.count(), naive.units);
  const auto natural = [](absl::int128 value, double unit) {
    return static_cast<double>(value) / unit;
  };
  for (int i = 0; i < sums.components(); ++i) {
    if (lifetime_value && i == 2) break;  // Purchases: the model has none.
    EXPECT_NEAR(natural(sums.sum(i), 1e6), naive.sums[i], 1e-6);
    for (int j = i; j < sums.components(); ++j) {
      if (lifetime_value && j == 2) continue;
      EXPECT_NEAR(natural(sums.product(i, j), 1e12), naive.products[i][j],
                  1e-4);
    }
  }
}

// Minutes up to a few hours, then 1/128.
inline constexpr double kGuardrailTolerance = 1.0 / 128;

// Bins of a multiset of durations, each near to the true one: within a minute,
// which open units were put on at entry, or this share of it.
inline void ExpectSameTimes(const std::vector<engine::DurationBin>& bins,
                            const NaiveTime& naive,
                            double tolerance = 1.0 / (1 << 15)) {
  std::multiset<engine::Micros> events;
  std::multiset<engine::Micros> censored;
  for (const engine::DurationBin& bin : bins) {
    for (int64_t i = 0; i < bin.events; ++i) events.insert(bin.duration);
    for (int64_t i = 0; i < bin.censored; ++i) censored.insert(bin.duration);
  }
  const auto near = [](const std::multiset<engine::Micros>& a,
                       const std::multiset<engine::Micros>& b,
                       double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    auto it = b.begin();
    for (const engine::Micros value : a) {
      const auto wanted = static_cast<double>(*it++);
      EXPECT_NEAR(static_cast<double>(value), wanted,
                  std::max(61.0 * engine::kSecond,
                           tolerance * wanted + 60.0 * engine::kSecond));
    }
  };
  near(events, naive.events, tolerance);
  near(censored, naive.censored, tolerance);
}

inline void ExpectSame(const engine::Experiment& experiment,
                       const engine::ExperimentLook& look,
                       const NaiveExperiment& naive) {
  EXPECT_EQ(look.units, naive.units);
  EXPECT_EQ(look.crossed_over_units, naive.crossed_over);
  EXPECT_EQ(look.matched_units, naive.matched);
  for (size_t k = 0; k < experiment.kpis.size(); ++k) {
    SCOPED_TRACE(experiment.kpis[k].name);
    for (size_t v = 0; v < experiment.variants.size(); ++v) {
      if (experiment.kpis[k].kind == engine::KpiKind::kTimeToEvent) {
        ExpectSameTimes(look.kpis[k][v].bins, naive.kpi_times[k][v]);
      } else {
        const engine::Kpi& kpi = experiment.kpis[k];
        EXPECT_EQ(look.kpis[k][v].sums.components(),
                  engine::Components(kpi.kind) +
                      engine::Covariates(experiment.plan, kpi));
        ExpectSameSums(look.kpis[k][v].sums, naive.kpis[k][v],
                       kpi.kind == engine::KpiKind::kCustomerLifetimeValue);
      }
    }
  }
  for (size_t i = 0; i < naive.stage_conversions.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("later stage ", i));
    EXPECT_EQ(look.stages_reached[i], naive.stages_reached[i]);
    for (size_t v = 0; v < experiment.variants.size(); ++v) {
      ExpectSameSums(look.stage_conversions[i][v].sums,
                     naive.stage_conversions[i][v]);
    }
  }
  for (size_t v = 0; v < experiment.variants.size(); ++v) {
    SCOPED_TRACE(absl::StrCat("time in stage of variant ", v));
    ExpectSameTimes(look.time_in_stage[v].bins, naive.time_in_stage[v],
                    kGuardrailTolerance);
  }
}

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_ENGINE_NAIVE_COMPARE_H_
