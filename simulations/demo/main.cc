// stagecraft-demo: plays the demonstration through a running server.
//
//   stagecraft-demo --server 127.0.0.1:7400 --out demo-out [--units 240000]
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/print.h"
#include "clients/cli/progress.h"
#include "clients/cpp/client.h"
#include "clients/report/report.h"
#include "simulations/demo/player.h"
#include "simulations/demo/sample.h"
#include "simulations/demo/shop.h"

namespace stagecraft::simulations {
namespace {

int Fail(const absl::Status& status) {
  std::cerr << "stagecraft-demo: " << status.message() << "\n";
  return 1;
}

// Asks for results again and again while events stream in, as a dashboard
// would, and keeps how long each answer took.
class Watcher {
 public:
  explicit Watcher(const std::string& server)
      : thread_([this, server] { Run(server); }) {}
  ~Watcher() { Stop(); }

  // Milliseconds, sorted.
  std::vector<double> Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    std::sort(millis_.begin(), millis_.end());
    return millis_;
  }

 private:
  void Run(const std::string& server) {
    auto client = client::Client::Connect({.target = server});
    if (!client.ok()) return;
    while (!stop_) {
      v1::GetExperimentResultsRequest request;
      request.set_name(kHeroImage);
      const absl::Time begin = absl::Now();
      const auto results = (*client)->GetExperimentResults(request);
      if (results.ok()) {
        millis_.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
      }
      absl::SleepFor(absl::Milliseconds(50));
    }
  }

  std::atomic<bool> stop_{false};
  std::vector<double> millis_;
  std::thread thread_;
};

absl::StatusOr<std::string> WriteReport(client::Client& client,
                                        const std::string& experiment,
                                        absl::Time as_of,
                                        const std::string& folder) {
  v1::GetExperimentResultsRequest request;
  request.set_name(experiment);
  request.set_view(v1::RESULT_VIEW_FULL);
  request.mutable_as_of()->set_seconds(absl::ToUnixSeconds(as_of));
  const auto results = client.GetExperimentResults(request);
  if (!results.ok()) return results.status();
  v1::GetJourneyFunnelRequest ask;
  ask.set_name("journeys/shop");
  *ask.mutable_as_of() = request.as_of();
  const auto funnel = client.GetJourneyFunnel(ask);
  if (!funnel.ok()) return funnel.status();
  v1::ListDecisionsRequest list;
  list.set_parent(experiment);
  const auto decisions = client.ListDecisions(list);
  if (!decisions.ok()) return decisions.status();
  const std::string path =
      absl::StrCat(folder, "/report-",
                   experiment.substr(experiment.rfind('/') + 1), ".html");
  std::ofstream file(path, std::ios::binary);
  file << client::RenderExperimentReport(
      *results, *funnel,
      {decisions->decisions().begin(), decisions->decisions().end()});
  file.close();
  if (!file) return absl::UnavailableError("cannot write " + path);
  return path;
}

int Main(int argc, char** argv) {
  std::string server = "localhost:7400";
  std::string out = "demo-out";
  PlayOptions options;
  options.begin =
      absl::FromCivil(absl::CivilSecond(2024, 3, 4), absl::UTCTimeZone());
  CLI::App app(
      "Plays a five-stage shop journey with three experiments through "
      "a running stagecraft server.");
  app.add_option("--server", server, "host:port of the server")
      ->capture_default_str();
  app.add_option("--out", out, "the folder for reports and the sample")
      ->capture_default_str();
  app.add_option("--units", options.units, "people")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1000}, int64_t{100'000'000}));
  app.add_option("--seed", options.seed, "seed of their lives")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::error_code error;
  std::filesystem::create_directories(out + "/sample", error);
  if (error) {
    return Fail(absl::UnavailableError(
        absl::StrCat("cannot make ", out, "/sample: ", error.message())));
  }
  if (absl::Status s = WriteSample(out + "/sample"); !s.ok()) return Fail(s);
  auto client = client::Client::Connect(
      {.target = server, .wait_for_ready = absl::Seconds(10)});
  if (!client.ok()) return Fail(client.status());

  std::cout << absl::StreamFormat(
      "Playing %d people through journeys/shop over gRPC, 38 virtual days.\n",
      options.units);
  const bool terminal = isatty(STDERR_FILENO) != 0;
  cli::Progress progress(
      std::cerr, {.style = terminal ? cli::ProgressOptions::Style::kBar
                                    : cli::ProgressOptions::Style::kLines,
                  .noun = "people"});
  std::vector<std::string> found;
  PlayHooks hooks;
  hooks.on_progress = [&](int64_t units) {
    progress.Update(units, options.units, units);
  };
  hooks.on_decision = [&](int day, const v1::Decision& decision) {
    found.push_back(
        absl::StrCat("  day ", day, ": ", decision.experiment(), " is ",
                     v1::Verdict::Kind_Name(decision.verdict().kind()), " ",
                     decision.verdict().variant()));
  };
  Watcher watcher(server);
  const absl::Time begin = absl::Now();
  const auto totals = Play(**client, options, hooks);
  progress.Finish();
  if (!totals.ok()) return Fail(totals.status());
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  const std::vector<double> millis = watcher.Stop();

  if (absl::Status s = ActOnVerdicts(**client, totals->end); !s.ok()) {
    return Fail(s);
  }

  v1::GetJourneyFunnelRequest ask;
  ask.set_name("journeys/shop");
  ask.mutable_as_of()->set_seconds(absl::ToUnixSeconds(totals->end));
  const auto funnel = (*client)->GetJourneyFunnel(ask);
  if (!funnel.ok()) return Fail(funnel.status());
  std::cout << "\n" << cli::FunnelText(*funnel);
  std::cout
      << "\nVerdicts as the days went by (one look a day, always valid):\n";
  for (const std::string& line : found) std::cout << line << "\n";

  for (const char* name : {kOnePage, kHeroImage, kScarcity}) {
    v1::GetExperimentResultsRequest request;
    request.set_name(name);
    request.mutable_as_of()->set_seconds(absl::ToUnixSeconds(totals->end));
    const auto results = (*client)->GetExperimentResults(request);
    if (!results.ok()) return Fail(results.status());
    std::cout << "\n"
              << results->experiment().display_name() << " (" << name
              << ", at stage " << results->experiment().stage() << ")\n"
              << cli::VerdictText(results->verdict());
  }

  std::cout << absl::StreamFormat(
      "\n%.1f s: %d people (%.0f/s), %d assignments with exposures, %d events "
      "(%d sent twice), %d aliases; %.0f events/s durable and counted.\n",
      seconds, totals->units, totals->units / seconds, totals->assignments,
      totals->events, totals->duplicates, totals->aliases,
      (totals->events + totals->assignments) / seconds);
  if (!millis.empty()) {
    std::cout << absl::StreamFormat(
        "Results while events came in: %d calls, p50 %.1f ms, p99 %.1f ms.\n",
        millis.size(), millis[millis.size() / 2],
        millis[millis.size() * 99 / 100]);
  }
  std::cout << "\nReports:\n";
  for (const char* name : {kOnePage, kHeroImage, kScarcity}) {
    const auto path = WriteReport(**client, name, totals->end, out);
    if (!path.ok()) return Fail(path.status());
    std::cout << "  " << *path << "\n";
  }
  return 0;
}

}  // namespace
}  // namespace stagecraft::simulations

int main(int argc, char** argv) {
  return stagecraft::simulations::Main(argc, argv);
}
