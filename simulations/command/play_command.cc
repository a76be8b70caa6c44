#include "simulations/command/play_command.h"

#include <map>
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/add_command.h"
#include "clients/report/format.h"
#include "simulations/command/interrupt.h"
#include "simulations/command/load_scenario.h"
#include "simulations/live/compare.h"
#include "simulations/live/create.h"
#include "simulations/live/play.h"
#include "simulations/run/virtual_run.h"

namespace stagecraft::simulations {
namespace {

using cli::Context;
using cli::ExitCode;

struct Flags {
  std::string scenario;
  uint64_t seed = 1;
};

// Plays the same draw in this process, and compares it with the server look by
// look.
class Twin {
 public:
  Twin(client::Client& client, const World& world, uint64_t seed)
      : client_(client), run_(&world, /*threads=*/1) {
    run_.Begin({.seed = seed});
  }

  absl::Status Compare() {
    const int look = run_.Advance();
    for (size_t x = 0; x < run_.scenario().experiments.size(); ++x) {
      const engine::Experiment& experiment = *run_.scenario().experiments[x];
      const auto assessment = run_.Assess(static_cast<int>(x));
      if (!assessment.ok()) return assessment.status();
      v1::GetExperimentResultsRequest request;
      request.set_name(experiment.name);
      SetTime(run_.TimeOf(look), request.mutable_as_of());
      const auto results = client_.GetExperimentResults(request);
      if (!results.ok()) return results.status();
      const auto numbers = CompareLook(experiment, *assessment, *results);
      if (!numbers.ok()) return numbers.status();
      numbers_ += *numbers;
      ++looks_;
      verdicts_[experiment.name] = results->verdict();
    }
    return absl::OkStatus();
  }

  int64_t numbers() const { return numbers_; }
  int64_t looks() const { return looks_; }
  // Of the last look, by experiment.
  const std::map<std::string, v1::Verdict>& verdicts() const {
    return verdicts_;
  }

 private:
  client::Client& client_;
  VirtualRun run_;
  int64_t numbers_ = 0;
  int64_t looks_ = 0;
  std::map<std::string, v1::Verdict> verdicts_;
};

void PrintVerdicts(const Twin& twin, const LivePlay& play, Context& context) {
  for (const auto& [name, verdict] : twin.verdicts()) {
    context.out() << name << ": " << v1::Verdict::Kind_Name(verdict.kind());
    if (!verdict.variant().empty()) context.out() << " " << verdict.variant();
    context.out() << "\n";
  }
  using client::FormatCount;
  context.out() << FormatCount(play.events) << " events, "
                << FormatCount(play.copies) << " of them sent twice, "
                << FormatCount(play.aliases) << " aliases, "
                << FormatCount(play.assignments) << " assignments, "
                << FormatCount(static_cast<int64_t>(play.decisions.size()))
                << " decisions\n"
                << FormatCount(twin.numbers()) << " numbers of "
                << FormatCount(twin.looks())
                << " looks: all equal to those of a run without a server\n";
}

absl::StatusOr<ExitCode> Run(Context& context, const Flags& flags) {
  const auto scenario = LoadScenario(flags.scenario);
  if (!scenario.ok()) return scenario.status();
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const World world(scenario->compiled);
  Twin twin(**client, world, flags.seed);
  const Interrupt interrupt;
  cli::Progress progress = context.MakeProgress("looks");
  absl::Status compared;
  LiveOptions options;
  options.seed = flags.seed;
  options.on_look = [&](int look) {
    compared = twin.Compare();
    progress.Update(look, scenario->compiled->looks, look);
    return compared.ok() && !interrupt.asked();
  };
  const absl::Time begin = absl::Now();
  const auto play = PlayLive(**client, scenario->source, world, options);
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  progress.Finish();
  if (!compared.ok()) return compared;
  if (interrupt.asked()) {
    return absl::CancelledError(
        "stopped by Ctrl-C: the server keeps what was sent");
  }
  if (!play.ok()) return play.status();
  if (context.json()) {
    for (const v1::Decision& decision : play->decisions) {
      context.PrintJson(decision);
    }
  } else {
    PrintVerdicts(twin, *play, context);
  }
  context.Note(absl::StrCat(
      client::FormatSeconds(seconds), ": ",
      client::FormatCount(static_cast<int64_t>(
          static_cast<double>(play->events + play->copies) / seconds + 0.5)),
      " events/s, assigned, sent, stored and compared"));
  return cli::kExitOk;
}

}  // namespace

void AddPlayCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = cli::AddCommand(
      app, context, flags, "play",
      "Play a scenario through the server, and compare it with a run without",
      Run);
  command
      ->add_option("SCENARIO", flags->scenario,
                   "The world and its experiments (scenario.proto), as "
                   ".textproto, .json or .binpb")
      ->required();
  command
      ->add_option("--seed", flags->seed, "The same seed sends the same events")
      ->capture_default_str()
      ->type_name("N");
  command->footer(
      "Creates the scenario's journey, KPIs and experiments on the server, "
      "asks it\nfor assignments, sends events as they arrive in virtual time, "
      "and reads each\nlook: verdict, units and sums must equal those of the "
      "same seed without a\nserver, to the last bit. The server must not have "
      "the journey yet; what was\nsent stays there.\n\n"
      "Example:\n"
      "  stagecraft play simulations/scenarios/messy.textproto");
}

}  // namespace stagecraft::simulations
