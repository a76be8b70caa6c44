// Looks over gRPC: two servers in this process, one with all events and one
// with a hundredth of them, and calls that take turns between them. Eight
// running experiments with two KPIs and a segment dimension each.
//
//   results_grpc_benchmark [--events=2000000] [--calls=400] [--memory]
//                          [--data=DIRECTORY]
//
// What a look costs should not depend on how many events there are: the ratio
// says it. CPU is of both ends, client and server; less than the times it
// depends on what else the machine does.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "stagecraft/v1/admin.grpc.pb.h"
#include "stagecraft/v1/experiment.grpc.pb.h"
#include "stagecraft/v1/result.grpc.pb.h"
#include "tests/benchmarks/load_grpc.h"
#include "tests/support/load.h"

namespace stagecraft {
namespace {

using benchmarks::Check;
using benchmarks::SteadyClock;

constexpr int64_t kBatch = 9'500;
constexpr int64_t kWindow = 2;
constexpr int64_t kWarmUp = 16;  // Calls of each kind: two of each experiment.

struct Flags {
  int64_t events = 2'000'000;
  int64_t calls = 400;
  bool memory = false;
  std::string data;
};

// Sends all events of a load; returns when all are acknowledged.
void Fill(const std::string& address, int64_t events) {
  const auto stub = v1::EventService::NewStub(benchmarks::ConnectTo(address));
  testing::Load load({.events = events});
  const std::vector<v1::EventContent> contents = benchmarks::MakeContents(load);
  client::EventColumnsBuilder builder;
  testing::LoadBatch batch;
  benchmarks::WindowedStream stream(stub.get(), kWindow);
  while (load.Next(kBatch, &batch)) {
    testing::RenderTexts(&batch);
    auto sent = stream.NewBatch();
    if (sent == nullptr) break;
    benchmarks::FillColumns(batch, contents, &builder, sent->request());
    benchmarks::AddAliases(batch, sent->request());
    stream.Write(std::move(sent));
  }
  v1::StreamEventsResponse totals;
  Check(stream.Finish(&totals));
}

// A server with its events, and the calls to it.
class World {
 public:
  World(const std::string& data, bool memory, int64_t events)
      : events_(events), server_(data, memory) {
    Fill(server_.address(), events);
    const auto channel = benchmarks::ConnectTo(server_.address());
    // Now, so that none is written while calls are measured.
    grpc::ClientContext context;
    v1::WriteSnapshotResponse written;
    if (!memory) {
      Check(v1::AdminService::NewStub(channel)->WriteSnapshot(
          &context, v1::WriteSnapshotRequest(), &written));
    }
    results_ = v1::ResultService::NewStub(channel);
    experiments_ = v1::ExperimentService::NewStub(channel);
  }

  int64_t events() const { return events_; }
  v1::ExperimentResults Results(int experiment, v1::ResultView view) {
    grpc::ClientContext context;
    v1::GetExperimentResultsRequest request;
    request.set_name(testing::LoadExperimentName(experiment));
    request.set_view(view);
    v1::ExperimentResults response;
    Check(results_->GetExperimentResults(&context, request, &response));
    return response;
  }
  // Of everything, or as of so long before the end of the load.
  v1::JourneyFunnel Funnel(engine::Micros before = 0) {
    grpc::ClientContext context;
    v1::GetJourneyFunnelRequest request;
    request.set_name(testing::MakeLoadJourney()->name);
    if (before > 0) {
      request.mutable_as_of()->set_seconds(
          (testing::kLoadBegin + testing::kLoadLength - before) /
          engine::kSecond);
    }
    v1::JourneyFunnel response;
    Check(results_->GetJourneyFunnel(&context, request, &response));
    return response;
  }
  v1::Experiment Experiment(int experiment) {
    grpc::ClientContext context;
    v1::GetExperimentRequest request;
    request.set_name(testing::LoadExperimentName(experiment));
    v1::Experiment response;
    Check(experiments_->GetExperiment(&context, request, &response));
    return response;
  }

 private:
  const int64_t events_;
  benchmarks::LoadServer server_;
  std::unique_ptr<v1::ResultService::Stub> results_;
  std::unique_ptr<v1::ExperimentService::Stub> experiments_;
};

struct Measured {
  std::vector<double> milliseconds;
  double cpu = 0;  // Seconds of all calls.
  size_t bytes = 0;
};

// Returns when this process has done next to nothing for a while: files of what
// was taken in are then in order, too.
void WaitUntilQuiet() {
  constexpr double kQuiet = 0.02;  // Of one core.
  for (int quiet = 0; quiet < 4;) {
    const double before = benchmarks::CpuSeconds();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    quiet = benchmarks::CpuSeconds() - before < kQuiet ? quiet + 1 : 0;
  }
}

template <typename Call>
void Measure(const char* name, World* few, World* many, int64_t calls,
             const Call& call) {
  World* const worlds[] = {few, many};
  Measured measured[2];
  for (int64_t i = -kWarmUp; i < calls; ++i) {
    const int experiment =
        static_cast<int>((i + kWarmUp) % testing::kMaxLoadExperiments);
    for (int w = 0; w < 2; ++w) {
      const double cpu = benchmarks::CpuSeconds();
      const auto begin = SteadyClock::now();
      const auto response = call(worlds[w], experiment);
      const std::chrono::duration<double, std::milli> time =
          SteadyClock::now() - begin;
      if (i < 0) continue;
      measured[w].cpu += benchmarks::CpuSeconds() - cpu;
      measured[w].milliseconds.push_back(time.count());
      measured[w].bytes += response.ByteSizeLong();
    }
  }
  const auto count = static_cast<double>(calls);
  const auto quantile = [&](int w, double q) {
    return benchmarks::Quantile(measured[w].milliseconds, q);
  };
  for (int w = 0; w < 2; ++w) {
    std::printf(
        "%-16s %10lld events  p50 %6.3f ms  p99 %6.3f ms  CPU %6.3f ms  "
        "%.0f bytes\n",
        name, static_cast<long long>(worlds[w]->events()), quantile(w, 0.5),
        quantile(w, 0.99), measured[w].cpu / count * 1e3,
        static_cast<double>(measured[w].bytes) / count);
  }
  std::printf("%-16s %17s  p50 %6.2f     p99 %6.2f     CPU %6.2f\n", name,
              "ratio", quantile(1, 0.5) / quantile(0, 0.5),
              quantile(1, 0.99) / quantile(0, 0.99),
              measured[1].cpu / measured[0].cpu);
  std::fflush(stdout);
}

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view arg = argv[i];
    const auto number = [&arg](absl::string_view name, int64_t least,
                               int64_t* value) {
      return absl::StartsWith(arg, name) &&
             absl::SimpleAtoi(arg.substr(name.size()), value) &&
             *value >= least;
    };
    if (number("--events=", 100, &flags.events)) continue;
    if (number("--calls=", 1, &flags.calls)) continue;
    if (arg == "--memory") {
      flags.memory = true;
    } else if (absl::StartsWith(arg, "--data=")) {
      flags.data = std::string(arg.substr(7));
    } else {
      std::fprintf(stderr, "unknown argument %s\n", argv[i]);
      std::exit(2);
    }
  }
  if (flags.data.empty()) {
    flags.data = std::filesystem::temp_directory_path() /
                 "stagecraft-results-grpc-benchmark";
  }
  return flags;
}

void Main(const Flags& flags) {
  std::filesystem::remove_all(flags.data);
  std::filesystem::create_directories(flags.data);
  {
    World few(flags.data + "/few", flags.memory, flags.events / 100);
    World many(flags.data + "/many", flags.memory, flags.events);
    WaitUntilQuiet();
    Measure("catalog only", &few, &many, flags.calls,
            [](World* world, int i) { return world->Experiment(i); });
    Measure("results, basic", &few, &many, flags.calls,
            [](World* world, int i) {
              return world->Results(i, v1::RESULT_VIEW_BASIC);
            });
    Measure("results, full", &few, &many, flags.calls, [](World* world, int i) {
      return world->Results(i, v1::RESULT_VIEW_FULL);
    });
    Measure("funnel", &few, &many, flags.calls,
            [](World* world, int) { return world->Funnel(); });
    Measure("funnel, past", &few, &many, std::min<int64_t>(flags.calls, 50),
            [](World* world, int) { return world->Funnel(3 * engine::kDay); });
  }
  std::filesystem::remove_all(flags.data);
}

}  // namespace
}  // namespace stagecraft

int main(int argc, char** argv) {
  // As the server does.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  stagecraft::Main(stagecraft::ParseFlags(argc, argv));
  return 0;
}
