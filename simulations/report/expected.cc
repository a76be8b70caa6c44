#include "simulations/report/expected.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/report/names.h"
#include "simulations/report/words.h"

namespace stagecraft::simulations {
namespace {

using engine::MonteCarlo;
using Of = Expectation::Of;

struct Number {
  std::string what;
  MonteCarlo measured;
};

bool IsOfKind(absl::string_view kind, absl::string_view interval) {
  return kind == interval ||
         absl::StartsWith(kind, absl::StrCat(interval, "/"));
}

template <typename Map, typename Key>
MonteCarlo Find(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? MonteCarlo{} : found->second;
}

std::vector<Number> Intervals(const Expectation& expectation,
                              const PlanReport& plan) {
  std::vector<Number> numbers;
  for (const auto& coverage : plan.summary.coverage) {
    const bool is_meant =
        (expectation.kpi.empty() || coverage.kpi == expectation.kpi) &&
        (expectation.variant.empty() ||
         coverage.variant == expectation.variant) &&
        IsOfKind(coverage.kind, expectation.interval);
    if (!is_meant) continue;
    numbers.push_back(
        {absl::StrCat("Truth held: ", KpiWords(coverage.kpi), ", ",
                      coverage.variant, ": ", IntervalWords(coverage.kind)),
         coverage.covered});
  }
  if (numbers.empty()) {
    numbers.push_back(
        {absl::StrCat("Truth held: ", IntervalWords(expectation.interval)),
         {}});
  }
  return numbers;
}

std::vector<Number> NumbersOf(const Expectation& expectation,
                              const PlanReport& plan) {
  const auto& summary = plan.summary;
  switch (expectation.of) {
    case Of::kPower:
      return {{"Power", summary.power.value_or(MonteCarlo{})}};
    case Of::kFalseWinner:
      return {{"False winner", summary.false_winner}};
    case Of::kSampleRatioAlarm:
      return {{"Sample-ratio alarm", summary.sample_ratio_alarms}};
    case Of::kVerdict:
      return {{absl::StrCat("Ends with: ",
                            client::VerdictWord(ToProto(expectation.verdict))),
               Find(summary.verdicts, expectation.verdict)}};
    case Of::kWins: {
      const auto variant =
          engine::FindVariant(plan.experiment, expectation.variant);
      const size_t treatment = variant.value_or(0) - 1;
      return {{absl::StrCat(expectation.variant, " wins"),
               treatment < summary.wins.size() ? summary.wins[treatment]
                                               : MonteCarlo{}}};
    }
    case Of::kHarmed:
      return {{absl::StrCat("Found harmed: ", KpiWords(expectation.kpi)),
               Find(summary.harmed, expectation.kpi)}};
    case Of::kCoverage:
      return Intervals(expectation, plan);
  }
  return {};
}

}  // namespace

std::vector<Line> ExpectedLines(const PlanReport& plan) {
  std::vector<Line> lines;
  for (const Expectation& expectation : plan.expectations) {
    for (const Number& number : NumbersOf(expectation, plan)) {
      const auto add = [&](Promise::Kind kind,
                           const std::optional<double>& bound) {
        if (!bound.has_value()) return;
        lines.push_back({number.what,
                         number.measured.replications > 0
                             ? ""
                             : "broken: nothing to measure",
                         number.measured,
                         Promise{kind, *bound},
                         {}});
      };
      add(Promise::Kind::kAtLeast, expectation.at_least);
      add(Promise::Kind::kAtMost, expectation.at_most);
    }
  }
  return lines;
}

bool IsBroken(const Line& line) {
  if (!line.promise.has_value()) return false;
  return Judge(*line.promise, line.measured).value_or(Agreement::kBroken) ==
         Agreement::kBroken;
}

int CountBroken(const SimulationReport& report) {
  int broken = 0;
  for (const PlanReport& plan : report.plans) {
    const std::vector<Line> lines = ExpectedLines(plan);
    broken +=
        static_cast<int>(std::count_if(lines.begin(), lines.end(), IsBroken));
  }
  return broken;
}

}  // namespace stagecraft::simulations
