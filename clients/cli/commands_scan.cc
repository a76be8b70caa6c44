#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/arguments.h"
#include "clients/cli/commands.h"
#include "clients/cli/names.h"
#include "clients/cli/print.h"
#include "clients/cli/table.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::string name, as_of, segment;
  std::vector<std::string> windows;
};

// `orders=7d`, `shop/kpis/orders=1d+7d`; `experiment` is a full name.
absl::Status AddWindow(absl::string_view text, absl::string_view experiment,
                       v1::ScanExperimentRequest* request) {
  const auto pair = ParsePair("--window", text);
  if (!pair.ok()) return pair.status();
  const auto& [kpi, spans] = *pair;
  const auto name = absl::StrContains(kpi, '/')
                        ? ExpandName(kpi, Kind::kKpi)
                        : absl::StatusOr<std::string>(absl::StrCat(
                              ParentName(experiment), "/kpis/", kpi));
  if (!name.ok()) return name.status();
  v1::ScanExperimentRequest::Window window;
  const size_t plus = spans.find('+');
  const bool has_delay = plus != std::string::npos;
  if ((has_delay &&
       !ParseSpan(spans.substr(0, plus), window.mutable_delay())) ||
      !ParseSpan(has_delay ? spans.substr(plus + 1) : spans,
                 window.mutable_length())) {
    return absl::InvalidArgumentError(
        absl::StrCat("--window is \"", text,
                     "\", want KPI=LENGTH or KPI=DELAY+LENGTH, for example "
                     "orders=7d or orders=1d+12h"));
  }
  if (!request->mutable_kpi_windows()->insert({*name, window}).second) {
    return absl::InvalidArgumentError(
        absl::StrCat("--window names ", *name, " twice, want it once"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Scan(Context& context, const Flags& flags) {
  const auto name = ExpandName(flags.name, Kind::kExperiment);
  if (!name.ok()) return name.status();
  v1::ScanExperimentRequest request;
  request.set_name(*name);
  if (!flags.as_of.empty()) {
    const auto time = ParseTimeArgument("--as-of", flags.as_of);
    if (!time.ok()) return time.status();
    *request.mutable_as_of() = *time;
  }
  if (!flags.segment.empty()) {
    const auto pair = ParsePair("--segment", flags.segment);
    if (!pair.ok()) return pair.status();
    request.mutable_segment()->set_attribute(pair->first);
    request.mutable_segment()->set_value(pair->second);
  }
  for (const std::string& window : flags.windows) {
    if (absl::Status s = AddWindow(window, *name, &request); !s.ok()) return s;
  }
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  Progress progress = context.MakeProgress("");
  const auto results = (*client)->ScanExperiment(
      request,
      [&](double done) {
        const auto percent = static_cast<int64_t>(100 * done);
        progress.Update(percent, 100, 0);
        return true;
      },
      context.LongCall());
  if (!results.ok()) return results.status();
  progress.Finish();
  if (context.json()) {
    context.PrintJson(*results);
    return kExitOk;
  }
  context.out() << "A scan: nobody planned this look, so it has no verdict.\n";
  if (!flags.segment.empty()) {
    context.out() << "Only the segment "
                  << Printable(request.segment().attribute()) << " = "
                  << Printable(request.segment().value()) << ".\n";
  }
  // The KPIs' names may speak of their own windows.
  for (const std::string& window : flags.windows) {
    context.out() << "With the window " << Printable(window) << ".\n";
  }
  context.out() << "\n" << ResultsText(*results);
  return kExitOk;
}

}  // namespace

void AddScanCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* scan = AddCommand(
      app, context, flags, "scan",
      "Show results of any segment and of other windows of KPIs", Scan);
  scan->add_option("EXPERIMENT", flags->name)->required();
  scan->add_option("--segment", flags->segment,
                   "Only this segment; it need not be declared")
      ->type_name("KEY=VALUE");
  scan->add_option("--window", flags->windows,
                   "Another window of a KPI, from the exposure on; repeat it")
      ->type_name("KPI=[DELAY+]LENGTH")
      ->allow_extra_args(false);
  scan->add_option("--as-of", flags->as_of,
                   "Count only events before this time (down to the hour); "
                   "default: all")
      ->type_name("TIME");
  scan->footer(
      "Reads all units that the server has: seconds, where `results` takes\n"
      "milliseconds. Events go on being stored.\n\n"
      "Examples:\n"
      "  stagecraft scan shop/experiments/button --segment country=FR\n"
      "  stagecraft scan shop/experiments/button --window orders=7d --window "
      "returns=14d+30d");
}

}  // namespace stagecraft::cli
