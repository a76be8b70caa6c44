#include "engine/kpi.h"

#include "absl/strings/str_cat.h"
#include "engine/text.h"

namespace stagecraft::engine {
namespace {

// The contract's field that holds the events, below the kind's own field.
absl::string_view EventsField(KpiKind kind) {
  switch (kind) {
    case KpiKind::kRatio:
      return "numerator.events";
    case KpiKind::kCustomerLifetimeValue:
      return "purchases";
    default:
      return "events";
  }
}

absl::Status Unwanted(absl::string_view field, absl::string_view kinds,
                      KpiKind kind) {
  return absl::InvalidArgumentError(absl::StrCat(
      field, " is set for ", ToText(kind), ", want it only for ", kinds));
}

absl::Status ValidateUnitCap(const Kpi& kpi, absl::string_view field) {
  if (!kpi.unit_cap.has_value()) return absl::OkStatus();
  if (kpi.kind != KpiKind::kCount && kpi.kind != KpiKind::kValueSum) {
    return Unwanted("unit_cap", "count and value_sum", kpi.kind);
  }
  const MicroValue cap = *kpi.unit_cap;
  if (kpi.kind == KpiKind::kCount && cap <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is ", cap, " millionths, want more than 0"));
  }
  if (cap < -kMaxMicroValue || cap > kMaxMicroValue) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is ", cap, " millionths, want ", -kMaxMicroValue,
                     " to ", kMaxMicroValue));
  }
  return absl::OkStatus();
}

absl::Status ValidateWindow(const Kpi& kpi) {
  absl::Status status = ValidateDuration(kpi.delay, "delay", 0);
  if (!status.ok()) return status;
  if (kpi.length.has_value()) {
    status = ValidateDuration(*kpi.length, "length", 1);
    if (!status.ok()) return status;
  }
  const bool needs_length = kpi.kind == KpiKind::kDropOff ||
                            kpi.kind == KpiKind::kRetention ||
                            kpi.kind == KpiKind::kCustomerLifetimeValue;
  if (needs_length && !kpi.length.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "length is missing, want more than 0 for ", ToText(kpi.kind)));
  }
  if (kpi.kind == KpiKind::kRetention && kpi.delay == 0) {
    return absl::InvalidArgumentError(
        "delay is 0s, want more than 0 for retention");
  }
  return absl::OkStatus();
}

}  // namespace

absl::string_view ToText(KpiKind kind) {
  switch (kind) {
    case KpiKind::kConversion:
      return "conversion";
    case KpiKind::kDropOff:
      return "drop_off";
    case KpiKind::kCount:
      return "count";
    case KpiKind::kValueSum:
      return "value_sum";
    case KpiKind::kRatio:
      return "ratio";
    case KpiKind::kRetention:
      return "retention";
    case KpiKind::kTimeToEvent:
      return "time_to_event";
    case KpiKind::kRatingMean:
      return "rating_mean";
    case KpiKind::kSatisfiedShare:
      return "satisfied_share";
    case KpiKind::kNetPromoterScore:
      return "net_promoter_score";
    case KpiKind::kCustomerLifetimeValue:
      return "customer_lifetime_value";
  }
  return "";
}

int Components(KpiKind kind) {
  if (kind == KpiKind::kTimeToEvent) return 0;
  if (kind == KpiKind::kCustomerLifetimeValue) return 3;
  return IsRatio(kind) ? 2 : 1;
}

bool IsShareOfUnits(KpiKind kind) {
  return kind == KpiKind::kConversion || kind == KpiKind::kDropOff ||
         kind == KpiKind::kRetention;
}

bool IsRatio(KpiKind kind) {
  return kind == KpiKind::kRatio || kind == KpiKind::kRatingMean ||
         kind == KpiKind::kSatisfiedShare ||
         kind == KpiKind::kNetPromoterScore ||
         kind == KpiKind::kCustomerLifetimeValue;
}

absl::Status Validate(const Kpi& kpi) {
  absl::Status status =
      ValidateResourceName(kpi.name, "journeys/*/kpis/*", "name");
  if (!status.ok()) return status;
  const absl::string_view kind = ToText(kpi.kind);
  if (kind.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("definition is ", static_cast<int>(kpi.kind),
                     ", want a kind of the contract"));
  }
  status = Validate(kpi.events, absl::StrCat(kind, ".", EventsField(kpi.kind)));
  if (!status.ok()) return status;
  if (kpi.kind == KpiKind::kRatio) {
    status = Validate(kpi.denominator, "ratio.denominator.events");
    if (!status.ok()) return status;
  } else if (!kpi.denominator.names.empty() ||
             kpi.denominator.where.has_value()) {
    return Unwanted("denominator", "ratio", kpi.kind);
  } else if (kpi.sum_numerator_values || kpi.sum_denominator_values) {
    return Unwanted("sum_values", "ratio", kpi.kind);
  }
  status = ValidateWindow(kpi);
  if (!status.ok()) return status;
  status = ValidateUnitCap(kpi, absl::StrCat(kind, ".unit_cap"));
  if (!status.ok()) return status;
  if (kpi.threshold != 0 && kpi.kind != KpiKind::kSatisfiedShare) {
    return Unwanted("threshold", "satisfied_share", kpi.kind);
  }
  if (kpi.threshold < -kMaxMicroValue || kpi.threshold > kMaxMicroValue) {
    return absl::InvalidArgumentError(absl::StrCat(
        kind, ".threshold is ", kpi.threshold, " millionths, want ",
        -kMaxMicroValue, " to ", kMaxMicroValue));
  }
  if (kpi.kind == KpiKind::kCustomerLifetimeValue) {
    return ValidateDuration(kpi.lifespan, absl::StrCat(kind, ".lifespan"), 1);
  }
  if (kpi.lifespan != 0) {
    return Unwanted("lifespan", "customer_lifetime_value", kpi.kind);
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::engine
