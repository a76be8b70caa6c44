// stagecraft-prove: measures what stagecraft promises.
//
//   stagecraft-prove [--quick] [--page FILE] [NAME...]
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "simulations/proof/page.h"
#include "simulations/proof/proof.h"

namespace stagecraft::simulations {
namespace {

constexpr double kQuickScale = 0.05;

int Fail(const std::string& message) {
  std::cerr << "stagecraft-prove: " << message << "\n";
  return 2;
}

// One line on a terminal, drawn over; nothing elsewhere.
class Bar {
 public:
  explicit Bar(std::string name) : name_(std::move(name)) {}
  void Draw(double done) {
    const absl::Time now = absl::Now();
    if (!terminal_ || now - last_ < absl::Milliseconds(100)) return;
    last_ = now;
    std::cerr << absl::StreamFormat("\r%-20s %3.0f %% of this part, %.0f s ",
                                    name_, 100 * done, Seconds());
  }
  double Seconds() const { return absl::ToDoubleSeconds(absl::Now() - start_); }
  void Clear() const {
    if (terminal_) std::cerr << "\r\033[K";
  }

 private:
  const std::string name_;
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  const absl::Time start_ = absl::Now();
  absl::Time last_;
};

absl::StatusOr<std::vector<Proof>> Choose(
    const std::vector<std::string>& names) {
  std::vector<Proof> all = AllProofs();
  if (names.empty()) return all;
  std::vector<Proof> chosen;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(all.begin(), all.end(),
                     [&](const Proof& proof) { return proof.name == name; });
    if (found == all.end()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "NAME is `%s`, want one of %s", name,
          absl::StrJoin(all, ", ", [](std::string* out, const Proof& proof) {
            out->append(proof.name);
          })));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

absl::StatusOr<ProofResult> RunProof(const Proof& proof, ProofRun run) {
  Bar bar(proof.name);
  run.progress = [&](double done) { bar.Draw(done); };
  ProofResult result{proof};
  auto lines = proof.run(run);
  bar.Clear();
  if (!lines.ok()) return lines.status();
  result.lines = *std::move(lines);
  result.seconds = bar.Seconds();
  return result;
}

void Print(const ProofResult& result) {
  std::cout << absl::StreamFormat("%s: %s (%.1f s)\n", result.proof.name,
                                  result.proof.title, result.seconds);
  for (const Line& line : result.lines) {
    std::cout << absl::StreamFormat(
        "  %-7s %s: %s (%s)%s\n",
        !IsPromised(line)   ? "shown"
        : !IsKept(line)     ? "BROKEN"
        : !IsMeasured(line) ? "no data"
                            : "kept",
        line.what, ValueText(line.measured.value, line), IntervalText(line),
        IsPromised(line) ? ", promised " + PromiseText(line) : "");
  }
  std::cout.flush();
}

int Main(int argc, char** argv) {
  ProofRun run;
  run.threads =
      std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::vector<std::string> names;
  std::string page;
  bool quick = false;
  CLI::App app(
      "Measures what stagecraft promises, through the code that serves. Exits "
      "with 1 if a promise is broken.");
  app.add_option("NAME", names, "proofs to run; all if none is named");
  app.add_flag("--quick", quick, "a twentieth of the replications");
  app.add_option("--scale", run.scale, "multiplies the replications")
      ->capture_default_str()
      ->check(CLI::Range(1e-4, 1e4));
  app.add_option("--seed", run.seed, "everything follows from it")
      ->capture_default_str();
  app.add_option("--threads", run.threads, "the answer does not depend on them")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  app.add_option("--page", page, "write the page (Markdown) to this file");
  CLI11_PARSE(app, argc, argv);
  if (quick) run.scale *= kQuickScale;

  const auto proofs = Choose(names);
  if (!proofs.ok()) return Fail(std::string(proofs.status().message()));
  std::vector<ProofResult> results;
  for (const Proof& proof : *proofs) {
    auto result = RunProof(proof, run);
    if (!result.ok()) {
      return Fail(proof.name + ": " + std::string(result.status().message()));
    }
    Print(*result);
    results.push_back(*std::move(result));
  }
  if (!page.empty()) {
    std::ofstream file(page, std::ios::binary);
    file << RenderPage(run, results);
    file.close();
    if (!file) return Fail("cannot write " + page);
    std::cout << "written: " << page << "\n";
  }
  int promised = 0;
  int without_data = 0;
  std::vector<std::string> broken;
  for (const ProofResult& result : results) {
    for (const Line& line : result.lines) {
      promised += IsPromised(line) ? 1 : 0;
      without_data += IsPromised(line) && !IsMeasured(line) ? 1 : 0;
      if (!IsKept(line)) broken.push_back(result.proof.name + ": " + line.what);
    }
  }
  std::cout << absl::StreamFormat("%d promises, %d broken, %d without data\n",
                                  promised, broken.size(), without_data);
  for (const std::string& line : broken) std::cout << "BROKEN " << line << "\n";
  // Few replications may leave some lines without data.
  return broken.empty() && (without_data == 0 || run.scale < 1) ? 0 : 1;
}

}  // namespace
}  // namespace stagecraft::simulations

int main(int argc, char** argv) {
  return stagecraft::simulations::Main(argc, argv);
}
