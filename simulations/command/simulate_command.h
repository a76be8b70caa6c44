#ifndef STAGECRAFT_SIMULATIONS_COMMAND_SIMULATE_COMMAND_H_
#define STAGECRAFT_SIMULATIONS_COMMAND_SIMULATE_COMMAND_H_

#include "CLI/App.hpp"
#include "clients/cli/context.h"

namespace stagecraft::simulations {

// simulate
void AddSimulateCommand(CLI::App& app, cli::Context& context);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_COMMAND_SIMULATE_COMMAND_H_
