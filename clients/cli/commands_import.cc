#include <limits>
#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/commands.h"
#include "clients/cli/json_io.h"
#include "clients/cli/send.h"
#include "clients/importer/importer.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::vector<std::string> files;
  std::string mapping, format = "auto", delimiter = ",";
  int64_t max_errors = 100;
  int64_t dry_run = 0;
  bool allow_rejected = false;
};

absl::StatusOr<client::ImportOptions> MakeOptions(const Flags& flags) {
  client::ImportOptions options;
  auto mapping = client::LoadMapping(flags.mapping);
  if (!mapping.ok()) return mapping.status();
  options.mapping = *std::move(mapping);
  if (flags.format == "csv") {
    options.format = client::ImportOptions::Format::kCsv;
  } else if (flags.format == "ndjson") {
    options.format = client::ImportOptions::Format::kNdjson;
  }
  if (flags.delimiter == "\\t") {
    options.delimiter = '\t';
  } else if (flags.delimiter.size() == 1) {
    options.delimiter = flags.delimiter[0];
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        "--delimiter is \"", flags.delimiter, "\", want one character or \\t"));
  }
  if (flags.max_errors < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--max-errors is ", flags.max_errors, ", want at least 0"));
  }
  options.max_errors = flags.allow_rejected
                           ? std::numeric_limits<int64_t>::max()
                           : flags.max_errors;
  return options;
}

// Ends an import early without being an error of it.
constexpr absl::string_view kEnough = "enough events were shown";

absl::StatusOr<ExitCode> DryRun(Context& context, const Flags& flags,
                                const client::ImportOptions& options) {
  int64_t shown = 0;
  const auto stats = client::ReadEvents(
      flags.files, options, [&](v1::Event event) -> absl::Status {
        context.out() << ProtoToJson(event, /*pretty=*/false) << "\n";
        return ++shown < flags.dry_run ? absl::OkStatus()
                                       : absl::CancelledError(kEnough);
      });
  if (!stats.ok() && !(absl::IsCancelled(stats.status()) &&
                       stats.status().message() == kEnough)) {
    return stats.status();
  }
  if (stats.ok()) {
    for (const std::string& error : stats->first_errors) {
      context.err() << "  " << error << "\n";
    }
  }
  context.Note(
      absl::StrCat("dry run: showed ", shown, " events, nothing was sent"));
  return stats.ok() && stats->rejected_rows > 0 && !flags.allow_rejected
             ? kExitRejected
             : kExitOk;
}

absl::StatusOr<ExitCode> Run(Context& context, const Flags& flags) {
  auto options = MakeOptions(flags);
  if (!options.ok()) return options.status();
  if (flags.dry_run > 0) return DryRun(context, flags, *options);
  const auto sender = OpenSender(context);
  if (!sender.ok()) return sender.status();
  Progress progress = context.MakeProgress("events");
  int64_t events = 0, done = 0, total = 0;
  options->on_progress = [&](int64_t bytes_done, int64_t bytes_total) {
    done = bytes_done;
    total = bytes_total;
    progress.Update(done, total, events);
  };
  const auto stats = client::ReadEvents(
      flags.files, *options, [&](v1::Event event) -> absl::Status {
        ++events;
        if (events % 1024 == 0) progress.Update(done, total, events);
        return (*sender)->Send(std::move(event));
      });
  // What was read before an error is worth keeping.
  const absl::Status flushed = (*sender)->Flush();
  progress.Finish();
  const absl::Status status = stats.ok() ? flushed : stats.status();
  if (!status.ok()) {
    return absl::Status(
        status.code(),
        absl::StrCat(status.message(), "; ", (*sender)->totals().acknowledged,
                     " events are stored, and importing again is safe"));
  }
  SendSummary summary;
  summary.noun = "rows";
  summary.read = stats->rows;
  summary.malformed = stats->rejected_rows;
  summary.malformed_reasons = stats->first_errors;
  summary.totals = (*sender)->totals();
  summary.elapsed = progress.elapsed();
  for (const client::Rejection& rejection : (*sender)->rejections()) {
    summary.rejected_reasons.push_back(RejectionText(rejection, ""));
  }
  return PrintSummary(context, summary, flags.allow_rejected);
}

}  // namespace

void AddImportCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      AddCommand(app, context, flags, "import",
                 "Send the rows of CSV or NDJSON files as events", Run);
  command->add_option("FILE", flags->files, "Files, gzipped or not")
      ->required();
  command
      ->add_option("--mapping", flags->mapping,
                   "JSON file that says what a row means (ImportMapping)")
      ->required()
      ->type_name("FILE");
  command->add_option("--format", flags->format, "Default: by name and content")
      ->check(CLI::IsMember({"auto", "csv", "ndjson"}))
      ->type_name("csv|ndjson");
  command
      ->add_option("--delimiter", flags->delimiter,
                   "Between the fields of a CSV file")
      ->capture_default_str()
      ->type_name("CHAR");
  command
      ->add_option("--dry-run", flags->dry_run,
                   "Show the first N events and send nothing")
      ->check(CLI::Range(int64_t{1}, std::numeric_limits<int64_t>::max()))
      ->type_name("N");
  command
      ->add_option("--max-errors", flags->max_errors,
                   "Stop after more than so many bad rows")
      ->capture_default_str()
      ->type_name("N");
  command->add_flag("--allow-rejected", flags->allow_rejected,
                    "Never stop at bad rows, and exit with 0");
  command->footer(
      "Importing a file again changes nothing: ids are derived from the "
      "rows.\n\n"
      "A mapping:\n"
      "  {\"unit\": {\"column\": \"customer\"},\n"
      "   \"rules\": [{\"name\": {\"constant\": \"order\"},\n"
      "              \"time\": {\"column\": \"ordered_at\"},\n"
      "              \"value\": {\"column\": \"total\"}}]}\n\n"
      "Examples:\n"
      "  stagecraft import --mapping orders.json --dry-run 5 orders.csv\n"
      "  stagecraft import --mapping orders.json orders-*.csv.gz");
}

}  // namespace stagecraft::cli
