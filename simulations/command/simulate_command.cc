#include "simulations/command/simulate_command.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <system_error>
#include <thread>

#include "CLI/Validators.hpp"
#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/json_io.h"
#include "clients/report/format.h"
#include "simulations/command/interrupt.h"
#include "simulations/command/load_scenario.h"
#include "simulations/command/make_report.h"
#include "simulations/report/expected.h"
#include "simulations/report/report.h"
#include "simulations/report/to_proto.h"

namespace stagecraft::simulations {
namespace {

using cli::Context;
using cli::ExitCode;

struct Flags {
  std::string scenario, driven = "events", html;
  int64_t replications = 1'000;
  int64_t pool_units = 100'000;
  uint64_t seed = 1;
  int looks = 0;
  int threads = 0;
};

// A bar for each sort of items, one after the other.
class Bars {
 public:
  explicit Bars(Context& context) : context_(context) {}
  ~Bars() { Finish(); }

  void Update(const ReportProgress& now) {
    if (progress_ == nullptr || items_ != now.items || now.done < done_) {
      Finish();
      items_ = now.items;
      progress_ =
          std::make_unique<cli::Progress>(context_.MakeProgress(now.items));
    }
    done_ = now.done;
    progress_->Update(now.done, now.total, now.done);
  }
  void Finish() {
    if (progress_ != nullptr) progress_->Finish();
    progress_.reset();
  }

 private:
  Context& context_;
  std::string items_;
  int64_t done_ = 0;
  std::unique_ptr<cli::Progress> progress_;
};

// `1,234,567 events and 300,000 looks in 1.2 s: 1,028,805 events/s`.
std::string SpeedText(const SimulationReport& report, double seconds) {
  const bool by_events = report.driven == Driven::kEvents;
  std::string text =
      absl::StrCat(client::FormatCount(report.events), " events and ",
                   client::FormatCount(report.looks_taken), " looks in ",
                   client::FormatSeconds(seconds));
  // Below a tenth of a second a rate says nothing.
  if (seconds < 0.1) return text;
  const double items =
      static_cast<double>(by_events ? report.events : report.looks_taken);
  return absl::StrCat(
      text, ": ",
      client::FormatCount(static_cast<int64_t>(items / seconds + 0.5)),
      by_events ? " events/s" : " looks/s");
}

// Before anything is computed: whether there can be a page.
absl::Status CheckPage(const std::string& page, const std::string& scenario) {
  std::error_code ignored;
  if (std::filesystem::equivalent(page, scenario, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--html is ", page, ", want another file than SCENARIO"));
  }
  const std::filesystem::path folder =
      std::filesystem::absolute(page, ignored).parent_path();
  if (!std::filesystem::is_directory(folder, ignored)) {
    return absl::NotFoundError(absl::StrCat("--html is ", page,
                                            ", want a file in a folder that "
                                            "is there"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Run(Context& context, const Flags& flags) {
  const auto scenario = LoadScenario(flags.scenario);
  if (!scenario.ok()) return scenario.status();
  if (!flags.html.empty()) {
    if (absl::Status s = CheckPage(flags.html, flags.scenario); !s.ok()) {
      return s;
    }
  }
  ReportOptions options;
  options.replications = flags.replications;
  options.seed = flags.seed;
  options.threads =
      flags.threads > 0
          ? flags.threads
          : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (flags.looks > 0) options.looks = flags.looks;
  options.driven =
      flags.driven == "events" ? Driven::kEvents : Driven::kTallies;
  options.pool_units = flags.pool_units;
  if (options.driven == Driven::kTallies &&
      (scenario->source.has_faults() ||
       scenario->source.world().has_identity())) {
    context.Note(
        "--driven tallies leaves out the scenario's faults and second ids");
  }
  const Interrupt interrupt;
  Bars bars(context);
  options.progress = [&](const ReportProgress& progress) {
    bars.Update(progress);
    return !interrupt.asked();
  };
  const absl::Time begin = absl::Now();
  const auto report = MakeReport(*scenario->compiled, options);
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  bars.Finish();
  if (!report.ok()) {
    if (interrupt.asked()) {
      return absl::CancelledError("stopped by Ctrl-C, nothing was written");
    }
    return report.status();
  }
  if (context.json()) {
    context.PrintJson(ToProto(*report));
  } else {
    context.out() << RenderText(*report);
  }
  if (!flags.html.empty()) {
    if (absl::Status s = cli::WriteText(flags.html, RenderPage(*report));
        !s.ok()) {
      return s;
    }
    context.Note(absl::StrCat("wrote ", flags.html));
  }
  context.Note(SpeedText(*report, seconds));
  if (const int broken = CountBroken(*report); broken > 0) {
    context.err() << "stagecraft: " << broken
                  << (broken == 1 ? " expectation" : " expectations")
                  << " of the scenario broken\n";
    return cli::kExitOther;
  }
  return cli::kExitOk;
}

}  // namespace

void AddSimulateCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      cli::AddCommand(app, context, flags, "simulate",
                      "Run a plan many times where the truth is known", Run);
  command
      ->add_option("SCENARIO", flags->scenario,
                   "The world and its experiments (scenario.proto), as "
                   ".textproto, .json or .binpb")
      ->required();
  command
      ->add_option("-n,--replications", flags->replications,
                   "How often each experiment is run")
      ->check(CLI::Range(int64_t{1}, int64_t{100'000'000}))
      ->capture_default_str()
      ->type_name("N");
  command
      ->add_option("--seed", flags->seed,
                   "The same seed gives the same answer, on any number of "
                   "threads")
      ->capture_default_str()
      ->type_name("N");
  command
      ->add_option("--threads", flags->threads,
                   "Threads; default: one for each core")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  command
      ->add_option("--looks", flags->looks,
                   "As many looks, evenly spaced; default: the scenario's")
      ->check(CLI::Range(1, 10'000))
      ->type_name("N");
  command
      ->add_option("--driven", flags->driven,
                   "events: every event is played and folded; tallies: units "
                   "are played once, and drawn again for each replication, "
                   "which is faster and knows no faults and seasons")
      ->check(CLI::IsMember({"events", "tallies"}))
      ->capture_default_str()
      ->type_name("events|tallies");
  command
      ->add_option("--pool", flags->pool_units,
                   "Units that are played once under each variant: to know the "
                   "truth, and with --driven tallies to draw from")
      ->check(CLI::Range(int64_t{100}, int64_t{100'000'000}))
      ->capture_default_str()
      ->type_name("N");
  command
      ->add_option("--html", flags->html,
                   "Also write a page with plots, one file that needs nothing "
                   "else")
      ->type_name("FILE");
  command->footer(
      "Needs no server. Says how often the plan finds a winner, a false one, "
      "harm;\nhow sure its intervals and estimates are when it stops, and how "
      "long it takes.\nEach number comes with the interval in which it would "
      "lie after infinitely many\nreplications, and with what the plan "
      "promises. A scenario may say what must come out (expect): if that is "
      "broken, not\nby chance alone, the exit code is 1.\n\n"
      "Examples:\n"
      "  stagecraft simulate simulations/scenarios/winner.textproto\n"
      "  stagecraft simulate winner.textproto -n 10000 --driven tallies --html "
      "winner.html");
}

}  // namespace stagecraft::simulations
