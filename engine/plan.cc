#include "engine/plan.h"

#include <cmath>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "engine/text.h"

namespace stagecraft::engine {
namespace {

constexpr size_t kMaxPrimaryKpis = 5;
constexpr size_t kMaxGuardrails = 10;
constexpr size_t kMaxSecondaryKpis = 20;
constexpr size_t kMinLooks = 2;
constexpr size_t kMaxLooks = 20;

// A range of real numbers; the text is for messages.
struct Range {
  double low;
  bool with_low;
  double high;
  bool with_high;
  absl::string_view text;
};
constexpr Range kMargin = {0, false, 1, true, "more than 0, at most 1"};
constexpr Range kShare = {0, true, 1, true, "0 to 1"};
constexpr Range kPositive = {0, false, HUGE_VAL, false,
                             "a finite number of more than 0"};

absl::Status ValidateReal(double value, const Range& range,
                          absl::string_view field) {
  const bool above = range.with_low ? value >= range.low : value > range.low;
  const bool below = range.with_high ? value <= range.high : value < range.high;
  if (above && below) return absl::OkStatus();  // Never for NaN.
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", want ", range.text));
}

absl::Status ValidateAtLeast(int64_t value, int64_t least,
                             absl::string_view field) {
  if (value >= least) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", want at least ", least));
}

absl::Status ValidateMargins(const Plan::Guardrail& guardrail,
                             absl::string_view field) {
  const double relative = guardrail.relative_margin;
  const double absolute = guardrail.absolute_margin;
  if (relative != 0 && absolute != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, " has the relative_margin ", relative,
        " and the absolute_margin ", absolute, ", want just one of them"));
  }
  if (absolute != 0) {
    return ValidateReal(absolute, kPositive,
                        absl::StrCat(field, ".absolute_margin"));
  }
  return ValidateReal(relative, kMargin,
                      absl::StrCat(field, ".relative_margin"));
}

absl::Status ValidatePlanKpis(const Plan& plan, size_t min_primary) {
  absl::Status status = ValidateSize(plan.primary_kpis.size(), min_primary,
                                     kMaxPrimaryKpis, "plan.primary_kpis");
  if (!status.ok()) return status;
  status = ValidateSize(plan.guardrails.size(), 0, kMaxGuardrails,
                        "plan.guardrails");
  if (!status.ok()) return status;
  status = ValidateSize(plan.secondary_kpis.size(), 0, kMaxSecondaryKpis,
                        "plan.secondary_kpis");
  if (!status.ok()) return status;
  absl::flat_hash_map<absl::string_view, std::string> fields;
  for (const NamedKpi& kpi : KpisOf(plan)) {
    status = ValidateResourceName(kpi.name, "journeys/*/kpis/*", kpi.field);
    if (!status.ok()) return status;
    const auto [it, is_new] = fields.emplace(kpi.name, kpi.field);
    if (!is_new) {
      return absl::InvalidArgumentError(
          absl::StrCat(kpi.field, " is ", Quote(kpi.name), ", which is ",
                       it->second, ", want each KPI in one role once"));
    }
  }
  for (size_t i = 0; i < plan.guardrails.size(); ++i) {
    status = ValidateMargins(plan.guardrails[i],
                             absl::StrCat("plan.guardrails[", i, "]"));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ValidateAutomaticGuardrails(
    const Plan::AutomaticGuardrails& guardrails) {
  constexpr absl::string_view kField = "plan.automatic_guardrails.";
  absl::Status status =
      ValidateReal(guardrails.stage_conversion_margin, kMargin,
                   absl::StrCat(kField, "stage_conversion_margin"));
  if (!status.ok()) return status;
  status = ValidateReal(guardrails.time_in_stage_margin, kMargin,
                        absl::StrCat(kField, "time_in_stage_margin"));
  if (!status.ok()) return status;
  if (guardrails.window.has_value()) {
    status =
        ValidateDuration(*guardrails.window, absl::StrCat(kField, "window"), 1);
    if (!status.ok()) return status;
  }
  absl::flat_hash_set<absl::string_view> stages;
  for (size_t i = 0; i < guardrails.informational_stages.size(); ++i) {
    const std::string& stage = guardrails.informational_stages[i];
    const std::string field =
        absl::StrCat(kField, "informational_stages[", i, "]");
    status = ValidateNamePart(stage, field);
    if (!status.ok()) return status;
    if (!stages.insert(stage).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, " is ", Quote(stage), " again, want each stage once"));
    }
  }
  return absl::OkStatus();
}

// `last`: the enum's greatest value, they begin at 0.
template <typename Enum>
absl::Status ValidateEnum(Enum value, Enum last, absl::string_view wanted,
                          absl::string_view field) {
  const int number = static_cast<int>(value);
  if (number >= 0 && number <= static_cast<int>(last)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", number, ", want ", wanted));
}

absl::Status ValidateSpending(Plan::GroupSequential::Spending spending,
                              double parameter, absl::string_view field,
                              absl::string_view parameter_field) {
  using Spending = Plan::GroupSequential::Spending;
  const absl::Status status = ValidateEnum(
      spending, Spending::kPowerFamily,
      "OBRIEN_FLEMING, POCOCK, HWANG_SHIH_DECANI or POWER_FAMILY", field);
  if (!status.ok()) return status;
  switch (spending) {
    case Spending::kHwangShihDeCani:
      return ValidateReal(parameter, {-40, true, 40, true, "-40 to 40"},
                          parameter_field);
    case Spending::kPowerFamily:
      return ValidateReal(parameter,
                          {0, false, 50, true, "more than 0, at most 50"},
                          parameter_field);
    default:
      return ValidateReal(parameter, {0, true, 0, true, "0 for this spending"},
                          parameter_field);
  }
}

absl::Status ValidateGroupSequential(const Plan::GroupSequential& design) {
  constexpr absl::string_view kField = "plan.group_sequential.";
  absl::Status status = ValidateSize(design.fractions.size(), kMinLooks,
                                     kMaxLooks, absl::StrCat(kField, "looks"));
  if (!status.ok()) return status;
  double before = 0;
  for (size_t i = 0; i < design.fractions.size(); ++i) {
    const double fraction = design.fractions[i];
    if (!(fraction > before && fraction <= 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat(kField, "fractions[", i, "] is ", fraction,
                       ", want more than ", before, " and at most 1"));
    }
    before = fraction;
  }
  if (before != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(kField, "fractions end with ", before, ", want 1"));
  }
  status = ValidateSpending(design.spending, design.parameter,
                            absl::StrCat(kField, "spending"),
                            absl::StrCat(kField, "parameter"));
  if (!status.ok()) return status;
  return ValidateSpending(design.futility_spending, design.futility_parameter,
                          absl::StrCat(kField, "futility_spending"),
                          absl::StrCat(kField, "futility_parameter"));
}

absl::Status ValidatePrior(const Plan::Prior& prior) {
  absl::Status status =
      ValidateReal(prior.relative_effect_mean,
                   {-HUGE_VAL, false, HUGE_VAL, false, "a finite number"},
                   "plan.prior.relative_effect_mean");
  if (!status.ok()) return status;
  status =
      ValidateReal(prior.relative_effect_sd,
                   {0, true, HUGE_VAL, false, "a finite number of at least 0"},
                   "plan.prior.relative_effect_sd");
  if (!status.ok()) return status;
  if (prior.relative_effect_sd == 0 && prior.relative_effect_mean != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "plan.prior.relative_effect_mean is ", prior.relative_effect_mean,
        " without a relative_effect_sd, want 0 for a flat prior"));
  }
  status = ValidateReal(prior.share_alpha, kPositive, "plan.prior.share_alpha");
  if (!status.ok()) return status;
  return ValidateReal(prior.share_beta, kPositive, "plan.prior.share_beta");
}

}  // namespace

std::vector<NamedKpi> KpisOf(const Plan& plan) {
  std::vector<NamedKpi> all;
  for (size_t i = 0; i < plan.primary_kpis.size(); ++i) {
    all.push_back(
        {plan.primary_kpis[i], absl::StrCat("plan.primary_kpis[", i, "]")});
  }
  for (size_t i = 0; i < plan.guardrails.size(); ++i) {
    all.push_back(
        {plan.guardrails[i].kpi, absl::StrCat("plan.guardrails[", i, "].kpi")});
  }
  for (size_t i = 0; i < plan.secondary_kpis.size(); ++i) {
    all.push_back(
        {plan.secondary_kpis[i], absl::StrCat("plan.secondary_kpis[", i, "]")});
  }
  return all;
}

absl::Status ValidatePlan(const Plan& plan, size_t min_primary) {
  absl::Status status = ValidatePlanKpis(plan, min_primary);
  if (!status.ok()) return status;
  status = ValidateAutomaticGuardrails(plan.automatic_guardrails);
  if (!status.ok()) return status;
  status = ValidateEnum(plan.method, Plan::Method::kGroupSequential,
                        "FIXED_HORIZON, GROUP_SEQUENTIAL or ALWAYS_VALID",
                        "plan.method");
  if (!status.ok()) return status;
  status = ValidateEnum(plan.correction, Plan::Correction::kBenjaminiYekutieli,
                        "HOLM, BONFERRONI, NONE, HOCHBERG, HOMMEL, SIDAK, "
                        "BENJAMINI_HOCHBERG or BENJAMINI_YEKUTIELI",
                        "plan.correction");
  if (!status.ok()) return status;
  if (plan.method == Plan::Method::kGroupSequential) {
    status = ValidateGroupSequential(plan.group_sequential);
    if (!status.ok()) return status;
  }
  status = ValidatePrior(plan.prior);
  if (!status.ok()) return status;
  struct Real {
    absl::string_view field;
    double value;
    Range range;
  };
  const Real reals[] = {
      {"plan.alpha",
       plan.alpha,
       {0, false, 0.5, false, "more than 0, less than 0.5"}},
      {"plan.power",
       plan.power,
       {0, false, 1, false, "more than 0, less than 1"}},
      {"plan.minimum_detectable_effect", plan.minimum_detectable_effect,
       kPositive},
      {"plan.sample_ratio_alpha",
       plan.sample_ratio_alpha,
       {0, true, 1, false, "at least 0, less than 1"}},
      {"plan.maximum_crossed_over_share", plan.maximum_crossed_over_share,
       kShare},
      {"plan.minimum_identity_match_rate", plan.minimum_identity_match_rate,
       kShare},
  };
  for (const Real& real : reals) {
    status = ValidateReal(real.value, real.range, real.field);
    if (!status.ok()) return status;
  }
  status = ValidateDuration(plan.minimum_duration, "plan.minimum_duration", 0);
  if (!status.ok()) return status;
  if (plan.maximum_staleness.has_value()) {
    status =
        ValidateDuration(*plan.maximum_staleness, "plan.maximum_staleness", 1);
    if (!status.ok()) return status;
  }
  if (plan.pre_exposure_window.has_value()) {
    status = ValidateDuration(*plan.pre_exposure_window,
                              "plan.pre_exposure_window", 1);
    if (!status.ok()) return status;
  }
  if (plan.method != Plan::Method::kAlwaysValid && plan.planned_units == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "plan.planned_units is 0, want at least 1 for ",
        plan.method == Plan::Method::kFixedHorizon ? "FIXED_HORIZON"
                                                   : "GROUP_SEQUENTIAL"));
  }
  status = ValidateAtLeast(plan.planned_units, 0, "plan.planned_units");
  if (!status.ok()) return status;
  status = ValidateAtLeast(plan.minimum_units, 0, "plan.minimum_units");
  if (!status.ok()) return status;
  return ValidateAtLeast(plan.minimum_conversions, 0,
                         "plan.minimum_conversions");
}

absl::Status Validate(const Plan& plan) { return ValidatePlan(plan, 1); }

}  // namespace stagecraft::engine
