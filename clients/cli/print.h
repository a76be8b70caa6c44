// What answers look like as text. All functions are pure and return whole
// lines.
#ifndef STAGECRAFT_CLIENTS_CLI_PRINT_H_
#define STAGECRAFT_CLIENTS_CLI_PRINT_H_

#include <string>
#include <vector>

#include "stagecraft/v1/admin.pb.h"
#include "stagecraft/v1/assignment.pb.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/journey.pb.h"
#include "stagecraft/v1/kpi.pb.h"
#include "stagecraft/v1/layer.pb.h"
#include "stagecraft/v1/planning.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::cli {

// print_resources.cc: lists as tables, one resource with its parts.
std::string JourneyTable(const std::vector<v1::Journey>& journeys);
std::string KpiTable(const std::vector<v1::Kpi>& kpis);
std::string ExperimentTable(const std::vector<v1::Experiment>& experiments);
std::string LayerTable(const std::vector<v1::Layer>& layers);
std::string DecisionTable(const std::vector<v1::Decision>& decisions);
std::string JourneyText(const v1::Journey& journey);
std::string KpiText(const v1::Kpi& kpi);
std::string ExperimentText(const v1::Experiment& experiment);
std::string LayerText(const v1::Layer& layer);
std::string DecisionText(const v1::Decision& decision);
std::string AssignmentText(const v1::AssignResponse& response);

// print_admin.cc
std::string StorageText(const v1::Storage& storage);

// print_plan.cc: the answer first, warnings before what they are about.
std::string PlanText(const v1::PlanExperimentResponse& plan);

// print_results.cc: the verdict first, then its reasons, then the numbers.
std::string VerdictText(const v1::Verdict& verdict);
std::string ResultsText(const v1::ExperimentResults& results);
std::string FunnelText(const v1::JourneyFunnel& funnel);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_PRINT_H_
