// stagecraft calc
#include <utility>

#include "clients/cli/calc.h"
#include "clients/cli/commands.h"

namespace stagecraft::cli {

void AddCalcCommand(CLI::App& app, Context& context) {
  CLI::App* calc = app.add_subcommand(
      "calc", "Compute statistics from numbers, without a server");
  // All that follows is for calc.h to read: any field of a request is a flag.
  calc->set_help_flag();
  calc->set_help_all_flag();
  calc->fallthrough(false);
  calc->prefix_command();
  calc->callback([calc, &context] {
    context.run = [arguments = calc->remaining(), &context] {
      return RunCalc(arguments,
                     context.json() ? CalcFormat::kJson : CalcFormat::kTable,
                     {.in = context.in(),
                      .out = context.out(),
                      .err = context.err(),
                      .in_is_terminal = context.in_is_terminal()});
    };
  });
}

}  // namespace stagecraft::cli
