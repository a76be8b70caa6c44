// The commands, by group. Each function adds its commands to the parser; a
// command that is chosen puts what it does into `context.run`.
#ifndef STAGECRAFT_CLIENTS_CLI_COMMANDS_H_
#define STAGECRAFT_CLIENTS_CLI_COMMANDS_H_

#include "CLI/App.hpp"
#include "clients/cli/context.h"

namespace stagecraft::cli {

void AddApplyCommand(CLI::App& app, Context& context);      // apply
void AddResourceCommands(CLI::App& app, Context& context);  // get list delete
void AddLifecycleCommands(CLI::App& app,
                          Context& context);             // start ... archive
void AddAssignCommand(CLI::App& app, Context& context);  // assign
void AddIngestCommand(CLI::App& app, Context& context);  // ingest
void AddImportCommand(CLI::App& app, Context& context);  // import
// results, funnel, evaluate
void AddResultCommands(CLI::App& app, Context& context);
// decisions, watch, verify, ack
void AddDecisionCommands(CLI::App& app, Context& context);
void AddReportCommand(CLI::App& app, Context& context);  // report
void AddScanCommand(CLI::App& app, Context& context);    // scan
void AddPlanCommand(CLI::App& app, Context& context);    // plan
// backup, delete-unit, delete-events, snapshot, storage
void AddAdminCommands(CLI::App& app, Context& context);
void AddCalcCommand(CLI::App& app, Context& context);  // calc

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_COMMANDS_H_
