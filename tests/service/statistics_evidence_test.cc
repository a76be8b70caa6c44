// E-values through the contract. Calibrators by mpmath 1.2.1 with 40 digits;
// e-BH by hand.
#include <cmath>

#include "service/statistics/evidence.h"
#include "stats/estimate.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

template <typename Response>
absl::StatusOr<Response> Ask(const std::string& request) {
  return Answer<Response>(EvidenceMethods(), request);
}

TEST(StatisticsEvidenceTest, ConvertsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::ConvertEvidenceResponse>(EvidenceMethods());
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->e_values_size(), 2);
  EXPECT_NEAR(answer->e_values(0), 1.78332218148233788, 1e-13);
  // (1 - p + p ln p) / (p ln(p)^2) at 1e-4.
  EXPECT_NEAR(answer->e_values(1), 117.761948780719667, 1e-11);
  EXPECT_NEAR(answer->vovk_sellke_bounds(0), 2.45602348660488311, 1e-13);
  EXPECT_NEAR(answer->vovk_sellke_bounds(1), 1e4 / (M_E * std::log(1e4)),
              1e-10);
  EXPECT_THAT(answer->p_values(), ElementsAre(0.05));
  const auto power = Ask<v1::ConvertEvidenceResponse>(
      R"({"p_values": [0.05], "calibrator": "power"})");
  EXPECT_NEAR(power->e_values(0), 2.2360679774997897, 1e-13);
  EXPECT_EQ(power->p_values_size(), 0);
  const auto kappa = Ask<v1::ConvertEvidenceResponse>(
      R"({"p_values": [0.01], "calibrator": "power", "kappa": 0.3})");
  EXPECT_NEAR(kappa->e_values(0), 0.3 * std::pow(0.01, -0.7), 1e-12);
  const auto shafer = Ask<v1::ConvertEvidenceResponse>(
      R"({"p_values": [0.05], "calibrator": "shafer"})");
  EXPECT_NEAR(shafer->e_values(0), 3.47213595499957939, 1e-13);
}

TEST(StatisticsEvidenceTest, MergesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::MergeEValuesResponse>(EvidenceMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->mean(), 4);
  EXPECT_NEAR(answer->log_product(), std::log(18), 1e-14);
  const auto weighted = Ask<v1::MergeEValuesResponse>(
      R"({"e_values": [1, 0, 9], "weights": [0.5, 0.25, 0.25]})");
  EXPECT_NEAR(weighted->mean(), 2.75, 1e-14);
  EXPECT_EQ(weighted->log_product(), -stats::kInfinity);
}

TEST(StatisticsEvidenceTest, RejectsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::RejectByEValuesResponse>(EvidenceMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->rejections(), 3);
  EXPECT_THAT(answer->rejected(), ElementsAre(false, true, false, true, true));
  EXPECT_EQ(answer->adjusted(0), 1);
  EXPECT_NEAR(answer->adjusted(1), 5 / 120.0, 1e-15);
  EXPECT_NEAR(answer->adjusted(2), 5 / 80.0, 1e-15);
  EXPECT_NEAR(answer->adjusted(3), 5 / 120.0, 1e-15);
  EXPECT_NEAR(answer->adjusted(4), 5 / 102.0, 1e-15);
  const auto loose = Ask<v1::RejectByEValuesResponse>(
      R"({"e_values": [1, 60, 20, 90, 34], "alpha": 0.07})");
  EXPECT_EQ(loose->rejections(), 4);
}

TEST(StatisticsEvidenceTest, NamesTheFieldAtFault) {
  EXPECT_THAT(Ask<v1::ConvertEvidenceResponse>("{}"),
              StatusIs(kInvalid, HasSubstr("p_values is missing")));
  EXPECT_THAT(Ask<v1::ConvertEvidenceResponse>(R"({"p_values": [0.5, 0]})"),
              StatusIs(kInvalid, HasSubstr("p_values[1] is 0")));
  EXPECT_THAT(Ask<v1::ConvertEvidenceResponse>(R"({"e_values": [-1]})"),
              StatusIs(kInvalid, HasSubstr("e_values[0] is -1")));
  EXPECT_THAT(Ask<v1::ConvertEvidenceResponse>(
                  R"({"p_values": [0.5], "calibrator": "power", "kappa": 1})"),
              StatusIs(kInvalid, HasSubstr("kappa is 1")));
  EXPECT_THAT(
      Ask<v1::MergeEValuesResponse>(R"({"e_values": [1, 2], "weights": [1]})"),
      StatusIs(kInvalid, HasSubstr("weights has 1")));
  EXPECT_THAT(Ask<v1::MergeEValuesResponse>(R"({"e_values": []})"),
              StatusIs(kInvalid, HasSubstr("e_values")));
  EXPECT_THAT(Ask<v1::RejectByEValuesResponse>(
                  R"({"e_values": [1, -2], "alpha": 0.1})"),
              StatusIs(kInvalid, HasSubstr("e_values[1] is -2")));
  EXPECT_THAT(
      Ask<v1::RejectByEValuesResponse>(R"({"e_values": [1], "alpha": 1})"),
      StatusIs(kInvalid, HasSubstr("alpha is 1")));
}

}  // namespace
}  // namespace stagecraft::service
