#include "simulations/proof/proof.h"

#include <algorithm>
#include <cmath>

namespace stagecraft::simulations {

Promise Exactly(double value, double tolerance) {
  return {value - tolerance, value + tolerance};
}

Promise AtMost(double value) { return {.upper = value}; }

Promise AtLeast(double value) { return {.lower = value}; }

bool IsPromised(const Line& line) {
  return std::isfinite(line.promise.lower) || std::isfinite(line.promise.upper);
}

bool IsMeasured(const Line& line) {
  return std::isfinite(line.measured.lower) &&
         std::isfinite(line.measured.upper);
}

bool IsKept(const Line& line) {
  return line.measured.upper >= line.promise.lower &&
         line.measured.lower <= line.promise.upper;
}

int64_t ProofRun::Replications(int64_t full) const {
  constexpr int64_t kFewest = 10;
  return std::max(
      kFewest,
      static_cast<int64_t>(std::llround(static_cast<double>(full) * scale)));
}

bool ProofResult::kept() const {
  return std::all_of(lines.begin(), lines.end(), IsKept);
}

}  // namespace stagecraft::simulations
