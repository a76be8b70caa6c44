#include "simulations/command/play_command.h"

#include <memory>
#include <ostream>
#include <string>

#include "CLI/Validators.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/cli/add_command.h"
#include "clients/report/format.h"
#include "simulations/command/interrupt.h"
#include "simulations/command/load_scenario.h"
#include "simulations/live/play.h"
#include "simulations/live/twin.h"

namespace stagecraft::simulations {
namespace {

using cli::Context;
using cli::ExitCode;

struct Flags {
  std::string scenario;
  uint64_t seed = 1;
  double people = 1;
  int streams = 1;
  int batch = client::EventSenderOptions().batch_items;
  bool beforehand = false;
  std::string compare = "each";
};

void PrintVerdicts(const Twin& twin, const LivePlay& play, Context& context) {
  for (const auto& [name, verdict] : twin.verdicts()) {
    context.out() << name << ": " << v1::Verdict::Kind_Name(verdict.kind());
    if (!verdict.variant().empty()) context.out() << " " << verdict.variant();
    context.out() << "\n";
  }
  using client::FormatCount;
  context.out() << FormatCount(play.sent.events) << " events, "
                << FormatCount(play.sent.copies) << " of them sent twice, "
                << FormatCount(play.sent.aliases) << " aliases, "
                << FormatCount(play.sent.assignments) << " assignments, "
                << FormatCount(static_cast<int64_t>(play.decisions.size()))
                << " decisions\n";
  if (twin.looks() == 0) return;
  context.out() << FormatCount(twin.numbers()) << " numbers of "
                << FormatCount(twin.looks())
                << " looks: all equal to those of a run without a server\n";
}

std::string Quantiles(const Latencies& latencies) {
  const auto text = [&](double share) {
    return client::FormatSeconds(absl::ToDoubleSeconds(
        latencies.Quantile(share).value_or(absl::ZeroDuration())));
  };
  return absl::StrCat("p50 ", text(0.5), ", p99 ", text(0.99));
}

// `1.2 s: 100,000 events/s, ...`.
std::string SpeedText(const LivePlay& play) {
  const double seconds = absl::ToDoubleSeconds(play.sending);
  const auto rate = [&](int64_t count) {
    return client::FormatCount(
        static_cast<int64_t>(static_cast<double>(count) / seconds + 0.5));
  };
  std::string text = absl::StrCat("sent in ", client::FormatSeconds(seconds));
  if (seconds <= 0) return text;
  absl::StrAppend(&text, ": ", rate(play.sent.events + play.sent.copies),
                  " events/s and ", rate(play.sent.assignments),
                  " assignments/s; durable and counted after ",
                  Quantiles(play.sent.acknowledgements));
  if (play.sent.questions.count() > 0) {
    absl::StrAppend(&text, "; assigned in ", Quantiles(play.sent.questions));
  }
  return absl::StrCat(text, "; a look takes ", Quantiles(play.evaluations));
}

absl::StatusOr<ExitCode> Run(Context& context, const Flags& flags) {
  const auto scenario = LoadScenario(flags.scenario, flags.people);
  if (!scenario.ok()) return scenario.status();
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const World world(scenario->compiled);
  Twin twin(**client, world, {.seed = flags.seed}, /*threads=*/1);
  const Interrupt interrupt;
  cli::Progress progress = context.MakeProgress("looks");
  absl::Status compared;
  LiveOptions options;
  options.seed = flags.seed;
  options.lanes.streams = flags.streams;
  options.lanes.beforehand = flags.beforehand;
  options.lanes.lane.sender.batch_items = flags.batch;
  options.on_look = [&](int look) {
    const int looks = scenario->compiled->looks;
    if (flags.compare == "each" || (flags.compare == "last" && look == looks)) {
      compared = twin.Compare(look);
    }
    progress.Update(look, looks, look);
    return compared.ok() && !interrupt.asked();
  };
  const auto play = PlayLive(**client, scenario->source, world, options);
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
  context.Note(SpeedText(*play));
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
  command
      ->add_option("--people", flags->people,
                   "So many times the scenario's people come")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("FACTOR");
  command
      ->add_option("--streams", flags->streams,
                   "Streams of events at once, each with a thread and a part "
                   "of the people")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--batch", flags->batch, "Events that are sent together")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str()
      ->type_name("N");
  command->add_flag("--beforehand", flags->beforehand,
                    "Make everything up before anything is sent, so that only "
                    "the server is measured; takes memory");
  command
      ->add_option("--compare", flags->compare,
                   "The looks that are compared with a run without the server")
      ->check(CLI::IsMember({"each", "last", "none"}))
      ->capture_default_str()
      ->type_name("each|last|none");
  command->footer(
      "Creates the scenario's journey, KPIs and experiments on the server, "
      "asks it\nfor assignments, sends events as they arrive in virtual time, "
      "and reads each\nlook: verdict, units and sums must equal those of the "
      "same seed without a\nserver, to the last bit. The server must not have "
      "the journey yet; what was\nsent stays there.\n\n"
      "At the end it says how fast that was: events, assignments, and the "
      "times "
      "until\nan acknowledgement, an assignment and a look were there.\n\n"
      "Examples:\n"
      "  stagecraft play simulations/scenarios/messy.textproto\n"
      "  stagecraft play messy.textproto --people 20 --streams 2 --beforehand "
      "--compare last");
}

}  // namespace stagecraft::simulations
