#ifndef STAGECRAFT_SIMULATIONS_COMMAND_PLAY_COMMAND_H_
#define STAGECRAFT_SIMULATIONS_COMMAND_PLAY_COMMAND_H_

#include "CLI/App.hpp"
#include "clients/cli/context.h"

namespace stagecraft::simulations {

// play
void AddPlayCommand(CLI::App& app, cli::Context& context);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_COMMAND_PLAY_COMMAND_H_
