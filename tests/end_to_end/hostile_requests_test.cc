// Requests that no decent client would send: each is answered with a sensible
// code and a message that names the field, and leaves no trace.

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/end_to_end/hostile_world.h"

namespace stagecraft::testing {
namespace {

using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using Code = grpc::StatusCode;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

v1::Experiment GoodExperiment() {
  v1::Experiment experiment;
  experiment.set_stage("visit");
  for (const char* id : {"a", "b"}) {
    v1::Variant* variant = experiment.add_variants();
    variant->set_id(id);
    variant->set_share_ppm(500'000);
  }
  v1::Plan* plan = experiment.mutable_plan();
  plan->add_primary_kpis("journeys/shop/kpis/revenue");
  v1::Plan::Guardrail* guardrail = plan->add_guardrails();
  guardrail->set_kpi("journeys/shop/kpis/orders");
  guardrail->set_relative_margin(0.1);
  plan->mutable_automatic_guardrails()->mutable_window()->set_seconds(86400);
  plan->mutable_minimum_duration()->set_seconds(1);
  plan->mutable_maximum_staleness()->set_seconds(86400);
  return experiment;
}

// A journey with every duration and number set.
v1::Journey GoodJourney() {
  v1::Journey journey;
  v1::Stage* stage = journey.add_stages();
  stage->set_id("visit");
  stage->mutable_entry()->add_names("visit");
  stage->mutable_dropout_after()->set_seconds(60);
  journey.mutable_time_resolution()->set_seconds(1);
  return journey;
}

v1::Kpi GoodKpi() {
  v1::Kpi kpi;
  kpi.set_direction(v1::Kpi::UP);
  kpi.mutable_delay()->set_seconds(1);
  kpi.mutable_length()->set_seconds(60);
  kpi.mutable_value_sum()->mutable_events()->add_names("order");
  kpi.mutable_value_sum()->set_unit_cap(10);
  return kpi;
}

// Calls `fn` with each message in `root`, itself included, that is set.
void ForEachMessage(
    Message* root, const std::string& path,
    const std::function<void(Message*, const std::string& path)>& fn) {
  fn(root, path);
  std::vector<const FieldDescriptor*> fields;
  root->GetReflection()->ListFields(*root, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
        field->is_map()) {
      continue;
    }
    const std::string inner = absl::StrCat(path, ".", field->name());
    if (field->is_repeated()) {
      for (int i = 0; i < root->GetReflection()->FieldSize(*root, field); ++i) {
        ForEachMessage(
            root->GetReflection()->MutableRepeatedMessage(root, field, i),
            inner, fn);
      }
    } else {
      ForEachMessage(root->GetReflection()->MutableMessage(root, field), inner,
                     fn);
    }
  }
}

class HostileRequestsTest : public HostileTest {
 protected:
  grpc::Status Create(const v1::Experiment& experiment,
                      const std::string& id = "evil") {
    v1::CreateExperimentRequest request;
    request.set_parent("journeys/shop");
    request.set_experiment_id(id);
    *request.mutable_experiment() = experiment;
    v1::Experiment created;
    grpc::ClientContext context;
    return stubs_->experiments->CreateExperiment(&context, request, &created);
  }
  grpc::Status Create(const v1::Journey& journey,
                      const std::string& id = "evil") {
    v1::CreateJourneyRequest request;
    request.set_journey_id(id);
    *request.mutable_journey() = journey;
    v1::Journey created;
    grpc::ClientContext context;
    return stubs_->journeys->CreateJourney(&context, request, &created);
  }
  grpc::Status Create(const v1::Kpi& kpi, const std::string& id = "evil") {
    v1::CreateKpiRequest request;
    request.set_parent("journeys/shop");
    request.set_kpi_id(id);
    *request.mutable_kpi() = kpi;
    v1::Kpi created;
    grpc::ClientContext context;
    return stubs_->kpis->CreateKpi(&context, request, &created);
  }

  // Creates a resource once for each number of it and each bad value in its
  // place: all must be refused, and the message names the field.
  template <typename T, typename Value>
  void ExpectEachRefused(const T& good, FieldDescriptor::CppType type,
                         const std::vector<Value>& bad, int* tried) {
    T probe = good;
    int messages = 0;
    ForEachMessage(&probe, "",
                   [&](Message*, const std::string&) { ++messages; });
    for (int target = 0; target < messages; ++target) {
      for (const Value value : bad) {
        T copy = good;
        const int fields = FieldsOf(copy, target, type);
        for (int f = 0; f < fields; ++f) {
          T evil = good;
          std::string where;
          std::string name;
          int at = 0;
          ForEachMessage(&evil, "", [&](Message* m, const std::string& path) {
            if (at++ != target) return;
            int seen = 0;
            for (int i = 0; i < m->GetDescriptor()->field_count(); ++i) {
              const FieldDescriptor* field = m->GetDescriptor()->field(i);
              if (!Suits(field, type) || seen++ != f) continue;
              name = field->name();
              where = absl::StrCat(path, ".", name);
              if constexpr (std::is_same_v<Value, double>) {
                m->GetReflection()->SetDouble(m, field, value);
              } else if (type == FieldDescriptor::CPPTYPE_INT64) {
                m->GetReflection()->SetInt64(m, field, value);
              } else if (type == FieldDescriptor::CPPTYPE_ENUM) {
                m->GetReflection()->SetEnumValue(m, field,
                                                 static_cast<int>(value));
              } else {
                m->GetReflection()->SetInt32(m, field,
                                             static_cast<int32_t>(value));
              }
            }
          });
          SCOPED_TRACE(absl::StrCat(where, " = ", value));
          ++*tried;
          EXPECT_THAT(Create(evil),
                      GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr(name)));
        }
      }
    }
  }

  static bool Suits(const FieldDescriptor* field,
                    FieldDescriptor::CppType type) {
    if (field->cpp_type() != type || field->is_repeated()) return false;
    // Set by the server; what a client sends there is ignored.
    const std::string& name = field->name();
    if (name == "revision" || name == "state") return false;
    // Parts of times are the matter of another test.
    return field->containing_type()->file()->package() == "stagecraft.v1";
  }

  template <typename T>
  static int FieldsOf(T message, int target, FieldDescriptor::CppType type) {
    int at = 0;
    int count = 0;
    ForEachMessage(&message, "", [&](Message* m, const std::string&) {
      if (at++ != target) return;
      for (int i = 0; i < m->GetDescriptor()->field_count(); ++i) {
        count += Suits(m->GetDescriptor()->field(i), type);
      }
    });
    return count;
  }

  // Sets each duration of `good` to each bad one.
  template <typename T>
  void ExpectBadDurationsRefused(const T& good, int* tried) {
    struct Bad {
      int64_t seconds;
      int32_t nanos;
    };
    constexpr int64_t kHuge = int64_t{1} << 62;
    for (const Bad bad :
         {Bad{-1, 0}, Bad{0, -1'000'000}, Bad{kHuge, 0}, Bad{-kHuge, 0},
          Bad{std::numeric_limits<int64_t>::min(), 0},
          Bad{std::numeric_limits<int64_t>::max(), 0}, Bad{1, 1'000'000'000},
          Bad{1, std::numeric_limits<int32_t>::min()}, Bad{1, -1}}) {
      T evil = good;
      std::vector<google::protobuf::Duration*> durations;
      std::vector<std::string> paths;
      ForEachMessage(&evil, "", [&](Message* m, const std::string& path) {
        if (auto* d = dynamic_cast<google::protobuf::Duration*>(m)) {
          durations.push_back(d);
          paths.push_back(path);
        }
      });
      for (size_t i = 0; i < durations.size(); ++i) {
        const google::protobuf::Duration kept = *durations[i];
        durations[i]->set_seconds(bad.seconds);
        durations[i]->set_nanos(bad.nanos);
        SCOPED_TRACE(absl::StrCat(paths[i], " = ", bad.seconds, " s, ",
                                  bad.nanos, " ns"));
        EXPECT_THAT(
            Create(evil),
            GrpcStatusIs(Code::INVALID_ARGUMENT,
                         HasSubstr(paths[i].substr(paths[i].rfind('.') + 1))));
        *durations[i] = kept;
        ++*tried;
      }
    }
  }
};

TEST_F(HostileRequestsTest, RefusesMessagesThatAreTooLarge) {
  const std::string huge(size_t{17} << 20, 'x');
  EXPECT_THAT(CallBytes("EventService/IngestEvents", huge),
              GrpcStatusIs(Code::RESOURCE_EXHAUSTED, HasSubstr("larger")));
  EXPECT_THAT(CallBytes("JourneyService/CreateJourney", huge),
              GrpcStatusIs(Code::RESOURCE_EXHAUSTED, HasSubstr("larger")));
}

TEST_F(HostileRequestsTest, RefusesBatchesOfTooManyItems) {
  v1::IngestEventsRequest batch;
  for (int i = 0; i < 10'000; ++i) {
    *batch.add_events() = ShopEvent(absl::StrCat(i), "bob", "visit", i);
  }
  batch.add_aliases();
  EXPECT_THAT(SendBatch(*stubs_, batch),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("10001 items")));
  v1::BatchAssignRequest assign;
  for (int i = 0; i < 1'001; ++i) assign.add_units()->set_unit_id("u");
  v1::BatchAssignResponse response;
  grpc::ClientContext context;
  EXPECT_THAT(stubs_->assignments->BatchAssign(&context, assign, &response),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("1001")));
}

TEST_F(HostileRequestsTest, RefusesUnknownEnumValues) {
  int tried = 0;
  const std::vector<int64_t> bad = {99, -1,
                                    std::numeric_limits<int32_t>::max()};
  ExpectEachRefused(GoodExperiment(), FieldDescriptor::CPPTYPE_ENUM, bad,
                    &tried);
  ExpectEachRefused(GoodJourney(), FieldDescriptor::CPPTYPE_ENUM, bad, &tried);
  ExpectEachRefused(GoodKpi(), FieldDescriptor::CPPTYPE_ENUM, bad, &tried);
  EXPECT_EQ(tried, 3 * 4);  // method, correction; ordering; direction.
  v1::GetExperimentResultsRequest results;
  results.set_name(kShopExperiment);
  results.set_view(static_cast<v1::ResultView>(99));
  v1::ExperimentResults answer;
  grpc::ClientContext context;
  EXPECT_THAT(stubs_->results->GetExperimentResults(&context, results, &answer),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("view")));
  v1::ListExperimentsRequest list;
  list.set_parent("journeys/shop");
  list.add_states(static_cast<v1::Experiment::State>(99));
  v1::ListExperimentsResponse listed;
  grpc::ClientContext list_context;
  EXPECT_THAT(
      stubs_->experiments->ListExperiments(&list_context, list, &listed),
      GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("states")));
}

TEST_F(HostileRequestsTest, RefusesNumbersOutOfRange) {
  int tried = 0;
  const std::vector<double> doubles = {kNan, kInf, -kInf, -1};
  ExpectEachRefused(GoodExperiment(), FieldDescriptor::CPPTYPE_DOUBLE, doubles,
                    &tried);
  // 6 of the plan, both margins of a guardrail, 2 automatic ones.
  EXPECT_EQ(tried, 4 * 10);
  tried = 0;
  ExpectEachRefused(GoodKpi(), FieldDescriptor::CPPTYPE_DOUBLE,
                    std::vector<double>{kNan, kInf, -kInf, 1e308}, &tried);
  EXPECT_EQ(tried, 4);
  tried = 0;
  ExpectEachRefused(
      GoodExperiment(), FieldDescriptor::CPPTYPE_INT64,
      std::vector<int64_t>{-1, std::numeric_limits<int64_t>::min()}, &tried);
  EXPECT_EQ(tried, 2 * 3);  // planned_units, minimum_units and _conversions.
  tried = 0;
  const std::vector<int64_t> ints = {-1, std::numeric_limits<int32_t>::min(),
                                     std::numeric_limits<int32_t>::max()};
  ExpectEachRefused(GoodExperiment(), FieldDescriptor::CPPTYPE_INT32, ints,
                    &tried);
  ExpectEachRefused(GoodJourney(), FieldDescriptor::CPPTYPE_INT32, ints,
                    &tried);
  EXPECT_EQ(tried, 3 * (2 + 2 + 2));  // Two shares, layer_ppm, coverage_ppm;
                                      // priority, holdout_ppm.
}

TEST_F(HostileRequestsTest, RefusesDurationsAndTimesOutOfRange) {
  int tried = 0;
  ExpectBadDurationsRefused(GoodExperiment(), &tried);
  ExpectBadDurationsRefused(GoodJourney(), &tried);
  ExpectBadDurationsRefused(GoodKpi(), &tried);
  EXPECT_EQ(tried, 9 * (3 + 2 + 2));

  constexpr int64_t kHuge = int64_t{1} << 62;
  for (const auto& [seconds, nanos] : std::vector<std::pair<int64_t, int32_t>>{
           {kHuge, 0},
           {-kHuge, 0},
           {std::numeric_limits<int64_t>::min(), 0},
           {std::numeric_limits<int64_t>::max(), 999'999'999},
           {kShopStart, -1},
           {kShopStart, 1'000'000'000},
           {kShopStart, std::numeric_limits<int32_t>::min()}}) {
    SCOPED_TRACE(absl::StrCat(seconds, " s, ", nanos, " ns"));
    google::protobuf::Timestamp time;
    time.set_seconds(seconds);
    time.set_nanos(nanos);
    v1::IngestEventsRequest batch;
    *batch.add_events() = ShopEvent("t", "bob", "visit", 0);
    *batch.mutable_events(0)->mutable_time() = time;
    v1::IngestEventsResponse response;
    grpc::ClientContext context;
    ASSERT_THAT(stubs_->events->IngestEvents(&context, batch, &response),
                IsGrpcOk());
    ASSERT_EQ(response.rejected_count(), 1);
    EXPECT_THAT(response.outcomes(0).message(), HasSubstr("time"));

    const auto bad = GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("time"));
    const auto bad_as_of =
        GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("as_of"));
    v1::AssignRequest assign;
    assign.set_unit_id("bob");
    assign.set_record_exposure(true);
    *assign.mutable_time() = time;
    v1::AssignResponse assigned;
    grpc::ClientContext assign_context;
    EXPECT_THAT(stubs_->assignments->Assign(&assign_context, assign, &assigned),
                bad);
    v1::GetJourneyFunnelRequest funnel;
    funnel.set_name("journeys/shop");
    *funnel.mutable_as_of() = time;
    v1::JourneyFunnel funnel_answer;
    grpc::ClientContext funnel_context;
    EXPECT_THAT(stubs_->results->GetJourneyFunnel(&funnel_context, funnel,
                                                  &funnel_answer),
                bad_as_of);
    v1::ConcludeExperimentRequest conclude;
    conclude.set_name(kShopExperiment);
    *conclude.mutable_end_time() = time;
    v1::Experiment concluded;
    grpc::ClientContext conclude_context;
    EXPECT_THAT(stubs_->experiments->ConcludeExperiment(&conclude_context,
                                                        conclude, &concluded),
                bad);
  }
}

}  // namespace
}  // namespace stagecraft::testing
