// Ingestion over gRPC: a server with a RocksDB store, eight running experiments
// and a journey of five stages, and its client, in one process. Beside it the
// limit of the same run: a bare server that receives and parses the same
// messages and only acknowledges them. The load, 90 bytes an event, is made
// beforehand: what is measured is the client's library and the service.
//
//   ingest_grpc_benchmark [--events=2000000] [--batch=2500] [--window=4]
//                         [--single=400000] [--memory] [--bare]
//                         [--data=DIRECTORY]
//
// Events that were acknowledged are durable, counted once, and folded: at the
// end the totals are compared with what was sent.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "clients/cpp/event_columns.h"
#include "stagecraft/v1/event.grpc.pb.h"
#include "tests/benchmarks/ingest_grpc_streams.h"
#include "tests/benchmarks/load_grpc.h"
#include "tests/support/load.h"

namespace stagecraft {
namespace {

using benchmarks::BareService;
using benchmarks::Check;
using benchmarks::CpuSeconds;
using benchmarks::FillColumns;
using benchmarks::MakeContents;
using benchmarks::Quantile;
using benchmarks::SteadyClock;
using testing::Load;
using testing::LoadBatch;
using testing::LoadItem;

struct Flags {
  int64_t events = 2'000'000;
  int64_t single = 400'000;  // Events in the friendly form.
  int64_t batch = 2'500;
  int64_t window = 4;
  bool memory = false;
  bool bare = false;  // Only the limit.
  std::string data;
};

// All batches of a load, with their texts.
struct MadeLoad {
  explicit MadeLoad(const testing::LoadOptions& options, int64_t batch)
      : load(options) {
    LoadBatch made;
    while (load.Next(static_cast<int>(batch), &made)) {
      testing::RenderTexts(&made);
      batches.push_back(made);
    }
  }
  Load load;
  std::vector<LoadBatch> batches;
};

void FillEvents(const LoadBatch& batch,
                const std::vector<v1::EventContent>& contents,
                v1::StreamEventsRequest* request) {
  for (size_t i = 0; i < batch.items.size(); ++i) {
    const LoadItem& item = batch.items[i];
    std::optional<double> value;
    if (item.has_value) value = static_cast<double>(item.value) / 1e6;
    client::AppendEvent(batch.unit_id(i), batch.event_id(i), item.time, value,
                        contents[item.content], request->mutable_events());
  }
}

// Sends a load and prints a line. Answers with events a second.
double Run(const char* name, const std::string& address, const MadeLoad& load,
           const Flags& flags, bool columns, double limit) {
  const auto stub = v1::EventService::NewStub(benchmarks::ConnectTo(address));
  const std::vector<v1::EventContent> contents = MakeContents(load.load);
  const testing::LoadTotals& made = load.load.totals();
  const auto events = static_cast<double>(made.events);
  client::EventColumnsBuilder builder;
  v1::StreamEventsResponse totals;
  int64_t bytes = 0;
  int64_t batches = 0;
  const double cpu = CpuSeconds();
  const auto begin = SteadyClock::now();
  benchmarks::WindowedStream client(stub.get(), flags.window);
  for (const LoadBatch& batch : load.batches) {
    auto sent = client.NewBatch();
    if (sent == nullptr) break;
    v1::StreamEventsRequest* request = sent->request();
    if (columns) {
      FillColumns(batch, contents, &builder, request);
    } else {
      FillEvents(batch, contents, request);
    }
    benchmarks::AddAliases(batch, request);
    if (batches++ % 100 == 0) {
      bytes +=
          static_cast<int64_t>(request->ByteSizeLong() / batch.items.size());
    }
    client.Write(std::move(sent));
  }
  Check(client.Finish(&totals));
  const double seconds =
      std::chrono::duration<double>(SteadyClock::now() - begin).count();
  const double rate = events / seconds;
  std::printf("%-22s %9.0f events/s", name, rate);
  if (limit > 0) std::printf("  %4.2f of bare", rate / limit);
  std::printf(
      "  ack p50 %6.2f ms  p99 %6.2f ms  CPU %4.2f us/event  %lld "
      "bytes/event\n",
      Quantile(client.latencies(), 0.5), Quantile(client.latencies(), 0.99),
      (CpuSeconds() - cpu) / events * 1e6,
      static_cast<long long>(bytes / ((batches + 99) / 100)));
  std::fflush(stdout);
  if (limit > 0) {
    const int64_t want = made.events - made.duplicates + made.aliases;
    if (totals.stored_count() != want ||
        totals.duplicate_count() != made.duplicates ||
        totals.rejected_count() != 0) {
      std::fprintf(stderr,
                   "stored %lld, want %lld; duplicates %lld, want %lld; "
                   "rejected %lld, want 0\n",
                   static_cast<long long>(totals.stored_count()),
                   static_cast<long long>(want),
                   static_cast<long long>(totals.duplicate_count()),
                   static_cast<long long>(made.duplicates),
                   static_cast<long long>(totals.rejected_count()));
      std::exit(1);
    }
  }
  return rate;
}

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view arg = argv[i];
    const auto number = [&arg](absl::string_view name, int64_t* value) {
      return absl::StartsWith(arg, name) &&
             absl::SimpleAtoi(arg.substr(name.size()), value) && *value > 0;
    };
    if (number("--events=", &flags.events)) continue;
    if (number("--single=", &flags.single)) continue;
    if (number("--batch=", &flags.batch)) continue;
    if (number("--window=", &flags.window)) continue;
    if (arg == "--bare") {
      flags.bare = true;
    } else if (arg == "--memory") {
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
                 "stagecraft-ingest-grpc-benchmark";
  }
  return flags;
}

void Main(const Flags& flags) {
  std::filesystem::remove_all(flags.data);
  BareService bare;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&bare);
  builder.SetMaxReceiveMessageSize(64 << 20);
  const auto bare_server = builder.BuildAndStart();
  const std::string bare_address = absl::StrCat("127.0.0.1:", port);

  std::optional<benchmarks::LoadServer> server(std::in_place, flags.data,
                                               flags.memory);

  std::printf("%lld events, batches of %lld, window %lld, store: %s\n",
              static_cast<long long>(flags.events),
              static_cast<long long>(flags.batch),
              static_cast<long long>(flags.window),
              flags.memory ? "memory" : "RocksDB");
  std::optional<MadeLoad> columns(
      std::in_place, testing::LoadOptions{.events = flags.events}, flags.batch);
  double limit = Run("bare, columns", bare_address, *columns, flags, true, 0);
  if (!flags.bare) {
    Run("stagecraft, columns", server->address(), *columns, flags, true, limit);
  }
  columns.reset();
  const MadeLoad single({.events = flags.single, .first_person = 1u << 29},
                        flags.batch);
  limit = Run("bare, single", bare_address, single, flags, false, 0);
  if (!flags.bare) {
    Run("stagecraft, single", server->address(), single, flags, false, limit);
  }
  std::printf("store: %.1f bytes/event\n", [&] {
    int64_t bytes = 0;
    if (flags.memory) return 0.0;
    for (const auto& file :
         std::filesystem::recursive_directory_iterator(flags.data)) {
      if (file.is_regular_file()) {
        bytes += static_cast<int64_t>(file.file_size());
      }
    }
    return static_cast<double>(bytes) /
           static_cast<double>(flags.events + flags.single);
  }());
  server.reset();
  bare_server->Shutdown();
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
