#include "engine/kpi_measure.h"

#include <algorithm>

namespace stagecraft::engine {
namespace {

constexpr MicroValue kOne = 1'000'000;

MicroValue Clamp(absl::int128 value) {
  return static_cast<MicroValue>(std::clamp(
      value, absl::int128(-kMaxMicroValue), absl::int128(kMaxMicroValue)));
}

}  // namespace

void KpiMeasure::AddEvent(const std::optional<MicroValue>& value) {
  switch (kpi_->kind) {
    case KpiKind::kConversion:
    case KpiKind::kDropOff:
    case KpiKind::kRetention:
    case KpiKind::kTimeToEvent:
      break;
    case KpiKind::kCount:
      x_ += kOne;
      break;
    case KpiKind::kValueSum:
      x_ += value.value_or(0);
      break;
    case KpiKind::kRatio:
      x_ += kpi_->sum_numerator_values ? value.value_or(0) : kOne;
      break;
    case KpiKind::kRatingMean:
      if (!value.has_value()) return;
      x_ += *value;
      y_ += kOne;
      break;
    case KpiKind::kSatisfiedShare:
      if (!value.has_value()) return;
      if (*value >= kpi_->threshold) x_ += kOne;
      y_ += kOne;
      break;
    case KpiKind::kNetPromoterScore:
      if (!value.has_value() || *value < 0 || *value > 10 * kOne) return;
      if (*value >= 9 * kOne) x_ += kOne;
      if (*value <= 6 * kOne) x_ -= kOne;
      y_ += kOne;
      break;
    case KpiKind::kCustomerLifetimeValue:
      x_ += value.value_or(0);
      break;
  }
  ++matches_;
}

void KpiMeasure::AddDenominatorEvent(const std::optional<MicroValue>& value) {
  y_ += kpi_->sum_denominator_values ? value.value_or(0) : kOne;
}

UnitValue KpiMeasure::Value() const {
  switch (kpi_->kind) {
    case KpiKind::kConversion:
    case KpiKind::kRetention:
      return {matches_ > 0 ? kOne : 0};
    case KpiKind::kDropOff:
      return {matches_ > 0 ? 0 : kOne};
    case KpiKind::kCount:
    case KpiKind::kValueSum: {
      const MicroValue x = Clamp(x_);
      return {kpi_->unit_cap.has_value() ? std::min(x, *kpi_->unit_cap) : x};
    }
    case KpiKind::kCustomerLifetimeValue:
      return {Clamp(x_), matches_ > 0 ? kOne : 0,
              Clamp(absl::int128(matches_) * kOne)};
    case KpiKind::kTimeToEvent:
      return {};
    default:
      return {Clamp(x_), Clamp(y_)};
  }
}

}  // namespace stagecraft::engine
