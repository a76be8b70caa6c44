// A plain world for tests, and what is asked of it.
#ifndef STAGECRAFT_TESTS_SIMULATIONS_PLAIN_WORLD_H_
#define STAGECRAFT_TESTS_SIMULATIONS_PLAIN_WORLD_H_

#include <cmath>
#include <functional>
#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "simulations/world/world.h"
#include "tests/simulations/scenario_fixture.h"

namespace stagecraft::simulations {

// A journey of two stages and 20,000 people in 10 days; with an experiment at
// the first stage.
inline constexpr char kPlain[] = R"pb(
  id: "plain"
  journey {
    name: "journeys/j"
    stages {
      id: "see"
      entry { names: "seen" }
      exit { names: "left" }
    }
    stages {
      id: "buy"
      entry { names: "bought" }
    }
  }
  kpis {
    name: "journeys/j/kpis/bought"
    direction: UP
    length { seconds: 86400 }
    conversion { events { names: "bought" } }
  }
  experiments {
    name: "journeys/j/experiments/x"
    stage: "see"
    variants { id: "a" share_ppm: 500000 }
    variants { id: "b" share_ppm: 500000 }
    plan { primary_kpis: "journeys/j/kpis/bought" }
  }
  world {
    arrivals { seconds: 864000 }
    follow_up { seconds: 864000 }
    arrivals_per_day: 2000
    stages {
      stage: "see"
      advance: 0.3
      advance_after { constant: 2 }
    }
    stages {
      stage: "buy"
      entry { value { constant: 10 } }
    }
  }
)pb";

inline v1::Scenario Plain(const std::string& more = "") {
  v1::Scenario scenario;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kPlain, &scenario));
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(more, &scenario));
  return scenario;
}

// `n` draws of probability `p`: beyond these bounds with less than 1e-6
// (Bernstein).
inline double Slack(double p, double n) {
  const double log = std::log(2 / 1e-6);
  return std::sqrt(2 * log * p * (1 - p) / n) + 2 * log / (3 * n);
}

inline void ExpectShare(int64_t hits, int64_t n, double p) {
  ASSERT_GT(n, 0);
  EXPECT_NEAR(static_cast<double>(hits) / static_cast<double>(n), p,
              Slack(p, static_cast<double>(n)));
}

inline void ForEachLife(const World& world, const Draw& draw,
                        const std::function<void(const Life&)>& fn) {
  Life life;
  for (int64_t unit = 0; unit < world.units(); ++unit) {
    world.Play(draw, unit, &life);
    fn(life);
  }
}

inline const LifeEvent* FindEvent(const World& world, const Life& life,
                                  const std::string& name) {
  for (const LifeEvent& event : life.events) {
    if (world.ContentOf(event.content).name == name) return &event;
  }
  return nullptr;
}

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_TESTS_SIMULATIONS_PLAIN_WORLD_H_
