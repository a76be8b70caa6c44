// The commands for operators and scans, within this process, against a small
// fake server.
#include <sstream>
#include <string>
#include <vector>

#include "clients/cli/app.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/admin.grpc.pb.h"
#include "stagecraft/v1/result.grpc.pb.h"
#include "tests/clients/cpp/fake_server.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::FakeServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class FakeAdmin : public v1::AdminService::Service {
 public:
  bool equal = true;
  std::string directory, unit;
  v1::DeleteOldEventsRequest old_events;
  int calls = 0;

  grpc::Status VerifyTallies(grpc::ServerContext*,
                             const v1::VerifyTalliesRequest*,
                             v1::VerifyTalliesResponse* response) override {
    if (!equal) {
      return {grpc::DATA_LOSS, "running tallies differ: journeys/shop"};
    }
    response->set_journeys(2);
    response->set_experiments(1234);
    response->mutable_elapsed()->set_seconds(3);
    return grpc::Status::OK;
  }
  grpc::Status BackUp(grpc::ServerContext*, const v1::BackUpRequest* request,
                      v1::BackUpResponse* response) override {
    directory = request->directory();
    if (++calls > 1) return {grpc::ALREADY_EXISTS, directory + " exists"};
    response->set_bytes(5000);
    return grpc::Status::OK;
  }
  grpc::Status DeleteUnit(grpc::ServerContext*,
                          const v1::DeleteUnitRequest* request,
                          v1::DeleteUnitResponse* response) override {
    unit = request->unit_id();
    response->set_removed_events(17);
    return grpc::Status::OK;
  }
  grpc::Status DeleteOldEvents(grpc::ServerContext*,
                               const v1::DeleteOldEventsRequest* request,
                               v1::DeleteOldEventsResponse* response) override {
    old_events = *request;
    response->mutable_cutoff_time()->set_seconds(1'735'689'600);
    return grpc::Status::OK;
  }
  grpc::Status WriteSnapshot(grpc::ServerContext*,
                             const v1::WriteSnapshotRequest*,
                             v1::WriteSnapshotResponse* response) override {
    response->mutable_elapsed()->set_seconds(2);
    return grpc::Status::OK;
  }
  grpc::Status GetStorage(grpc::ServerContext*, const v1::GetStorageRequest*,
                          v1::Storage* response) override {
    *response = storage;
    return grpc::Status::OK;
  }
  v1::Storage storage;
};

class FakeScans : public v1::ResultService::Service {
 public:
  v1::ScanExperimentRequest asked;
  grpc::Status status;
  bool ends_early = false;

  grpc::Status ScanExperiment(
      grpc::ServerContext*, const v1::ScanExperimentRequest* request,
      grpc::ServerWriter<v1::ScanExperimentResponse>* writer) override {
    asked = *request;
    if (!status.ok()) return status;
    v1::ScanExperimentResponse response;
    for (const double done : {0.25, 0.5, 1.0}) {
      response.set_done(done);
      writer->Write(response);
    }
    if (ends_early) return grpc::Status::OK;
    v1::ExperimentResults* results = response.mutable_results();
    results->mutable_experiment()->set_name(request->name());
    results->mutable_experiment()->set_state(v1::Experiment::RUNNING);
    v1::KpiResult* kpi = results->add_kpis();
    kpi->set_kpi("journeys/shop/kpis/orders");
    kpi->add_variants()->set_variant("control");
    writer->Write(response);
    return grpc::Status::OK;
  }
};

class AdminTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.ok()); }

  int Run(std::vector<std::string> arguments) {
    arguments.push_back("--server=" + server_.target());
    std::istringstream in;
    std::ostringstream out, err;
    const int code = RunApp(arguments, {in, out, err});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  FakeAdmin admin_;
  FakeScans scans_;
  FakeServer server_{{&admin_, &scans_}};
  std::string out_, err_;
};

TEST_F(AdminTest, VerifiesAll) {
  EXPECT_EQ(Run({"verify"}), 0) << err_;
  EXPECT_THAT(out_,
              AllOf(HasSubstr("2 journeys"), HasSubstr("1,234 experiments")));
  EXPECT_EQ(Run({"verify", "--output", "json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"experiments\": \"1234\""));
  admin_.equal = false;
  EXPECT_EQ(Run({"verify"}), 1);
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_THAT(err_, HasSubstr("running tallies differ: journeys/shop"));
}

TEST_F(AdminTest, BacksUp) {
  EXPECT_EQ(Run({"backup", "/backups/one"}), 0) << err_;
  EXPECT_EQ(admin_.directory, "/backups/one");
  EXPECT_THAT(out_, HasSubstr("5,000 bytes"));
  EXPECT_EQ(Run({"backup", "/backups/one"}), 5);
  EXPECT_THAT(err_, HasSubstr("/backups/one exists"));
  EXPECT_EQ(Run({"backup"}), 2);
}

TEST_F(AdminTest, DeletesOnlyWithYes) {
  EXPECT_EQ(Run({"delete-unit", "user-17"}), 2);
  EXPECT_THAT(err_, AllOf(HasSubstr("user-17"), HasSubstr("--yes")));
  EXPECT_THAT(admin_.unit, IsEmpty());
  EXPECT_EQ(Run({"delete-unit", "user-17", "--yes"}), 0) << err_;
  EXPECT_EQ(admin_.unit, "user-17");
  EXPECT_EQ(out_, "17 events removed\n");

  EXPECT_EQ(Run({"delete-events", "--before", "2025-01-02"}), 2);
  EXPECT_THAT(err_, HasSubstr("--yes"));
  EXPECT_FALSE(admin_.old_events.has_before());
  EXPECT_EQ(Run({"delete-events", "--before", "2025-01-02", "--yes"}), 0);
  EXPECT_EQ(admin_.old_events.before().seconds(), 1'735'776'000);
  EXPECT_THAT(out_, HasSubstr("2025-01-01"));
  EXPECT_EQ(Run({"delete-events", "--yes"}), 2);
  EXPECT_EQ(Run({"delete-events", "--before", "x", "--yes"}), 2);
}

TEST_F(AdminTest, ShowsTheStorage) {
  admin_.storage.set_units(1000000);
  admin_.storage.set_unit_bytes(int64_t{3} << 29);
  admin_.storage.mutable_start()->set_replayed_events(42);
  EXPECT_EQ(Run({"storage"}), 0) << err_;
  EXPECT_THAT(out_,
              AllOf(HasSubstr("1,000,000"), HasSubstr("1.5 GiB"),
                    HasSubstr("42 events from the log"),
                    Not(HasSubstr("REFUSED")), Not(HasSubstr("not used"))));
  admin_.storage.set_units_spilled(true);
  admin_.storage.set_write_error("the disk is full");
  admin_.storage.mutable_start()->set_snapshot_refused("it is torn");
  EXPECT_EQ(Run({"storage"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("NOT ALL UNITS FIT"),
                          HasSubstr("WRITES ARE REFUSED: the disk is full"),
                          HasSubstr("not used: it is torn")));
  EXPECT_EQ(Run({"snapshot"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("snapshot written"));
}

TEST_F(AdminTest, Scans) {
  EXPECT_EQ(Run({"scan", "shop/button", "--segment", "country=FR", "--window",
                 "orders=7d", "--window", "shop/kpis/returns=1d+12h", "--as-of",
                 "2025-01-02"}),
            0)
      << err_;
  EXPECT_EQ(scans_.asked.name(), "journeys/shop/experiments/button");
  EXPECT_EQ(scans_.asked.segment().attribute(), "country");
  EXPECT_EQ(scans_.asked.segment().value(), "FR");
  EXPECT_EQ(scans_.asked.as_of().seconds(), 1'735'776'000);
  const auto& windows = scans_.asked.kpi_windows();
  ASSERT_EQ(windows.size(), 2);
  const auto& orders = windows.at("journeys/shop/kpis/orders");
  EXPECT_EQ(orders.length().seconds(), 7 * 86400);
  EXPECT_FALSE(orders.has_delay());
  const auto& returns = windows.at("journeys/shop/kpis/returns");
  EXPECT_EQ(returns.delay().seconds(), 86400);
  EXPECT_EQ(returns.length().seconds(), 12 * 3600);
  EXPECT_THAT(out_, AllOf(HasSubstr("A scan: "), HasSubstr("country = FR"),
                          HasSubstr("With the window orders=7d."),
                          HasSubstr("orders"), Not(HasSubstr("UNSPECIFIED"))));
  EXPECT_EQ(err_, "20%\n50%\n100%\n");
  EXPECT_EQ(Run({"scan", "shop/button", "-q", "--output", "json"}), 0);
  EXPECT_THAT(out_,
              HasSubstr("\"name\": \"journeys/shop/experiments/button\""));
  EXPECT_THAT(err_, IsEmpty());
  EXPECT_TRUE(scans_.asked.kpi_windows().empty());
  EXPECT_FALSE(scans_.asked.has_segment());
}

TEST_F(AdminTest, ScansSayWhatIsWrong) {
  for (const char* window : {"orders", "orders=", "orders=7", "orders=7x",
                             "orders=-1d", "orders=1d+", "=7d", "orders=+7d"}) {
    EXPECT_EQ(Run({"scan", "shop/button", "--window", window}), 2) << window;
    EXPECT_THAT(err_, HasSubstr("--window")) << window;
  }
  EXPECT_EQ(Run({"scan", "shop/button", "--window", "orders=7d", "--window",
                 "shop/orders=1d"}),
            2);
  EXPECT_THAT(err_, HasSubstr("twice"));
  EXPECT_EQ(Run({"scan", "shop/button", "--segment", "FR"}), 2);
  scans_.status = {grpc::RESOURCE_EXHAUSTED, "two scans are under way"};
  EXPECT_EQ(Run({"scan", "shop/button"}), 5);
  EXPECT_THAT(err_, HasSubstr("two scans are under way"));
  scans_.status = grpc::Status::OK;
  scans_.ends_early = true;
  EXPECT_EQ(Run({"scan", "shop/button"}), 1);
  EXPECT_THAT(err_, HasSubstr("without results"));
}

}  // namespace
}  // namespace stagecraft::cli
