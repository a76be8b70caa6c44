#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "simulations/scenario/compile_parts.h"

namespace stagecraft::simulations {
namespace {

using Source = v1::Scenario::Expectation;

int CompileExperiment(const Source& source, absl::string_view field,
                      const Scenario& scenario, Fields* fields) {
  if (source.experiment().empty() && scenario.experiments.size() == 1) return 0;
  for (size_t x = 0; x < scenario.experiments.size(); ++x) {
    if (scenario.experiments[x]->name == source.experiment()) {
      return static_cast<int>(x);
    }
  }
  fields->Fail(absl::StrCat(field, ".experiment"),
               engine::Quote(source.experiment()),
               "the name of an experiment of the scenario");
  return 0;
}

// What the plan guards without being asked: `stages/{stage}/conversion` of a
// later stage, `stages/{stage}/time` of the experiment's own.
bool IsStageMeasure(absl::string_view kpi,
                    const engine::Experiment& experiment) {
  if (!absl::ConsumePrefix(&kpi, "stages/")) return false;
  const bool is_time = absl::ConsumeSuffix(&kpi, "/time");
  if (!is_time && !absl::ConsumeSuffix(&kpi, "/conversion")) return false;
  const auto own = engine::FindStage(*experiment.journey, experiment.stage);
  const auto stage = engine::FindStage(*experiment.journey, kpi);
  if (!own.has_value() || !stage.has_value()) return false;
  return is_time ? *stage == *own : *stage > *own;
}

void CheckVariant(const std::string& id, const engine::Experiment& experiment,
                  absl::string_view field, Fields* fields) {
  if (engine::FindVariant(experiment, id).value_or(0) > 0) return;
  fields->Fail(field, engine::Quote(id),
               absl::StrCat("the id of a treatment of ", experiment.name));
}

void CompileMeasure(const Source& source, absl::string_view field,
                    Fields* fields, Expectation* expectation) {
  using Of = Expectation::Of;
  switch (source.measure()) {
    case Source::POWER:
      expectation->of = Of::kPower;
      return;
    case Source::FALSE_WINNER:
      expectation->of = Of::kFalseWinner;
      return;
    case Source::SAMPLE_RATIO_ALARM:
      expectation->of = Of::kSampleRatioAlarm;
      return;
    default:
      fields->Fail(absl::StrCat(field, ".measure"),
                   absl::StrCat(source.measure()),
                   "POWER, FALSE_WINNER or SAMPLE_RATIO_ALARM");
  }
}

void CompileVerdict(const Source& source, absl::string_view field,
                    Fields* fields, Expectation* expectation) {
  using Kind = engine::VerdictKind;
  expectation->of = Expectation::Of::kVerdict;
  switch (source.verdict()) {
    case v1::Verdict::COLLECTING:
      expectation->verdict = Kind::kCollecting;
      return;
    case v1::Verdict::WINNER:
      expectation->verdict = Kind::kWinner;
      return;
    case v1::Verdict::NO_DIFFERENCE:
      expectation->verdict = Kind::kNoDifference;
      return;
    case v1::Verdict::HARMFUL:
      expectation->verdict = Kind::kHarmful;
      return;
    case v1::Verdict::INVALID:
      expectation->verdict = Kind::kInvalid;
      return;
    default:
      fields->Fail(absl::StrCat(field, ".verdict"),
                   absl::StrCat(source.verdict()),
                   "COLLECTING, WINNER, NO_DIFFERENCE, HARMFUL or INVALID");
  }
}

void CompileHarmed(const Source& source, absl::string_view field,
                   const engine::Experiment& experiment, Fields* fields,
                   Expectation* expectation) {
  expectation->of = Expectation::Of::kHarmed;
  expectation->kpi = source.harmed();
  const auto& guardrails = experiment.plan.guardrails;
  const bool is_guardrail = std::any_of(
      guardrails.begin(), guardrails.end(),
      [&](const auto& guardrail) { return guardrail.kpi == source.harmed(); });
  if (is_guardrail || IsStageMeasure(source.harmed(), experiment)) return;
  fields->Fail(absl::StrCat(field, ".harmed"), engine::Quote(source.harmed()),
               "the name of a KPI that is a guardrail of the plan, "
               "stages/{stage}/conversion of a later stage or "
               "stages/{stage}/time of its own");
}

void CompileCoverage(const Source::Coverage& source, absl::string_view field,
                     const engine::Experiment& experiment, Fields* fields,
                     Expectation* expectation) {
  expectation->of = Expectation::Of::kCoverage;
  expectation->kpi = source.kpi();
  expectation->variant = source.variant();
  expectation->interval = source.kind();
  if (!source.kpi().empty() &&
      engine::FindKpi(experiment, source.kpi()) == nullptr &&
      !IsStageMeasure(source.kpi(), experiment)) {
    fields->Fail(absl::StrCat(field, ".kpi"), engine::Quote(source.kpi()),
                 "the name of a KPI of the plan, stages/{stage}/conversion of "
                 "a later stage or stages/{stage}/time of its own");
  }
  if (!source.variant().empty()) {
    CheckVariant(source.variant(), experiment, absl::StrCat(field, ".variant"),
                 fields);
  }
  if (source.kind().empty()) {
    fields->Fail(absl::StrCat(field, ".kind"), "empty",
                 "a kind of interval like difference/newcombe");
  }
}

Expectation CompileExpectation(const Source& source, absl::string_view field,
                               const Scenario& scenario, Fields* fields) {
  Expectation expectation;
  expectation.experiment = CompileExperiment(source, field, scenario, fields);
  if (!fields->ok()) return expectation;
  const engine::Experiment& experiment =
      *scenario.experiments[expectation.experiment];
  switch (source.of_case()) {
    case Source::kMeasure:
      CompileMeasure(source, field, fields, &expectation);
      break;
    case Source::kVerdict:
      CompileVerdict(source, field, fields, &expectation);
      break;
    case Source::kWins:
      expectation.of = Expectation::Of::kWins;
      expectation.variant = source.wins();
      CheckVariant(source.wins(), experiment, absl::StrCat(field, ".wins"),
                   fields);
      break;
    case Source::kHarmed:
      CompileHarmed(source, field, experiment, fields, &expectation);
      break;
    case Source::kCoverage:
      CompileCoverage(source.coverage(), absl::StrCat(field, ".coverage"),
                      experiment, fields, &expectation);
      break;
    case Source::OF_NOT_SET:
      fields->Fail(
          field,
          "names nothing, want measure, verdict, wins, harmed or coverage");
  }
  if (source.has_at_least()) {
    expectation.at_least =
        fields->Share(source.at_least(), absl::StrCat(field, ".at_least"));
  }
  if (source.has_at_most()) {
    expectation.at_most =
        fields->Share(source.at_most(), absl::StrCat(field, ".at_most"));
  }
  if (!source.has_at_least() && !source.has_at_most()) {
    fields->Fail(field, "has no bound, want at_least or at_most");
  } else if (source.has_at_least() && source.has_at_most() &&
             source.at_least() > source.at_most()) {
    fields->Fail(absl::StrCat(field, ".at_least"),
                 absl::StrCat(source.at_least()),
                 absl::StrCat("at most at_most, ", source.at_most()));
  }
  return expectation;
}

}  // namespace

void CompileExpectations(const v1::Scenario& source, Fields* fields,
                         Scenario* scenario) {
  fields->Size(source.expect_size(), 100, "expect");
  for (int i = 0; i < source.expect_size() && fields->ok(); ++i) {
    scenario->expectations.push_back(CompileExpectation(
        source.expect(i), At("expect", i), *scenario, fields));
  }
}

}  // namespace stagecraft::simulations
