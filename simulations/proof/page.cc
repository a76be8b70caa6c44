#include "simulations/proof/page.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace stagecraft::simulations {
namespace {

constexpr char kIntroduction[] =
    R"(# The proof book

Written by `./dev prove`: do not edit. Every rate that stagecraft promises is measured here by simulation, through the code that serves: the engine's analysis and
decision rule on tallies, its fold on events, its assignment, and the functions of [stats/](../stats) that these call.

- **measured** is what the replications gave, with the interval in which the value for infinitely many of them lies but for a chance of 1 in 100,000: Clopper and
  Pearson's for shares, normal for means and for the logarithm of a ratio of variances, Dvoretzky, Kiefer, Wolfowitz and Massart's for distributions.
- **promised** is what we, or the method's authors, say. A range is what the source leaves open: the digits of a table, the error of a large-sample limit.
- **kept** says whether the interval meets the promise; without a promise a line just shows something. A promise that is true fails once in 100,000 lines.
- Everything follows from the seed, for any number of threads.

A broken promise fails the run. Then the engine or the statistics are to be mended, never the scenario.
)";

int Digits(const Line& line) {
  const double width = line.measured.upper - line.measured.lower;
  const double scale = line.unit == LineUnit::kPercent ? 100 : 1;
  if (!std::isfinite(width) || !(width > 0)) return 2;
  const int digits =
      static_cast<int>(std::ceil(-std::log10(width * scale))) + 1;
  return std::clamp(digits, line.unit == LineUnit::kPercent ? 2 : 3, 5);
}

std::string Number(double value, int digits, LineUnit unit) {
  if (!std::isfinite(value)) return "unknown";
  const bool percent = unit == LineUnit::kPercent;
  const std::string text =
      absl::StrFormat("%.*f", digits, percent ? 100 * value : value);
  // No "-0.00".
  return text.find_first_not_of("-0.") == std::string::npos
             ? absl::StrFormat("%.*f", digits, 0.0)
             : text;
}

// As few digits as say it.
std::string Promised(double value, LineUnit unit) {
  const double shown = unit == LineUnit::kPercent ? 100 * value : value;
  return absl::StrFormat("%.6g", shown);
}

std::string Suffix(const Line& line) {
  return line.unit == LineUnit::kPercent ? " %" : "";
}

std::string Cell(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}});
}

}  // namespace

std::string ValueText(double value, const Line& line) {
  return Number(value, Digits(line), line.unit) + Suffix(line);
}

std::string PromiseText(const Line& line) {
  const auto text = [&](double value) { return Promised(value, line.unit); };
  const double lower = line.promise.lower;
  const double upper = line.promise.upper;
  if (!IsPromised(line)) return "";
  if (lower == upper) return text(lower) + Suffix(line);
  if (!std::isfinite(lower)) {
    return absl::StrCat("at most ", text(upper), Suffix(line));
  }
  if (!std::isfinite(upper)) {
    return absl::StrCat("at least ", text(lower), Suffix(line));
  }
  return absl::StrCat(text(lower), " to ", text(upper), Suffix(line));
}

std::string IntervalText(const Line& line) {
  const int digits = Digits(line);
  return absl::StrCat(Number(line.measured.lower, digits, line.unit), " to ",
                      Number(line.measured.upper, digits, line.unit),
                      Suffix(line));
}

std::string RenderPage(const ProofRun& run,
                       const std::vector<ProofResult>& results) {
  int promised = 0;
  int broken = 0;
  std::string summary;
  std::string body;
  for (size_t i = 0; i < results.size(); ++i) {
    const ProofResult& result = results[i];
    absl::StrAppend(&body, "\n## ", i + 1, ". ", result.proof.title, "\n\n",
                    result.proof.promise, "\n\nSource: ", result.proof.source,
                    "\n\n| what | measured | interval | promised | kept | "
                    "replications |\n|---|---|---|---|---|---|\n");
    int mine = 0;
    for (const Line& line : result.lines) {
      const bool is_promised = IsPromised(line);
      mine += is_promised ? 1 : 0;
      broken += IsKept(line) ? 0 : 1;
      absl::StrAppend(&body, "| ", Cell(line.what), " | ",
                      ValueText(line.measured.value, line), " | ",
                      IntervalText(line), " | ",
                      is_promised ? PromiseText(line) : "(shown)", " | ",
                      !is_promised        ? ""
                      : !IsKept(line)     ? "**NO**"
                      : !IsMeasured(line) ? "no data"
                                          : "yes",
                      " | ", line.measured.replications, " |\n");
    }
    promised += mine;
    absl::StrAppend(&summary, "| ", i + 1, " | ", result.proof.title, " | ",
                    mine, " | ", result.kept() ? "yes" : "**NO**", " |\n");
  }
  return absl::StrCat(
      kIntroduction, "\nSeed ", run.seed, ", scale ",
      absl::StrFormat("%g", run.scale), ": ", promised, " promises, ", broken,
      " broken.\n\n| | what | promises | kept |\n|---|---|---|---|\n", summary,
      body);
}

}  // namespace stagecraft::simulations
