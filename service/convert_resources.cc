#include "service/convert_resources.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/convert_fields.h"
#include "service/convert_predicate.h"

namespace stagecraft::service {
namespace {

absl::Status ConvertFilter(bool has, const v1::EventFilter& filter,
                           absl::string_view field, engine::EventFilter* out) {
  if (!has) return Missing(field, "an event filter with at least one name");
  auto converted = ToEngine(filter, field);
  if (!converted.ok()) return converted.status();
  *out = *std::move(converted);
  return absl::OkStatus();
}

absl::StatusOr<engine::Stage> ConvertStage(const v1::Stage& stage,
                                           const std::string& field) {
  engine::Stage result;
  result.id = stage.id();
  absl::Status status =
      ConvertFilter(stage.has_entry(), stage.entry(),
                    absl::StrCat(field, ".entry"), &result.entry);
  if (!status.ok()) return status;
  if (stage.has_exit()) {
    status = ConvertFilter(true, stage.exit(), absl::StrCat(field, ".exit"),
                           &result.exit.emplace());
    if (!status.ok()) return status;
  }
  if (stage.has_dropout_after()) {
    status = ConvertDuration(stage.dropout_after(),
                             absl::StrCat(field, ".dropout_after"),
                             &result.dropout_after);
    if (!status.ok()) return status;
  }
  return result;
}

// The kinds whose definition is `events` and nothing else.
template <typename Definition>
absl::Status ConvertEvents(const Definition& definition, engine::KpiKind kind,
                           engine::Kpi* kpi) {
  kpi->kind = kind;
  return ConvertFilter(definition.has_events(), definition.events(),
                       absl::StrCat(engine::ToText(kind), ".events"),
                       &kpi->events);
}

// And those that also have a cap.
template <typename Definition>
absl::Status ConvertCapped(const Definition& definition, engine::KpiKind kind,
                           engine::Kpi* kpi) {
  const absl::Status status = ConvertEvents(definition, kind, kpi);
  if (!status.ok() || !definition.has_unit_cap()) return status;
  return engine::ToMicroValue(definition.unit_cap(),
                              absl::StrCat(engine::ToText(kind), ".unit_cap"),
                              &kpi->unit_cap.emplace());
}

absl::Status ConvertTerm(bool has, const v1::Kpi::Ratio::Term& term,
                         absl::string_view field, engine::EventFilter* events,
                         bool* sum_values) {
  if (!has) return Missing(field, "a term with events");
  *sum_values = term.sum_values();
  return ConvertFilter(term.has_events(), term.events(),
                       absl::StrCat(field, ".events"), events);
}

absl::Status ConvertDefinition(const v1::Kpi& kpi, engine::Kpi* result) {
  using engine::KpiKind;
  switch (kpi.definition_case()) {
    case v1::Kpi::kConversion:
      return ConvertEvents(kpi.conversion(), KpiKind::kConversion, result);
    case v1::Kpi::kDropOff:
      return ConvertEvents(kpi.drop_off(), KpiKind::kDropOff, result);
    case v1::Kpi::kCount:
      return ConvertCapped(kpi.count(), KpiKind::kCount, result);
    case v1::Kpi::kValueSum:
      return ConvertCapped(kpi.value_sum(), KpiKind::kValueSum, result);
    case v1::Kpi::kRatio: {
      const v1::Kpi::Ratio& ratio = kpi.ratio();
      result->kind = KpiKind::kRatio;
      const absl::Status status = ConvertTerm(
          ratio.has_numerator(), ratio.numerator(), "ratio.numerator",
          &result->events, &result->sum_numerator_values);
      if (!status.ok()) return status;
      return ConvertTerm(ratio.has_denominator(), ratio.denominator(),
                         "ratio.denominator", &result->denominator,
                         &result->sum_denominator_values);
    }
    case v1::Kpi::kRetention:
      return ConvertEvents(kpi.retention(), KpiKind::kRetention, result);
    case v1::Kpi::kTimeToEvent:
      return ConvertEvents(kpi.time_to_event(), KpiKind::kTimeToEvent, result);
    case v1::Kpi::kRatingMean:
      return ConvertEvents(kpi.rating_mean(), KpiKind::kRatingMean, result);
    case v1::Kpi::kSatisfiedShare: {
      const absl::Status status = ConvertEvents(
          kpi.satisfied_share(), KpiKind::kSatisfiedShare, result);
      if (!status.ok()) return status;
      return engine::ToMicroValue(kpi.satisfied_share().threshold(),
                                  "satisfied_share.threshold",
                                  &result->threshold);
    }
    case v1::Kpi::kNetPromoterScore:
      return ConvertEvents(kpi.net_promoter_score(), KpiKind::kNetPromoterScore,
                           result);
    case v1::Kpi::kCustomerLifetimeValue: {
      const auto& value = kpi.customer_lifetime_value();
      result->kind = KpiKind::kCustomerLifetimeValue;
      const absl::Status status =
          ConvertFilter(value.has_purchases(), value.purchases(),
                        "customer_lifetime_value.purchases", &result->events);
      if (!status.ok()) return status;
      if (!value.has_lifespan()) {
        return Missing("customer_lifetime_value.lifespan", "more than 0");
      }
      return ConvertDuration(value.lifespan(),
                             "customer_lifetime_value.lifespan",
                             &result->lifespan);
    }
    case v1::Kpi::DEFINITION_NOT_SET:
      break;
  }
  return Missing("definition",
                 "one of conversion, drop_off, count, value_sum, ratio, "
                 "retention, time_to_event, rating_mean, satisfied_share, "
                 "net_promoter_score and customer_lifetime_value");
}

}  // namespace

absl::StatusOr<engine::Journey> ToEngine(const v1::Journey& journey) {
  engine::Journey result;
  result.name = journey.name();
  for (int i = 0; i < journey.stages_size(); ++i) {
    auto stage =
        ConvertStage(journey.stages(i), absl::StrCat("stages[", i, "]"));
    if (!stage.ok()) return stage.status();
    result.stages.push_back(*std::move(stage));
  }
  switch (journey.ordering()) {
    case v1::Journey::ORDERING_UNSPECIFIED:
    case v1::Journey::ORDERED:
      result.ordering = engine::Journey::Ordering::kOrdered;
      break;
    case v1::Journey::UNORDERED:
      result.ordering = engine::Journey::Ordering::kUnordered;
      break;
    default:
      return UnknownEnum("ordering", journey.ordering(),
                         "ORDERED or UNORDERED");
  }
  result.holdout_ppm = journey.holdout_ppm();
  result.segments = ToEngine(journey.segments());
  if (journey.has_time_resolution()) {
    const absl::Status status = ConvertDuration(
        journey.time_resolution(), "time_resolution", &result.time_resolution);
    if (!status.ok()) return status;
  }
  return result;
}

absl::StatusOr<engine::Kpi> ToEngine(const v1::Kpi& kpi) {
  engine::Kpi result;
  result.name = kpi.name();
  if (kpi.direction() != v1::Kpi::UP && kpi.direction() != v1::Kpi::DOWN) {
    return UnknownEnum("direction", kpi.direction(), "UP or DOWN");
  }
  result.higher_is_better = kpi.direction() == v1::Kpi::UP;
  if (kpi.has_delay()) {
    const absl::Status status =
        ConvertDuration(kpi.delay(), "delay", &result.delay);
    if (!status.ok()) return status;
  }
  if (kpi.has_length()) {
    const absl::Status status =
        ConvertDuration(kpi.length(), "length", &result.length);
    if (!status.ok()) return status;
  }
  const absl::Status status = ConvertDefinition(kpi, &result);
  if (!status.ok()) return status;
  return result;
}

}  // namespace stagecraft::service
