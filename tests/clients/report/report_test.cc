#include "clients/report/report.h"

#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "tests/clients/report/sample_results.h"
#include "tests/support/html.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::WhatComesFromOutside;
using ::stagecraft::testing::WhatIsMalformed;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Render(const v1::ExperimentResults& results) {
  return RenderExperimentReport(results, testing::SampleFunnel(),
                                testing::SampleDecisions());
}

// The text of a section, from its heading to the next section.
std::string Section(const std::string& html, const std::string& id) {
  const size_t from = html.find(absl::StrCat("<h2 id=\"", id, "\""));
  if (from == std::string::npos) return "";
  return html.substr(from, html.find("</section>", from) - from);
}

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

TEST(ReportTest, SaysTheVerdictFirst) {
  const std::string html = Render(testing::SampleResults());
  const size_t verdict = html.find("Harmful: Checklist");
  ASSERT_NE(verdict, std::string::npos);
  EXPECT_LT(html.find("<h1>"), verdict);
  // The decisive reason comes first, and all sections come in order after it.
  size_t last = verdict;
  for (const std::string part :
       {"Conversion to Paid is worse by 11.8%; it may be worse by 5%.",
        "Activation within 7 days is better by 8.7%", "id=\"headline\"",
        "id=\"forest\"", "id=\"numbers\"", "id=\"time\"", "id=\"trust\"",
        "id=\"journey\"", "id=\"segments\"", "id=\"plan\"", "id=\"ledger\"",
        "id=\"how\""}) {
    const size_t at = html.find(part, last);
    ASSERT_NE(at, std::string::npos) << part;
    last = at;
  }
}

TEST(ReportTest, IsOneWellFormedFileThatNeedsNothingElse) {
  for (const v1::ExperimentResults& results :
       {testing::SampleResults(), v1::ExperimentResults(),
        testing::LargeResults(3, 4)}) {
    const std::string html = Render(results);
    EXPECT_EQ(WhatIsMalformed(html), "");
    EXPECT_EQ(WhatComesFromOutside(html), "");
    EXPECT_TRUE(absl::StartsWith(html, "<!DOCTYPE html>"));
  }
}

TEST(ReportTest, EveryVerdictIsSaidInWords) {
  struct Row {
    v1::Verdict::Kind kind;
    const char* text;
  };
  const Row rows[] = {
      {v1::Verdict::WINNER, ">Winner: Checklist<"},
      {v1::Verdict::HARMFUL, ">Harmful: Checklist<"},
      {v1::Verdict::NO_DIFFERENCE, ">No difference found<"},
      {v1::Verdict::COLLECTING, ">No verdict yet: still collecting<"},
      {v1::Verdict::INVALID, ">Invalid: do not use these numbers<"},
      {static_cast<v1::Verdict::Kind>(99), ">Verdict unknown (99)<"},
  };
  for (const Row& row : rows) {
    v1::ExperimentResults results = testing::SampleResults();
    results.mutable_verdict()->set_kind(row.kind);
    EXPECT_THAT(Render(results), HasSubstr(row.text));
  }
}

TEST(ReportTest, ShowsCurrentPlusImpactOfTheVerdictsVariant) {
  const std::string headline =
      Section(Render(testing::SampleResults()), "headline");
  // 24.13% * 1.0874 = 26.24%; the difference is 2.11 points.
  EXPECT_THAT(headline, HasSubstr("24.13%"));
  EXPECT_THAT(headline, HasSubstr("+2.11\xC2\xA0pp"));
  EXPECT_THAT(headline, HasSubstr("<b>26.24%</b>"));
  EXPECT_THAT(headline, Not(HasSubstr("Guided tour")));
  // A gain is not shown without its price.
  EXPECT_THAT(headline, HasSubstr("Conversion to Paid"));
  EXPECT_THAT(headline, HasSubstr("harmed"));
}

TEST(ReportTest, ShowsEachTreatmentIfTheVerdictNamesNone) {
  v1::ExperimentResults results = testing::SampleResults();
  results.mutable_verdict()->set_kind(v1::Verdict::COLLECTING);
  results.mutable_verdict()->clear_variant();
  const std::string headline = Section(Render(results), "headline");
  EXPECT_THAT(headline, HasSubstr("Guided tour"));
  EXPECT_THAT(headline, HasSubstr("Checklist"));
  EXPECT_THAT(headline, HasSubstr("not a result"));
}

TEST(ReportTest, WithholdsTheHeadlineOfInvalidData) {
  v1::ExperimentResults results = testing::SampleResults();
  results.mutable_verdict()->set_kind(v1::Verdict::INVALID);
  const std::string html = Render(results);
  EXPECT_THAT(Section(html, "headline"), Not(HasSubstr("26.24%")));
  EXPECT_THAT(Section(html, "forest"), HasSubstr("Invalid data."));
  EXPECT_THAT(Section(html, "numbers"), HasSubstr("Invalid data."));
  // Nothing is called better, worse or kept.
  const std::string forest = Section(html, "forest");
  const std::string rows = forest.substr(0, forest.find("</table>"));
  EXPECT_EQ(Count(rows, " not judged</span>"), 14);
  EXPECT_EQ(Count(rows, "tag none"), 14);
  EXPECT_THAT(Section(html, "time"), Not(HasSubstr("side of 0")));
}

TEST(ReportTest, WarnsIfThePlanDoesNotCorrect) {
  v1::ExperimentResults results = testing::SampleResults();
  EXPECT_THAT(Render(results), Not(HasSubstr("Not corrected.")));
  results.mutable_experiment()->mutable_plan()->set_correction(v1::Plan::NONE);
  EXPECT_THAT(Section(Render(results), "headline"),
              HasSubstr("Not corrected."));
}

TEST(ReportTest, ForestHasOneRowPerKpiAndTreatmentGroupedByRole) {
  const std::string forest =
      Section(Render(testing::SampleResults()), "forest");
  // Seven KPIs with two treatments can be drawn, one with two cannot.
  EXPECT_EQ(Count(forest, "role=\"img\""), 14);
  EXPECT_EQ(Count(forest, "Not computable:</b>"), 2);
  EXPECT_THAT(forest, HasSubstr("control has 2 answers, want at least 10"));
  size_t last = 0;
  for (const char* group : {"Primary KPIs", "Guardrails of the plan",
                            "Automatic guardrails", "Secondary KPIs"}) {
    const size_t at = forest.find(group, last);
    ASSERT_NE(at, std::string::npos) << group;
    last = at;
  }
  // Four guardrails with two treatments have a margin.
  EXPECT_EQ(Count(forest, "class=\"margin\""), 8);
}

TEST(ReportTest, DirectionDecidesBetterAndWorse) {
  v1::ExperimentResults results;
  v1::KpiResult* kpi = results.add_kpis();
  kpi->set_role(v1::KPI_ROLE_SECONDARY);
  v1::KpiComparison* comparison = kpi->add_comparisons();
  comparison->set_variant("b");
  comparison->set_relative(-0.2);
  comparison->add_relative_intervals()->set_lower(-0.3);
  comparison->mutable_relative_intervals(0)->set_upper(-0.1);
  EXPECT_THAT(Section(Render(results), "forest"),
              HasSubstr("<tr class=\"better\">"));
  kpi->set_higher_is_better(true);
  EXPECT_THAT(Section(Render(results), "forest"),
              HasSubstr("<tr class=\"worse\">"));
}

TEST(ReportTest, MarksLimitsThatGoBeyondTheAxis) {
  v1::ExperimentResults results = testing::SampleResults();
  v1::Interval* interval = results.mutable_kpis(0)
                               ->mutable_comparisons(0)
                               ->mutable_relative_intervals(0);
  const int before = Count(Render(results), "class=\"cut\"");
  interval->set_upper(std::numeric_limits<double>::infinity());
  EXPECT_EQ(Count(Render(results), "class=\"cut\""), before + 1);
}

TEST(ReportTest, JudgesTheDataByThePlansLimits) {
  v1::ExperimentResults results = testing::SampleResults();
  std::string trust = Section(Render(results), "trust");
  EXPECT_EQ(Count(trust, "\xE2\x9C\x93 pass"), 3);
  EXPECT_EQ(Count(trust, "FAIL"), 0);
  EXPECT_EQ(Count(trust, "not judged"), 1) << "identity has no limit";
  EXPECT_THAT(trust, HasSubstr("25\xC2\xA0min old"));

  results.mutable_trust()->set_sample_ratio_p_value(0.00099);
  // It is the verdict that says so: its test may be looked at any time.
  results.mutable_verdict()->add_reasons()->set_code(
      v1::Reason::SAMPLE_RATIO_MISMATCH);
  results.mutable_trust()->set_crossed_over_share(0.0101);
  results.mutable_experiment()->mutable_plan()->set_minimum_identity_match_rate(
      0.98);
  results.mutable_trust()->mutable_newest_event_time()->set_seconds(
      results.as_of().seconds() - 6 * 3600 - 1);
  const std::string html = Render(results);
  EXPECT_EQ(Count(Section(html, "trust"), "FAIL"), 4);
  EXPECT_THAT(html, HasSubstr("Data checks: 0 passed, 4 failed, 0 not judged"));
}

TEST(ReportTest, LimitsOfChecksAreInclusiveAsInTheContract) {
  v1::ExperimentResults results = testing::SampleResults();
  results.mutable_trust()->set_sample_ratio_p_value(0.001);
  results.mutable_trust()->set_crossed_over_share(0.01);
  results.mutable_trust()->mutable_newest_event_time()->set_seconds(
      results.as_of().seconds() - 6 * 3600);
  EXPECT_EQ(Count(Section(Render(results), "trust"), "FAIL"), 0);
}

TEST(ReportTest, ShowsTheJourneyAndBothMedians) {
  const std::string journey =
      Section(Render(testing::SampleResults()), "journey");
  EXPECT_THAT(journey, HasSubstr("28.12%"));  // 1523 of 5416.
  EXPECT_THAT(journey, HasSubstr("Median (Kaplan-Meier)"));
  EXPECT_THAT(journey, HasSubstr("not reached"));
  EXPECT_THAT(journey, HasSubstr("6.4\xC2\xA0"
                                 "d for those who advanced, but "
                                 "19.8\xC2\xA0"
                                 "d with the 5,185"));
}

TEST(ReportTest, FillsInAndMarksDefaults) {
  const std::string plan = Section(Render(testing::SampleResults()), "plan");
  const auto row = [&](const std::string& field) {
    const size_t at = plan.find(absl::StrCat(">", field, "</th>"));
    if (at == std::string::npos) return std::string("no such field");
    return plan.substr(at, plan.find("</tr>", at) - at);
  };
  EXPECT_THAT(row("Power"), HasSubstr("80%</bdi> <span class=\"sub inline\">"
                                      "(default)"));
  EXPECT_THAT(row("Planned units"), HasSubstr("18,000"));
  EXPECT_THAT(row("Planned units"), Not(HasSubstr("(default)")));
  EXPECT_THAT(row("Window of the automatic guardrails"), HasSubstr("7\xC2\xA0"
                                                                   "d"))
      << "that of the first primary KPI";
  EXPECT_THAT(plan, HasSubstr("Share of units with at least one "
                              "&quot;first_project&quot; within 7\xC2\xA0"
                              "d"));
}

TEST(ReportTest, EveryFieldOfThePlanHasARow) {
  // A new field of the plan must be shown: count rows against the contract.
  const int fields = v1::Plan::descriptor()->field_count() - 1 +
                     v1::Plan::AutomaticGuardrails::descriptor()->field_count();
  const std::string plan = Section(Render(testing::SampleResults()), "plan");
  const std::string table = plan.substr(0, plan.find("</table>"));
  EXPECT_EQ(Count(table, "<tr>"), fields);
}

// Numbers of a planned look, an adjustment and an absolute margin.
v1::ExperimentResults PlannedLookResults() {
  v1::ExperimentResults results = testing::SampleResults();
  v1::Plan* plan = results.mutable_experiment()->mutable_plan();
  plan->set_method(v1::Plan::GROUP_SEQUENTIAL);
  plan->mutable_group_sequential()->set_looks(4);
  plan->mutable_group_sequential()->set_spending(
      v1::Plan::GroupSequential::HWANG_SHIH_DECANI);
  plan->mutable_group_sequential()->set_parameter(-4);
  plan->mutable_group_sequential()->set_futility(true);
  plan->set_post_stratify_by("country<");
  plan->mutable_pre_exposure_window()->set_seconds(14 * 86400);
  plan->mutable_prior()->set_relative_effect_sd(0.05);
  plan->set_correction(v1::Plan::HOMMEL);
  v1::KpiComparison* first = results.mutable_kpis(0)->mutable_comparisons(0);
  v1::GroupSequentialAnswer* answer = first->mutable_group_sequential();
  answer->set_look(2);
  answer->set_looks(4);
  answer->set_z(2.75);
  answer->set_boundary(2.5);
  answer->set_futility_boundary(0.25);
  answer->set_repeated_p_value(0.0123);
  answer->set_conditional_power(0.875);
  answer->set_stagewise_p_value(0.0071);
  answer->set_median_unbiased_difference(0.0123);
  v1::Interval* repeated = answer->mutable_repeated_relative_interval();
  repeated->set_lower(0.0111);
  repeated->set_upper(0.2222);
  repeated->set_level(0.95);
  repeated->set_method("repeated");
  *answer->mutable_stagewise_interval() = *repeated;
  first->mutable_adjustment()->set_method("cuped");
  first->mutable_adjustment()->set_variance_reduction(0.36);
  first->mutable_adjustment()->set_strata(7);
  return results;
}

TEST(ReportTest, ShowsPlannedLooksAndAdjustments) {
  const std::string html = Render(PlannedLookResults());
  EXPECT_EQ(WhatIsMalformed(html), "");
  const std::string numbers = Section(html, "numbers");
  EXPECT_THAT(numbers, HasSubstr("Planned look"));
  EXPECT_THAT(numbers, HasSubstr("look 2 of 4"));
  EXPECT_THAT(numbers, HasSubstr("2.75, limit 2.5"));
  EXPECT_THAT(numbers, HasSubstr("futile at 0.25"));
  EXPECT_THAT(numbers, HasSubstr("repeated p = 0.012"));
  EXPECT_THAT(numbers, HasSubstr("conditional power 87.5%"));
  EXPECT_THAT(numbers, HasSubstr("median unbiased), p = 0.0071"));
  EXPECT_THAT(numbers, HasSubstr("without cuped"));
  EXPECT_THAT(numbers, HasSubstr("variance reduced by 36%, 7 strata"));
  const std::string plan = Section(html, "plan");
  EXPECT_THAT(plan, HasSubstr("4, evenly spaced; Hwang-Shih-DeCani spending, "
                              "gamma -4; futility, not binding, by "
                              "O&#39;Brien-Fleming spending"));
  EXPECT_THAT(plan, HasSubstr("country&lt;"));
  EXPECT_THAT(plan, HasSubstr("standard deviation 5%"));
  EXPECT_THAT(plan, HasSubstr("Hommel, over variants"));
  // Without planned looks there is no such column.
  EXPECT_THAT(Section(Render(testing::SampleResults()), "numbers"),
              Not(HasSubstr("Planned look")));
}

TEST(ReportTest, SaysWhyAnAdjustmentWasNotPossible) {
  v1::ExperimentResults results = testing::SampleResults();
  v1::Adjustment* adjustment =
      results.mutable_kpis(0)->mutable_comparisons(0)->mutable_adjustment();
  adjustment->set_method("post-stratified");
  adjustment->set_error("one <stratum> only");
  const std::string numbers = Section(Render(results), "numbers");
  EXPECT_THAT(numbers, HasSubstr("post-stratified was not possible: "));
  EXPECT_THAT(numbers, HasSubstr("one &lt;stratum&gt; only"));
}

TEST(ReportTest, ShowsAbsoluteMargins) {
  v1::ExperimentResults results = testing::SampleResults();
  for (v1::KpiResult& kpi : *results.mutable_kpis()) {
    if (!kpi.comparisons(0).has_guardrail()) continue;
    v1::GuardrailAnswer* answer =
        kpi.mutable_comparisons(0)->mutable_guardrail();
    const Quantity quantity(kpi);
    answer->set_relative_margin(0);
    answer->clear_relative_bound();
    answer->set_absolute_margin(0.25);
    answer->set_absolute_bound(-0.125);
    const std::string numbers = Section(Render(results), "numbers");
    EXPECT_THAT(numbers,
                HasSubstr(absl::StrCat(
                    "margin ", quantity.Difference(
                                   kpi.higher_is_better() ? -0.25 : 0.25))));
    EXPECT_THAT(numbers,
                HasSubstr(absl::StrCat("bound ", quantity.Difference(-0.125))));
    return;
  }
  FAIL() << "the sample has no guardrail";
}

TEST(ReportTest, ShowsOnlyDecisionsOfThisExperiment) {
  const std::string ledger =
      Section(Render(testing::SampleResults()), "ledger");
  EXPECT_THAT(ledger, HasSubstr("We look at the pricing step next."));
  EXPECT_THAT(ledger, HasSubstr("orchestrator"));
  EXPECT_THAT(ledger, Not(HasSubstr("belongs to another experiment")));
  EXPECT_THAT(ledger, HasSubstr("owner: product -&gt; growth-team"));
}

TEST(ReportTest, SaysThatWhatIsAbsentIsAbsent) {
  const std::string html = RenderExperimentReport({}, {}, {});
  for (const char* text :
       {"Unnamed experiment", "No hypothesis was written down.",
        "No reasons were given.", "There are no results of primary KPIs.",
        "There are no KPIs in these results.", "Not in these results",
        "not computable: no units yet", "no events yet",
        "No units by variant in these results.",
        "No journey by variant in these results.",
        "funnel is not in these results.", "No segments in these results.",
        "The experiment has no plan", "No frozen KPI definitions.",
        "Nothing was changed since the start.",
        "No decisions are in the ledger yet."}) {
    EXPECT_THAT(html, HasSubstr(text));
  }
  EXPECT_THAT(html, Not(HasSubstr("1970")));
  EXPECT_EQ(WhatIsMalformed(html), "");
}

// Clears each field of the answer in turn, at every depth.
void ForEachCleared(v1::ExperimentResults& whole,
                    google::protobuf::Message& message, int& count) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->is_map()) continue;
    if (field->cpp_type() ==
        google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        ForEachCleared(whole, *reflection->MutableMessage(&message, field),
                       count);
      } else if (field->name() != "path") {
        // The first and the last one stand for all.
        const int size = reflection->FieldSize(message, field);
        for (const int i : std::set<int>{0, size - 1}) {
          ForEachCleared(
              whole, *reflection->MutableRepeatedMessage(&message, field, i),
              count);
        }
      }
    }
    std::unique_ptr<google::protobuf::Message> saved(message.New());
    saved->CopyFrom(message);
    reflection->ClearField(&message, field);
    const std::string html = Render(whole);
    ASSERT_EQ(WhatIsMalformed(html), "") << field->full_name();
    ASSERT_THAT(html, Not(HasSubstr("nan"))) << field->full_name();
    message.CopyFrom(*saved);
    ++count;
  }
}

TEST(ReportTest, StandsTheAbsenceOfEveryField) {
  v1::ExperimentResults results = testing::SampleResults();
  results.mutable_kpis()->DeleteSubrange(1, 5);
  results.mutable_segments()->DeleteSubrange(1, 2);
  int count = 0;
  ForEachCleared(results, results, count);
  EXPECT_GT(count, 300);
}

// Puts hostile text into every string of a message.
void Poison(google::protobuf::Message& message, const std::string& text) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->is_map()) continue;
    const bool is_string =
        field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING;
    const bool is_message =
        field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE;
    const int size =
        field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (is_string && field->is_repeated()) {
        reflection->SetRepeatedString(&message, field, i, text);
      } else if (is_string) {
        reflection->SetString(&message, field, text);
      } else if (is_message && field->is_repeated()) {
        Poison(*reflection->MutableRepeatedMessage(&message, field, i), text);
      } else if (is_message) {
        Poison(*reflection->MutableMessage(&message, field), text);
      }
    }
  }
}

TEST(ReportTest, HostileTextStaysText) {
  for (const std::string& text : std::vector<std::string>{
           "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
           "' onload='alert(1)", "</title></style></svg><b>", "&lt;x&gt;<!--",
           "{{7*7}}</bdi></h1>", std::string("a\0<b>", 5), "\xFF\xFE<b>"}) {
    v1::ExperimentResults results = testing::SampleResults();
    v1::JourneyFunnel funnel = testing::SampleFunnel();
    std::vector<v1::Decision> decisions = testing::SampleDecisions();
    Poison(results, text);
    Poison(funnel, text);
    for (v1::Decision& decision : decisions) Poison(decision, text);
    const std::string html = RenderExperimentReport(results, funnel, decisions);
    EXPECT_EQ(WhatIsMalformed(html), "") << text;
    for (const char* markup :
         {"<script", "<img", "<!--", "<b><b>", "onload='"}) {
      EXPECT_THAT(html, Not(HasSubstr(markup))) << text;
    }
    EXPECT_EQ(html.find('\0'), std::string::npos);
    EXPECT_EQ(html.find('\xFF'), std::string::npos);
  }
}

TEST(ReportTest, LongUnicodeSurvives) {
  std::string name;
  for (int i = 0; i < 2000; ++i) name += "\xE6\x97\xA5\xF0\x9F\x9A\x80";
  v1::ExperimentResults results = testing::SampleResults();
  results.mutable_experiment()->set_display_name(name);
  EXPECT_THAT(Render(results), HasSubstr("<h1><bdi>" + name + "</bdi></h1>"));
}

// Numbers that are not numbers, in every number of the answer.
void PoisonNumbers(google::protobuf::Message& message, double value) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->is_map()) continue;
    if (field->cpp_type() ==
        google::protobuf::FieldDescriptor::CPPTYPE_DOUBLE) {
      reflection->SetDouble(&message, field, value);
    }
    if (field->cpp_type() !=
        google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    if (!field->is_repeated()) {
      PoisonNumbers(*reflection->MutableMessage(&message, field), value);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      PoisonNumbers(*reflection->MutableRepeatedMessage(&message, field, i),
                    value);
    }
  }
}

TEST(ReportTest, StandsEveryNumber) {
  for (const double value : std::vector<double>{NAN, INFINITY, -INFINITY, 1e308,
                                                -1e308, 5e-324, 0.0, -0.0}) {
    v1::ExperimentResults results = testing::SampleResults();
    v1::JourneyFunnel funnel = testing::SampleFunnel();
    PoisonNumbers(results, value);
    PoisonNumbers(funnel, value);
    const std::string html = RenderExperimentReport(results, funnel, {});
    EXPECT_EQ(WhatIsMalformed(html), "") << value;
    // Chart coordinates stay within what a browser can draw.
    for (const char* bad : {"=\"nan", "=\"inf", "=\"-inf", " nan ", " inf "}) {
      EXPECT_THAT(html, Not(HasSubstr(bad))) << value;
    }
  }
}

TEST(ReportTest, CarriesTwentyVariantsAndThirtyKpis) {
  const v1::ExperimentResults results = testing::LargeResults(20, 30);
  const std::string html = RenderExperimentReport(results, {}, {});
  EXPECT_EQ(WhatIsMalformed(html), "");
  EXPECT_EQ(Count(Section(html, "forest"), "role=\"img\""), 19 * 30);
  EXPECT_LT(html.size(), 4u << 20);
}

TEST(ReportTest, IsDeterministic) {
  const v1::ExperimentResults results = testing::SampleResults();
  v1::ExperimentResults copy;
  ASSERT_TRUE(copy.ParseFromString(results.SerializeAsString()));
  for (int i = 0; i < 50; ++i) {
    (*copy.mutable_experiment()->mutable_overrides())[absl::StrCat(i)] = "a";
  }
  v1::ExperimentResults other = copy;
  EXPECT_EQ(Render(copy), Render(other));
  EXPECT_EQ(Render(results), Render(results));
}

TEST(ReportTest, TellsVariantsOfOneNameApart) {
  v1::ExperimentResults results = testing::SampleResults();
  for (v1::Variant& variant :
       *results.mutable_experiment()->mutable_variants()) {
    variant.set_display_name("Same");
  }
  EXPECT_THAT(Render(results), HasSubstr("Harmful: Same (checklist)"));
}

}  // namespace
}  // namespace stagecraft::client
