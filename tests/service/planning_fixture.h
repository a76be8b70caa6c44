// A stage with a history that closed forms answer for, and a draft at it.
#ifndef STAGECRAFT_TESTS_SERVICE_PLANNING_FIXTURE_H_
#define STAGECRAFT_TESTS_SERVICE_PLANNING_FIXTURE_H_

#include <string>
#include <utility>
#include <vector>

#include "service/planning.h"
#include "tests/service/looks_fixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {

// 100 units a day enter, each hour some; 10 of them visit within a day, and 5
// buy.
class PlanningFixture : public LooksFixture {
 protected:
  static constexpr int kDays = 11;

  PlanningFixture()
      : planning_(
            engine_.get(), catalog_.get(), [this] { return ToTime(now_); },
            /*threads=*/2) {
    now_ = kStart + kDays * engine::kDay;
    Change([](CatalogEdit& edit) {
      edit.Put(Parse<v1::Kpi>(R"pb(
        name: "journeys/mail/kpis/visits"
        unit: "%"
        direction: UP
        length { seconds: 86400 }
        conversion { events { names: "visit" } }
      )pb"));
    });
    *request_.mutable_experiment() = Parse<v1::Experiment>(R"pb(
      name: "journeys/mail/experiments/new"
      stage: "mailed"
      variants { id: "none" share_ppm: 500000 }
      variants { id: "mens" share_ppm: 500000 }
      plan {
        primary_kpis: "journeys/mail/kpis/visits"
        method: FIXED_HORIZON
        minimum_detectable_effect: 0.2
      }
    )pb");
    request_.set_replications(0);
  }

  void IngestHistory(int days = kDays) {
    std::vector<engine::Event> events;
    for (int day = 0; day < days; ++day) {
      for (int i = 0; i < 100; ++i) {
        const std::string unit = absl::StrCat("u", day, "-", i);
        const engine::Micros entry = kStart + day * engine::kDay +
                                     (i % 24) * engine::kHour +
                                     (i + 1) * engine::kSecond;
        events.push_back(Happened(unit, "mailed", entry));
        if (i < 10) {
          events.push_back(Happened(unit, "visit", entry + engine::kHour));
        }
        if (i < 5) {
          events.push_back(Happened(unit, "buy", entry + 2 * engine::kHour));
        }
      }
    }
    Ingest(events);
  }
  v1::Plan& plan() { return *request_.mutable_experiment()->mutable_plan(); }
  // Guardrails as narrow as the automatic ones would hide the rest.
  void MakeGuardrailsInformational() {
    v1::Plan::AutomaticGuardrails& automatic =
        *plan().mutable_automatic_guardrails();
    automatic.add_informational_stages("visit");
    automatic.add_informational_stages("buy");
    automatic.set_time_in_stage_informational(true);
  }
  absl::StatusOr<v1::PlanExperimentResponse> Plan() {
    return planning_.Plan(request_, [] { return true; });
  }
  v1::PlanExperimentResponse Answer() {
    auto answer = Plan();
    EXPECT_THAT(answer, testing::IsOk());
    return answer.ok() ? *std::move(answer) : v1::PlanExperimentResponse();
  }

  Planning planning_;
  v1::PlanExperimentRequest request_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_TESTS_SERVICE_PLANNING_FIXTURE_H_
