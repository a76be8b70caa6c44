#include "service/convert_comparison.h"

#include "service/convert_results.h"

namespace stagecraft::service {
namespace {

v1::Interval ToProto(const engine::NamedInterval& named) {
  return service::ToProto(named.interval, named.method);
}

v1::GuardrailAnswer ToProto(const engine::GuardrailAnswer& answer) {
  v1::GuardrailAnswer result;
  switch (answer.status) {
    case engine::GuardrailAnswer::Status::kKept:
      result.set_status(v1::GuardrailAnswer::KEPT);
      break;
    case engine::GuardrailAnswer::Status::kHarmed:
      result.set_status(v1::GuardrailAnswer::HARMED);
      break;
    case engine::GuardrailAnswer::Status::kUncertain:
      result.set_status(v1::GuardrailAnswer::UNCERTAIN);
      break;
  }
  result.set_relative_margin(answer.relative_margin);
  if (answer.relative_bound.has_value()) {
    result.set_relative_bound(*answer.relative_bound);
  }
  result.set_blocking(answer.blocking);
  result.set_absolute_margin(answer.absolute_margin);
  if (answer.absolute_bound.has_value()) {
    result.set_absolute_bound(*answer.absolute_bound);
  }
  return result;
}

v1::Adjustment ToProto(const engine::Adjustment& adjustment) {
  v1::Adjustment result;
  result.set_method(adjustment.method);
  result.set_unadjusted_difference(adjustment.unadjusted_difference);
  result.set_variance_reduction(adjustment.variance_reduction);
  result.mutable_theta()->Add(adjustment.theta.begin(), adjustment.theta.end());
  result.set_strata(adjustment.strata);
  result.set_error(adjustment.error);
  return result;
}

v1::GroupSequentialAnswer ToProto(const engine::GroupSequentialAnswer& answer) {
  v1::GroupSequentialAnswer result;
  result.set_look(answer.look);
  result.set_looks(answer.looks);
  result.set_information_fraction(answer.information_fraction);
  result.set_z(answer.z);
  result.set_boundary(answer.boundary);
  if (answer.futility_boundary.has_value()) {
    result.set_futility_boundary(*answer.futility_boundary);
  }
  result.set_repeated_p_value(answer.repeated_p_value);
  *result.mutable_repeated_interval() =
      service::ToProto(answer.repeated, "repeated");
  if (answer.repeated_relative.has_value()) {
    *result.mutable_repeated_relative_interval() =
        service::ToProto(*answer.repeated_relative, "repeated");
  }
  result.set_alpha_spent(answer.alpha_spent);
  if (answer.conditional_power.has_value()) {
    result.set_conditional_power(*answer.conditional_power);
  }
  if (answer.stagewise_p_value.has_value()) {
    result.set_stagewise_p_value(*answer.stagewise_p_value);
  }
  if (answer.median_unbiased.has_value()) {
    result.set_median_unbiased_difference(*answer.median_unbiased);
  }
  if (answer.stagewise.has_value()) {
    *result.mutable_stagewise_interval() =
        service::ToProto(*answer.stagewise, "stage-wise");
  }
  return result;
}

void AddAnswers(const engine::ComparisonAnalysis& analysis,
                v1::KpiComparison* result) {
  if (analysis.sequential.has_value()) {
    v1::SequentialAnswer* answer = result->mutable_sequential();
    *answer->mutable_difference_interval() =
        ToProto(analysis.sequential->difference);
    if (analysis.sequential->relative.has_value()) {
      *answer->mutable_relative_interval() =
          ToProto(*analysis.sequential->relative);
    }
    answer->set_p_value(analysis.sequential->p_value);
  }
  if (analysis.bayesian.has_value()) {
    v1::BayesianAnswer* answer = result->mutable_bayesian();
    answer->set_probability_to_beat_control(
        analysis.bayesian->probability_to_beat_control);
    answer->set_expected_loss(analysis.bayesian->expected_loss);
    *answer->mutable_credible_interval() =
        service::ToProto(analysis.bayesian->credible, analysis.bayesian->model);
    answer->set_model(analysis.bayesian->model);
  }
  if (analysis.guardrail.has_value()) {
    *result->mutable_guardrail() = ToProto(*analysis.guardrail);
  }
  if (analysis.adjustment.has_value()) {
    *result->mutable_adjustment() = ToProto(*analysis.adjustment);
  }
  if (analysis.group_sequential.has_value()) {
    *result->mutable_group_sequential() = ToProto(*analysis.group_sequential);
  }
}

}  // namespace

v1::KpiVariantResult ToProto(const std::string& variant,
                             const engine::VariantAnalysis& analysis) {
  v1::KpiVariantResult result;
  result.set_variant(variant);
  result.set_units(analysis.units);
  result.set_immature_units(analysis.immature);
  if (analysis.value.has_value()) result.set_value(*analysis.value);
  if (analysis.interval.has_value()) {
    *result.mutable_interval() = ToProto(*analysis.interval);
  }
  result.set_numerator(analysis.numerator);
  result.set_denominator(analysis.denominator);
  result.set_events(analysis.events);
  if (analysis.median_seconds.has_value()) {
    result.set_median_seconds(*analysis.median_seconds);
  }
  result.set_error(analysis.error);
  return result;
}

v1::KpiComparison ToProto(const std::string& variant,
                          const engine::ComparisonAnalysis& analysis) {
  v1::KpiComparison result;
  result.set_variant(variant);
  if (analysis.difference.has_value()) {
    result.set_difference(*analysis.difference);
  }
  for (const engine::NamedInterval& interval : analysis.difference_intervals) {
    *result.add_difference_intervals() = ToProto(interval);
  }
  if (analysis.relative.has_value()) result.set_relative(*analysis.relative);
  for (const engine::NamedInterval& interval : analysis.relative_intervals) {
    *result.add_relative_intervals() = ToProto(interval);
  }
  if (analysis.p_value.has_value()) result.set_p_value(*analysis.p_value);
  result.set_test(analysis.test);
  AddAnswers(analysis, &result);
  if (analysis.adjusted_p_value.has_value()) {
    result.set_adjusted_p_value(*analysis.adjusted_p_value);
  }
  if (analysis.optimized_value.has_value()) {
    result.set_optimized_value(*analysis.optimized_value);
  }
  if (analysis.optimized_interval.has_value()) {
    // Made by moving the difference's default interval.
    *result.mutable_optimized_interval() =
        service::ToProto(*analysis.optimized_interval,
                         analysis.difference_intervals.empty()
                             ? ""
                             : analysis.difference_intervals.front().method);
  }
  result.set_error(analysis.error);
  return result;
}

}  // namespace stagecraft::service
