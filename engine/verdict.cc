#include "engine/verdict.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/verdict_order.h"
#include "engine/verdict_text.h"

namespace stagecraft::engine {
namespace {

using Code = Reason::Code;

// What one look says, step by step.
class DecisionRule {
 public:
  DecisionRule(const Experiment& experiment, const ExperimentLook& look,
               const std::vector<KpiAnalysis>& analyses, Detail detail)
      : experiment_(experiment),
        plan_(experiment.plan),
        look_(look),
        analyses_(analyses),
        detail_(detail),
        planned_(PlannedLookOf(experiment, look)) {}

  Verdict Run() {
    for (size_t v = 1; v < experiment_.variants.size(); ++v) {
      verdict_.treatments.push_back({experiment_.variants[v].id});
    }
    CheckInvalid();
    if (!verdict_.reasons.empty()) return End(VerdictKind::kInvalid);
    CheckCollecting();
    if (!verdict_.reasons.empty()) {
      const bool over = Ended() && AllMature();
      return End(over ? VerdictKind::kInvalid : VerdictKind::kCollecting);
    }
    for (size_t v = 1; v < experiment_.variants.size(); ++v) {
      verdict_.treatments[v - 1].kind = JudgeTreatment(static_cast<int>(v));
    }
    return Combine();
  }

 private:
  // `say` makes the sentence, if there is to be one.
  template <typename Say>
  void Add(Code code, const Say& say, int variant = -1,
           const std::string& kpi = "") {
    verdict_.reasons.push_back(
        {code, detail_ == Detail::kFull ? std::string(say()) : "",
         variant < 0 ? "" : experiment_.variants[variant].id, kpi});
  }

  Verdict End(VerdictKind kind) {
    verdict_.kind = kind;
    for (Verdict::Treatment& treatment : verdict_.treatments) {
      treatment.kind = kind;
    }
    return std::move(verdict_);
  }

  bool Ended() const {
    return experiment_.end_time.has_value() &&
           look_.as_of >= *experiment_.end_time;
  }
  bool AllMature() const {
    for (const KpiAnalysis& analysis : analyses_) {
      if (analysis.role == KpiRole::kSecondary) continue;
      for (const VariantAnalysis& variant : analysis.variants) {
        if (variant.immature > 0) return false;
      }
    }
    return true;
  }

  void CheckInvalid() {
    const TrustChecks trust = CheckTrust(experiment_, look_);
    if (!trust.sample_ratio_error.empty()) {
      Add(Code::kSampleRatioMismatch, [&] { return trust.sample_ratio_error; });
    } else if (trust.sequential_sample_ratio_p_value.has_value() &&
               *trust.sequential_sample_ratio_p_value <
                   plan_.sample_ratio_alpha) {
      Add(Code::kSampleRatioMismatch, [&] {
        return absl::StrFormat(
            "units are not split as planned: always-valid p = "
            "%.3g, want at least %g; mend assignment or logging "
            "first",
            *trust.sequential_sample_ratio_p_value, plan_.sample_ratio_alpha);
      });
    }
    if (trust.crossed_over_share > plan_.maximum_crossed_over_share) {
      Add(Code::kCrossedOver, [&] {
        return absl::StrCat(Percent(trust.crossed_over_share),
                            " of the units (", look_.crossed_over_units,
                            ") met two variants, want at most ",
                            Percent(plan_.maximum_crossed_over_share));
      });
    }
    if (trust.identity_match_rate.has_value() &&
        *trust.identity_match_rate < plan_.minimum_identity_match_rate) {
      Add(Code::kIdentityMismatch, [&] {
        return absl::StrCat(
            "only ", Percent(*trust.identity_match_rate),
            " of the exposed units have any other event, want at "
            "least ",
            Percent(plan_.minimum_identity_match_rate));
      });
    }
  }

  void CheckCollecting() {
    if (experiment_.start_time.has_value()) {
      const Micros run = look_.as_of - *experiment_.start_time;
      if (run < plan_.minimum_duration) {
        Add(Code::kTooEarly, [&] {
          return absl::StrCat("ran ", Days(std::max<Micros>(run, 0)),
                              ", want at least ", Days(plan_.minimum_duration));
        });
      }
    }
    if (plan_.maximum_staleness.has_value() &&
        look_.newest_event_time.has_value() && !Ended() &&
        look_.as_of - *look_.newest_event_time > *plan_.maximum_staleness) {
      Add(Code::kStale, [&] {
        return absl::StrCat("the newest event is ",
                            Days(look_.as_of - *look_.newest_event_time),
                            " old, want at most ",
                            Days(*plan_.maximum_staleness));
      });
    }
    for (const KpiAnalysis& analysis : analyses_) {
      if (analysis.role != KpiRole::kPrimary) continue;
      CheckCounts(analysis);
    }
    if (plan_.method == Plan::Method::kFixedHorizon) CheckHorizon();
    if (plan_.method == Plan::Method::kGroupSequential) CheckPlannedLook();
  }

  void CheckCounts(const KpiAnalysis& analysis) {
    const bool counts_conversions = IsShareOfUnits(analysis.spec.kind) ||
                                    analysis.spec.kind == KpiKind::kTimeToEvent;
    double units = 0;
    double conversions = 0;
    for (const VariantAnalysis& variant : analysis.variants) {
      units += static_cast<double>(variant.units);
      conversions += variant.numerator;
    }
    // Few where many were expected are a finding: nobody gets through.
    const auto minimum = static_cast<double>(plan_.minimum_conversions);
    const auto has_few = [&](const VariantAnalysis& variant) {
      const double expected =
          static_cast<double>(variant.units) * conversions / units;
      return variant.numerator < minimum && expected < 5 * minimum;
    };
    for (size_t v = 0; v < analysis.variants.size(); ++v) {
      const VariantAnalysis& variant = analysis.variants[v];
      if (variant.units < plan_.minimum_units) {
        Add(
            Code::kTooFewUnits,
            [&] {
              return absl::StrCat(variant.units,
                                  " mature units, want at least ",
                                  plan_.minimum_units);
            },
            static_cast<int>(v), analysis.kpi);
      } else if (counts_conversions && units > 0 && has_few(variant)) {
        Add(
            Code::kTooFewConversions,
            [&] {
              return absl::StrCat(static_cast<int64_t>(variant.numerator),
                                  " conversions, want at least ",
                                  plan_.minimum_conversions);
            },
            static_cast<int>(v), analysis.kpi);
      }
    }
  }

  void CheckHorizon() {
    for (const HorizonCount& count : HorizonCounts(experiment_, look_)) {
      if (count.mature >= plan_.planned_units) continue;
      Add(
          Code::kHorizonNotReached,
          [&] {
            return absl::StrCat(
                count.mature, " of ", plan_.planned_units,
                " planned units are mature; a fixed-horizon plan is "
                "looked at once, then");
          },
          -1, count.kpi);
    }
  }

  void CheckPlannedLook() {
    if (planned_.has_value()) return;
    const std::vector<double>& fractions = plan_.group_sequential.fractions;
    const size_t next =
        look_.past_looks.empty() ? 0 : look_.past_looks.back().look;
    if (next >= fractions.size()) return;
    Add(Code::kHorizonNotReached, [&] {
      return absl::StrFormat(
          "%d units are mature on every primary KPI and "
          "guardrail, want %.0f for look %d of %d",
          MatureUnits(experiment_, look_),
          std::ceil(fractions[next] * static_cast<double>(plan_.planned_units)),
          next + 1, fractions.size());
    });
  }

  VerdictKind JudgeTreatment(int v) {
    bool superior = false;
    bool inferior = false;
    bool settled = true;  // Every primary KPI is equivalent or futile.
    for (const KpiAnalysis& analysis : analyses_) {
      if (analysis.role != KpiRole::kPrimary) continue;
      const ComparisonAnalysis& comparison = analysis.comparisons[v - 1];
      switch (JudgePrimary(analysis, comparison, v)) {
        case Code::kSuperior:
          superior = true;
          break;
        case Code::kInferior:
          inferior = true;
          break;
        case Code::kEquivalent:
        case Code::kFutile:
          break;
        default:
          settled = false;
      }
    }
    bool harmed = false;
    bool uncertain = false;
    for (const KpiAnalysis& analysis : analyses_) {
      const ComparisonAnalysis& comparison = analysis.comparisons[v - 1];
      if (!comparison.guardrail.has_value()) continue;
      JudgeGuardrail(analysis, comparison, v, &harmed, &uncertain);
    }
    if (inferior || harmed) return VerdictKind::kHarmful;
    if (superior && !uncertain) return VerdictKind::kWinner;
    if (superior) {
      // Better here, and not yet known to be safe there.
      return PlanOver() ? VerdictKind::kNoDifference : VerdictKind::kCollecting;
    }
    if (settled || PlanOver()) return VerdictKind::kNoDifference;
    return VerdictKind::kCollecting;
  }

  // No look after this one can say more.
  bool PlanOver() const {
    return plan_.method == Plan::Method::kFixedHorizon ||
           (planned_.has_value() && planned_->is_last) ||
           (Ended() && AllMature());
  }

  static bool IsFutile(const KpiAnalysis& analysis,
                       const ComparisonAnalysis& comparison) {
    if (!comparison.group_sequential.has_value() ||
        !comparison.group_sequential->futility_boundary.has_value()) {
      return false;
    }
    const double z = comparison.group_sequential->z;
    const double limit = *comparison.group_sequential->futility_boundary;
    return analysis.spec.higher_is_better ? z <= limit : z >= limit;
  }

  Code JudgePrimary(const KpiAnalysis& analysis,
                    const ComparisonAnalysis& comparison, int v) {
    if (!comparison.adjusted_p_value.has_value() ||
        !comparison.difference.has_value()) {
      Add(
          Code::kNotComputable, [&] { return comparison.error; }, v,
          analysis.kpi);
      return Code::kNotComputable;
    }
    const double p = *comparison.adjusted_p_value;
    const bool better =
        (*comparison.difference > 0) == analysis.spec.higher_is_better;
    if (p <= plan_.alpha && *comparison.difference != 0) {
      const Code code = better ? Code::kSuperior : Code::kInferior;
      Add(
          code,
          [&] {
            return absl::StrFormat(
                "%s%s (%s), corrected p = %.3g, want at most %g",
                LookText(comparison), ChangeText(comparison),
                better ? "better" : "worse", p, plan_.alpha);
          },
          v, analysis.kpi);
      return code;
    }
    if (IsFutile(analysis, comparison)) {
      Add(
          Code::kFutile,
          [&] {
            return absl::StrFormat(
                "%schanged by %s: z = %.3f, on the wrong side of the "
                "limit for futility, %.3f",
                LookText(comparison), ChangeText(comparison),
                comparison.group_sequential->z,
                *comparison.group_sequential->futility_boundary);
          },
          v, analysis.kpi);
      return Code::kFutile;
    }
    if (plan_.method == Plan::Method::kAlwaysValid &&
        comparison.sequential.has_value() &&
        comparison.sequential->relative.has_value()) {
      const stats::Interval& interval =
          comparison.sequential->relative->interval;
      const double mde = plan_.minimum_detectable_effect;
      if (interval.lower > -mde && interval.upper < mde) {
        Add(
            Code::kEquivalent,
            [&] {
              return absl::StrCat(
                  "the change lies between ", SignedPercent(interval.lower),
                  " and ", SignedPercent(interval.upper),
                  ", within the smallest effect worth finding (", Percent(mde),
                  ")");
            },
            v, analysis.kpi);
        return Code::kEquivalent;
      }
    }
    Add(
        PlanOver() ? Code::kPlanEnded : Code::kInconclusive,
        [&] {
          return absl::StrFormat(
              "%schanged by %s: corrected p = %.3g, want at most %g%s",
              LookText(comparison), ChangeText(comparison), p, plan_.alpha,
              PlanOver() ? "; the plan has ended" : "");
        },
        v, analysis.kpi);
    return Code::kInconclusive;
  }

  void JudgeGuardrail(const KpiAnalysis& analysis,
                      const ComparisonAnalysis& comparison, int v, bool* harmed,
                      bool* uncertain) {
    const GuardrailAnswer& answer = *comparison.guardrail;
    const auto add = [&](Code code) {
      Add(
          code, [&] { return GuardrailText(comparison); }, v, analysis.kpi);
    };
    switch (answer.status) {
      case GuardrailAnswer::Status::kKept:
        add(Code::kGuardrailKept);
        break;
      case GuardrailAnswer::Status::kHarmed:
        add(Code::kGuardrailHarmed);
        *harmed = *harmed || answer.blocking;
        break;
      case GuardrailAnswer::Status::kUncertain:
        add(Code::kGuardrailUncertain);
        *uncertain = *uncertain || answer.blocking;
        break;
    }
  }

  Verdict Combine() {
    const auto any = [&](VerdictKind kind) {
      return std::any_of(
          verdict_.treatments.begin(), verdict_.treatments.end(),
          [&](const auto& treatment) { return treatment.kind == kind; });
    };
    const auto first = [&](VerdictKind kind) {
      return std::find_if(
                 verdict_.treatments.begin(), verdict_.treatments.end(),
                 [&](const auto& treatment) { return treatment.kind == kind; })
          ->variant;
    };
    if (any(VerdictKind::kWinner)) {
      verdict_.kind = VerdictKind::kWinner;
      verdict_.variant = BestWinner();
    } else if (any(VerdictKind::kHarmful)) {
      // Said at once, also while other variants go on collecting.
      verdict_.kind = VerdictKind::kHarmful;
      verdict_.variant = first(VerdictKind::kHarmful);
    } else if (any(VerdictKind::kCollecting)) {
      verdict_.kind = VerdictKind::kCollecting;
    } else {
      verdict_.kind = VerdictKind::kNoDifference;
    }
    SortReasons(&verdict_);
    return std::move(verdict_);
  }

  std::string BestWinner() const {
    const std::vector<double>& losses = analyses_.front().expected_losses;
    std::string best;
    double best_loss = 0;
    for (size_t i = 0; i < verdict_.treatments.size(); ++i) {
      if (verdict_.treatments[i].kind != VerdictKind::kWinner) continue;
      const double loss = i + 1 < losses.size() ? losses[i + 1] : 0;
      if (best.empty() || loss < best_loss) {
        best = verdict_.treatments[i].variant;
        best_loss = loss;
      }
    }
    return best;
  }

  const Experiment& experiment_;
  const Plan& plan_;
  const ExperimentLook& look_;
  const std::vector<KpiAnalysis>& analyses_;
  const Detail detail_;
  const std::optional<PlannedLook> planned_;
  Verdict verdict_;
};

}  // namespace

Verdict Decide(const Experiment& experiment, const ExperimentLook& look,
               const std::vector<KpiAnalysis>& analyses, Detail detail) {
  return DecisionRule(experiment, look, analyses, detail).Run();
}

}  // namespace stagecraft::engine
