// The whole command line within this process, against a small fake server.
#include "clients/cli/app.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/json_io.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/assignment.grpc.pb.h"
#include "stagecraft/v1/decision.grpc.pb.h"
#include "stagecraft/v1/event.grpc.pb.h"
#include "stagecraft/v1/experiment.grpc.pb.h"
#include "stagecraft/v1/journey.grpc.pb.h"
#include "stagecraft/v1/result.grpc.pb.h"
#include "tests/clients/cpp/fake_server.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::FakeServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Sets the masked fields of `target` to those of `source`.
template <typename T>
void Merge(const T& source, const google::protobuf::FieldMask& mask,
           T* target) {
  for (const std::string& path : mask.paths()) {
    const auto* field = T::descriptor()->FindFieldByName(path);
    target->GetReflection()->ClearField(target, field);
    T only;
    only.CopyFrom(source);
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    only.GetReflection()->ListFields(only, &fields);
    for (const auto* other : fields) {
      if (other != field) only.GetReflection()->ClearField(&only, other);
    }
    target->MergeFrom(only);
  }
}

class FakeJourneys : public v1::JourneyService::Service {
 public:
  std::map<std::string, v1::Journey> journeys;
  std::vector<std::string> masks;

  grpc::Status GetJourney(grpc::ServerContext*,
                          const v1::GetJourneyRequest* request,
                          v1::Journey* response) override {
    const auto it = journeys.find(request->name());
    if (it == journeys.end()) {
      return {grpc::NOT_FOUND, request->name() + " does not exist"};
    }
    *response = it->second;
    return grpc::Status::OK;
  }
  grpc::Status ListJourneys(grpc::ServerContext*,
                            const v1::ListJourneysRequest*,
                            v1::ListJourneysResponse* response) override {
    for (const auto& [name, journey] : journeys) {
      *response->add_journeys() = journey;
    }
    return grpc::Status::OK;
  }
  grpc::Status UpdateJourney(grpc::ServerContext*,
                             const v1::UpdateJourneyRequest* request,
                             v1::Journey* response) override {
    std::string mask;
    for (const auto& path : request->update_mask().paths()) mask += path + ";";
    masks.push_back(mask);
    v1::Journey& journey = journeys[request->journey().name()];
    if (journey.name().empty()) {
      if (!request->allow_missing()) return {grpc::NOT_FOUND, "missing"};
      journey = request->journey();
    } else {
      Merge(request->journey(), request->update_mask(), &journey);
    }
    journey.set_revision(journey.revision() + 1);
    *response = journey;
    return grpc::Status::OK;
  }
  grpc::Status DeleteJourney(grpc::ServerContext*,
                             const v1::DeleteJourneyRequest* request,
                             google::protobuf::Empty*) override {
    if (journeys.count(request->name()) == 0) {
      return {grpc::NOT_FOUND, request->name() + " does not exist"};
    }
    return {grpc::FAILED_PRECONDITION, "it has 2 experiments, want none"};
  }
};

class FakeExperiments : public v1::ExperimentService::Service {
 public:
  v1::StartExperimentRequest started;
  v1::RollOutExperimentRequest rolled_out;

  grpc::Status StartExperiment(grpc::ServerContext*,
                               const v1::StartExperimentRequest* request,
                               v1::Experiment* response) override {
    started = *request;
    response->set_name(request->name());
    response->set_state(v1::Experiment::RUNNING);
    *response->mutable_start_time() = request->start_time();
    return grpc::Status::OK;
  }
  grpc::Status RollOutExperiment(grpc::ServerContext*,
                                 const v1::RollOutExperimentRequest* request,
                                 v1::Experiment* response) override {
    rolled_out = *request;
    response->set_name(request->name());
    response->set_state(v1::Experiment::ROLLED_OUT);
    response->set_rolled_out_variant(request->variant());
    return grpc::Status::OK;
  }
};

class FakeAssignments : public v1::AssignmentService::Service {
 public:
  v1::AssignRequest asked;
  grpc::Status Assign(grpc::ServerContext*, const v1::AssignRequest* request,
                      v1::AssignResponse* response) override {
    asked = *request;
    response->set_unit_id(request->unit_id());
    v1::Assignment* a = response->add_assignments();
    a->set_experiment("journeys/shop/experiments/button");
    a->set_variant("big");
    a->set_reason(v1::Assignment::SPLIT);
    a->set_counted(true);
    return grpc::Status::OK;
  }
};

// Refuses events of the name `bad`.
class FakeEvents : public v1::EventService::Service {
 public:
  std::vector<v1::Event> events;
  std::vector<v1::Alias> aliases;

  grpc::Status StreamEvents(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::StreamEventsResponse,
                               v1::StreamEventsRequest>* stream) override {
    v1::StreamEventsRequest request;
    int64_t stored = 0, rejected = 0;
    while (stream->Read(&request)) {
      v1::StreamEventsResponse response;
      for (int i = 0; i < request.events_size(); ++i) {
        if (request.events(i).name() != "bad") {
          events.push_back(request.events(i));
          ++stored;
          continue;
        }
        ++rejected;
        v1::StreamRejection* rejection = response.add_rejections();
        rejection->set_sequence(request.sequence());
        rejection->mutable_outcome()->set_index(i);
        rejection->mutable_outcome()->set_status(v1::IngestOutcome::REJECTED);
        rejection->mutable_outcome()->set_message("name is \"bad\", want good");
      }
      for (const v1::Alias& alias : request.aliases()) {
        aliases.push_back(alias);
        ++stored;
      }
      response.set_acknowledged_sequence(request.sequence());
      response.set_stored_count(stored);
      response.set_rejected_count(rejected);
      stream->Write(response);
    }
    return grpc::Status::OK;
  }
};

void FillVerdict(v1::Verdict* verdict) {
  verdict->set_kind(v1::Verdict::WINNER);
  verdict->set_variant("big");
  v1::Reason* reason = verdict->add_reasons();
  reason->set_code(v1::Reason::SUPERIOR);
  reason->set_message("orders +12.0%");
}

class FakeResults : public v1::ResultService::Service {
 public:
  v1::GetExperimentResultsRequest asked;
  v1::GetJourneyFunnelRequest asked_funnel;

  grpc::Status GetExperimentResults(
      grpc::ServerContext*, const v1::GetExperimentResultsRequest* request,
      v1::ExperimentResults* response) override {
    asked = *request;
    response->mutable_experiment()->set_name(request->name());
    response->mutable_experiment()->set_state(v1::Experiment::RUNNING);
    FillVerdict(response->mutable_verdict());
    v1::KpiResult* kpi = response->add_kpis();
    kpi->set_kpi("journeys/shop/kpis/orders");
    kpi->set_display_name("Orders");
    kpi->set_kind("conversion");
    kpi->set_role(v1::KPI_ROLE_PRIMARY);
    kpi->set_higher_is_better(true);
    for (const char* id : {"control", "big"}) {
      v1::KpiVariantResult* variant = kpi->add_variants();
      variant->set_variant(id);
      variant->set_units(12345);
      variant->set_value(id[0] == 'c' ? 0.1 : 0.112);
    }
    v1::KpiComparison* comparison = kpi->add_comparisons();
    comparison->set_variant("big");
    comparison->set_relative(0.12);
    comparison->mutable_sequential()->set_p_value(0.0004);
    comparison->mutable_sequential()->mutable_relative_interval()->set_lower(
        0.05);
    comparison->mutable_sequential()->mutable_relative_interval()->set_upper(
        0.19);
    return grpc::Status::OK;
  }
  grpc::Status GetJourneyFunnel(grpc::ServerContext*,
                                const v1::GetJourneyFunnelRequest* request,
                                v1::JourneyFunnel* response) override {
    asked_funnel = *request;
    response->mutable_journey()->set_name(request->name());
    v1::StageFunnel* stage = response->add_stages();
    stage->set_stage("visit");
    stage->set_entered(1000);
    stage->set_advanced(250);
    stage->set_conversion(0.25);
    response->add_stages()->set_stage("buy");
    return grpc::Status::OK;
  }
};

class FakeDecisions : public v1::DecisionService::Service {
 public:
  bool matches = true;

  grpc::Status ListDecisions(grpc::ServerContext*,
                             const v1::ListDecisionsRequest*,
                             v1::ListDecisionsResponse* response) override {
    *response->add_decisions() = Make(7);
    return grpc::Status::OK;
  }
  grpc::Status WatchDecisions(
      grpc::ServerContext*, const v1::WatchDecisionsRequest* request,
      grpc::ServerWriter<v1::Decision>* writer) override {
    for (int i = 1; i <= 3; ++i)
      writer->Write(Make(request->after_sequence() + i));
    return grpc::Status::OK;
  }
  grpc::Status VerifyDecision(grpc::ServerContext*,
                              const v1::VerifyDecisionRequest*,
                              v1::VerifyDecisionResponse* response) override {
    response->set_matches(matches);
    FillVerdict(response->mutable_derived());
    return grpc::Status::OK;
  }

 private:
  static v1::Decision Make(int64_t sequence) {
    v1::Decision decision;
    decision.set_experiment("journeys/shop/experiments/button");
    decision.set_name(
        absl::StrCat(decision.experiment(), "/decisions/", sequence));
    decision.set_sequence(sequence);
    decision.set_action(v1::Decision::VERDICT_REACHED);
    FillVerdict(decision.mutable_verdict());
    return decision;
  }
};

class AppTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.ok());
    folder_ = ::testing::TempDir() + "/stagecraft_app_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Runs a command against the fake; `input` is its standard input.
  int Run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.push_back("--server=" + server_.target());
    std::istringstream in(input);
    std::ostringstream out, err;
    const int code = RunApp(arguments, {in, out, err});
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  FakeJourneys journeys_;
  FakeExperiments experiments_;
  FakeAssignments assignments_;
  FakeEvents events_;
  FakeResults results_;
  FakeDecisions decisions_;
  FakeServer server_{{&journeys_, &experiments_, &assignments_, &events_,
                      &results_, &decisions_}};
  std::string folder_, out_, err_;
};

TEST_F(AppTest, AppliesCreatesUpdatesAndLeavesAlone) {
  const std::string file =
      Write("shop.json",
            R"({"journey": {"name": "journeys/shop", "displayName": "Shop",
                      "stages": [{"id": "visit"}]}})");
  EXPECT_EQ(Run({"apply", "-f", file}), 0) << err_;
  EXPECT_EQ(out_, "journeys/shop  created\n");
  EXPECT_EQ(Run({"apply", "-f", file}), 0);
  EXPECT_EQ(out_, "journeys/shop  unchanged\n");
  EXPECT_EQ(journeys_.masks.size(), 1) << "nothing to send the second time";

  Write("shop.json", R"({"journey": {"name": "shop", "owner": "web",
                         "stages": [{"id": "visit"}, {"id": "buy"}]}})");
  EXPECT_EQ(Run({"apply", "-f", folder_}), 0);
  EXPECT_EQ(out_, "journeys/shop  updated: owner, stages\n");
  EXPECT_THAT(journeys_.masks, ElementsAre("", "owner;stages;"));
  EXPECT_EQ(journeys_.journeys["journeys/shop"].stages_size(), 2);
  EXPECT_EQ(journeys_.journeys["journeys/shop"].display_name(), "Shop");
}

TEST_F(AppTest, ADryRunSendsNothing) {
  EXPECT_EQ(Run({"apply", "-f", "-", "--dry-run"},
                R"({"journey": {"name": "shop"}})"),
            0);
  EXPECT_THAT(out_, HasSubstr("journeys/shop"));
  EXPECT_THAT(journeys_.masks, IsEmpty());
}

TEST_F(AppTest, WhatGetPrintsCanBeApplied) {
  journeys_.journeys["journeys/shop"].set_name("journeys/shop");
  journeys_.journeys["journeys/shop"].set_owner("web");
  journeys_.journeys["journeys/shop"].set_revision(4);
  ASSERT_EQ(Run({"get", "journeys/shop", "--output", "json"}), 0);
  EXPECT_EQ(Run({"apply", "-f", "-"}, out_), 0) << err_;
  EXPECT_EQ(out_, "journeys/shop  unchanged\n");
  ASSERT_EQ(Run({"--output", "json", "list", "journeys"}), 0);
  EXPECT_EQ(Run({"apply", "-f", "-"}, out_), 0) << err_;
  EXPECT_EQ(out_, "journeys/shop  unchanged\n");
}

TEST_F(AppTest, SaysWhatDoesNotExist) {
  EXPECT_EQ(Run({"get", "journeys/none"}), 4);
  EXPECT_EQ(err_, "stagecraft: journeys/none does not exist\n");
  EXPECT_EQ(Run({"delete", "journeys/none"}), 4);
  EXPECT_EQ(Run({"get", "shop/experiments/button/decisions/8"}), 4);
  EXPECT_EQ(Run({"get", "shop/experiments/button/decisions/7"}), 0);
}

TEST_F(AppTest, SaysWhatIsRefused) {
  journeys_.journeys["journeys/shop"].set_name("journeys/shop");
  EXPECT_EQ(Run({"delete", "journeys/shop"}), 5);
  EXPECT_EQ(err_, "stagecraft: it has 2 experiments, want none\n");
  EXPECT_EQ(Run({"delete", "shop/experiments/button/decisions/7"}), 2);
}

TEST_F(AppTest, StartsAndRollsOut) {
  EXPECT_EQ(Run({"start", "shop/experiments/button", "--at", "2026-03-01"}), 0);
  EXPECT_EQ(experiments_.started.name(), "journeys/shop/experiments/button");
  // date -ud 2026-03-01 +%s
  EXPECT_EQ(experiments_.started.start_time().seconds(), 1772323200);
  EXPECT_EQ(experiments_.started.request_id().size(), 32);
  EXPECT_THAT(out_, StartsWith("journeys/shop/experiments/button  "));
  EXPECT_EQ(Run({"start", "shop/experiments/button"}), 0);
  EXPECT_FALSE(experiments_.started.has_start_time());

  EXPECT_EQ(
      Run({"rollout", "shop/button", "--variant", "big", "--comment", "won"}),
      0);
  EXPECT_EQ(experiments_.rolled_out.variant(), "big");
  EXPECT_EQ(experiments_.rolled_out.comment(), "won");
}

TEST_F(AppTest, Assigns) {
  EXPECT_EQ(Run({"assign", "--attribute", "plan=pro", "u1", "--attribute",
                 "age=31", "--experiment", "shop/button", "--record"}),
            0)
      << err_;
  EXPECT_EQ(assignments_.asked.unit_id(), "u1");
  EXPECT_EQ(assignments_.asked.attributes().at("plan").string_value(), "pro");
  EXPECT_EQ(assignments_.asked.attributes().at("age").number_value(), 31);
  EXPECT_THAT(assignments_.asked.experiments(),
              ElementsAre("journeys/shop/experiments/button"));
  EXPECT_TRUE(assignments_.asked.record_exposure());
  EXPECT_EQ(out_,
            "EXPERIMENT               VARIANT  WHY    COUNTED  PAYLOAD\n"
            "shop/experiments/button  big      split  yes\n");
  EXPECT_EQ(Run({"assign", "u1", "--attribute", "a=1", "--attribute", "a=2"}),
            2);
}

constexpr char kEvents[] =
    R"({"event_id": "1", "unit_id": "u", "name": "order", "time": "2026-03-14T00:00:00Z", "attributes": {"plan": "pro"}}
{"alias": {"alias_id": "c", "unit_id": "u"}}

{"event_id": "2", "unit_id": "u", "name": "bad", "time": "2026-03-14T00:00:00Z"}
{"event_id": 3}
)";

TEST_F(AppTest, IngestsAndSaysWhatWasRejected) {
  const std::string file = Write("events.ndjson", kEvents);
  EXPECT_EQ(Run({"ingest", "-f", file, "--quiet"}), 6);
  ASSERT_EQ(events_.events.size(), 1);
  EXPECT_EQ(events_.events[0].attributes().at("plan").string_value(), "pro");
  EXPECT_EQ(events_.aliases.size(), 1);
  EXPECT_THAT(out_, StartsWith("4 lines: 2 stored, 0 there already, 1 refused, "
                               "1 not readable"));
  EXPECT_THAT(err_, HasSubstr(file + ":5: column 14: event_id is a number, "
                                     "want a string"));
  EXPECT_THAT(err_, HasSubstr(file + ":4: event \"2\" of unit \"u\": name is "
                                     "\"bad\", want good"));
  EXPECT_EQ(Run({"ingest", "-f", "-", "--allow-rejected", "--output", "json"},
                kEvents),
            0);
  EXPECT_EQ(out_,
            "{\"lines\":4,\"malformed\":1,\"acknowledged\":3,\"stored\":2,"
            "\"duplicates\":0,\"rejected\":1,\"reconnects\":0}\n");
}

TEST_F(AppTest, IngestChecksItsFilesFirst) {
  EXPECT_EQ(Run({"ingest", "-f", folder_ + "/none"}), 4);
  EXPECT_EQ(Run({"ingest", "-f", folder_}), 2);
  const std::string zipped = Write("events.gz", "\x1f\x8b rest");
  EXPECT_EQ(Run({"ingest", "-f", zipped}), 2);
  EXPECT_THAT(err_, HasSubstr("is gzipped, want text: zcat"));
  EXPECT_THAT(events_.events, IsEmpty());
}

TEST_F(AppTest, ImportsRowsAsEvents) {
  const std::string mapping = Write("orders.json", R"({
      "unit": {"column": "customer"},
      "rules": [{"name": {"column": "what"}, "time": {"column": "at"},
                 "value": {"column": "total"}}]})");
  const std::string csv = Write("orders.csv",
                                "customer,what,at,total\n"
                                "u1,order,2026-03-14T00:00:00Z,12.5\n"
                                "u2,order,yesterday,3\n"
                                "u3,bad,2026-03-14T00:00:00Z,4\n");
  EXPECT_EQ(Run({"import", "--mapping", mapping, "--dry-run", "1", csv}), 0)
      << err_;
  EXPECT_THAT(out_, HasSubstr("\"unitId\":\"u1\""));
  EXPECT_THAT(events_.events, IsEmpty());

  EXPECT_EQ(Run({"import", "--mapping", mapping, csv}), 6);
  ASSERT_EQ(events_.events.size(), 1) << err_;
  EXPECT_EQ(events_.events[0].unit_id(), "u1");
  EXPECT_EQ(events_.events[0].value(), 12.5);
  EXPECT_THAT(out_, HasSubstr("3 rows: 1 stored, 0 there already, 1 refused, 1 "
                              "not readable"));
  EXPECT_THAT(err_, AllOf(HasSubstr("yesterday"), HasSubstr("want good")));
  EXPECT_EQ(Run({"import", "--mapping", mapping, "--allow-rejected", csv}), 0);
  EXPECT_EQ(Run({"import", "--mapping", mapping, "--max-errors", "0", csv}), 2);
  EXPECT_EQ(Run({"import", "--mapping", folder_ + "/none", csv}), 4);
}

TEST_F(AppTest, PutsTheVerdictFirst) {
  EXPECT_EQ(Run({"results", "shop/experiments/button", "--full", "--as-of",
                 "2026-03-14"}),
            0);
  EXPECT_EQ(results_.asked.view(), v1::RESULT_VIEW_FULL);
  EXPECT_EQ(results_.asked.as_of().seconds(), 1773446400);
  EXPECT_THAT(out_, StartsWith("WINNER: big\n  - superior: orders +12.0%\n"));
  EXPECT_THAT(out_, HasSubstr("12,345"));
  EXPECT_THAT(out_, HasSubstr("11.20%"));
  EXPECT_THAT(out_, HasSubstr("+12.0%"));
  EXPECT_THAT(out_, HasSubstr("+5.0% to +19.0%"));
  EXPECT_THAT(out_, HasSubstr("0.0004"));
}

TEST_F(AppTest, PrintsCanonicalJson) {
  EXPECT_EQ(Run({"results", "shop/experiments/button", "--output", "json"}), 0);
  const auto values = ParseJsonValues(out_);
  ASSERT_TRUE(values.ok());
  v1::ExperimentResults results;
  ASSERT_TRUE(JsonToProto(out_, values->front(), &results).ok());
  EXPECT_EQ(results.verdict().variant(), "big");
  EXPECT_THAT(out_, HasSubstr("\"higherIsBetter\": true"));
}

TEST_F(AppTest, ShowsAFunnel) {
  EXPECT_EQ(Run({"funnel", "shop", "--segment", "channel=email"}), 0);
  EXPECT_EQ(results_.asked_funnel.name(), "journeys/shop");
  EXPECT_EQ(results_.asked_funnel.segment().attribute(), "channel");
  EXPECT_EQ(results_.asked_funnel.segment().value(), "email");
  EXPECT_THAT(out_, HasSubstr("25.00%"));
}

TEST_F(AppTest, WatchesUntilTheCount) {
  EXPECT_EQ(Run({"watch", "--after", "41", "--count", "2"}), 0);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 2);
  EXPECT_THAT(out_, StartsWith("42  "));
  EXPECT_EQ(Run({"watch", "--count", "1", "--output", "json"}), 0);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 1);
  EXPECT_THAT(out_, StartsWith("{\"name\":"));
}

TEST_F(AppTest, VerifiesADecision) {
  EXPECT_EQ(Run({"verify", "shop/experiments/button/decisions/7"}), 0);
  EXPECT_THAT(out_, StartsWith("matches"));
  decisions_.matches = false;
  EXPECT_EQ(Run({"verify", "shop/experiments/button/decisions/7"}), 1);
  EXPECT_THAT(out_, StartsWith("DOES NOT MATCH"));
}

TEST_F(AppTest, WritesAReport) {
  const std::string file = folder_ + "/button.html";
  EXPECT_EQ(Run({"report", "shop/experiments/button", "-o", file}), 0) << err_;
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_THAT(text.str(), AllOf(HasSubstr("<html"), HasSubstr("Orders")));
  EXPECT_EQ(results_.asked.view(), v1::RESULT_VIEW_FULL);
  EXPECT_EQ(results_.asked_funnel.name(), "journeys/shop");
  EXPECT_NE(Run({"report", "shop/experiments/button", "-o",
                 folder_ + "/no/such/folder.html"}),
            0);
  EXPECT_THAT(err_, HasSubstr("cannot write"));
}

TEST_F(AppTest, SaysWhatAServerDoesNotKnow) {
  // The fake does not serve layers.
  EXPECT_EQ(Run({"list", "layers"}), 1);
  EXPECT_THAT(err_, HasSubstr("does not know this call"));
}

TEST_F(AppTest, QuietIsQuiet) {
  const std::string file = Write("events.ndjson", kEvents);
  EXPECT_EQ(Run({"ingest", "-f", file}), 6);
  EXPECT_THAT(err_, HasSubstr("100%  "));
  EXPECT_EQ(Run({"-q", "ingest", "-f", file}), 6);
  EXPECT_THAT(err_, Not(HasSubstr("100%")));
}

}  // namespace
}  // namespace stagecraft::cli
