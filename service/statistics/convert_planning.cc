#include "service/statistics/convert_planning.h"

namespace stagecraft::service {

stats::PowerOptions FromProto(const v1::PlanTarget& target) {
  stats::PowerOptions options;
  if (target.has_alpha()) options.alpha = target.alpha();
  if (target.has_one_sided()) options.one_sided = target.one_sided();
  if (target.has_power()) options.power = target.power();
  if (target.has_treatment_share()) {
    options.treatment_share = target.treatment_share();
  }
  if (target.has_count_both_tails()) {
    options.count_both_tails = target.count_both_tails();
  }
  return options;
}

v1::PlanPower ToProto(const stats::Power& power) {
  v1::PlanPower message;
  message.set_power(power.power);
  message.set_both_tails(power.both_tails);
  return message;
}

v1::PlanSampleSize ToProto(const stats::SampleSize& size) {
  v1::PlanSampleSize message;
  message.set_control(size.control);
  message.set_treatment(size.treatment);
  message.set_total(size.total);
  message.set_exact_control(size.exact_control);
  message.set_exact_treatment(size.exact_treatment);
  return message;
}

}  // namespace stagecraft::service
