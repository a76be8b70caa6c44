#include "service/statistics/methods.h"

#include <iterator>
#include <utility>

#include "service/statistics/adjustment.h"
#include "service/statistics/anytime.h"
#include "service/statistics/anytime_estimates.h"
#include "service/statistics/bayes.h"
#include "service/statistics/bayes_factor.h"
#include "service/statistics/competing.h"
#include "service/statistics/evidence.h"
#include "service/statistics/group_sequential.h"
#include "service/statistics/log_rank.h"
#include "service/statistics/means.h"
#include "service/statistics/multiplicity.h"
#include "service/statistics/noninferiority.h"
#include "service/statistics/outlook.h"
#include "service/statistics/peeking.h"
#include "service/statistics/plan_margin.h"
#include "service/statistics/planning.h"
#include "service/statistics/proportions.h"
#include "service/statistics/quantiles.h"
#include "service/statistics/ratios.h"
#include "service/statistics/sample_ratio.h"
#include "service/statistics/surveys.h"
#include "service/statistics/survival.h"

namespace stagecraft::service {
namespace {

std::vector<Method> Join(std::vector<std::vector<Method>> families) {
  std::vector<Method> all;
  for (std::vector<Method>& family : families) {
    all.insert(all.end(), std::make_move_iterator(family.begin()),
               std::make_move_iterator(family.end()));
  }
  return all;
}

}  // namespace

const std::vector<Method>& AllMethods() {
  // One line for each family, in the order of statistics.proto.
  static const auto* const methods = new std::vector<Method>(Join({
      MeansMethods(),
      ProportionsMethods(),
      RatiosMethods(),
      AdjustmentMethods(),
      QuantilesMethods(),
      SurvivalMethods(),
      LogRankMethods(),
      CompetingMethods(),
      SurveysMethods(),
      BayesMethods(),
      BayesFactorMethods(),
      AnytimeMethods(),
      AnytimeEstimatesMethods(),
      EvidenceMethods(),
      GroupSequentialMethods(),
      PeekingMethods(),
      MultiplicityMethods(),
      NoninferiorityMethods(),
      SampleRatioMethods(),
      PlanningMethods(),
      PlanMarginMethods(),
      OutlookMethods(),
  }));
  return *methods;
}

const Method* FindMethod(absl::string_view name) {
  for (const Method& method : AllMethods()) {
    if (name == method.name || name == method.rpc) return &method;
  }
  return nullptr;
}

const Method* FindMethod(const google::protobuf::Descriptor* request) {
  for (const Method& method : AllMethods()) {
    if (method.request->GetDescriptor() == request) return &method;
  }
  return nullptr;
}

}  // namespace stagecraft::service
