// An engine, a catalog, a ledger and looks over a store in memory, with one
// journey of three stages and experiments that are put in as if they had been
// started.
#ifndef STAGECRAFT_TESTS_SERVICE_LOOKS_FIXTURE_H_
#define STAGECRAFT_TESTS_SERVICE_LOOKS_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "service/catalog.h"
#include "service/convert.h"
#include "service/ledger.h"
#include "service/looks.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {

// 2023-11-14T22:00:00Z, a full hour.
inline constexpr engine::Micros kStart = 1'699'999'200 * engine::kSecond;
inline constexpr char kMailName[] = "journeys/mail/experiments/men";

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

inline v1::Journey MailJourney() {
  return Parse<v1::Journey>(R"pb(
    name: "journeys/mail"
    stages {
      id: "mailed"
      display_name: "Got the mail"
      entry { names: "mailed" }
    }
    stages {
      id: "visit"
      display_name: "Visit"
      entry { names: "visit" }
    }
    stages {
      id: "buy"
      entry { names: "buy" }
    }
    segments { attribute: "channel" values: "web" }
  )pb");
}

// A running experiment of the journey; `rest` adds KPIs, plan and segments.
inline v1::Experiment MailExperiment(const std::string& rest) {
  v1::Experiment experiment = Parse<v1::Experiment>(absl::StrCat(
      R"pb(
        name: "journeys/mail/experiments/men"
        stage: "mailed"
        variants { id: "none" share_ppm: 500000 }
        variants { id: "mens" share_ppm: 500000 }
        state: RUNNING
        allocations { variant: "none" end_ppm: 500000 }
        allocations { variant: "mens" start_ppm: 500000 end_ppm: 1000000 }
        revision: 2
      )pb",
      rest));
  *experiment.mutable_start_time() = ToTimestamp(kStart);
  *experiment.mutable_frozen_journey() = MailJourney();
  return experiment;
}

// The share of units that visit within two weeks decides.
inline v1::Experiment VisitsExperiment() {
  return MailExperiment(R"pb(
    frozen_kpis {
      name: "journeys/mail/kpis/visits"
      display_name: "Visits"
      unit: "%"
      direction: UP
      length { seconds: 1209600 }
      conversion { events { names: "visit" } }
    }
    plan { primary_kpis: "journeys/mail/kpis/visits" }
  )pb");
}

class LooksFixture : public ::testing::Test {
 protected:
  LooksFixture() : store_(engine::MakeMemoryStore()) {
    auto catalog = Catalog::Load(store_.get(), [this] { return ToTime(now_); });
    EXPECT_THAT(catalog, testing::IsOk());
    catalog_ = *std::move(catalog);
    auto engine = engine::Engine::Open(store_.get(), catalog_->specs(), {});
    EXPECT_THAT(engine, testing::IsOk());
    engine_ = *std::move(engine);
    catalog_->Attach(engine_.get());
    LoadLedger();
    Change([](CatalogEdit& edit) { edit.Put(MailJourney()); });
  }

  // Also after a change of the stored ledger.
  void LoadLedger() {
    auto ledger = Ledger::Load(store_.get(), [this] { return ToTime(now_); });
    ASSERT_THAT(ledger, testing::IsOk());
    ledger_ = *std::move(ledger);
    looks_ = std::make_unique<Looks>(
        engine_.get(), catalog_.get(), ledger_.get(),
        [this] { return ToTime(now_); }, 2);
  }

  void Change(const std::function<void(CatalogEdit& edit)>& change) {
    const auto changed = catalog_->Mutate<v1::Journey>(
        Call{.service = "journeys", .method = "Test"},
        [&](CatalogEdit& edit) -> absl::StatusOr<v1::Journey> {
          change(edit);
          return v1::Journey();
        });
    ASSERT_THAT(changed, testing::IsOk());
  }
  void Put(const v1::Experiment& experiment) {
    Change([&](CatalogEdit& edit) { edit.Put(experiment); });
  }

  void Ingest(const std::vector<engine::Event>& events) {
    const auto report = engine_->Ingest(events, {});
    ASSERT_THAT(report, testing::IsOk());
    for (const auto& item : report->events) {
      ASSERT_EQ(item.outcome, engine::IngestReport::Outcome::kStored)
          << item.message;
    }
  }

  static engine::Event Happened(const std::string& unit,
                                const std::string& name, engine::Micros time) {
    return {.event_id = name, .unit_id = unit, .name = name, .time = time};
  }

  // How many units get no mail and a mail, visit, and buy. Visits come after
  // two hours without a mail, after one hour with it; purchases an hour later.
  struct Mails {
    int units[2];
    int visits[2];
    int buys[2];
  };
  // Men's against none in K. Hillstrom's MineThatData challenge (2008).
  static constexpr Mails kHillstrom = {
      {21306, 21307}, {2262, 3894}, {122, 267}};
  // A few in which the mail is clearly better.
  static constexpr Mails kFewMails = {{800, 800}, {80, 240}, {40, 120}};

  void IngestMails(const Mails& mails) {
    constexpr const char* kVariants[] = {"none", "mens"};
    std::vector<engine::Event> events;
    for (int v = 0; v < 2; ++v) {
      const engine::Micros visit = kStart + (2 - v) * engine::kHour;
      for (int i = 0; i < mails.units[v]; ++i) {
        const std::string unit = absl::StrCat(kVariants[v], i);
        events.push_back(
            engine::MakeExposure(unit, kMailName, kVariants[v], kStart, {}));
        if (i < mails.visits[v]) {
          events.push_back(Happened(unit, "visit", visit));
        }
        if (i < mails.buys[v]) {
          events.push_back(Happened(unit, "buy", visit + engine::kHour));
        }
      }
    }
    Ingest(events);
  }

  v1::ExperimentResults Results(v1::ResultView view,
                                std::optional<engine::Micros> as_of = {}) {
    v1::GetExperimentResultsRequest request;
    request.set_name(kMailName);
    request.set_view(view);
    if (as_of.has_value()) *request.mutable_as_of() = ToTimestamp(*as_of);
    auto results = looks_->Results(request);
    EXPECT_THAT(results, testing::IsOk());
    return results.value_or(v1::ExperimentResults());
  }

  engine::Micros now_ = kStart + 30 * engine::kDay;
  std::unique_ptr<engine::MemoryStore> store_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Looks> looks_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_TESTS_SERVICE_LOOKS_FIXTURE_H_
