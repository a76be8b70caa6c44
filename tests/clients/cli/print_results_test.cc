// What stands beside the numbers of a comparison.
#include "clients/cli/print.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::KpiComparison* AddComparison(v1::ExperimentResults* results) {
  v1::KpiResult* kpi = results->add_kpis();
  kpi->set_kpi("journeys/j/kpis/k");
  kpi->add_variants()->set_variant("b");
  v1::KpiComparison* comparison = kpi->add_comparisons();
  comparison->set_variant("b");
  return comparison;
}

TEST(PrintResultsTest, AGuardrailSaysItsStateAndWhyNumbersAreMissing) {
  v1::ExperimentResults results;
  v1::KpiComparison* comparison = AddComparison(&results);
  comparison->mutable_guardrail()->set_status(v1::GuardrailAnswer::UNCERTAIN);
  comparison->mutable_guardrail()->set_blocking(true);
  EXPECT_THAT(ResultsText(results), HasSubstr("uncertain"));
  EXPECT_THAT(ResultsText(results), Not(HasSubstr("uncertain:")));
  comparison->set_error("no always-valid answer yet: too few");
  EXPECT_THAT(ResultsText(results),
              HasSubstr("uncertain: no always-valid answer yet: too few"));
  comparison->mutable_guardrail()->set_blocking(false);
  EXPECT_THAT(
      ResultsText(results),
      HasSubstr(
          "uncertain (does not block): no always-valid answer yet: too few"));
}

TEST(PrintResultsTest, ReasonsOfOtherKpisStandAlone) {
  v1::ExperimentResults results;
  AddComparison(&results)->set_error("no always-valid answer yet: too few");
  EXPECT_THAT(ResultsText(results),
              HasSubstr("no always-valid answer yet: too few"));
}

}  // namespace
}  // namespace stagecraft::cli
