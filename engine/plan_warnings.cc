#include "engine/plan_warnings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "stats/confidence_sequence.h"

namespace stagecraft::engine {
namespace {

std::string Days(double days) { return absl::StrFormat("%.1f days", days); }
std::string DaysOf(Micros duration) {
  return Days(static_cast<double>(duration) / kDay);
}
std::string TimeText(Micros time) {
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixMicros(time),
                          absl::UTCTimeZone());
}

class Warnings {
 public:
  Warnings(const Experiment& experiment, const HistoryOptions& asked,
           const StageHistory& history, const PlanForecast& forecast,
           Micros maximum_duration)
      : experiment_(experiment),
        plan_(experiment.plan),
        asked_(asked),
        history_(history),
        forecast_(forecast),
        maximum_duration_(maximum_duration) {}

  std::vector<std::string> Run() {
    OfTraffic();
    if (history_.targeted > 0) OfMaturity();
    if (history_.mature > 0) {
      OfKpis();
      OfMethods();
      OfGuardrails();
    }
    return std::move(warnings_);
  }

 private:
  void Add(std::string warning) { warnings_.push_back(std::move(warning)); }

  void OfTraffic() {
    constexpr int64_t kFew = 100;
    const auto& last = history_.look.newest_event_time;
    if (history_.units > 0 && last.has_value() && *last + kDay < history_.to) {
      Add(absl::StrCat("the newest event is of ", TimeText(*last),
                       ", and the history ends at ", TimeText(history_.to),
                       ": the time between counts as one without units, and "
                       "windows in it as over"));
    }
    if (history_.units == 0) {
      const auto& newest = history_.look.newest_event_time;
      Add(absl::StrCat(
          "no unit entered the stage ", experiment_.stage,
          " for the first "
          "time from ",
          TimeText(asked_.from), " to ", TimeText(asked_.to),
          newest.has_value()
              ? absl::StrCat("; the newest event is of ", TimeText(*newest))
              : std::string("; there are no events")));
    } else if (history_.targeted == 0) {
      Add(absl::StrCat("none of the ", history_.units,
                       " units that entered the stage satisfies the "
                       "targeting"));
    } else if (history_.targeted < kFew) {
      Add(absl::StrCat("only ", history_.targeted,
                       " units: what follows from them is rough"));
    }
    if (history_.units > 0 && history_.from > asked_.from) {
      Add(absl::StrCat("the journey's events begin at ",
                       TimeText(history_.from), ": the history is ",
                       DaysOf(history_.to - history_.from), " long instead of ",
                       DaysOf(asked_.to - asked_.from)));
    }
    if (experiment_.targeting.has_value() && history_.without_attributes > 0) {
      Add(absl::StrFormat(
          "%d of %d units have none of the attributes that the targeting asks "
          "for (%s): for them it cannot be told who would take part",
          history_.without_attributes, history_.units,
          absl::StrJoin(AttributesOf(*experiment_.targeting), ", ")));
    }
    if (history_.targeted > 0 && !(forecast_.entering_share > 0)) {
      Add("the experiment takes no share of the units");
    }
  }

  void OfMaturity() {
    const Micros follow_up = FollowUp(experiment_);
    if (history_.mature > 0) {
      constexpr int64_t kFew = 1'000;
      if (history_.mature < kFew) {
        Add(absl::StrCat("only ", history_.mature,
                         " units have all windows behind them: what is "
                         "rehearsed with them is rough"));
      }
      return;
    }
    Add(absl::StrCat("windows are over ", DaysOf(follow_up),
                     " after entry, and no unit of the history of ",
                     DaysOf(history_.to - history_.from),
                     " has got so far: ask for a longer one"));
  }

  void OfKpis() {
    for (const KpiBaseline& baseline : forecast_.baselines) {
      if (!baseline.value.has_value()) {
        Add(absl::StrCat(baseline.kpi,
                         " cannot be computed: ", baseline.error));
      } else if (baseline.role == KpiRole::kPrimary && *baseline.value == 0) {
        Add(absl::StrCat(baseline.kpi,
                         " is 0: a relative effect of it says "
                         "nothing"));
      }
      const Kpi* kpi = FindKpi(experiment_, baseline.kpi);
      if (kpi != nullptr && !kpi->length.has_value() &&
          baseline.role != KpiRole::kSecondary) {
        Add(absl::StrCat(kpi->name,
                         " has no window: its value grows as long as units "
                         "are followed, and is that of the history's"));
      }
    }
    if (!plan_.post_stratify_by.empty()) {
      Add("rehearsals do not post-stratify: they find a little less");
    }
  }

  void OfMethods() {
    for (const MethodForecast& method : forecast_.methods) {
      if (method.method != plan_.method) continue;
      if (!method.size.has_value()) {
        Add(absl::StrCat("what the plan's method needs is not known: ",
                         method.error));
        continue;
      }
      if (method.days.has_value() &&
          *method.days > static_cast<double>(maximum_duration_) / kDay) {
        Add(absl::StrCat("the plan's method (", ToWords(method.method),
                         ") needs ", Days(*method.days), ", more than ",
                         DaysOf(maximum_duration_)));
      }
      const auto needed = static_cast<int64_t>(method.size->units);
      const int64_t tuned = plan_.planned_units > 0
                                ? plan_.planned_units
                                : stats::kDefaultPlannedUnits;
      if (method.method == Plan::Method::kAlwaysValid && needed > 2 * tuned) {
        Add(absl::StrFormat(
            "the always-valid interval is narrowest at %d units "
            "(planned_units), and %d are needed to find %.4g %%: planned_units "
            "nearer to that would find it sooner",
            tuned, needed, 100 * plan_.minimum_detectable_effect));
      }
      if (method.method != Plan::Method::kAlwaysValid &&
          plan_.planned_units > 0 && plan_.planned_units < needed) {
        Add(absl::StrFormat(
            "the plan ends at %d units, and needs %d to find %.4g %% with a "
            "power of %.4g",
            plan_.planned_units, needed, 100 * plan_.minimum_detectable_effect,
            plan_.power));
      }
    }
  }

  void OfGuardrails() {
    for (const GuardrailForecast& guardrail : forecast_.guardrails) {
      if (!guardrail.margin.blocking) continue;
      if (!guardrail.power.has_value()) {
        Add(absl::StrCat(
            "whether ", guardrail.kpi,
            " will be judged as kept is not known: ", guardrail.error));
      } else if (!guardrail.enough) {
        Add(absl::StrFormat(
            "a treatment that does not touch %s is judged to keep it with a "
            "chance of %.3g only: a winner needs that%s",
            guardrail.kpi, *guardrail.power,
            guardrail.units_needed.has_value()
                ? absl::StrCat("; ", *guardrail.units_needed,
                               " units, or a wider margin, would do")
                : std::string()));
      }
    }
  }

  const Experiment& experiment_;
  const Plan& plan_;
  const HistoryOptions& asked_;
  const StageHistory& history_;
  const PlanForecast& forecast_;
  const Micros maximum_duration_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<std::string> PlanWarnings(const Experiment& experiment,
                                      const HistoryOptions& asked,
                                      const StageHistory& history,
                                      const PlanForecast& forecast,
                                      Micros maximum_duration) {
  return Warnings(experiment, asked, history, forecast, maximum_duration).Run();
}

}  // namespace stagecraft::engine
