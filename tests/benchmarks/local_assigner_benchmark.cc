// What an assignment costs within the caller's process, through a LocalAssigner
// that watches a server: the look for the newest configuration, the hash of the
// unit's id and the attributes included. One item is one answer for one
// experiment. Allocations are those of the asking thread.
#include <grpcpp/grpcpp.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "benchmark/benchmark.h"
#include "clients/cpp/client.h"
#include "clients/cpp/local_assigner.h"
#include "stagecraft/v1/assignment.grpc.pb.h"

namespace {

thread_local int64_t allocations = 0;
thread_local int64_t live_bytes = 0;  // What this thread took and gave back.

void* Allocate(size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  ++allocations;
  live_bytes += static_cast<int64_t>(malloc_usable_size(memory));
  return memory;
}

void Free(void* memory) {
  if (memory == nullptr) return;
  live_bytes -= static_cast<int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t) noexcept { Free(memory); }
void operator delete[](void* memory, size_t) noexcept { Free(memory); }

namespace stagecraft::client {
namespace {

// Running experiments with the targeting of assignment_benchmark.cc: all the
// same, or each with a condition of its own besides.
v1::AssignmentConfig MakeConfig(int count, bool own) {
  v1::AssignmentConfig config;
  config.set_revision("0");
  for (int i = 0; i < count; ++i) {
    v1::Experiment* experiment = config.add_experiments();
    experiment->set_name(absl::StrCat("journeys/onboarding/experiments/e-", i));
    experiment->set_revision(1);
    experiment->set_state(v1::Experiment::RUNNING);
    experiment->mutable_frozen_journey()->set_name("journeys/onboarding");
    for (const char* id : {"control", "b"}) {
      v1::Variant* variant = experiment->add_variants();
      variant->set_id(id);
      variant->set_share_ppm(500'000);
      v1::Experiment::Allocation* range = experiment->add_allocations();
      range->set_variant(id);
      range->set_start_ppm(500'000 * (experiment->allocations_size() - 1));
      range->set_end_ppm(500'000 * experiment->allocations_size());
    }
    auto* all = experiment->mutable_targeting()->mutable_all_of();
    v1::Condition* channel = all->add_predicates()->mutable_condition();
    channel->set_attribute("channel");
    channel->set_operator_(v1::Condition::IN);
    for (const char* value : {"app", "email", "web"}) {
      channel->add_values()->set_string_value(value);
    }
    v1::Condition* age = all->add_predicates()->mutable_condition();
    age->set_attribute("age");
    age->set_operator_(v1::Condition::GREATER_OR_EQUAL);
    age->add_values()->set_number_value(18);
    if (!own) continue;
    v1::Condition* other = all->add_predicates()->mutable_condition();
    other->set_attribute("age");
    other->set_operator_(v1::Condition::LESS);
    other->add_values()->set_number_value(70 + i);
  }
  return config;
}

// Streams one configuration, with a new revision so many times a second.
class Streamer : public v1::AssignmentService::Service {
 public:
  Streamer(v1::AssignmentConfig config, int64_t per_second)
      : config_(std::move(config)), per_second_(per_second) {}

  grpc::Status WatchAssignmentConfig(
      grpc::ServerContext* context, const v1::WatchAssignmentConfigRequest*,
      grpc::ServerWriter<v1::AssignmentConfig>* writer) override {
    const std::chrono::nanoseconds pause(1'000'000'000 /
                                         std::max<int64_t>(per_second_, 100));
    auto next = std::chrono::steady_clock::now();
    writer->Write(config_);
    while (!context->IsCancelled()) {
      std::this_thread::sleep_until(next += pause);
      if (per_second_ == 0) continue;
      config_.set_revision(absl::StrCat(++swaps_));
      writer->Write(config_);
    }
    return grpc::Status::OK;
  }

  int64_t swaps() const { return swaps_; }

 private:
  v1::AssignmentConfig config_;
  const int64_t per_second_;
  std::atomic<int64_t> swaps_{0};
};

// A server, a client and an assigner that has a configuration.
class World {
 public:
  World(int experiments, bool own, int64_t swaps_per_second)
      : streamer_(MakeConfig(experiments, own), swaps_per_second) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&streamer_);
    server_ = builder.BuildAndStart();
    client_ = *Client::FromChannel(server_->InProcessChannel({}));
    assigner_ = *LocalAssigner::Open(client_.get());
    if (!assigner_->AwaitConfig(absl::Now() + absl::Seconds(30)).ok()) {
      std::abort();
    }
  }
  ~World() {
    assigner_ = nullptr;
    server_->Shutdown();
  }

  const LocalAssigner& assigner() const { return *assigner_; }
  int64_t swaps() const { return streamer_.swaps(); }

 private:
  Streamer streamer_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<LocalAssigner> assigner_;
};

// Units with attributes of their own; a power of two of them.
struct Unit {
  std::string id;
  engine::Attributes attributes;
  std::vector<engine::AttributeRef> refs;  // The same.
  v1::AssignRequest request;               // The same.
};
constexpr size_t kUnits = 1024;

const std::vector<Unit>& Units() {
  static const auto* units = [] {
    const std::vector<std::string> channels = {"app", "email", "web", "shop"};
    const std::vector<std::string> countries = {"AT", "CH", "DE", "FR", "US"};
    auto* made = new std::vector<Unit>(kUnits);
    for (size_t i = 0; i < kUnits; ++i) {
      Unit& unit = (*made)[i];
      const uint64_t hash = engine::HashBytes(absl::StrCat("unit ", i));
      unit.id = absl::StrCat("018f3b1c-7e2a-7c44-9a1b-", 100'000'000'000 + i);
      unit.request.set_unit_id(unit.id);
      unit.attributes = {{"age", static_cast<double>(14 + hash % 60)},
                         {"channel", channels[hash / 64 % channels.size()]},
                         {"country", countries[hash / 512 % countries.size()]},
                         {"plan", std::string(hash % 3 == 0 ? "pro" : "free")}};
      for (const auto& [key, value] : unit.attributes) {
        unit.refs.push_back({key, engine::View(value)});
        v1::AttributeValue& wire = (*unit.request.mutable_attributes())[key];
        if (const auto* number = std::get_if<double>(&value)) {
          wire.set_number_value(*number);
        } else {
          wire.set_string_value(std::get<std::string>(value));
        }
      }
    }
    return made;
  }();
  return *units;
}

void Report(benchmark::State& state, int64_t experiments, int64_t allocated) {
  state.SetItemsProcessed(state.iterations() * experiments);
  state.counters["units"] = benchmark::Counter(
      static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["allocations_per_unit"] =
      static_cast<double>(allocated) / static_cast<double>(state.iterations());
}

[[gnu::always_inline]] inline void AssignOne(
    const LocalAssigner& assigner, const Unit& unit,
    absl::Span<LocalAssignment> answers) {
  const LocalConfig& config = assigner.current();
  engine::ResolvedUnit resolved(config.snapshot(), unit.id, unit.refs);
  config.AssignAll(resolved, answers);
  benchmark::DoNotOptimize(answers.data());
  benchmark::ClobberMemory();
}

// range(0) experiments; range(1): each has a condition of its own.
void BM_LocalAssign(benchmark::State& state) {
  const World world(static_cast<int>(state.range(0)), state.range(1) != 0, 0);
  const std::vector<Unit>& units = Units();
  std::vector<LocalAssignment> answers(state.range(0));
  world.assigner().current();  // The first time costs a copy of a pointer.
  const int64_t before = allocations;
  size_t next = 0;
  for (auto _ : state) {
    AssignOne(world.assigner(), units[next++ % kUnits],
              absl::MakeSpan(answers));
  }
  Report(state, state.range(0), allocations - before);
}
BENCHMARK(BM_LocalAssign)
    ->ArgNames({"experiments", "own"})
    ->ArgsProduct({{1, 50}, {0, 1}});

// The friendly form: messages in, messages out.
void BM_LocalAssignMessage(benchmark::State& state) {
  const World world(static_cast<int>(state.range(0)), false, 0);
  const std::vector<Unit>& units = Units();
  const int64_t before = allocations;
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        world.assigner().Assign(units[next++ % kUnits].request));
  }
  Report(state, state.range(0), allocations - before);
}
BENCHMARK(BM_LocalAssignMessage)->ArgName("experiments")->Arg(1)->Arg(50);

// One unit in 50 experiments while the server sends a new configuration
// range(0) times a second, which another thread of this process reads, makes
// ready and swaps in.
void BM_LocalAssignWhileSwapped(benchmark::State& state) {
  const World world(50, false, state.range(0));
  const std::vector<Unit>& units = Units();
  std::vector<LocalAssignment> answers(50);
  constexpr size_t kTimes = 1 << 20;
  std::vector<float> times(kTimes);
  world.assigner().current();
  const int64_t before = allocations;
  const int64_t swaps_before = world.swaps();
  size_t next = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    AssignOne(world.assigner(), units[next % kUnits], absl::MakeSpan(answers));
    const std::chrono::duration<float, std::nano> time =
        std::chrono::steady_clock::now() - begin;
    times[next++ % kTimes] = time.count();
  }
  const int64_t swaps = world.swaps() - swaps_before;
  Report(state, 50, allocations - before);
  times.resize(std::min(next, kTimes));
  std::sort(times.begin(), times.end());
  state.counters["p50_ns"] = times[times.size() / 2];
  state.counters["p99_ns"] = times[times.size() * 99 / 100];
  state.counters["p999_ns"] = times[times.size() * 999 / 1000];
  state.counters["swaps"] = static_cast<double>(swaps);
  if (swaps > 0) {
    state.counters["allocations_per_swap"] =
        static_cast<double>(allocations - before) / static_cast<double>(swaps);
  }
}
BENCHMARK(BM_LocalAssignWhileSwapped)
    ->ArgName("swaps_per_second")
    ->Arg(0)
    ->Arg(100)
    ->MinTime(2)
    ->UseRealTime();

// What a new configuration costs, and the memory that it keeps.
void BM_MakeLocalConfig(benchmark::State& state) {
  const v1::AssignmentConfig config =
      MakeConfig(static_cast<int>(state.range(0)), state.range(1) != 0);
  int64_t bytes = 0;
  for (auto _ : state) {
    const int64_t before = live_bytes;
    const auto made = LocalConfig::Make(config);
    if (!made.ok()) state.SkipWithError("not made");
    bytes = live_bytes - before;
  }
  state.counters["bytes_per_experiment"] =
      static_cast<double>(bytes) / static_cast<double>(state.range(0));
}
BENCHMARK(BM_MakeLocalConfig)
    ->ArgNames({"experiments", "own"})
    ->ArgsProduct({{1, 50, 1000}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace stagecraft::client
