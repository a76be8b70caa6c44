#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/names.h"
#include "clients/cli/print.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::string unit, journey, at;
  std::vector<std::string> attributes, experiments;
  bool record = false;
};

absl::StatusOr<ExitCode> Run(Context& context, const Flags& flags) {
  v1::AssignRequest request;
  request.set_unit_id(flags.unit);
  request.set_record_exposure(flags.record);
  for (const std::string& text : flags.attributes) {
    const auto pair = ParsePair("--attribute", text);
    if (!pair.ok()) return pair.status();
    const auto [it, is_new] = request.mutable_attributes()->insert(
        {pair->first, ToAttributeValue(pair->second)});
    if (!is_new) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--attribute ", pair->first, " was given twice, want once"));
    }
  }
  for (const std::string& text : flags.experiments) {
    const auto name = ExpandName(text, Kind::kExperiment);
    if (!name.ok()) return name.status();
    request.add_experiments(*name);
  }
  if (!flags.journey.empty()) {
    const auto name = ExpandName(flags.journey, Kind::kJourney);
    if (!name.ok()) return name.status();
    request.set_journey(*name);
  }
  if (!flags.at.empty()) {
    const auto at = ParseTimeArgument("--at", flags.at);
    if (!at.ok()) return at.status();
    *request.mutable_time() = *at;
  }
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const auto response = (*client)->Assign(request);
  if (!response.ok()) return response.status();
  if (context.json()) {
    context.PrintJson(*response);
  } else {
    context.out() << AssignmentText(*response);
  }
  return kExitOk;
}

}  // namespace

void AddAssignCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      AddCommand(app, context, flags, "assign",
                 "Show which variants a unit gets, and why", Run);
  command->add_option("UNIT", flags->unit, "The unit's id")->required();
  command
      ->add_option(
          "--attribute", flags->attributes,
          "What targeting looks at; may be repeated. Numbers, true and "
          "false are read as such; '\"31\"' is text")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  command
      ->add_option("--experiment", flags->experiments,
                   "Only this experiment; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME");
  command->add_option("--journey", flags->journey, "Only of this journey")
      ->type_name("JOURNEY");
  command->add_flag("--record", flags->record,
                    "Store the exposure: the unit counts from now on");
  command
      ->add_option("--at", flags->at,
                   "When the unit meets the variant; default: now")
      ->type_name("TIME");
  command->footer(
      "Without --record nothing changes: ask as often as you like.\n\n"
      "Examples:\n"
      "  stagecraft assign user-17\n"
      "  stagecraft assign user-17 --attribute plan=pro --attribute age=31 \\\n"
      "      --experiment shop/experiments/button --record");
}

}  // namespace stagecraft::cli
