// A report as a message of the contract: its JSON form, with all digits.
#ifndef STAGECRAFT_SIMULATIONS_REPORT_TO_PROTO_H_
#define STAGECRAFT_SIMULATIONS_REPORT_TO_PROTO_H_

#include "engine/experiment.h"
#include "engine/operating_characteristics.h"
#include "simulations/report/report.h"
#include "stagecraft/v1/characteristics.pb.h"

namespace stagecraft::simulations {

v1::OperatingCharacteristics ToProto(
    const engine::Experiment& experiment,
    const engine::OperatingCharacteristics::Summary& summary);

v1::Simulation ToProto(const SimulationReport& report);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_REPORT_TO_PROTO_H_
