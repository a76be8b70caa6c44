// The proof book: what we promise, measured by simulation through the code that
// serves. A proof is a set of measured lines; a line has a promise beside it,
// or just shows something.
//
// A measured value comes with the interval in which the value for infinitely
// many replications lies, but for a chance of kMiss = 1e-5. A promise is kept
// if that interval meets what was promised: a promise that is true fails once
// in 100,000 lines. Everything follows from the seed, so that a book that
// passed passes again.
#ifndef STAGECRAFT_SIMULATIONS_PROOF_PROOF_H_
#define STAGECRAFT_SIMULATIONS_PROOF_PROOF_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::simulations {

inline constexpr double kMiss = 1e-5;

// That a value lies in [lower, upper].
struct Promise {
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
};
// `tolerance` is what the source of the promise leaves open: the digits of a
// table, the error of a large-sample limit.
Promise Exactly(double value, double tolerance = 0);
Promise AtMost(double value);
Promise AtLeast(double value);
// Shown, not promised.
inline Promise NoPromise() { return {}; }

// What was measured.
struct Measured {
  int64_t replications = 0;
  double value = 0;
  double lower = 0;
  double upper = 0;
};

enum class LineUnit { kPercent, kNumber };

struct Line {
  std::string what;
  LineUnit unit = LineUnit::kPercent;
  Promise promise;
  Measured measured;
};
bool IsPromised(const Line& line);
// Whether there were enough replications for an interval.
bool IsMeasured(const Line& line);
// True also where nothing is promised, and where nothing was measured.
bool IsKept(const Line& line);

// How a proof is to be run. The answer depends on scale and seed alone.
struct ProofRun {
  double scale = 1;  // Multiplies the replications; > 0.
  uint64_t seed = 1;
  int threads = 1;  // At least 1.
  // Called now and then from one thread at a time, with the share of a part of
  // the proof that is done.
  std::function<void(double done)> progress;

  // Replications for `full` of them at scale 1; at least 10.
  int64_t Replications(int64_t full) const;
};

struct Proof {
  std::string name;     // `peeking`; of a-z and `-`.
  std::string title;    // A claim in a few words.
  std::string promise;  // What is promised, and how it is measured: Markdown.
  std::string source;   // Who says so.
  std::function<absl::StatusOr<std::vector<Line>>(const ProofRun&)> run;
};

// The book, in its order.
std::vector<Proof> AllProofs();

struct ProofResult {
  Proof proof;
  std::vector<Line> lines;
  double seconds = 0;  // Not part of the page.
  bool kept() const;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_PROOF_PROOF_H_
