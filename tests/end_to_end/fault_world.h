// What the fault tests share: a shop with one experiment, an exact model of
// what its numbers must be, and the comparison of the two.
//
// The model is a few lines of sets and sorts over everything that was sent; it
// shares no code with the engine. Amounts are whole cents, so that sums are
// exact, and no two events of a unit have the same time.
#ifndef STAGECRAFT_TESTS_END_TO_END_FAULT_WORLD_H_
#define STAGECRAFT_TESTS_END_TO_END_FAULT_WORLD_H_

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/assignment.grpc.pb.h"
#include "stagecraft/v1/event.grpc.pb.h"
#include "stagecraft/v1/experiment.grpc.pb.h"
#include "stagecraft/v1/journey.grpc.pb.h"
#include "stagecraft/v1/kpi.grpc.pb.h"
#include "stagecraft/v1/result.grpc.pb.h"

namespace stagecraft::testing {

// `code` is a code or a matcher of codes.
MATCHER_P2(GrpcStatusIs, code, message,
           absl::StrCat("has a code that ",
                        ::testing::DescribeMatcher<grpc::StatusCode>(code),
                        " and a message that ",
                        ::testing::DescribeMatcher<std::string>(message))) {
  *result_listener << "is " << static_cast<int>(arg.error_code()) << ": "
                   << arg.error_message();
  return ::testing::ExplainMatchResult(code, arg.error_code(),
                                       result_listener) &&
         ::testing::ExplainMatchResult(message, arg.error_message(),
                                       result_listener);
}
MATCHER(IsGrpcOk, "is OK") {
  *result_listener << "is " << static_cast<int>(arg.error_code()) << ": "
                   << arg.error_message();
  return arg.ok();
}

// A channel of its own, so that the waits of another one after a failure do not
// count for it.
inline std::shared_ptr<grpc::Channel> NewChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

struct FaultStubs {
  explicit FaultStubs(const std::string& address)
      : channel(NewChannel(address)),
        journeys(v1::JourneyService::NewStub(channel)),
        kpis(v1::KpiService::NewStub(channel)),
        experiments(v1::ExperimentService::NewStub(channel)),
        events(v1::EventService::NewStub(channel)),
        assignments(v1::AssignmentService::NewStub(channel)),
        results(v1::ResultService::NewStub(channel)) {}

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::JourneyService::Stub> journeys;
  std::unique_ptr<v1::KpiService::Stub> kpis;
  std::unique_ptr<v1::ExperimentService::Stub> experiments;
  std::unique_ptr<v1::EventService::Stub> events;
  std::unique_ptr<v1::AssignmentService::Stub> assignments;
  std::unique_ptr<v1::ResultService::Stub> results;
};

inline constexpr int64_t kShopStart = 1'735'689'600;  // 2025-01-01.
inline constexpr char kShopExperiment[] = "journeys/shop/experiments/race";

// Journey `shop` with the stages visit and pay; KPIs `revenue` (sum of the
// orders' values) and `orders` (their number), without an end; experiment
// `race` with the variants a and b, running since `kShopStart`.
inline void CreateShop(const FaultStubs& stubs) {
  v1::CreateJourneyRequest journey;
  journey.set_journey_id("shop");
  for (const char* stage : {"visit", "pay"}) {
    v1::Stage* added = journey.mutable_journey()->add_stages();
    added->set_id(stage);
    added->mutable_entry()->add_names(stage);
  }
  {
    grpc::ClientContext context;
    v1::Journey created;
    ASSERT_THAT(stubs.journeys->CreateJourney(&context, journey, &created),
                IsGrpcOk());
  }
  for (const char* id : {"revenue", "orders"}) {
    v1::CreateKpiRequest kpi;
    kpi.set_parent("journeys/shop");
    kpi.set_kpi_id(id);
    kpi.mutable_kpi()->set_direction(v1::Kpi::UP);
    (std::string(id) == "revenue"
         ? kpi.mutable_kpi()->mutable_value_sum()->mutable_events()
         : kpi.mutable_kpi()->mutable_count()->mutable_events())
        ->add_names("order");
    grpc::ClientContext context;
    v1::Kpi created;
    ASSERT_THAT(stubs.kpis->CreateKpi(&context, kpi, &created), IsGrpcOk());
  }
  v1::CreateExperimentRequest experiment;
  experiment.set_parent("journeys/shop");
  experiment.set_experiment_id("race");
  experiment.mutable_experiment()->set_stage("visit");
  for (const char* id : {"a", "b"}) {
    v1::Variant* variant = experiment.mutable_experiment()->add_variants();
    variant->set_id(id);
    variant->set_share_ppm(500'000);
  }
  v1::Plan* plan = experiment.mutable_experiment()->mutable_plan();
  plan->add_primary_kpis("journeys/shop/kpis/revenue");
  plan->add_secondary_kpis("journeys/shop/kpis/orders");
  v1::Experiment answer;
  {
    grpc::ClientContext context;
    ASSERT_THAT(
        stubs.experiments->CreateExperiment(&context, experiment, &answer),
        IsGrpcOk());
  }
  v1::StartExperimentRequest start;
  start.set_name(kShopExperiment);
  start.mutable_start_time()->set_seconds(kShopStart);
  grpc::ClientContext context;
  ASSERT_THAT(stubs.experiments->StartExperiment(&context, start, &answer),
              IsGrpcOk());
}

// `second` counts from kShopStart.
inline v1::Event ShopEvent(const std::string& id, const std::string& unit,
                           const std::string& name, int64_t second) {
  v1::Event event;
  event.set_event_id(id);
  event.set_unit_id(unit);
  event.set_name(name);
  event.mutable_time()->set_seconds(kShopStart + second);
  return event;
}

inline v1::Event ShopOrder(const std::string& id, const std::string& unit,
                           int64_t second, int64_t cents) {
  v1::Event event = ShopEvent(id, unit, "order", second);
  event.set_value(static_cast<double>(cents) / 100);
  return event;
}

inline v1::Event ShopExposure(const std::string& id, const std::string& unit,
                              int64_t second, const std::string& variant) {
  v1::Event event = ShopEvent(id, unit, "stagecraft.exposure", second);
  auto& attributes = *event.mutable_attributes();
  attributes["experiment"].set_string_value(kShopExperiment);
  attributes["variant"].set_string_value(variant);
  return event;
}

// What the shop's results say, in whole numbers.
struct ShopNumbers {
  int64_t visited = 0;
  int64_t paid = 0;  // Of those who visited.
  int64_t crossed_over = 0;
  int64_t units[2] = {0, 0};   // By variant.
  int64_t orders[2] = {0, 0};  // Of these units, from their exposure on.
  int64_t cents[2] = {0, 0};

  friend bool operator==(const ShopNumbers&, const ShopNumbers&) = default;
  friend std::ostream& operator<<(std::ostream& out, const ShopNumbers& n) {
    return out << "visited " << n.visited << ", paid " << n.paid << ", crossed "
               << n.crossed_over << ", units " << n.units[0] << " + "
               << n.units[1] << ", orders " << n.orders[0] << " + "
               << n.orders[1] << ", cents " << n.cents[0] << " + "
               << n.cents[1];
  }
};

// Everything that was sent and must count.
class ShopModel {
 public:
  void Add(const v1::IngestEventsRequest& batch) {
    for (const v1::Event& event : batch.events()) {
      Fact fact;
      fact.time = event.time().seconds();
      fact.id = event.event_id();
      fact.unit = event.unit_id();
      fact.name = event.name();
      fact.cents = std::llround(event.value() * 100);
      if (fact.name == "stagecraft.exposure") {
        fact.variant = event.attributes().at("variant").string_value();
      }
      facts_.insert(std::move(fact));
    }
    for (const v1::Alias& alias : batch.aliases()) {
      pairs_.insert({alias.alias_id(), alias.unit_id()});
    }
  }

  ShopNumbers Numbers() const {
    // Relabels until no pair has two labels.
    std::map<std::string, std::string> label;
    const auto of = [&](const std::string& id) {
      return label.emplace(id, id).first->second;
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& [a, b] : pairs_) {
        const std::string smaller = std::min(of(a), of(b));
        changed = changed || of(a) != smaller || of(b) != smaller;
        label[a] = label[b] = smaller;
      }
    }
    // Of each event id of a unit the earliest; in order of time.
    std::map<std::string, std::map<std::string, const Fact*>> people;
    for (const Fact& fact : facts_) {  // By time.
      people[of(fact.unit)].emplace(fact.id, &fact);
    }
    ShopNumbers numbers;
    for (const auto& [unit, by_id] : people) {
      std::vector<const Fact*> history;
      for (const auto& [id, fact] : by_id) history.push_back(fact);
      std::sort(history.begin(), history.end(),
                [](const Fact* a, const Fact* b) { return *a < *b; });
      AddPerson(history, &numbers);
    }
    return numbers;
  }

  size_t events() const { return facts_.size(); }

 private:
  struct Fact {
    int64_t time = 0;
    std::string id, unit, name, variant;
    int64_t cents = 0;
    friend bool operator<(const Fact& a, const Fact& b) {
      return std::tie(a.time, a.id, a.unit, a.name, a.variant, a.cents) <
             std::tie(b.time, b.id, b.unit, b.name, b.variant, b.cents);
    }
  };

  static void AddPerson(const std::vector<const Fact*>& history,
                        ShopNumbers* numbers) {
    bool visited = false, paid = false;
    std::set<std::string> variants;
    int64_t orders = 0, cents = 0;
    for (const Fact* fact : history) {
      if (fact->name == "visit") visited = true;
      if (fact->name == "pay" && visited) paid = true;
      if (fact->name == "stagecraft.exposure") variants.insert(fact->variant);
      if (fact->name == "order" && !variants.empty()) {
        ++orders;
        cents += fact->cents;
      }
    }
    numbers->visited += visited;
    numbers->paid += paid;
    if (variants.size() > 1) ++numbers->crossed_over;
    if (variants.size() != 1) return;
    const int arm = *variants.begin() == "a" ? 0 : 1;
    ++numbers->units[arm];
    numbers->orders[arm] += orders;
    numbers->cents[arm] += cents;
  }

  std::set<Fact> facts_;
  std::set<std::pair<std::string, std::string>> pairs_;
};

// What the server says.
inline grpc::Status ReadShop(const FaultStubs& stubs, ShopNumbers* numbers) {
  *numbers = {};
  v1::GetJourneyFunnelRequest journey;
  journey.set_name("journeys/shop");
  v1::JourneyFunnel funnel;
  {
    grpc::ClientContext context;
    const grpc::Status status =
        stubs.results->GetJourneyFunnel(&context, journey, &funnel);
    if (!status.ok()) return status;
  }
  if (funnel.stages_size() == 2) {
    numbers->visited = funnel.stages(0).entered();
    numbers->paid = funnel.stages(1).entered();
  }
  v1::GetExperimentResultsRequest experiment;
  experiment.set_name(kShopExperiment);
  v1::ExperimentResults results;
  grpc::ClientContext context;
  const grpc::Status status =
      stubs.results->GetExperimentResults(&context, experiment, &results);
  if (!status.ok()) return status;
  numbers->crossed_over = results.trust().crossed_over_units();
  for (int i = 0; i < results.trust().arms_size() && i < 2; ++i) {
    numbers->units[i] = results.trust().arms(i).units();
  }
  for (const v1::KpiResult& kpi : results.kpis()) {
    for (int i = 0; i < kpi.variants_size() && i < 2; ++i) {
      if (kpi.kpi() == "journeys/shop/kpis/revenue") {
        numbers->cents[i] = std::llround(kpi.variants(i).numerator() * 100);
      } else if (kpi.kpi() == "journeys/shop/kpis/orders") {
        numbers->orders[i] = std::llround(kpi.variants(i).numerator());
      }
    }
  }
  return grpc::Status::OK;
}

// Sends one batch; expects that none of its items is refused.
inline grpc::Status SendBatch(const FaultStubs& stubs,
                              const v1::IngestEventsRequest& batch,
                              v1::IngestEventsResponse* response = nullptr) {
  v1::IngestEventsResponse own;
  if (response == nullptr) response = &own;
  grpc::ClientContext context;
  const grpc::Status status =
      stubs.events->IngestEvents(&context, batch, response);
  if (status.ok()) {
    EXPECT_EQ(response->rejected_count(), 0)
        << response->outcomes(0).ShortDebugString();
  }
  return status;
}

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_END_TO_END_FAULT_WORLD_H_
