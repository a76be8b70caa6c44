#include "service/names.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(NamesTest, ParseAndToTextAreInverses) {
  const std::string part(63, 'a');
  const auto journey = ParseJourneyName("journeys/checkout-2");
  ASSERT_THAT(journey, IsOk());
  EXPECT_EQ(*journey, (JourneyName{"checkout-2"}));
  EXPECT_EQ(ToText(*journey), "journeys/checkout-2");
  const auto kpi = ParseKpiName("journeys/" + part + "/kpis/7-day");
  ASSERT_THAT(kpi, IsOk());
  EXPECT_EQ(*kpi, (KpiName{part, "7-day"}));
  EXPECT_EQ(ToText(*kpi), "journeys/" + part + "/kpis/7-day");
  const auto experiment = ParseExperimentName("journeys/a/experiments/b");
  ASSERT_THAT(experiment, IsOk());
  EXPECT_EQ(*experiment, (ExperimentName{"a", "b"}));
  EXPECT_EQ(ToText(*experiment), "journeys/a/experiments/b");
  const auto layer = ParseLayerName("layers/pricing");
  ASSERT_THAT(layer, IsOk());
  EXPECT_EQ(ToText(*layer), "layers/pricing");
  const auto decision =
      ParseDecisionName("journeys/a/experiments/b/decisions/12");
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(*decision, (DecisionName{"a", "b", 12}));
  EXPECT_EQ(ToText(*decision), "journeys/a/experiments/b/decisions/12");
}

TEST(NamesTest, AMessageHasFieldValueSeenAndFormWanted) {
  EXPECT_THAT(ParseJourneyName("x", "parent"),
              StatusIs(kInvalid,
                       HasSubstr("parent is \"x\", want journeys/{journey}")));
  EXPECT_THAT(ParseKpiName("journeys/a/kpi/b"),
              StatusIs(kInvalid, HasSubstr("name is \"journeys/a/kpi/b\", want "
                                           "journeys/{journey}/kpis/{kpi}")));
  EXPECT_THAT(ParseLayerName(""),
              StatusIs(kInvalid, HasSubstr("name is \"\"")));
}

TEST(NamesTest, RefusesWhatIsNotAName) {
  for (const char* name :
       {"", "journeys", "journeys/", "journeys/A", "journeys/1a", "journeys/a/",
        "/journeys/a", "journeys/a b", "journeys/-", "journeys/a/kpis/b",
        "Journeys/a", "journeys/a\n"}) {
    EXPECT_THAT(ParseJourneyName(name), StatusIs(kInvalid, HasSubstr("want")))
        << name;
  }
  EXPECT_THAT(ParseJourneyName("journeys/" + std::string(64, 'a')),
              StatusIs(kInvalid, HasSubstr("1 to 63")));
  EXPECT_THAT(ParseJourneyName(absl::string_view("journeys/a\0b", 12)),
              StatusIs(kInvalid, HasSubstr("want")));
  for (const char* number :
       {"0", "-1", "+1", "01", "1 ", "", "x", "1.0", "9223372036854775808"}) {
    const std::string name =
        std::string("journeys/a/experiments/b/decisions/") + number;
    EXPECT_THAT(ParseDecisionName(name),
                StatusIs(kInvalid, HasSubstr("want journeys/")))
        << name;
  }
}

TEST(NamesTest, PatternsSayWhichExperimentsFit) {
  struct Row {
    const char* pattern;
    bool own, same_journey, other_journey;
  };
  for (const Row& row : {Row{"journeys/-/experiments/-", true, true, true},
                         Row{"journeys/a/experiments/-", true, true, false},
                         Row{"journeys/a/experiments/b", true, false, false}}) {
    SCOPED_TRACE(row.pattern);
    const auto pattern = ParseExperimentPattern(row.pattern);
    ASSERT_THAT(pattern, IsOk());
    EXPECT_EQ(pattern->Matches("journeys/a/experiments/b"), row.own);
    EXPECT_EQ(pattern->Matches("journeys/a/experiments/bc"), row.same_journey);
    EXPECT_EQ(pattern->Matches("journeys/ab/experiments/b"), row.other_journey);
  }
}

TEST(NamesTest, RefusesPatternsThatMeanNothing) {
  for (const char* pattern :
       {"", "journeys/a", "journeys/-", "journeys/-/experiments/b",
        "journeys/a/experiments/", "journeys/a/experiments/*"}) {
    EXPECT_THAT(ParseExperimentPattern(pattern),
                StatusIs(kInvalid, HasSubstr("journeys/-/experiments/-")))
        << pattern;
  }
}

TEST(NamesTest, JourneyPatterns) {
  EXPECT_EQ(ParseJourneyPattern("journeys/-").value_or("?"), "");
  EXPECT_EQ(ParseJourneyPattern("journeys/a").value_or("?"), "journeys/a");
  EXPECT_THAT(ParseJourneyPattern("-"),
              StatusIs(kInvalid, HasSubstr("journeys/-")));
}

}  // namespace
}  // namespace stagecraft::service
