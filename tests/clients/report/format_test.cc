// Literal expectations: the oracle is what a person would write.
#include "clients/report/format.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"

namespace stagecraft::client {
namespace {

// With the no-break space as `_` and the minus sign as `-`.
std::string Plain(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\xC2\xA0", "_"}, {"\xE2\x88\x92", "-"}});
}

v1::KpiResult Kpi(const std::string& kind, const std::string& unit) {
  v1::KpiResult kpi;
  kpi.set_kind(kind);
  kpi.set_unit(unit);
  return kpi;
}

v1::Interval Interval(double lower, double upper) {
  v1::Interval interval;
  interval.set_lower(lower);
  interval.set_upper(upper);
  interval.set_level(0.95);
  return interval;
}

TEST(FormatTest, Counts) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(Plain(FormatCount(-1234)), "-1,234");
  EXPECT_EQ(Plain(FormatCount(INT64_MIN)), "-9,223,372,036,854,775,808");
}

TEST(FormatTest, Numbers) {
  EXPECT_EQ(FormatNumber(0), "0");
  EXPECT_EQ(FormatNumber(1209), "1,209");
  EXPECT_EQ(FormatNumber(1234.56), "1,234.6");
  EXPECT_EQ(FormatNumber(3.14159), "3.14");
  EXPECT_EQ(FormatNumber(0.01234), "0.0123");
  EXPECT_EQ(FormatNumber(0.0000123), "0.000012");
  EXPECT_EQ(Plain(FormatNumber(-2.5)), "-2.50");
  EXPECT_EQ(FormatNumber(2.5, Sign::kAlways), "+2.50");
  EXPECT_EQ(FormatNumber(NAN), "n/a");
  EXPECT_EQ(Plain(FormatNumber(-INFINITY)), "-\xE2\x88\x9E");
}

TEST(FormatTest, SharesAndChanges) {
  EXPECT_EQ(FormatShare(0.2413), "24.13%");
  EXPECT_EQ(FormatShare(0), "0.00%");
  EXPECT_EQ(FormatShare(1), "100.00%");
  EXPECT_EQ(FormatShare(0.0000012), "0.00012%") << "never shown as 0";
  EXPECT_EQ(Plain(FormatPoints(0.0123)), "+1.23_pp");
  EXPECT_EQ(Plain(FormatPoints(-0.0123)), "-1.23_pp");
  EXPECT_EQ(FormatRelative(0.0791), "+7.9%");
  EXPECT_EQ(Plain(FormatRelative(-0.118)), "-11.8%");
  EXPECT_EQ(FormatRelative(0), "0.0%");
  EXPECT_EQ(Plain(FormatRelative(-0.0004)), "-0.040%") << "keeps its sign";
  EXPECT_EQ(FormatLevel(0.05), "5%");
  EXPECT_EQ(FormatLevel(0.07), "7%");
  EXPECT_EQ(FormatLevel(0.983), "98.3%");
}

TEST(FormatTest, Probabilities) {
  EXPECT_EQ(FormatProbability(0.973), "97.3%");
  EXPECT_EQ(Plain(FormatProbability(0.99999)), ">_99.9%");
  EXPECT_EQ(Plain(FormatProbability(0)), "<_0.1%");
  EXPECT_EQ(Plain(FormatPValue(1e-9)), "<_0.0001");
  EXPECT_EQ(Plain(FormatPValue(0)), "<_0.0001");
  EXPECT_EQ(FormatPValue(0.0001), "0.0001");
  EXPECT_EQ(FormatPValue(0.0321), "0.0321");
  EXPECT_EQ(Plain(FormatPValue(0.99995)), ">_0.9999");
  EXPECT_EQ(FormatPValue(1), "1");
  EXPECT_EQ(FormatPValue(NAN), "n/a");
}

TEST(FormatTest, MeasuredTimes) {
  struct Row {
    double seconds;
    const char* text;
  };
  const Row rows[] = {
      {0, "0_s"},
      {0.32, "320_ms"},
      {0.9999, "1.0_s"},
      {4.2, "4.2_s"},
      {42, "42_s"},
      {59.9, "1_min"},
      {60, "1_min"},
      {320, "5_min_20_s"},
      {3599.9, "1_h"},
      {12000, "3_h_20_min"},
      {86400 - 20, "1.0_d"},
      {86400, "1.0_d"},
      {8 * 86400, "8.0_d"},
      {1500.0 * 86400, "1,500.0_d"},
      {-12000, "-3_h_20_min"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Plain(FormatSeconds(row.seconds)), row.text) << row.seconds;
  }
  EXPECT_EQ(Plain(FormatSeconds(12000, Sign::kAlways)), "+3_h_20_min");
  EXPECT_EQ(FormatSeconds(NAN), "n/a");
  EXPECT_EQ(FormatSeconds(INFINITY), "\xE2\x88\x9E");
}

TEST(FormatTest, ConfiguredTimes) {
  google::protobuf::Duration duration;
  EXPECT_EQ(Plain(FormatDuration(duration)), "0_s");
  duration.set_seconds(14 * 86400);
  EXPECT_EQ(Plain(FormatDuration(duration)), "14_d");
  duration.set_seconds(36 * 3600);
  EXPECT_EQ(Plain(FormatDuration(duration)), "1_d_12_h");
  duration.set_seconds(61);
  duration.set_nanos(500000000);
  EXPECT_EQ(Plain(FormatDuration(duration)), "1_min_1.5_s");
  duration.set_seconds(INT64_MIN);
  duration.set_nanos(INT32_MIN);
  EXPECT_EQ(Plain(FormatDuration(duration)).front(), '-') << "no overflow";
}

TEST(FormatTest, Moments) {
  google::protobuf::Timestamp time;
  EXPECT_EQ(FormatTime(time), "1970-01-01 00:00 UTC");
  time.set_seconds(1773480600);  // `date -u -d @1773480600`.
  EXPECT_EQ(FormatTime(time), "2026-03-14 09:30 UTC");
  EXPECT_EQ(FormatDate(time), "2026-03-14");
  time.set_seconds(1773480607);
  EXPECT_EQ(FormatTime(time), "2026-03-14 09:30:07 UTC");
}

TEST(QuantityTest, FollowsTheKindAndTheUnit) {
  struct Row {
    const char *kind, *unit;
    double value;
    const char *text, *difference;
  };
  const Row rows[] = {
      {"conversion", "", 0.2413, "24.13%", "+24.13_pp"},
      {"drop_off", "%", 0.2413, "24.13%", "+24.13_pp"},
      {"retention", "", 0.5, "50.00%", "+50.00_pp"},
      {"satisfied_share", "", 0.5, "50.00%", "+50.00_pp"},
      {"ratio", "%", 0.7, "70.00%", "+70.00_pp"},
      {"ratio", "", 0.7, "0.700", "+0.700"},
      {"value_sum", "EUR", 1234.5, "1,234.50_EUR", "+1,234.50_EUR"},
      {"value_sum", "EUR", 0.001234, "0.0012_EUR", "+0.0012_EUR"},
      {"customer_lifetime_value", "\xE2\x82\xAC", 12, "12.00_\xE2\x82\xAC",
       "+12.00_\xE2\x82\xAC"},
      {"count", "tickets", 0.312, "0.312_tickets", "+0.312_tickets"},
      {"time_to_event", "s", 12000, "3_h_20_min", "+3_h_20_min"},
      {"net_promoter_score", "", 0.32, "32.0_points", "+32.0_points"},
      {"something_new", "", 2, "2.00", "+2.00"},
  };
  for (const Row& row : rows) {
    const Quantity quantity(Kpi(row.kind, row.unit));
    EXPECT_EQ(Plain(quantity.Value(row.value)), row.text) << row.kind;
    EXPECT_EQ(Plain(quantity.Difference(row.value)), row.difference)
        << row.kind;
  }
}

TEST(QuantityTest, NamesASharedUnitOnce) {
  EXPECT_EQ(
      Plain(Quantity(Kpi("value_sum", "EUR")).Differences(Interval(-1.2, 3.4))),
      "-1.20 to +3.40_EUR");
  EXPECT_EQ(Plain(Quantity(Kpi("conversion", "")).Values(Interval(0.1, 0.2))),
            "10.00% to 20.00%");
  EXPECT_EQ(Plain(Quantity(Kpi("time_to_event", ""))
                      .Values(Interval(3 * 3600, 86400 * 2))),
            "3_h to 2.0_d");
  EXPECT_EQ(Plain(FormatRelatives(Interval(-INFINITY, 0.05))),
            "-\xE2\x88\x9E to +5.0%");
}

TEST(IntervalTest, KnowsWhatIsUsable) {
  EXPECT_TRUE(IsUsable(Interval(-INFINITY, INFINITY)));
  EXPECT_TRUE(IsUsable(Interval(1, 1)));
  EXPECT_FALSE(IsUsable(Interval(2, 1)));
  EXPECT_FALSE(IsUsable(Interval(NAN, 1)));
  v1::Interval interval = Interval(0, 1);
  EXPECT_EQ(IntervalLabel(interval), "95% interval");
  interval.set_level(0);
  EXPECT_EQ(IntervalLabel(interval), "interval");
}

}  // namespace
}  // namespace stagecraft::client
