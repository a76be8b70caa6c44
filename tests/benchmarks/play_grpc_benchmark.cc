// A scenario through a server, at full speed: people who are assigned, the
// events that they send, looks at the results meanwhile. Beside it the limit of
// the same run: a bare server that receives and parses the same columns and
// only acknowledges them. All in one process.
//
//   play_grpc_benchmark [--scenario=messy] [--events=1000000] [--streams=2]
//                       [--batch=5000] [--window=2] [--units=1000]
//                       [--read-ms=100] [--concurrently] [--memory]
//                       [--data=DIRECTORY]
//
// `--scenario` is a name in simulations/scenarios, or a file. As many people
// come as make about so many events. They are made up beforehand, and not
// measured; --concurrently, the threads that send make them up. At the end the
// tallies, verdicts and all numbers of the last look are compared with those of
// a run without a server.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "clients/cpp/client.h"
#include "service/server.h"
#include "simulations/live/play.h"
#include "simulations/live/twin.h"
#include "simulations/scenario/compile.h"
#include "simulations/scenario/read.h"
#include "tests/benchmarks/ingest_grpc_streams.h"
#include "tests/benchmarks/load_grpc.h"

namespace stagecraft {
namespace {

using benchmarks::Check;
using benchmarks::CpuSeconds;
using simulations::LaneTotals;
using simulations::Latencies;

constexpr uint64_t kSeed = 1;

struct Flags {
  std::string scenario = "messy";
  int64_t events = 1'000'000;
  int64_t streams = 2;
  int64_t batch = 5'000;
  int64_t window = 2;
  int64_t units = 1'000;
  int64_t read_ms = 100;
  bool concurrently = false;
  bool memory = false;
  std::string data;

  simulations::LanesOptions lanes() const {
    simulations::LanesOptions lanes;
    lanes.streams = static_cast<int>(streams);
    lanes.beforehand = !concurrently;
    lanes.lane.units_per_question = static_cast<int>(units);
    lanes.lane.sender.batch_items = static_cast<int>(batch);
    lanes.lane.sender.window = static_cast<int>(window);
    return lanes;
  }
};

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view arg = argv[i];
    const auto number = [&arg](absl::string_view name, int64_t* value) {
      return absl::StartsWith(arg, name) &&
             absl::SimpleAtoi(arg.substr(name.size()), value) && *value > 0;
    };
    const auto text = [&arg](absl::string_view name, std::string* value) {
      if (!absl::StartsWith(arg, name)) return false;
      *value = std::string(arg.substr(name.size()));
      return true;
    };
    if (number("--events=", &flags.events)) continue;
    if (number("--streams=", &flags.streams)) continue;
    if (number("--batch=", &flags.batch)) continue;
    if (number("--window=", &flags.window)) continue;
    if (number("--units=", &flags.units)) continue;
    if (number("--read-ms=", &flags.read_ms)) continue;
    if (text("--scenario=", &flags.scenario)) continue;
    if (text("--data=", &flags.data)) continue;
    if (arg == "--concurrently") {
      flags.concurrently = true;
    } else if (arg == "--memory") {
      flags.memory = true;
    } else {
      std::fprintf(stderr, "unknown argument %s\n", argv[i]);
      std::exit(2);
    }
  }
  if (flags.data.empty()) {
    flags.data = std::filesystem::temp_directory_path() /
                 "stagecraft-play-grpc-benchmark";
  }
  return flags;
}

// The scenario with as many people as it takes.
struct Sized {
  v1::Scenario source;
  std::shared_ptr<const simulations::Scenario> compiled;
};

Sized Load(const Flags& flags) {
  std::string path = flags.scenario;
  if (!absl::StrContains(path, '.')) {
    path = absl::StrCat(STAGECRAFT_REPOSITORY, "/simulations/scenarios/", path,
                        ".textproto");
  }
  auto source = simulations::ReadScenario(path);
  Check(source.status());
  auto compiled = simulations::Compile(*source);
  Check(compiled.status());
  // How much comes of some of them.
  const simulations::World world(*compiled);
  simulations::Life life;
  int64_t events = 0;
  for (int64_t unit = 0; unit < world.units(); ++unit) {
    world.Play({.seed = kSeed}, unit, &life);
    events += static_cast<int64_t>(life.events.size());
  }
  if (events == 0) {
    std::fprintf(stderr, "%s has no events\n", path.c_str());
    std::exit(2);
  }
  const double factor =
      static_cast<double>(flags.events) / static_cast<double>(events);
  source->mutable_world()->set_arrivals_per_day(
      source->world().arrivals_per_day() * factor);
  compiled = simulations::Compile(*source);
  Check(compiled.status());
  return {*std::move(source), *std::move(compiled)};
}

// A server whose clock stands at the end of the world.
std::unique_ptr<service::Server> Serve(const std::string& data, bool in_memory,
                                       engine::Micros now) {
  service::ServerDependencies dependencies;
  dependencies.clock = [now] { return absl::FromUnixMicros(now); };
  service::Config config;
  config.listen = "127.0.0.1:0";
  config.data = data;
  config.in_memory = in_memory;
  config.evaluate_every = absl::ZeroDuration();
  config.log_level = service::LogLevel::kError;
  auto server = service::Server::Start(config, std::move(dependencies));
  Check(server.status());
  return *std::move(server);
}

std::unique_ptr<client::Client> Connect(const std::string& address) {
  auto client = client::Client::Connect({.target = address});
  Check(client.status());
  return *std::move(client);
}

void PrintLatencies(const char* name, const Latencies& latencies) {
  if (latencies.count() == 0) return;
  const auto ms = [&](double share) {
    return absl::ToDoubleMilliseconds(*latencies.Quantile(share));
  };
  std::printf("    %-24s p50 %7.2f ms  p99 %7.2f ms  of %lld\n", name, ms(0.5),
              ms(0.99), static_cast<long long>(latencies.count()));
}

// Prints a line and the times; answers with events a second. `limit`: that of
// the bare server, 0: this is it.
double Print(const char* name, const LaneTotals& sent, absl::Duration took,
             double cpu, double limit) {
  const double seconds = absl::ToDoubleSeconds(took);
  const auto events = static_cast<double>(sent.events + sent.copies);
  const double rate = events / seconds;
  std::printf("%-28s %9.0f events/s", name, rate);
  if (limit > 0) std::printf("  %4.2f of bare", rate / limit);
  if (sent.assignments > 0) {
    std::printf("  %7.0f assignments/s",
                static_cast<double>(sent.assignments) / seconds);
  }
  std::printf("  CPU %4.2f us/event, %4.2f of it sends\n", cpu / events * 1e6,
              sent.cpu_seconds / events * 1e6);
  PrintLatencies("acknowledged", sent.acknowledgements);
  PrintLatencies("assigned", sent.questions);
  std::fflush(stdout);
  return rate;
}

double RunBare(const Flags& flags, const simulations::World& world) {
  benchmarks::BareService bare;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&bare);
  builder.SetMaxReceiveMessageSize(64 << 20);
  const auto server = builder.BuildAndStart();
  double rate = 0;
  {
    const auto client = Connect(absl::StrCat("127.0.0.1:", port));
    simulations::LanesOptions options = flags.lanes();
    options.lane.asks = false;
    auto lanes = simulations::Lanes::Create(
        *client, world, {.seed = kSeed, .copies = true}, options);
    Check(lanes.status());
    const double cpu = CpuSeconds();
    // As the others: all that arrives before a look is there before it.
    const simulations::Scenario& scenario = world.scenario();
    for (int look = 1; look <= scenario.looks; ++look) {
      Check(lanes->SendUntil(scenario.start + look * scenario.look_every));
    }
    rate = Print("bare, columns", lanes->totals(), lanes->busy(),
                 CpuSeconds() - cpu, 0);
  }
  server->Shutdown();
  return rate;
}

void RunServer(const char* name, const Flags& flags, const Sized& sized,
               const simulations::World& world, bool asks, double limit) {
  std::filesystem::remove_all(flags.data);
  const auto server =
      Serve(flags.data, flags.memory, world.scenario().end + 2 * engine::kDay);
  const auto client = Connect(server->address());
  simulations::Twin twin(*client, world, {.seed = kSeed}, /*threads=*/2);
  simulations::LiveOptions options;
  options.seed = kSeed;
  options.lanes = flags.lanes();
  options.lanes.lane.asks = asks;
  if (asks) options.read_every = absl::Milliseconds(flags.read_ms);
  double cpu = 0;
  absl::Status compared;
  options.on_begin = [&cpu] { cpu = CpuSeconds(); };
  options.on_look = [&](int look) {
    if (look < world.scenario().looks) return true;
    cpu = CpuSeconds() - cpu;
    compared = twin.Compare(look);
    return true;
  };
  const auto play =
      simulations::PlayLive(*client, sized.source, world, options);
  Check(play.status());
  Print(name, play->sent, play->sending, cpu, limit);
  PrintLatencies("evaluated", play->evaluations);
  PrintLatencies("results, while sending", play->reads);
  Check(compared);
  std::printf(
      "    %lld numbers of the last look equal those without a server\n",
      static_cast<long long>(twin.numbers()));
  std::fflush(stdout);
  server->Shutdown(absl::Seconds(10));
  std::filesystem::remove_all(flags.data);
}

void Main(const Flags& flags) {
  const Sized sized = Load(flags);
  const simulations::World world(sized.compiled);
  std::printf(
      "%s: %lld people, %zu experiments, %d looks; %lld streams, batches of "
      "%lld, window %lld, store: %s\n",
      sized.compiled->id.c_str(), static_cast<long long>(world.units()),
      sized.compiled->experiments.size(), sized.compiled->looks,
      static_cast<long long>(flags.streams),
      static_cast<long long>(flags.batch), static_cast<long long>(flags.window),
      flags.memory ? "memory" : "RocksDB");
  const double limit = RunBare(flags, world);
  RunServer("stagecraft, columns", flags, sized, world, false, limit);
  RunServer("stagecraft, with the rest", flags, sized, world, true, limit);
}

}  // namespace
}  // namespace stagecraft

int main(int argc, char** argv) {
  // As the server does.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  stagecraft::Main(stagecraft::ParseFlags(argc, argv));
  return 0;
}
