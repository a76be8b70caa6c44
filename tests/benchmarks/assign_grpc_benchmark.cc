// Assign over gRPC, beside a bare echo of the same sizes in the same run.
//
//   benchmarks_assign_grpc_benchmark [--seconds=S] [--rounds=N] [--in_flight=N]
//
// Server and client are in this process and speak over the loopback. The echo
// answers bytes with as many bytes as Assign does, without a look at them: once
// from a completion queue and once by callbacks. Rounds of echo and Assign take
// turns; the table says the median round of each, and its ratio to the better
// echo. Then batches: assignments per second by the form of the call.
#include <google/protobuf/arena.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "service/server.h"
#include "stagecraft/v1/assignment.grpc.pb.h"
#include "stagecraft/v1/experiment.grpc.pb.h"
#include "stagecraft/v1/journey.grpc.pb.h"
#include "stagecraft/v1/kpi.grpc.pb.h"
#include "tests/benchmarks/assign_grpc_echo.h"

namespace stagecraft::service {
namespace {

struct Flags {
  double seconds = 2;
  int rounds = 5;
  int in_flight = 64;
};

// Our server, with one running experiment that has a targeting of two
// conditions, on a store in memory.
class Subject {
 public:
  Subject() {
    Config config;
    config.listen = "127.0.0.1:0";
    config.in_memory = true;
    config.log_level = LogLevel::kError;
    auto server = Server::Start(config);
    if (!server.ok()) Fail(std::string(server.status().message()));
    server_ = *std::move(server);
    channel_ = server_->InProcessChannel();
    CreateJourney();
    CreateExperiment();
  }

  int port() const {
    int port = 0;
    const std::string& address = server_->address();
    if (!absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port)) {
      Fail("no port in " + address);
    }
    return port;
  }

 private:
  [[noreturn]] static void Fail(const std::string& message) {
    std::fprintf(stderr, "%s\n", message.c_str());
    std::exit(1);
  }
  static void Check(const grpc::Status& status) {
    if (!status.ok()) Fail(status.error_message());
  }

  void CreateJourney() {
    v1::CreateJourneyRequest request;
    request.set_journey_id("shop");
    for (const char* id : {"visit", "pay"}) {
      v1::Stage* stage = request.mutable_journey()->add_stages();
      stage->set_id(id);
      stage->mutable_entry()->add_names(id);
    }
    v1::Journey journey;
    grpc::ClientContext context;
    Check(v1::JourneyService::NewStub(channel_)->CreateJourney(
        &context, request, &journey));
    v1::CreateKpiRequest kpi;
    kpi.set_parent("journeys/shop");
    kpi.set_kpi_id("paid");
    kpi.mutable_kpi()->set_direction(v1::Kpi::UP);
    kpi.mutable_kpi()->mutable_length()->set_seconds(86400);
    kpi.mutable_kpi()->mutable_conversion()->mutable_events()->add_names("pay");
    v1::Kpi created;
    grpc::ClientContext kpi_context;
    Check(v1::KpiService::NewStub(channel_)->CreateKpi(&kpi_context, kpi,
                                                       &created));
  }

  void CreateExperiment() {
    v1::CreateExperimentRequest request;
    request.set_parent("journeys/shop");
    request.set_experiment_id("button");
    v1::Experiment* experiment = request.mutable_experiment();
    experiment->set_stage("visit");
    for (const char* id : {"control", "b"}) {
      v1::Variant* variant = experiment->add_variants();
      variant->set_id(id);
      variant->set_share_ppm(500'000);
    }
    auto* targeting = experiment->mutable_targeting()->mutable_all_of();
    v1::Condition* channel = targeting->add_predicates()->mutable_condition();
    channel->set_attribute("channel");
    channel->set_operator_(v1::Condition::IN);
    for (const char* value : {"app", "email", "web"}) {
      channel->add_values()->set_string_value(value);
    }
    v1::Condition* age = targeting->add_predicates()->mutable_condition();
    age->set_attribute("age");
    age->set_operator_(v1::Condition::GREATER_OR_EQUAL);
    age->add_values()->set_number_value(18);
    experiment->mutable_plan()->add_primary_kpis("journeys/shop/kpis/paid");
    const auto stub = v1::ExperimentService::NewStub(channel_);
    v1::Experiment created;
    grpc::ClientContext context;
    Check(stub->CreateExperiment(&context, request, &created));
    v1::StartExperimentRequest start;
    start.set_name(created.name());
    grpc::ClientContext start_context;
    Check(stub->StartExperiment(&start_context, start, &created));
  }

  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

std::string UnitId(int i) {
  return absl::StrCat("018f3b1c-7e2a-7c44-9a1b-", 100'000'000'000 + i);
}

void SetAttributes(
    int i, google::protobuf::Map<std::string, v1::AttributeValue>* attributes) {
  constexpr const char* kChannels[] = {"app", "email", "web", "shop"};
  constexpr const char* kCountries[] = {"AT", "CH", "DE", "FR", "US"};
  (*attributes)["age"].set_number_value(14 + i % 2 * 10);
  (*attributes)["channel"].set_string_value(kChannels[i % 4]);
  (*attributes)["country"].set_string_value(kCountries[i % 5]);
  (*attributes)["plan"].set_string_value(i % 3 == 0 ? "pro" : "free");
}

// Attributes are the same again after so many units.
constexpr int kAttributeSets = 4 * 5 * 3;

std::vector<std::string> UnaryRequests() {
  std::vector<std::string> requests;
  for (int i = 0; i < 1024; ++i) {
    v1::AssignRequest request;
    request.set_unit_id(UnitId(i));
    SetAttributes(i, request.mutable_attributes());
    requests.push_back(request.SerializeAsString());
  }
  return requests;
}

constexpr int kBatchUnits = 1000;

v1::BatchAssignRequest FriendlyBatch(int batch) {
  v1::BatchAssignRequest request;
  for (int i = 0; i < kBatchUnits; ++i) {
    const int n = batch * kBatchUnits + i;
    v1::BatchAssignRequest::Unit* unit = request.add_units();
    unit->set_unit_id(UnitId(n));
    SetAttributes(n, unit->mutable_attributes());
  }
  request.set_return_exposures(true);
  return request;
}

v1::BatchAssignRequest ColumnsBatch(int batch) {
  v1::BatchAssignRequest request;
  v1::UnitColumns* columns = request.mutable_columns();
  for (int i = 0; i < kAttributeSets; ++i) {
    SetAttributes(i, columns->add_attribute_sets()->mutable_attributes());
  }
  for (int i = 0; i < kBatchUnits; ++i) {
    const int n = batch * kBatchUnits + i;
    columns->add_unit_ids(UnitId(n));
    columns->add_unit_attribute_sets(n % kAttributeSets);
  }
  request.set_return_exposures(true);
  return request;
}

struct Batches {
  double rate = 0;  // Assignments per second.
  double cpu = 0;   // Nanoseconds of each assignment, on both sides.
};

// Sends batches that are made before, and looks at each answer.
Batches RunBatches(int port, v1::BatchAssignRequest (*make)(int), int in_flight,
                   double seconds) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("stagecraft.benchmark.batches", port);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  const auto channel =
      grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port),
                                grpc::InsecureChannelCredentials(), arguments);
  const auto stub = v1::AssignmentService::NewStub(channel);
  std::vector<v1::BatchAssignRequest> requests;
  for (int i = 0; i < 16; ++i) requests.push_back(make(i));
  std::atomic<int64_t> answers{0};
  std::atomic<int64_t> counted{0};
  const auto begin = SteadyClock::now();
  const double cpu = CpuSeconds();
  std::vector<std::thread> threads;
  for (int t = 0; t < in_flight; ++t) {
    threads.emplace_back([&, t] {
      google::protobuf::Arena arena;
      for (int batch = t; SecondsSince(begin) < seconds; ++batch) {
        arena.Reset();
        auto* response =
            google::protobuf::Arena::CreateMessage<v1::BatchAssignResponse>(
                &arena);
        grpc::ClientContext context;
        const grpc::Status status = stub->BatchAssign(
            &context, requests[batch % requests.size()], response);
        if (!status.ok()) {
          std::fprintf(stderr, "%s\n", status.error_message().c_str());
          std::exit(1);
        }
        int64_t ours = 0;
        for (const v1::AssignResponse& unit : response->units()) {
          for (const v1::Assignment& answer : unit.assignments()) {
            ours += answer.counted();
          }
        }
        for (const v1::AssignmentColumn& column : response->columns()) {
          for (const uint32_t outcome : column.unit_outcomes()) {
            ours += column.outcomes(static_cast<int>(outcome)).counted();
          }
        }
        counted += ours;
        answers += kBatchUnits;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (counted == 0) {
    std::fprintf(stderr, "no unit counted\n");
    std::exit(1);
  }
  Batches batches;
  batches.rate = static_cast<double>(answers) / SecondsSince(begin);
  batches.cpu = (CpuSeconds() - cpu) * 1e9 / static_cast<double>(answers);
  return batches;
}

Round Median(std::vector<Round> rounds) {
  std::sort(rounds.begin(), rounds.end(),
            [](const Round& a, const Round& b) { return a.rate < b.rate; });
  return rounds[rounds.size() / 2];
}

int Main(const Flags& flags) {
  const std::string method = "/stagecraft.v1.AssignmentService/Assign";
  const Subject subject;
  Sender assign(subject.port(), method);
  const std::vector<std::string> requests = UnaryRequests();
  size_t bytes = 0;
  for (int i = 0; i < 64; ++i) bytes += assign.CallOnce(requests[i]).size();
  const std::string answer(bytes / 64, 'x');

  const QueueEcho queue_echo(answer, 2);
  const CallbackEcho callback_echo(answer);
  Sender from_queue(queue_echo.port(), method);
  Sender from_callback(callback_echo.port(), method);
  struct Line {
    const char* name;
    Sender* sender;
    std::vector<Round> rounds;
  };
  std::vector<Line> lines = {{"echo, completion queue", &from_queue, {}},
                             {"echo, callbacks", &from_callback, {}},
                             {"Assign", &assign, {}}};
  for (Line& line : lines) line.sender->Run(requests, flags.in_flight, 0.3);
  std::vector<double> ratios;
  for (int round = 0; round < flags.rounds; ++round) {
    // Not always in the same order: what came before may matter.
    for (size_t i = 0; i < lines.size(); ++i) {
      Line& line = lines[(i + round) % lines.size()];
      line.rounds.push_back(
          line.sender->Run(requests, flags.in_flight, flags.seconds));
    }
    ratios.push_back(
        lines[2].rounds.back().rate /
        std::max(lines[0].rounds.back().rate, lines[1].rounds.back().rate));
  }
  double best = 0;
  for (const Line& line : lines) {
    if (line.sender != &assign) best = std::max(best, Median(line.rounds).rate);
  }
  std::printf("\nunary, %d in flight, request %zu bytes, answer %zu bytes\n",
              flags.in_flight, requests[0].size(), answer.size());
  std::printf("%-24s %10s %9s %9s %12s %14s\n", "", "calls/s", "p50 ms",
              "p99 ms", "cpu us/call", "of best echo");
  for (const Line& line : lines) {
    const Round round = Median(line.rounds);
    std::printf("%-24s %10.0f %9.2f %9.2f %12.1f %14.2f\n", line.name,
                round.rate, round.p50, round.p99, round.cpu, round.rate / best);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("%-24s median %.2f, %.2f to %.2f (want 0.90)\n",
              "ratio round by round", ratios[ratios.size() / 2], ratios.front(),
              ratios.back());

  std::printf("\nbatches of %d units, one experiment, exposures handed back\n",
              kBatchUnits);
  std::printf("%-24s %14s %9s %18s\n", "", "assignments/s", "of 2 M/s",
              "cpu ns/assignment");
  struct Form {
    const char* name;
    v1::BatchAssignRequest (*make)(int);
  };
  for (const Form& form :
       {Form{"units", FriendlyBatch}, Form{"columns", ColumnsBatch}}) {
    std::vector<Batches> rounds;
    for (int round = 0; round < flags.rounds; ++round) {
      rounds.push_back(RunBatches(subject.port(), form.make, 8, flags.seconds));
    }
    std::sort(
        rounds.begin(), rounds.end(),
        [](const Batches& a, const Batches& b) { return a.rate < b.rate; });
    const Batches& median = rounds[rounds.size() / 2];
    std::printf("%-24s %14.0f %9.2f %18.0f\n", form.name, median.rate,
                median.rate / 2e6, median.cpu);
  }
  return 0;
}

}  // namespace
}  // namespace stagecraft::service

int main(int argc, char** argv) {
  // As the server does.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  stagecraft::service::Flags flags;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    const auto number = [&argument](absl::string_view name, auto* value) {
      absl::string_view text = argument;
      if (!absl::ConsumePrefix(&text, absl::StrCat("--", name, "="))) {
        return false;
      }
      double parsed = 0;
      if (!absl::SimpleAtod(text, &parsed) || !(parsed > 0)) return false;
      *value = static_cast<std::remove_pointer_t<decltype(value)>>(parsed);
      return *value > 0;
    };
    if (number("seconds", &flags.seconds) || number("rounds", &flags.rounds) ||
        number("in_flight", &flags.in_flight)) {
      continue;
    }
    std::fprintf(stderr,
                 "%s is not known, want --seconds, --rounds or --in_flight "
                 "with a number above 0\n",
                 argv[i]);
    return 2;
  }
  return stagecraft::service::Main(flags);
}
