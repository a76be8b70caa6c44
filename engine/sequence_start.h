// From when on there are always-valid answers.
//
// The sequence of stats/confidence_sequence.h is a large-sample limit: its
// level holds where the estimates of both arms are near enough to normal.
// Before that it misses too often, the more so the fewer units of one arm stand
// for the other's many: of shares of 10 % split 9 : 1, looked at from 100 units
// in all on, 16 % of the sequences of the difference missed the truth somewhere
// where 5 % are allowed, of shares of 2 % 27 %. Of ratios whose denominator is
// 0 for 98 % of the units, 11 % even in equal arms.
//
// The limits below are those from which on such sequences missed in at most 5
// %: shares of 0.5 to 50 %, ratios of 2 to 20 % of the units, values of 0.5 and
// 2 % of the units, log-normal values of sigma 0.5 and 1, all in equal arms to
// 9 : 1 or 19 : 1, lifts of 0 and of 50 or 100 %, 60 to 400 looks, N* the last
// sample or 200. Log-normal values of sigma 2 (most of the sum comes from a few
// in a hundred) keep it in equal arms, but for the difference, not the lift, if
// they double: 8 % miss; at 9 : 1 7 % do. simulations/PROOFS.md, 4, measures
// some of them again. The limits count what was seen, of each arm. In arms of
// like size, means are asked for no more than a verdict is by default, and
// shares for as many that did not convert besides.
#ifndef STAGECRAFT_ENGINE_SEQUENCE_START_H_
#define STAGECRAFT_ENGINE_SEQUENCE_START_H_

#include <cstdint>

#include "absl/status/status.h"
#include "engine/kpi_arm.h"

namespace stagecraft::engine {

// Units of each arm.
inline constexpr int64_t kSequenceUnits = 100;
// Conversions of each arm (of times, units that got there) and, of shares,
// units that did not convert.
inline constexpr int64_t kSequenceConversions = 10;
// An arm has enough as well where the share of both arms together lets so many
// be expected in it: then few are a finding and no lack of data. With equal
// shares fewer than 10 of 50 expected happen once in 1e12, so that it changes
// no error of the null; and a treatment that nobody gets through is found.
inline constexpr double kSequenceExpected = 50;
// Ratios: the effective number of units below the line of each arm, (sum of
// y)^2 over the sum of y^2. If y is 0 or 1, the number of ones.
inline constexpr double kSequenceDenominators = 30;
// Means in arms of more than so many to one: there the skewness of the values
// does not cancel, and each arm needs so many effective units, (sum of x)^2
// over the sum of x^2. Two moments do not tell values that are rarely other
// than 0 from those whose mean is near 0, which could wait forever: so many
// units are enough of any.
inline constexpr double kSequenceUnevenArms = 1.5;
inline constexpr double kSequenceEffectiveUnits = 200;
inline constexpr int64_t kSequenceManyUnits = 10'000;

// OK if there is an always-valid answer. Else kFailedPrecondition, which says
// what is too few.
absl::Status CheckSequenceStart(const KpiSpec& spec, const KpiArm& control,
                                const KpiArm& treatment);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SEQUENCE_START_H_
