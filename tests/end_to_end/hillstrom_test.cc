// Hillstrom's e-mail test, 64,000 real customers in three arms, from the CSV
// file to the results, by the programs that a user has.
//
// Two oracles, neither of them ours: reference.json beside the data (numpy,
// scipy and statsmodels on the rows), and, for segments, which it does not
// hold, the rows of the CSV file counted here by hand and textbook formulas.
// `Mens E-Mail vs Womens E-Mail` of the reference compares two treatments; the
// server compares treatments with the control, so that only the arms of that
// block are met here.
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "boost/math/distributions/students_t.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "stagecraft/v1/result.pb.h"
#include "tests/end_to_end/files.h"
#include "tests/end_to_end/server_process.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {
namespace {

using ::testing::HasSubstr;

constexpr double kZ = 1.959963984540054;  // Normal quantile of 0.975.
constexpr char kEmail[] = "journeys/email/experiments/email";
constexpr char kVisit[] = "journeys/email/kpis/visit-rate";
constexpr char kConversion[] = "journeys/email/kpis/conversion";
constexpr char kSpend[] = "journeys/email/kpis/spend";
constexpr char kPurchaseGivenVisit[] =
    "journeys/email/kpis/conversion-given-visit";

// In the experiment's order, and as the file calls them.
const std::vector<std::pair<std::string, std::string>> kArms = {
    {"control", "No E-Mail"},
    {"mens", "Mens E-Mail"},
    {"womens", "Womens E-Mail"}};

constexpr char kResources[] = R"json([
{"journey": {"name": "journeys/email", "stages": [
   {"id": "assigned", "entry": {"names": ["assigned"]}},
   {"id": "visit", "entry": {"names": ["visit"]}},
   {"id": "purchase", "entry": {"names": ["purchase"]}}],
  "segments": [{"attribute": "newbie", "values": ["0", "1"]}]}},
{"kpi": {"name": "journeys/email/kpis/visit-rate", "direction": "UP",
  "length": "1209600s", "conversion": {"events": {"names": ["visit"]}}}},
{"kpi": {"name": "journeys/email/kpis/conversion", "direction": "UP",
  "length": "1209600s", "conversion": {"events": {"names": ["purchase"]}}}},
{"kpi": {"name": "journeys/email/kpis/spend", "direction": "UP",
  "unit": "USD", "length": "1209600s",
  "valueSum": {"events": {"names": ["purchase"]}}}},
{"kpi": {"name": "journeys/email/kpis/conversion-given-visit",
  "direction": "UP", "length": "1209600s",
  "ratio": {"numerator": {"events": {"names": ["purchase"]}},
            "denominator": {"events": {"names": ["visit"]}}}}},
{"experiment": {"name": "journeys/email/experiments/email",
  "stage": "assigned",
  "variants": [{"id": "control", "sharePpm": 333334},
               {"id": "mens", "sharePpm": 333333},
               {"id": "womens", "sharePpm": 333333}],
  "segments": [
    {"attribute": "newbie", "values": ["0", "1"]},
    {"attribute": "channel", "values": ["Phone", "Web", "Multichannel"]},
    {"attribute": "zip_code", "values": ["Urban", "Surburban", "Rural"]}],
  "plan": {
    "primaryKpis": ["journeys/email/kpis/visit-rate"],
    "secondaryKpis": ["journeys/email/kpis/conversion",
                      "journeys/email/kpis/spend",
                      "journeys/email/kpis/conversion-given-visit"],
    "method": "FIXED_HORIZON", "plannedUnits": "64000",
    "minimumDuration": "1209600s"}}}
])json";

// `actual` is `expected` but for this share of it.
void ExpectDigits(double actual, double expected, double relative = 1e-10) {
  EXPECT_NEAR(actual, expected, std::abs(expected) * relative);
}

// What the rows of one arm say, counted by hand.
struct Arm {
  int64_t units = 0, visits = 0, purchases = 0;
  std::vector<double> spend;
};

struct Limits {
  double lower = 0, upper = 0;
};

Limits Wilson(double successes, double n) {
  const double p = successes / n;
  const double middle = p + kZ * kZ / (2 * n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 + kZ * kZ / n;
  return {(middle - half) / scale, (middle + half) / scale};
}

class HillstromTest : public ::testing::Test {
 protected:
  // One import for all tests: it takes most of the time.
  static void SetUpTestSuite() {
    data_ = DataFolder("hillstrom");
    if (data_.empty()) return;
    folder_ = std::make_unique<TempDir>();
    ASSERT_THAT(WriteFile(folder_->File("email.json"), kResources), IsOk());
    const auto reference = ReadFile(data_ + "/reference.json");
    ASSERT_THAT(reference, IsOk());
    reference_ = nlohmann::json::parse(*reference, nullptr, false);
    ASSERT_FALSE(reference_.is_discarded());

    auto server = ServerProcess::Start({.data = folder_->File("data")});
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    const Outcome apply =
        server_->Cli({"apply", "-f", folder_->File("email.json")});
    ASSERT_EQ(apply.exit_code, 0) << apply;
    const Outcome start = server_->Cli(
        {"start", "email/experiments/email", "--at", "2008-03-01"});
    ASSERT_EQ(start.exit_code, 0) << start;
    import_ = Import();
    ASSERT_EQ(import_.exit_code, 0) << import_;
    results_text_ = ResultsText();
    ASSERT_THAT(ParseJson(results_text_, &results_), IsOk());
  }

  static void TearDownTestSuite() {
    server_.reset();
    folder_.reset();
  }

  void SetUp() override {
    if (data_.empty()) GTEST_SKIP() << "no hillstrom data: set STAGECRAFT_DATA";
    ASSERT_EQ(results_.kpis_size(), 7);
  }

  static Outcome Import() {
    return server_->Cli({"import", "--mapping",
                         Repository() + "/tests/clients/importer/testdata/"
                                        "hillstrom_mapping.json",
                         data_ + "/hillstrom_data.csv.gz"});
  }

  // Two weeks and more after the last exposure: all windows are over.
  static std::string ResultsText() {
    const Outcome outcome =
        server_->Cli({"results", "email/experiments/email", "--full", "--as-of",
                      "2008-04-01", "--output", "json"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    return outcome.out;
  }

  template <typename Results>
  static const v1::KpiResult& Kpi(const Results& results,
                                  absl::string_view name) {
    for (const v1::KpiResult& kpi : results.kpis()) {
      if (absl::string_view(kpi.kpi()) == name) return kpi;
    }
    ADD_FAILURE() << "no results of " << name;
    return v1::KpiResult::default_instance();
  }

  static void ExpectInterval(
      const google::protobuf::RepeatedPtrField<v1::Interval>& intervals,
      absl::string_view method, double lower, double upper,
      double relative = 1e-9) {
    SCOPED_TRACE(method);
    for (const v1::Interval& interval : intervals) {
      if (absl::string_view(interval.method()) != method) continue;
      EXPECT_DOUBLE_EQ(interval.level(), 0.95);
      ExpectDigits(interval.lower(), lower, relative);
      ExpectDigits(interval.upper(), upper, relative);
      return;
    }
    ADD_FAILURE() << "no such interval";
  }

  static void ExpectInterval(
      const google::protobuf::RepeatedPtrField<v1::Interval>& intervals,
      absl::string_view method, const nlohmann::json& limits) {
    ExpectInterval(intervals, method, limits[0], limits[1]);
  }

  static std::string data_;
  static nlohmann::json reference_;
  static std::unique_ptr<TempDir> folder_;
  static std::unique_ptr<ServerProcess> server_;
  static Outcome import_;
  static std::string results_text_;
  static v1::ExperimentResults results_;
};

std::string HillstromTest::data_;
nlohmann::json HillstromTest::reference_;
std::unique_ptr<TempDir> HillstromTest::folder_;
std::unique_ptr<ServerProcess> HillstromTest::server_;
Outcome HillstromTest::import_;
std::string HillstromTest::results_text_;
v1::ExperimentResults HillstromTest::results_;

TEST_F(HillstromTest, TrustsTheSplit) {
  const v1::TrustChecks& trust = results_.trust();
  const nlohmann::json& srm = reference_["srm_equal_thirds"];
  ASSERT_EQ(trust.arms_size(), 3);
  double statistic = 0;
  for (int v = 0; v < 3; ++v) {
    EXPECT_EQ(trust.arms(v).variant(), kArms[v].first);
    EXPECT_EQ(trust.arms(v).units(), srm["observed"][v].get<int64_t>());
    const double expected = 64000 * (trust.arms(v).share_ppm() / 1e6);
    statistic += std::pow(trust.arms(v).units() - expected, 2) / expected;
  }
  // The upper tail of chi-squared with two degrees of freedom is exp(-x / 2).
  ExpectDigits(trust.sample_ratio_p_value(), std::exp(-statistic / 2));
  // The plan's shares miss equal thirds by 7e-7, which moves p by 5e-5.
  EXPECT_NEAR(trust.sample_ratio_p_value(), srm["p"].get<double>(), 1e-4);
  EXPECT_EQ(trust.crossed_over_units(), 0);
  EXPECT_EQ(trust.identity_match_rate(), 1);  // All have `assigned`.
}

TEST_F(HillstromTest, FindsTheCountsAndRatesOfEachArm) {
  for (int v = 0; v < 3; ++v) {
    SCOPED_TRACE(kArms[v].second);
    const nlohmann::json& arm = reference_["arms"][kArms[v].second];
    const int64_t n = arm["n"];
    for (const char* name :
         {kVisit, kConversion, kSpend, kPurchaseGivenVisit}) {
      const v1::KpiVariantResult& result = Kpi(results_, name).variants(v);
      EXPECT_EQ(result.variant(), kArms[v].first);
      EXPECT_EQ(result.units(), n) << name;
      EXPECT_EQ(result.immature_units(), 0) << name;
      EXPECT_EQ(result.error(), "") << name;
    }
    const v1::KpiVariantResult& visit = Kpi(results_, kVisit).variants(v);
    EXPECT_EQ(visit.numerator(), arm["visit"].get<double>());
    EXPECT_EQ(visit.denominator(), n);
    const v1::KpiVariantResult& bought = Kpi(results_, kConversion).variants(v);
    EXPECT_EQ(bought.numerator(), arm["conversion"].get<double>());

    const v1::KpiVariantResult& spend = Kpi(results_, kSpend).variants(v);
    // Kept in whole millionths: exact, where a sum of doubles is not.
    EXPECT_NEAR(spend.numerator(), arm["spend"]["sum"].get<double>(), 1e-8);
    ExpectDigits(spend.value(), arm["spend"]["mean"]);
    const double half =
        boost::math::quantile(boost::math::students_t(n - 1.0), 0.975) *
        arm["spend"]["sd"].get<double>() / std::sqrt(static_cast<double>(n));
    ExpectDigits(spend.interval().lower(), spend.value() - half, 1e-9);
    ExpectDigits(spend.interval().upper(), spend.value() + half, 1e-9);

    const nlohmann::json& given = arm["purchase_given_visit"];
    const v1::KpiVariantResult& ratio =
        Kpi(results_, kPurchaseGivenVisit).variants(v);
    EXPECT_EQ(ratio.numerator(), given["successes"].get<double>());
    EXPECT_EQ(ratio.denominator(), given["n"].get<double>());
    ExpectDigits(ratio.value(), given["rate"]);
    // A purchase needs a visit here, so that the delta method's variance is in
    // closed form: R (1 - R) / visits * n / (n - 1).
    const double r = given["rate"];
    const double error =
        std::sqrt(r * (1 - r) / given["n"].get<double>() * n / (n - 1.0));
    ExpectDigits(ratio.interval().lower(), r - kZ * error, 1e-6);
    ExpectDigits(ratio.interval().upper(), r + kZ * error, 1e-6);
  }
}

TEST_F(HillstromTest, ComparesSharesAsTheReferenceDoes) {
  for (int v = 1; v < 3; ++v) {
    const nlohmann::json& block =
        reference_[kArms[v].second + " vs " + kArms[0].second];
    for (const auto& [name, key] :
         {std::pair{kVisit, "visit"}, std::pair{kConversion, "conversion"}}) {
      SCOPED_TRACE(absl::StrCat(kArms[v].second, " ", key));
      const nlohmann::json& expected = block[key];
      const v1::KpiResult& kpi = Kpi(results_, name);
      for (const auto& [arm, side] :
           {std::pair{0, "control"}, std::pair{v, "treatment"}}) {
        const nlohmann::json& share = expected[side];
        ExpectDigits(kpi.variants(arm).value(), share["rate"]);
        EXPECT_EQ(kpi.variants(arm).interval().method(), "wilson");
        ExpectDigits(kpi.variants(arm).interval().lower(), share["wilson_lo"]);
        ExpectDigits(kpi.variants(arm).interval().upper(), share["wilson_hi"]);
      }
      const v1::KpiComparison& comparison = kpi.comparisons(v - 1);
      EXPECT_EQ(comparison.variant(), kArms[v].first);
      ExpectDigits(comparison.difference(), expected["diff"]);
      EXPECT_EQ(comparison.test(), "score");
      // A tail at |z| = 22: an error of 1e-15 in z is 5e-13 in p.
      ExpectDigits(comparison.p_value(), expected["p_pooled"], 1e-9);
      EXPECT_EQ(comparison.difference_intervals(0).method(), "newcombe");
      ExpectInterval(comparison.difference_intervals(), "newcombe",
                     expected["ci_newcombe"]);
      ExpectInterval(comparison.difference_intervals(), "wald",
                     expected["ci_wald"]);
      ExpectDigits(comparison.relative(), expected["relative_lift"]);
      ExpectInterval(comparison.relative_intervals(), "delta",
                     expected["relative_lift_ci_delta"]);
      ExpectInterval(comparison.relative_intervals(), "katz",
                     expected["relative_lift_ci_logratio"]);
    }
  }
}

TEST_F(HillstromTest, ComparesSpendByWelch) {
  for (int v = 1; v < 3; ++v) {
    SCOPED_TRACE(kArms[v].second);
    const nlohmann::json& expected =
        reference_[kArms[v].second + " vs " + kArms[0].second]["spend"];
    const v1::KpiComparison& comparison =
        Kpi(results_, kSpend).comparisons(v - 1);
    ExpectDigits(comparison.difference(), expected["diff"]);
    EXPECT_EQ(comparison.test(), "welch");
    ExpectDigits(comparison.p_value(), expected["p_welch"], 1e-9);
    ExpectInterval(comparison.difference_intervals(), "welch",
                   expected["ci_welch"]);
    ExpectDigits(comparison.relative(), expected["relative_lift"]);
    ExpectInterval(comparison.relative_intervals(), "delta",
                   expected["relative_lift_ci_delta"]);
    // Fieller's quadratic, of the published means and deviations.
    const auto mean = [&](const char* side) -> double {
      return expected[side]["mean"];
    };
    const auto limit = [&](const char* side) {  // z^2 times the variance.
      const double sd = expected[side]["sd"];
      const double n = expected[side]["n"];
      return std::pow(1.959963984540054 * sd, 2) / n;
    };
    const double c = mean("control"), t = mean("treatment");
    const double a = c * c - limit("control");
    const double root =
        std::sqrt(c * c * t * t - a * (t * t - limit("treatment")));
    EXPECT_EQ(comparison.relative_intervals(0).method(), "fieller");
    ExpectInterval(comparison.relative_intervals(), "fieller",
                   (c * t - root) / a - 1, (c * t + root) / a - 1);
  }
}

TEST_F(HillstromTest, CorrectsThePrimaryKpiByHolmAndDecides) {
  const v1::KpiResult& visit = Kpi(results_, kVisit);
  EXPECT_EQ(visit.role(), v1::KPI_ROLE_PRIMARY);
  for (int t = 0; t < 2; ++t) {
    ExpectDigits(visit.comparisons(t).adjusted_p_value(),
                 reference_["p_holm_visit"][t], 1e-9);
  }
  // Both e-mails raise visits and purchases. The men's one raises visits more:
  // choosing it loses less.
  EXPECT_EQ(results_.verdict().kind(), v1::Verdict::WINNER)
      << results_.verdict().DebugString();
  EXPECT_EQ(results_.verdict().variant(), "mens");
}

TEST_F(HillstromTest, CountsTheStagesOfEachArmAndTheWholeJourney) {
  int64_t units = 0, visits = 0, purchases = 0;
  ASSERT_EQ(results_.funnels_size(), 3);
  for (int v = 0; v < 3; ++v) {
    const nlohmann::json& arm = reference_["arms"][kArms[v].second];
    const v1::VariantFunnel& funnel = results_.funnels(v);
    EXPECT_EQ(funnel.exposed(), arm["n"].get<int64_t>());
    ASSERT_EQ(funnel.stages_size(), 2);
    EXPECT_EQ(funnel.stages(0).units(), arm["visit"].get<int64_t>());
    EXPECT_EQ(funnel.stages(1).units(), arm["conversion"].get<int64_t>());
    units += funnel.exposed();
    visits += funnel.stages(0).units();
    purchases += funnel.stages(1).units();
  }
  const Outcome outcome = server_->Cli({"funnel", "email", "--output", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  v1::JourneyFunnel funnel;
  ASSERT_THAT(ParseJson(outcome.out, &funnel), IsOk());
  ASSERT_EQ(funnel.stages_size(), 3);
  EXPECT_EQ(funnel.stages(0).entered(), units);
  EXPECT_EQ(funnel.stages(1).entered(), visits);
  EXPECT_EQ(funnel.stages(2).entered(), purchases);
  // A day from the assignment to the visit, by the mapping.
  EXPECT_EQ(funnel.stages(0).time().completed_median_seconds(), 86400);
}

TEST_F(HillstromTest, EndsThePathAtTheResult) {
  const v1::KpiComparison& comparison = Kpi(results_, kVisit).comparisons(0);
  ASSERT_GT(comparison.path_size(), 0);
  const v1::LookPoint& last = comparison.path(comparison.path_size() - 1);
  EXPECT_EQ(last.time().seconds(), results_.as_of().seconds());
  EXPECT_EQ(last.units(), 21306 + 21307);
  EXPECT_DOUBLE_EQ(last.relative(), comparison.relative());
}

// Segment by segment against the rows themselves.
TEST_F(HillstromTest, SplitsSegmentsAsTheRowsDo) {
  const auto text = ReadFile(data_ + "/hillstrom_data.csv.gz");
  ASSERT_THAT(text, IsOk());
  const auto rows = ParseCsv(*text);
  ASSERT_EQ(rows.size(), 64001);
  std::map<std::string, int> column;
  for (size_t i = 0; i < rows[0].size(); ++i) column[rows[0][i]] = i;
  std::map<std::string, int> arm_of;
  for (int v = 0; v < 3; ++v) arm_of[kArms[v].second] = v;
  std::map<std::string, std::vector<Arm>> expected;
  for (size_t i = 1; i < rows.size(); ++i) {
    const auto& row = rows[i];
    ASSERT_EQ(row.size(), rows[0].size()) << "row " << i;
    for (const char* key : {"newbie", "channel", "zip_code"}) {
      auto& arms = expected[absl::StrCat(key, "=", row[column[key]])];
      arms.resize(3);
      Arm& arm = arms[arm_of.at(row[column["segment"]])];
      ++arm.units;
      arm.visits += row[column["visit"]] == "1";
      arm.purchases += row[column["conversion"]] == "1";
      double spend = 0;
      ASSERT_TRUE(absl::SimpleAtod(row[column["spend"]], &spend));
      arm.spend.push_back(spend);
    }
  }
  ASSERT_EQ(expected.size(), 8);
  ASSERT_EQ(results_.segments_size(), 8);

  for (const v1::SegmentResult& segment : results_.segments()) {
    const std::string name = absl::StrCat(segment.segment().attribute(), "=",
                                          segment.segment().value());
    SCOPED_TRACE(name);
    ASSERT_EQ(expected.count(name), 1);
    const std::vector<Arm>& arms = expected[name];
    std::vector<double> mean(3), variance(3);
    for (int v = 0; v < 3; ++v) {
      const Arm& arm = arms[v];
      EXPECT_EQ(segment.units(v), arm.units);
      for (const auto& [kpi, count] : {std::pair{kVisit, arm.visits},
                                       std::pair{kConversion, arm.purchases}}) {
        const v1::KpiVariantResult& result = Kpi(segment, kpi).variants(v);
        EXPECT_EQ(result.numerator(), count);
        EXPECT_EQ(result.units(), arm.units);
        const Limits wilson = Wilson(count, arm.units);
        ExpectDigits(result.interval().lower(), wilson.lower);
        ExpectDigits(result.interval().upper(), wilson.upper);
      }
      for (const double spend : arm.spend) mean[v] += spend / arm.units;
      for (const double spend : arm.spend) {
        variance[v] += std::pow(spend - mean[v], 2) / (arm.units - 1.0);
      }
      ExpectDigits(Kpi(segment, kSpend).variants(v).value(), mean[v]);
    }
    const Arm& control = arms[0];
    const double n0 = control.units;
    for (int v = 1; v < 3; ++v) {
      SCOPED_TRACE(kArms[v].second);
      const double n1 = arms[v].units;
      for (const auto& [kpi, x0, x1] :
           {std::tuple{kVisit, control.visits, arms[v].visits},
            std::tuple{kConversion, control.purchases, arms[v].purchases}}) {
        const double p0 = x0 / n0, p1 = x1 / n1, d = p1 - p0;
        const double pooled = (x0 + x1) / (n0 + n1);
        const double z =
            d / std::sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1));
        const v1::KpiComparison& comparison =
            Kpi(segment, kpi).comparisons(v - 1);
        ExpectDigits(comparison.difference(), d, 1e-9);
        ExpectDigits(comparison.p_value(),
                     std::erfc(std::abs(z) / std::sqrt(2)), 1e-9);
        const double wald =
            kZ * std::sqrt(p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1);
        ExpectInterval(comparison.difference_intervals(), "wald", d - wald,
                       d + wald, 1e-8);
        const Limits w0 = Wilson(x0, n0), w1 = Wilson(x1, n1);
        ExpectInterval(comparison.difference_intervals(), "newcombe",
                       d - std::hypot(p1 - w1.lower, w0.upper - p0),
                       d + std::hypot(w1.upper - p1, p0 - w0.lower), 1e-8);
      }
      const double a = variance[0] / n0, b = variance[v] / n1;
      const double df =
          (a + b) * (a + b) / (a * a / (n0 - 1) + b * b / (n1 - 1));
      const boost::math::students_t t(df);
      const double d = mean[v] - mean[0], error = std::sqrt(a + b);
      const v1::KpiComparison& comparison =
          Kpi(segment, kSpend).comparisons(v - 1);
      ExpectDigits(comparison.difference(), d, 1e-9);
      ExpectDigits(comparison.p_value(),
                   2 * boost::math::cdf(complement(t, std::abs(d) / error)),
                   1e-8);
      const double half = boost::math::quantile(t, 0.975) * error;
      ExpectInterval(comparison.difference_intervals(), "welch", d - half,
                     d + half, 1e-7);
    }
  }

  // The journey keeps its own segments.
  for (const char* value : {"0", "1"}) {
    const Outcome outcome =
        server_->Cli({"funnel", "email", "--segment",
                      absl::StrCat("newbie=", value), "--output", "json"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    v1::JourneyFunnel funnel;
    ASSERT_THAT(ParseJson(outcome.out, &funnel), IsOk());
    int64_t units = 0, visits = 0, purchases = 0;
    for (const Arm& arm : expected[absl::StrCat("newbie=", value)]) {
      units += arm.units;
      visits += arm.visits;
      purchases += arm.purchases;
    }
    EXPECT_EQ(funnel.stages(0).entered(), units);
    EXPECT_EQ(funnel.stages(1).entered(), visits);
    EXPECT_EQ(funnel.stages(2).entered(), purchases);
  }
}

// Last, since it changes what the server was told (but not what it knows).
TEST_F(HillstromTest, ImportingAgainChangesNothing) {
  // Each row is an exposure and an assignment, some are a visit or a purchase.
  int64_t events = 2 * 64000;
  for (const v1::KpiVariantResult& arm : Kpi(results_, kVisit).variants()) {
    events += static_cast<int64_t>(arm.numerator());
  }
  for (const v1::KpiVariantResult& arm :
       Kpi(results_, kConversion).variants()) {
    events += static_cast<int64_t>(arm.numerator());
  }
  ASSERT_EQ(events, 137972);
  EXPECT_THAT(import_.out, HasSubstr("137,972 stored, 0 there already"));
  const Outcome again = Import();
  EXPECT_EQ(again.exit_code, 0) << again;
  EXPECT_THAT(again.out, HasSubstr("0 stored, 137,972 there already"));
  EXPECT_EQ(ResultsText(), results_text_);
  // Also from the log: after a crash all is counted anew.
  server_->Kill();
  auto server = ServerProcess::Start({.data = folder_->File("data")});
  ASSERT_THAT(server, IsOk());
  server_ = *std::move(server);
  EXPECT_EQ(ResultsText(), results_text_);
}

}  // namespace
}  // namespace stagecraft::testing
