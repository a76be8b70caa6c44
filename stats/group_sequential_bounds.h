// Bounds of a group sequential design, found look after look: what
// group_sequential.h and its monitoring share. For those files.
#ifndef STAGECRAFT_STATS_GROUP_SEQUENTIAL_BOUNDS_H_
#define STAGECRAFT_STATS_GROUP_SEQUENTIAL_BOUNDS_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/group_sequential.h"
#include "stats/recursive_integration.h"

namespace stagecraft::stats {

// On the scale of Z.
struct LookBounds {
  double time = 0;
  double upper = kInfinity;
  std::optional<double> futility;
  // Beta to spend exceeded what had come this far: futility met upper.
  bool crossed = false;
};

// What is wanted of one look.
struct LookRule {
  double time = 0;
  // A given bound, or else the total alpha spent up to and with this look.
  std::optional<double> upper;
  double alpha_spent = 0;
  // A given bound, or else, if > 0, the beta spent up to and with this look.
  std::optional<double> futility;
  double beta_spent = 0;
};

class BoundaryWalk {
 public:
  // `drift` is that of beta spending; `far` see ExitRecursion.
  BoundaryWalk(bool one_sided, bool binding, double drift, double far);

  LookBounds Step(const LookRule& rule);
  // Total alpha spent by the steps so far.
  double alpha_spent() const { return alpha_spent_; }

 private:
  std::optional<double> FutilityFor(double increment, double upper);

  bool one_sided_, binding_;
  double drift_;
  ExitRecursion alpha_path_, beta_path_;
  double alpha_spent_ = 0, beta_spent_ = 0;
};

// How far to follow the process where bounds are infinite, for an error `alpha`
// that is to keep its digits.
double FarFor(double alpha);

// The scores that go on after a look with these bounds.
Continuation ContinuationOf(const LookBounds& bounds, bool one_sided,
                            bool obey_futility);

// Exit probabilities of bounds under E Z_k = drift sqrt(t_k); exits at the last
// look as at the others, the rest is accepted.
ExitProbabilities ExitsOf(absl::Span<const LookBounds> bounds, bool one_sided,
                          bool obey_futility, double drift,
                          double far = ExitRecursion::kFar);

// The same for many drifts at once: one recursion without drift, and the
// likelihood ratio for the others.
class ExitTable {
 public:
  // Good for drifts in [0, drift_high].
  ExitTable(absl::Span<const LookBounds> bounds, bool one_sided,
            bool obey_futility, double drift_high,
            double far = ExitRecursion::kFar);
  ExitProbabilities At(double drift) const;

 private:
  bool one_sided_;
  std::vector<Continuation> regions_;
  std::vector<ExitRecursion> paths_;  // As they are at each look.
};

// c t^(delta - 1/2).
double WangTsiatisBound(double constant, double delta, double time);
// delta of the rule; kOBrienFleming 0, kPocock 1/2.
double WangTsiatisDelta(const GroupSequentialOptions& options);

// Solves f(x) = target for an f that increases about as fast as x (a normal
// quantile of a probability as a function of a bound or a drift), by the secant
// method. Absent if it does not converge.
template <typename Function>
std::optional<double> SolveProbit(const Function& f, double target,
                                  double start, double tolerance) {
  double x0 = start;
  double f0 = f(x0) - target;
  double slope = 1;
  for (int step = 0; step < 60; ++step) {
    double move = -f0 / slope;
    if (move > 3) move = 3;
    if (move < -3) move = -3;
    if (!(move == move)) return std::nullopt;
    const double x1 = x0 + move;
    if (move < tolerance && move > -tolerance) return x1;
    const double f1 = f(x1) - target;
    const double observed = (f1 - f0) / move;
    // NaN and slopes that would throw the next step far away are not taken.
    if (observed > 0.05 && observed < 20) slope = observed;
    x0 = x1;
    f0 = f1;
  }
  return std::nullopt;
}

// Shares of the information below this are refused: nothing is known there.
inline constexpr double kSmallestTime = 1e-12;

// Checks of the times, in any unit: > 0, increasing by kSmallestIncrement
// relatively, the first at least kSmallestTime of the last.
absl::Status CheckTimes(absl::Span<const double> times, absl::string_view name);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_GROUP_SEQUENTIAL_BOUNDS_H_
