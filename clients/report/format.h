// Numbers for people. No locale; a true minus sign (U+2212); no-break spaces
// before units, so that a number never wraps apart from its unit. A value that
// is not a number is `n/a`; infinities are shown as such. A value that is not 0
// is never shown as 0: small ones get more decimals.
#ifndef STAGECRAFT_CLIENTS_REPORT_FORMAT_H_
#define STAGECRAFT_CLIENTS_REPORT_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "stagecraft/v1/common.pb.h"
#include "stagecraft/v1/kpi.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// Whether the sign of a positive number is shown.
enum class Sign { kMinusOnly, kAlways };

// 1234567 -> `1,234,567`.
std::string FormatCount(int64_t count);
// A plain number, 1234.5 -> `1,234.5`, 3.14159 -> `3.14`, 0.01234 -> `0.0123`.
std::string FormatNumber(double value, Sign sign = Sign::kMinusOnly);
// A fraction as a percentage with two decimals: 0.2413 -> `24.13%`.
std::string FormatShare(double fraction);
// A difference of two fractions: 0.0123 -> `+1.23 pp` (percentage points).
std::string FormatPoints(double fraction);
// A relative change with one decimal: 0.0791 -> `+7.9%`.
std::string FormatRelative(double fraction);
// A configured fraction without padding: 0.05 -> `5%`, 0.983 -> `98.3%`.
std::string FormatLevel(double fraction);
// A probability: 0.973 -> `97.3%`, 0.99999 -> `> 99.9%`, 0 -> `< 0.1%`.
std::string FormatProbability(double probability);
// A p-value: 0.0321 -> `0.0321`, 1e-9 -> `< 0.0001`.
std::string FormatPValue(double p);
// A measured time: `320 ms`, `4.2 s`, `42 s`, `5 min 20 s`, `3 h 20 min`,
// `8.0 d`.
std::string FormatSeconds(double seconds, Sign sign = Sign::kMinusOnly);
// A configured time, exactly: `14 d`, `1 d 12 h`, `90 d 0.5 s`.
std::string FormatDuration(const google::protobuf::Duration& duration);
// `2026-03-14 09:30 UTC`; with seconds if they are not 0.
std::string FormatTime(const google::protobuf::Timestamp& time);
// `2026-03-14`.
std::string FormatDate(const google::protobuf::Timestamp& time);

absl::Time ToTime(const google::protobuf::Timestamp& time);

// How the values of a KPI are shown.
class Quantity {
 public:
  explicit Quantity(const v1::KpiResult& kpi);

  // A value: `24.13%`, `12.50 EUR`, `8.0 d`, `32.0 points`.
  std::string Value(double value) const;
  // A difference of two values, signed: `+1.23 pp`, `-0.40 EUR`.
  std::string Difference(double value) const;
  // `23.91% to 26.04%`.
  std::string Values(const v1::Interval& interval) const;
  std::string Differences(const v1::Interval& interval) const;
  // Whether the value is a time in seconds.
  bool is_time() const { return form_ == Form::kTime; }

 private:
  enum class Form { kShare, kTime, kScore, kMoney, kNumber };
  std::string Format(double value, Sign sign) const;
  // The unit that all values of one form end with; empty if there is none.
  std::string SharedUnit(Sign sign) const;

  Form form_;
  std::string unit_;
};

// `+1.2% to +5.3%`.
std::string FormatRelatives(const v1::Interval& interval);
// `95% interval`; only `interval` if the level is not in (0, 1).
std::string IntervalLabel(const v1::Interval& interval);
// Whether the limits are numbers, infinities included, in order.
bool IsUsable(const v1::Interval& interval);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_FORMAT_H_
