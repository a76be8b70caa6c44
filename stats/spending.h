// Spending functions: how much of a total error may be used by the time that a
// share t of the planned information has come.
//
// For a total error a, f(0) = 0 and f(t) = a for t >= 1 (Phi the normal
// distribution, z_q its upper quantile):
//   kOBrienFleming       s 2 (1 - Phi(z_{a/(2s)} / sqrt t)), s the number of
//                        sides: each side spends a/s by the one-sided function.
//                        Two-sided: 4 (1 - Phi(z_{a/4} / sqrt t)). The default,
//                        and that of rpact.
//   kOBrienFlemingWhole  2 (1 - Phi(z_{a/2} / sqrt t)) of the whole a, whatever
//                        the sides: Lan and DeMets as printed. The same as
//                        kOBrienFleming for one side.
//   kPocock              a ln(1 + (e - 1) t)
//   kHwangShihDeCani     a (1 - e^{-g t}) / (1 - e^{-g}), and a t for g = 0;
//                        g = `parameter`, any finite number
//   kPower               a t^r, r = `parameter` > 0 (Kim and DeMets)
//   kUser                given `cumulative` at the planned looks, linear in t
//                        between them and from (0, 0)
//
// Units:  t is a share of the planned maximum of information.
// Source: K. Lan, D. DeMets, Biometrika 70 (1983) 659; I. Hwang, W. Shih, J. De
//         Cani, Stat. Med. 9 (1990) 1439; K. Kim, D. DeMets, Biometrika 74
//         (1987) 149.
#ifndef STAGECRAFT_STATS_SPENDING_H_
#define STAGECRAFT_STATS_SPENDING_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

enum class SpendingFamily {
  kOBrienFleming,
  kOBrienFlemingWhole,
  kPocock,
  kHwangShihDeCani,
  kPower,
  kUser,
};

struct SpendingFunction {
  SpendingFamily family = SpendingFamily::kOBrienFleming;
  // Of kHwangShihDeCani (gamma) and kPower (rho); unused by the others.
  double parameter = 1;
  // Of kUser: total error spent up to and with each planned look, one per look,
  // not decreasing, in [0, total]; the last is the total error.
  std::vector<double> cumulative;
};

// Checks the parameters. `times` are the planned looks, `total` the error that
// is spent, `name` begins a message.
// Errors: kInvalidArgument.
absl::Status CheckSpending(const SpendingFunction& function,
                           absl::Span<const double> times, double total,
                           absl::string_view name);

// f(t) of a checked function; `sides` is 1 or 2, t >= 0.
double Spent(const SpendingFunction& function, absl::Span<const double> times,
             double total, int sides, double t);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SPENDING_H_
