#include "engine/kpi.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using stagecraft::testing::IsOk;
using stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// The least that each kind needs.
Kpi Good(KpiKind kind) {
  Kpi kpi;
  kpi.name = "journeys/onboarding/kpis/k";
  kpi.kind = kind;
  kpi.events.names = {"purchase"};
  if (kind == KpiKind::kRatio) kpi.denominator.names = {"visit"};
  if (kind == KpiKind::kDropOff || kind == KpiKind::kRetention ||
      kind == KpiKind::kCustomerLifetimeValue) {
    kpi.length = 7 * kDay;
  }
  if (kind == KpiKind::kRetention) kpi.delay = kDay;
  if (kind == KpiKind::kCustomerLifetimeValue) kpi.lifespan = 730 * kDay;
  return kpi;
}

// The table at the head of engine/kpi.h.
TEST(KpiTest, KindsHaveTheComponentsThatTheTableSays) {
  struct Row {
    KpiKind kind;
    const char* text;
    int components;
    bool is_share, is_ratio;
  };
  const Row rows[] = {
      {KpiKind::kConversion, "conversion", 1, true, false},
      {KpiKind::kDropOff, "drop_off", 1, true, false},
      {KpiKind::kCount, "count", 1, false, false},
      {KpiKind::kValueSum, "value_sum", 1, false, false},
      {KpiKind::kRatio, "ratio", 2, false, true},
      {KpiKind::kRetention, "retention", 1, true, false},
      {KpiKind::kTimeToEvent, "time_to_event", 0, false, false},
      {KpiKind::kRatingMean, "rating_mean", 2, false, true},
      {KpiKind::kSatisfiedShare, "satisfied_share", 2, false, true},
      {KpiKind::kNetPromoterScore, "net_promoter_score", 2, false, true},
      {KpiKind::kCustomerLifetimeValue, "customer_lifetime_value", 3, false,
       true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    EXPECT_EQ(ToText(row.kind), row.text);
    EXPECT_EQ(Components(row.kind), row.components);
    EXPECT_EQ(IsShareOfUnits(row.kind), row.is_share);
    EXPECT_EQ(IsRatio(row.kind), row.is_ratio);
    EXPECT_THAT(Validate(Good(row.kind)), IsOk());
  }
}

TEST(KpiTest, AcceptsTheLimits) {
  Kpi kpi = Good(KpiKind::kCount);
  kpi.delay = kMaxTime;
  kpi.length = 1;
  kpi.unit_cap = 1;
  EXPECT_THAT(Validate(kpi), IsOk());
  kpi.unit_cap = kMaxMicroValue;
  EXPECT_THAT(Validate(kpi), IsOk());
  kpi.kind = KpiKind::kValueSum;
  kpi.unit_cap = -kMaxMicroValue;
  EXPECT_THAT(Validate(kpi), IsOk());
  kpi = Good(KpiKind::kSatisfiedShare);
  kpi.threshold = -kMaxMicroValue;
  EXPECT_THAT(Validate(kpi), IsOk());
  kpi = Good(KpiKind::kRatio);
  kpi.sum_numerator_values = kpi.sum_denominator_values = true;
  EXPECT_THAT(Validate(kpi), IsOk());
}

TEST(KpiTest, NamesWhatIsWrong) {
  struct Row {
    KpiKind kind;
    std::function<void(Kpi&)> change;
    const char* message;
  };
  using enum KpiKind;
  const std::vector<Row> rows = {
      {kCount, [](Kpi& k) { k.name = "journeys/a/kpi/b"; },
       "name is \"journeys/a/kpi/b\", want journeys/*/kpis/*"},
      {kCount, [](Kpi& k) { k.name = "journeys/a/kpis/"; }, "name is"},
      {kCount, [](Kpi& k) { k.name = "journeys/9/kpis/b"; }, "name is"},
      {kCount, [](Kpi& k) { k.kind = static_cast<KpiKind>(50); },
       "definition is 50, want a kind"},
      {kCount, [](Kpi& k) { k.events.names.clear(); },
       "count.events.names has 0 items, want 1 to 32"},
      {kRatio, [](Kpi& k) { k.events.names.clear(); },
       "ratio.numerator.events.names has 0 items"},
      {kRatio, [](Kpi& k) { k.denominator.names.clear(); },
       "ratio.denominator.events.names has 0 items"},
      {kCustomerLifetimeValue, [](Kpi& k) { k.events.names[0] = ""; },
       "customer_lifetime_value.purchases.names[0] is empty"},
      {kCount, [](Kpi& k) { k.denominator.names = {"x"}; },
       "denominator is set for count, want it only for ratio"},
      {kCount, [](Kpi& k) { k.sum_numerator_values = true; },
       "sum_values is set for count, want it only for ratio"},
      {kValueSum, [](Kpi& k) { k.sum_denominator_values = true; },
       "sum_values is set for value_sum"},
      {kCount, [](Kpi& k) { k.delay = -kSecond; },
       "delay is -1s, want at least 0"},
      {kCount, [](Kpi& k) { k.delay = kMaxTime + kSecond; },
       "delay is 7258118401s, want at most 7258118400s"},
      {kCount, [](Kpi& k) { k.length = 0; }, "length is 0s, want more than 0"},
      {kCount, [](Kpi& k) { k.length = -kSecond; },
       "length is -1s, want more than 0"},
      {kDropOff, [](Kpi& k) { k.length.reset(); },
       "length is missing, want more than 0 for drop_off"},
      {kRetention, [](Kpi& k) { k.length.reset(); },
       "length is missing, want more than 0 for retention"},
      {kRetention, [](Kpi& k) { k.delay = 0; },
       "delay is 0s, want more than 0 for retention"},
      {kCustomerLifetimeValue, [](Kpi& k) { k.length.reset(); },
       "length is missing, want more than 0 for customer_lifetime_value"},
      {kCustomerLifetimeValue, [](Kpi& k) { k.lifespan = 0; },
       "customer_lifetime_value.lifespan is 0s, want more than 0"},
      {kCustomerLifetimeValue, [](Kpi& k) { k.lifespan = -kDay; },
       "lifespan is -86400s, want more than 0"},
      {kConversion, [](Kpi& k) { k.lifespan = kDay; },
       "lifespan is set for conversion, want it only for"},
      {kConversion, [](Kpi& k) { k.unit_cap = 1; },
       "unit_cap is set for conversion, want it only for count and value_sum"},
      {kCount, [](Kpi& k) { k.unit_cap = 0; },
       "count.unit_cap is 0 millionths, want more than 0"},
      {kValueSum, [](Kpi& k) { k.unit_cap = kMaxMicroValue + 1; },
       "value_sum.unit_cap is 1000000000000001 millionths"},
      {kConversion, [](Kpi& k) { k.threshold = 1; },
       "threshold is set for conversion, want it only for satisfied_share"},
      {kSatisfiedShare, [](Kpi& k) { k.threshold = -kMaxMicroValue - 1; },
       "satisfied_share.threshold is -1000000000000001 millionths"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.message);
    Kpi kpi = Good(row.kind);
    row.change(kpi);
    EXPECT_THAT(Validate(kpi), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr(row.message)));
  }
}

}  // namespace
}  // namespace stagecraft::engine
