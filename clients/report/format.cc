#include "clients/report/format.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace stagecraft::client {
namespace {

constexpr char kMinus[] = "\xE2\x88\x92";     // U+2212
constexpr char kInfinity[] = "\xE2\x88\x9E";  // U+221E
constexpr char kSpace[] = "\xC2\xA0";         // U+00A0
constexpr char kNotANumber[] = "n/a";

// Puts commas into the digits before the point of a number without a sign.
std::string Group(const std::string& digits) {
  const size_t point = std::min(digits.find('.'), digits.size());
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i < point && (point - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

bool IsZero(absl::string_view digits) {
  return digits.find_first_of("123456789") == absl::string_view::npos;
}

// A sign and the text of a magnitude.
std::string WithSign(bool negative, bool zero, Sign sign,
                     absl::string_view text) {
  if (zero) return std::string(text);
  if (negative) return absl::StrCat(kMinus, text);
  return absl::StrCat(sign == Sign::kAlways ? "+" : "", text);
}

// `value` with `decimals`, more if it would be shown as 0, and then `suffix`.
std::string Fixed(double value, int decimals, Sign sign,
                  absl::string_view suffix) {
  if (std::isnan(value)) return kNotANumber;
  const double magnitude = std::fabs(value);
  std::string digits;
  if (std::isinf(value)) {
    return WithSign(value < 0, false, sign, kInfinity);
  } else if (magnitude >= 1e15) {
    digits = absl::StrFormat("%.3g", magnitude);
  } else {
    digits = Group(absl::StrFormat("%.*f", decimals, magnitude));
    if (magnitude > 0 && IsZero(digits)) {
      // Two significant digits, else a power of ten.
      const int wanted =
          1 - static_cast<int>(std::floor(std::log10(magnitude)));
      digits = wanted <= 6 ? absl::StrFormat("%.*f", wanted, magnitude)
                           : absl::StrFormat("%.1e", magnitude);
    }
  }
  return WithSign(value < 0, magnitude == 0, sign,
                  absl::StrCat(digits, suffix));
}

// Decimals that show three significant digits, at most two from 1 on.
int DecimalsOf(double magnitude) {
  if (!(magnitude > 0)) return 0;
  if (magnitude >= 10000) return 0;
  if (magnitude >= 100) return 1;
  if (magnitude >= 1) return 2;
  if (magnitude >= 0.1) return 3;
  return 4;
}

bool IsMoney(absl::string_view unit) {
  if (unit == "\xE2\x82\xAC" || unit == "$" || unit == "\xC2\xA3" ||
      unit == "\xC2\xA5") {
    return true;
  }
  return unit.size() == 3 &&
         std::all_of(unit.begin(), unit.end(), absl::ascii_isupper);
}

std::string Range(absl::string_view lower, absl::string_view upper) {
  return absl::StrCat(lower, " to ", upper);
}

// Names a unit that both limits share only once: `-1.20 to +3.40 EUR`.
std::string RangeOf(absl::string_view lower, absl::string_view upper,
                    absl::string_view unit) {
  if (unit.empty()) return Range(lower, upper);
  const std::string suffix = absl::StrCat(kSpace, unit);
  if (absl::EndsWith(upper, suffix)) absl::ConsumeSuffix(&lower, suffix);
  return Range(lower, upper);
}

}  // namespace

std::string FormatCount(int64_t count) {
  const bool negative = count < 0;
  const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(count)
                                      : static_cast<uint64_t>(count);
  return WithSign(negative, count == 0, Sign::kMinusOnly,
                  Group(absl::StrCat(magnitude)));
}

std::string FormatNumber(double value, Sign sign) {
  const double magnitude = std::fabs(value);
  int decimals = DecimalsOf(magnitude);
  if (magnitude == std::floor(magnitude)) decimals = 0;
  return Fixed(value, decimals, sign, "");
}

std::string FormatShare(double fraction) {
  return Fixed(fraction * 100, 2, Sign::kMinusOnly, "%");
}

std::string FormatPoints(double fraction) {
  return Fixed(fraction * 100, 2, Sign::kAlways, absl::StrCat(kSpace, "pp"));
}

std::string FormatRelative(double fraction) {
  return Fixed(fraction * 100, 1, Sign::kAlways, "%");
}

std::string FormatLevel(double fraction) {
  if (!std::isfinite(fraction)) return kNotANumber;
  // Six significant digits hide the rounding of 100 * 0.07.
  return absl::StrCat(absl::StrFormat("%.6g", fraction * 100), "%");
}

std::string FormatProbability(double probability) {
  if (std::isnan(probability)) return kNotANumber;
  if (probability < 0.001) return absl::StrCat("<", kSpace, "0.1%");
  if (probability > 0.999) return absl::StrCat(">", kSpace, "99.9%");
  return absl::StrFormat("%.1f%%", probability * 100);
}

std::string FormatPValue(double p) {
  if (std::isnan(p)) return kNotANumber;
  if (p < 0.0001) return absl::StrCat("<", kSpace, "0.0001");
  if (p >= 1) return "1";
  if (p > 0.9999) return absl::StrCat(">", kSpace, "0.9999");
  return absl::StrFormat("%.4f", p);
}

std::string FormatSeconds(double seconds, Sign sign) {
  if (std::isnan(seconds)) return kNotANumber;
  const double magnitude = std::fabs(seconds);
  const bool negative = seconds < 0;
  if (std::isinf(seconds)) return WithSign(negative, false, sign, kInfinity);
  std::string text;
  if (magnitude == 0) {
    text = absl::StrCat("0", kSpace, "s");
  } else if (magnitude < 0.9995) {
    text = Fixed(magnitude * 1000, magnitude < 0.00995 ? 1 : 0,
                 Sign::kMinusOnly, absl::StrCat(kSpace, "ms"));
  } else if (magnitude < 9.95) {
    text = absl::StrFormat("%.1f%ss", magnitude, kSpace);
  } else if (magnitude < 59.5) {
    text = absl::StrFormat("%.0f%ss", magnitude, kSpace);
  } else if (magnitude < 3599.5) {
    const int64_t whole = std::llround(magnitude);
    text = absl::StrCat(whole / 60, kSpace, "min");
    if (whole % 60 != 0) {
      absl::StrAppend(&text, kSpace, whole % 60, kSpace, "s");
    }
  } else if (magnitude < 86400 - 30) {
    const int64_t minutes = std::llround(magnitude / 60);
    text = absl::StrCat(minutes / 60, kSpace, "h");
    if (minutes % 60 != 0) {
      absl::StrAppend(&text, kSpace, minutes % 60, kSpace, "min");
    }
  } else {
    text = Fixed(magnitude / 86400, 1, Sign::kMinusOnly,
                 absl::StrCat(kSpace, "d"));
  }
  return WithSign(negative, magnitude == 0, sign, text);
}

std::string FormatDuration(const google::protobuf::Duration& duration) {
  const bool negative = duration.seconds() < 0 || duration.nanos() < 0;
  // The contract's durations are within +-10000 years: negation is safe there.
  int64_t seconds = duration.seconds();
  if (seconds < 0) seconds = seconds == INT64_MIN ? INT64_MAX : -seconds;
  const int64_t nanos = std::llabs(static_cast<int64_t>(duration.nanos()));
  std::string text;
  const auto add = [&](absl::string_view amount, absl::string_view unit) {
    absl::StrAppend(&text, text.empty() ? "" : kSpace, amount, kSpace, unit);
  };
  if (seconds / 86400 > 0) add(FormatCount(seconds / 86400), "d");
  if (seconds / 3600 % 24 > 0) add(absl::StrCat(seconds / 3600 % 24), "h");
  if (seconds / 60 % 60 > 0) add(absl::StrCat(seconds / 60 % 60), "min");
  if (nanos > 0) {
    std::string digits = absl::StrFormat("%d.%09d", seconds % 60, nanos);
    digits.erase(digits.find_last_not_of('0') + 1);
    add(digits, "s");
  } else if (seconds % 60 > 0) {
    add(absl::StrCat(seconds % 60), "s");
  }
  if (text.empty()) return absl::StrCat("0", kSpace, "s");
  return WithSign(negative, false, Sign::kMinusOnly, text);
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  const bool whole = time.seconds() % 60 == 0 && time.nanos() == 0;
  return absl::FormatTime(
      whole ? "%Y-%m-%d %H:%M UTC" : "%Y-%m-%d %H:%M:%S UTC", ToTime(time),
      absl::UTCTimeZone());
}

std::string FormatDate(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d", ToTime(time), absl::UTCTimeZone());
}

Quantity::Quantity(const v1::KpiResult& kpi) : unit_(kpi.unit()) {
  const std::string& kind = kpi.kind();
  if (kind == "conversion" || kind == "drop_off" || kind == "retention" ||
      kind == "satisfied_share" || (kind == "ratio" && unit_ == "%")) {
    form_ = Form::kShare;
  } else if (kind == "time_to_event") {
    form_ = Form::kTime;
  } else if (kind == "net_promoter_score") {
    form_ = Form::kScore;
  } else if (IsMoney(unit_)) {
    form_ = Form::kMoney;
  } else {
    form_ = Form::kNumber;
  }
}

std::string Quantity::Format(double value, Sign sign) const {
  const std::string suffix = unit_.empty() ? "" : absl::StrCat(kSpace, unit_);
  switch (form_) {
    case Form::kShare:
      return sign == Sign::kAlways ? FormatPoints(value) : FormatShare(value);
    case Form::kTime:
      return FormatSeconds(value, sign);
    case Form::kScore:
      return Fixed(value * 100, 1, sign, absl::StrCat(kSpace, "points"));
    case Form::kMoney:
      return Fixed(value, 2, sign, suffix);
    case Form::kNumber:
      break;
  }
  return Fixed(value, DecimalsOf(std::fabs(value)), sign, suffix);
}

std::string Quantity::Value(double value) const {
  return Format(value, Sign::kMinusOnly);
}

std::string Quantity::Difference(double value) const {
  return Format(value, Sign::kAlways);
}

std::string Quantity::SharedUnit(Sign sign) const {
  switch (form_) {
    case Form::kShare:
      return sign == Sign::kAlways ? "pp" : "";
    case Form::kTime:  // `8 h to 9 h`: limits may have different units.
      return "";
    case Form::kScore:
      return "points";
    default:
      return unit_;
  }
}

std::string Quantity::Values(const v1::Interval& interval) const {
  return RangeOf(Value(interval.lower()), Value(interval.upper()),
                 SharedUnit(Sign::kMinusOnly));
}

std::string Quantity::Differences(const v1::Interval& interval) const {
  return RangeOf(Difference(interval.lower()), Difference(interval.upper()),
                 SharedUnit(Sign::kAlways));
}

std::string FormatRelatives(const v1::Interval& interval) {
  return Range(FormatRelative(interval.lower()),
               FormatRelative(interval.upper()));
}

std::string IntervalLabel(const v1::Interval& interval) {
  if (!(interval.level() > 0 && interval.level() < 1)) return "interval";
  return absl::StrCat(FormatLevel(interval.level()), " interval");
}

bool IsUsable(const v1::Interval& interval) {
  return interval.lower() <= interval.upper();  // False for NaN.
}

}  // namespace stagecraft::client
