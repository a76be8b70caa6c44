#include "service/scans.h"

#include <optional>
#include <string>
#include <vector>

#include "tests/service/looks_fixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kVisits[] = "journeys/mail/kpis/visits";

class ScansTest : public LooksFixture {
 protected:
  ScansTest()
      : scans_(engine_.get(), store_.get(), catalog_.get(),
               [this] { return ToTime(now_); }) {
    request_.set_name(kMailName);
  }

  absl::StatusOr<v1::ExperimentResults> Scan() {
    return scans_.Scan(request_, [](double) { return true; });
  }
  v1::ScanExperimentRequest::Window& Window(const std::string& kpi) {
    return (*request_.mutable_kpi_windows())[kpi];
  }
  void SetSegment(const std::string& attribute, const std::string& value) {
    request_.mutable_segment()->set_attribute(attribute);
    request_.mutable_segment()->set_value(value);
  }
  // Units by variant.
  std::vector<int64_t> Units() {
    const auto results = Scan();
    EXPECT_THAT(results, IsOk());
    std::vector<int64_t> units;
    if (!results.ok()) return units;
    for (const auto& arm : results->trust().arms()) {
      units.push_back(arm.units());
    }
    return units;
  }

  Scans scans_;
  v1::ScanExperimentRequest request_;
};

TEST_F(ScansTest, FindWhatTheTalliesSay) {
  Put(VisitsExperiment());
  IngestMails(kFewMails);
  const v1::ExperimentResults running = Results(v1::RESULT_VIEW_BASIC);
  const auto scanned = Scan();
  ASSERT_THAT(scanned, IsOk());
  EXPECT_FALSE(scanned->has_verdict());
  v1::ExperimentResults without = running;
  without.clear_verdict();
  EXPECT_EQ(scanned->DebugString(), without.DebugString());
}

TEST_F(ScansTest, FindWhatTheTalliesSaidThen) {
  Put(VisitsExperiment());
  IngestMails(kFewMails);
  // The mails' visits, and not yet those without a mail.
  const engine::Micros then = kStart + 2 * engine::kHour;
  *request_.mutable_as_of() = ToTimestamp(then);
  const auto scanned = Scan();
  ASSERT_THAT(scanned, IsOk());
  v1::ExperimentResults without = Results(v1::RESULT_VIEW_BASIC, then);
  without.clear_verdict();
  EXPECT_EQ(scanned->DebugString(), without.DebugString());
  EXPECT_EQ(scanned->funnels(0).stages(0).units(), 0);
  EXPECT_EQ(scanned->funnels(1).stages(0).units(), 240);
}

TEST_F(ScansTest, TakeOtherWindows) {
  Put(VisitsExperiment());
  IngestMails(kFewMails);
  Window(kVisits).mutable_length()->set_seconds(90 * 60);
  auto results = Scan();
  ASSERT_THAT(results, IsOk());
  EXPECT_EQ(results->kpis(0).variants(0).numerator(), 0);
  EXPECT_EQ(results->kpis(0).variants(1).numerator(), 240);
  EXPECT_EQ(results->experiment().frozen_kpis(0).length().seconds(), 90 * 60);

  Window(kVisits).mutable_delay()->set_seconds(90 * 60);
  results = Scan();
  ASSERT_THAT(results, IsOk());
  EXPECT_EQ(results->kpis(0).variants(0).numerator(), 80);
  EXPECT_EQ(results->kpis(0).variants(1).numerator(), 0);
  // The experiment itself is as it was.
  EXPECT_EQ(Results(v1::RESULT_VIEW_BASIC).kpis(0).variants(0).numerator(), 80);
}

TEST_F(ScansTest, TakeAnySegment) {
  Put(VisitsExperiment());
  const engine::Attributes french = {{"country", "FR"}};
  const engine::Attributes german = {{"country", "DE"}};
  Ingest({engine::MakeExposure("1", kMailName, "none", kStart, french),
          engine::MakeExposure("2", kMailName, "mens", kStart, french),
          engine::MakeExposure("3", kMailName, "mens", kStart, french),
          engine::MakeExposure("4", kMailName, "mens", kStart, german),
          engine::MakeExposure("5", kMailName, "none", kStart, {})});
  SetSegment("country", "FR");
  EXPECT_EQ(Units(), (std::vector<int64_t>{1, 2}));
  SetSegment("country", "DE");
  EXPECT_EQ(Units(), (std::vector<int64_t>{0, 1}));
  SetSegment("country", "IT");
  EXPECT_EQ(Units(), (std::vector<int64_t>{0, 0}));
  SetSegment("country", "(none)");
  EXPECT_EQ(Units(), (std::vector<int64_t>{1, 0}));
  SetSegment("country", "(other)");
  EXPECT_EQ(Units(), (std::vector<int64_t>{1, 3}));
}

TEST_F(ScansTest, KnowTheDeclaredSegments) {
  v1::Experiment experiment = VisitsExperiment();
  v1::SegmentDimension* country = experiment.add_segments();
  country->set_attribute("country");
  country->add_values("FR");
  Put(experiment);
  Ingest({engine::MakeExposure("1", kMailName, "none", kStart,
                               {{"country", "FR"}}),
          engine::MakeExposure("2", kMailName, "mens", kStart,
                               {{"country", "DE"}})});
  SetSegment("country", "(other)");
  EXPECT_EQ(Units(), (std::vector<int64_t>{0, 1}));
  // A value that was not declared, of an attribute that was.
  SetSegment("country", "DE");
  EXPECT_EQ(Units(), (std::vector<int64_t>{0, 1}));
}

TEST_F(ScansTest, RefuseWhatCannotBe) {
  Put(VisitsExperiment());
  const auto refused = [&](absl::StatusCode code, const char* message) {
    EXPECT_THAT(Scan(), StatusIs(code, HasSubstr(message)));
    request_.Clear();
    request_.set_name(kMailName);
  };
  request_.set_name("men");
  refused(absl::StatusCode::kInvalidArgument, "name is \"men\", want");
  request_.set_name("journeys/mail/experiments/women");
  refused(absl::StatusCode::kNotFound, "women");
  Window("journeys/mail/kpis/none").mutable_length()->set_seconds(1);
  refused(absl::StatusCode::kInvalidArgument,
          "kpi_windows has the key \"journeys/mail/kpis/none\"");
  Window(kVisits).mutable_length()->set_seconds(0);
  refused(absl::StatusCode::kInvalidArgument,
          "kpi_windows[\"journeys/mail/kpis/visits\"]");
  Window(kVisits).mutable_delay()->set_seconds(-1);
  refused(absl::StatusCode::kInvalidArgument, "delay");
  SetSegment("", "FR");
  refused(absl::StatusCode::kInvalidArgument, "segment.attribute");
  request_.mutable_as_of()->set_seconds(-1);
  refused(absl::StatusCode::kInvalidArgument, "as_of");
  v1::Experiment draft = VisitsExperiment();
  draft.set_name("journeys/mail/experiments/draft");
  draft.set_state(v1::Experiment::DRAFT);
  draft.clear_frozen_journey();
  Put(draft);
  request_.set_name(draft.name());
  refused(absl::StatusCode::kFailedPrecondition, "was never started");
}

TEST_F(ScansTest, SayHowFarTheyAreAndEndWhenAsked) {
  Put(VisitsExperiment());
  IngestMails(kHillstrom);
  double last = 0;
  int calls = 0;
  ASSERT_THAT(scans_.Scan(request_,
                          [&](double done) {
                            ++calls;
                            EXPECT_GE(done, last);
                            EXPECT_LE(done, 1);
                            last = done;
                            return true;
                          }),
              IsOk());
  EXPECT_GT(calls, 0);
  EXPECT_GT(last, 0);
  EXPECT_THAT(scans_.Scan(request_, [](double) { return false; }),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("cancelled")));
}

TEST_F(ScansTest, AreFewAtATime) {
  Put(VisitsExperiment());
  IngestMails(kHillstrom);
  Scans one(
      engine_.get(), store_.get(), catalog_.get(),
      [this] { return ToTime(now_); }, /*max_running=*/1);
  bool asked = false;
  ASSERT_THAT(one.Scan(request_,
                       [&](double) {
                         asked = true;
                         EXPECT_THAT(
                             one.Scan(request_, [](double) { return true; }),
                             StatusIs(absl::StatusCode::kResourceExhausted,
                                      HasSubstr("as may be, 1")));
                         return true;
                       }),
              IsOk());
  EXPECT_TRUE(asked);
  EXPECT_THAT(one.Scan(request_, [](double) { return true; }), IsOk());
}

TEST_F(ScansTest, NeedTheEvents) {
  v1::Experiment experiment = VisitsExperiment();
  Put(experiment);
  IngestMails(kFewMails);
  experiment.set_state(v1::Experiment::CONCLUDED);
  Put(experiment);
  ASSERT_THAT(engine_->DeleteEventsBefore(kStart + engine::kDay), IsOk());
  EXPECT_THAT(Scan(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("were deleted")));
}

}  // namespace
}  // namespace stagecraft::service
