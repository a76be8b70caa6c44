// A load within the process: events that are taken in durably, counted once and
// folded; then looks, a rescan, a snapshot and a start, beside the limits of
// the machine in the same run.
//
//   load_benchmark [--events=N] [--threads=N] [--batch=N] [--unit-mb=N]
//                  [--data=DIRECTORY] [--keep]
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "engine/engine.h"
#include "engine/event_block.h"
#include "engine/store/rocks_store.h"
#include "tests/support/load.h"

namespace stagecraft {
namespace {

using engine::Micros;
using Clock = std::chrono::steady_clock;

double Since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ThreadCpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) * 1e-9;
}

double ResidentMegabytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0;
  file >> pages >> pages;
  return static_cast<double>(pages) * 4096 / 1e6;
}

double DirectoryBytes(const std::string& path) {
  double bytes = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(path)) {
    std::error_code error;
    if (entry.is_regular_file(error)) {
      bytes += static_cast<double>(entry.file_size(error));
    }
  }
  return bytes;
}

double Quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q *
                                    static_cast<double>(values.size() - 1))];
}

struct Options {
  int64_t events = 2'000'000;
  int64_t threads = 2;
  int64_t batch = 5'000;
  int64_t unit_mb = 4096;
  std::string data;
  bool keep = false;
};

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::exit(1);
}

engine::Specs MakeSpecs(int experiments) {
  engine::Specs specs;
  specs.journeys = {testing::MakeLoadJourney()};
  specs.experiments =
      testing::MakeLoadExperiments(specs.journeys[0], experiments);
  return specs;
}

// Blocks of the same events, written to a plain file with a sync each: what the
// disk allows.
double RawWrites(const Options& options, const std::string& path) {
  testing::Load load({.events = std::min<int64_t>(options.events, 1'000'000)});
  testing::LoadBatch batch;
  engine::EventBatch events;
  std::vector<std::string> blocks;
  int64_t total = 0;
  while (load.Next(static_cast<int>(options.batch), &batch)) {
    testing::RenderTexts(&batch);
    testing::AddTo(load, batch, &events);
    std::vector<uint32_t> items(events.items().size());
    for (uint32_t i = 0; i < items.size(); ++i) items[i] = i;
    blocks.push_back(engine::EncodeBlock(events, items));
    total += static_cast<int64_t>(items.size());
  }
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  const auto begin = Clock::now();
  for (const std::string& block : blocks) {
    if (write(file, block.data(), block.size()) < 0) std::exit(1);
    fdatasync(file);
  }
  const double seconds = Since(begin);
  close(file);
  unlink(path.c_str());
  return static_cast<double>(total) / seconds;
}

struct Result {
  double seconds = 0;
  double cpu = 0;
  std::vector<double> acknowledged;  // Milliseconds.
  int64_t duplicates = 0;
};

// Several producers, each with people of its own.
Result Ingest(const Options& options, engine::Engine* engine) {
  Result result;
  std::mutex mutex;
  double making = 0;  // CPU seconds of making the load, not of the engine.
  const auto begin = Clock::now();
  const double cpu = CpuSeconds();
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < options.threads; ++t) {
    threads.emplace_back([&, t] {
      testing::Load load(
          {.events = options.events / options.threads,
           .seed = static_cast<uint64_t>(t) + 1,
           .first_person = static_cast<uint32_t>(t * (int64_t{1} << 26))});
      testing::LoadBatch batch;
      engine::EventBatch events;
      std::vector<double> times;
      double own = 0;
      while (true) {
        const double made = ThreadCpuSeconds();
        if (!load.Next(static_cast<int>(options.batch), &batch)) break;
        testing::RenderTexts(&batch);
        testing::AddTo(load, batch, &events);
        const std::vector<engine::Alias> aliases = MakeAliases(batch);
        own += ThreadCpuSeconds() - made;
        const auto sent = Clock::now();
        const auto report = engine->Ingest(events, aliases);
        Check(report.status());
        times.push_back(Since(sent) * 1e3);
      }
      std::lock_guard lock(mutex);
      making += own;
      result.acknowledged.insert(result.acknowledged.end(), times.begin(),
                                 times.end());
    });
  }
  for (std::thread& thread : threads) thread.join();
  result.seconds = Since(begin);
  result.cpu = CpuSeconds() - cpu - making;
  result.duplicates = engine->GetStats().duplicate_events;
  return result;
}

void Row(const std::string& what, const std::string& value,
         const std::string& asked = "") {
  std::printf("%-52s %18s   %s\n", what.c_str(), value.c_str(), asked.c_str());
  std::fflush(stdout);
}

template <typename... Args>
std::string Format(const char* format, Args... args) {
  char text[100];
  std::snprintf(text, sizeof(text), format, args...);
  return text;
}

void Looks(engine::Engine* engine) {
  std::vector<double> times;
  for (int i = 0; i < 400; ++i) {
    const auto begin = Clock::now();
    const auto look = engine->LookAtExperiment(
        testing::LoadExperimentName(i % testing::kMaxLoadExperiments),
        testing::kLoadBegin + testing::kLoadLength);
    Check(look.status());
    times.push_back(Since(begin) * 1e6);
  }
  Row("look at an experiment, p50 / p99",
      Format("%.1f / %.1f us", Quantile(times, 0.5), Quantile(times, 0.99)));
}

void Scan(const Options& options, engine::Engine* engine) {
  const engine::Specs specs = MakeSpecs(testing::kMaxLoadExperiments);
  auto changed = std::make_shared<engine::Experiment>(*specs.experiments[0]);
  changed->segments.clear();
  for (engine::Kpi& kpi : changed->kpis) kpi.length = 2 * engine::kDay;
  const auto begin = Clock::now();
  const auto look =
      engine->Scan(changed, testing::kLoadBegin + testing::kLoadLength,
                   std::nullopt, [](double) { return true; });
  Check(look.status());
  const double seconds = Since(begin);
  Row("rescan for a changed window",
      Format("%.1f M events/s",
             static_cast<double>(options.events) / seconds / 1e6),
      "20");
}

void Run(const Options& options) {
  const std::string path = options.data.empty()
                               ? (std::filesystem::temp_directory_path() /
                                  "stagecraft-load-benchmark")
                                     .string()
                               : options.data;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  std::printf("%s events of %s people, %s producers, batches of %s\n",
              Format("%lld", (long long)options.events).c_str(),
              Format("%lld", (long long)options.events / 10).c_str(),
              Format("%lld", (long long)options.threads).c_str(),
              Format("%lld", (long long)options.batch).c_str());
  const double raw = RawWrites(options, path + "/raw");
  Row("limit: blocks written and synced to a plain file",
      Format("%.2f M events/s", raw / 1e6));
  const std::string data = path + "/store";
  {
    auto store = engine::OpenRocksStore({.path = data});
    Check(store.status());
    auto engine = engine::Engine::Open(store->get(),
                                       MakeSpecs(testing::kMaxLoadExperiments),
                                       {.unit_bytes = options.unit_mb << 20});
    Check(engine.status());
    const double before = ResidentMegabytes();
    const Result result = Ingest(options, engine->get());
    const double rate = static_cast<double>(options.events) / result.seconds;
    Row("ingested: durable, exactly once, folded",
        Format("%.2f M events/s", rate / 1e6), "1.5");
    Row("  ratio to the limit", Format("%.3f", rate / raw));
    Row("  CPU of an event, all threads",
        Format("%.2f us",
               result.cpu / static_cast<double>(options.events) * 1e6));
    Row("  acknowledged, p50 / p99 / max",
        Format("%.1f / %.1f / %.1f ms", Quantile(result.acknowledged, 0.5),
               Quantile(result.acknowledged, 0.99),
               Quantile(result.acknowledged, 1)),
        "p99 25");
    const auto stats = (*engine)->GetStats();
    Row("  duplicates left out", absl::StrCat(result.duplicates));
    Row("units in memory", absl::StrCat(stats.units.units));
    Row("  bytes of a unit",
        Format("%.0f", static_cast<double>(stats.units.bytes) /
                           static_cast<double>(
                               std::max<int64_t>(stats.units.units, 1))),
        "300");
    Row("  memory grown by", Format("%.0f MB", ResidentMegabytes() - before));
    Row("  reads of units from disk", absl::StrCat(stats.units.misses));
    Looks(engine->get());
    Scan(options, engine->get());
    Row("disk",
        Format("%.1f bytes/event",
               DirectoryBytes(data) / static_cast<double>(options.events)),
        "45");
    const auto begin = Clock::now();
    Check((*engine)->WriteSnapshot());
    Row("snapshot written in", Format("%.2f s", Since(begin)));
  }
  for (const bool snapshot : {true, false}) {
    if (!snapshot) std::filesystem::remove_all(data + "/derived");
    const auto begin = Clock::now();
    auto store = engine::OpenRocksStore({.path = data});
    Check(store.status());
    const double opened = Since(begin);
    auto engine = engine::Engine::Open(store->get(),
                                       MakeSpecs(testing::kMaxLoadExperiments),
                                       {.unit_bytes = options.unit_mb << 20});
    Check(engine.status());
    Row(snapshot ? "start with the snapshot" : "start from the log alone",
        Format("%.2f s (store %.2f)", Since(begin), opened),
        snapshot ? "5" : "");
    if (!snapshot) continue;
    const auto verified = Clock::now();
    Check((*engine)->Verify());
    Row("verified against a recomputation in",
        Format("%.2f s", Since(verified)));
  }
  if (!options.keep) std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace stagecraft

int main(int argc, char** argv) {
  // As the server does.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  stagecraft::Options options;
  const std::map<std::string, int64_t*> numbers = {
      {"--events", &options.events},
      {"--threads", &options.threads},
      {"--batch", &options.batch},
      {"--unit-mb", &options.unit_mb}};
  for (int i = 1; i < argc; ++i) {
    const std::pair<std::string, std::string> flag =
        absl::StrSplit(argv[i], absl::MaxSplits('=', 1));
    const auto it = numbers.find(flag.first);
    if (flag.first == "--keep") {
      options.keep = true;
    } else if (flag.first == "--data") {
      options.data = flag.second;
    } else if (it == numbers.end() ||
               !absl::SimpleAtoi(flag.second, it->second) || *it->second < 1) {
      std::fprintf(stderr, "unknown flag or bad number: %s\n", argv[i]);
      return 2;
    }
  }
  stagecraft::Run(options);
}
