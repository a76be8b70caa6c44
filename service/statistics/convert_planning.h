// Conversions that the families of planning share.
#ifndef STAGECRAFT_SERVICE_STATISTICS_CONVERT_PLANNING_H_
#define STAGECRAFT_SERVICE_STATISTICS_CONVERT_PLANNING_H_

#include "stagecraft/v1/statistics_planning.pb.h"
#include "stats/power.h"

namespace stagecraft::service {

stats::PowerOptions FromProto(const v1::PlanTarget& target);
v1::PlanPower ToProto(const stats::Power& power);
v1::PlanSampleSize ToProto(const stats::SampleSize& size);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_CONVERT_PLANNING_H_
