#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "clients/cli/app.h"
#include "simulations/command/play_command.h"
#include "simulations/command/simulate_command.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return stagecraft::cli::RunApp(
      std::vector<std::string>(argv + 1, argv + argc),
      {.in = std::cin,
       .out = std::cout,
       .err = std::cerr,
       .err_is_terminal = isatty(STDERR_FILENO) != 0,
       .in_is_terminal = isatty(STDIN_FILENO) != 0},
      {stagecraft::simulations::AddSimulateCommand,
       stagecraft::simulations::AddPlayCommand});
}
