// Expected figures: the test of the confseq package, to its 1e-5; the formula
// by mpmath 1.2.1 with 30 digits.
#include "stats/stitched_boundary.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(StitchedBoundTest, AgreesWithConfseqAndTheFormula) {
  EXPECT_NEAR(*StitchedBound(100, 0.05, {.v_min = 10, .c = 3}), 64.48755, 1e-5);
  EXPECT_NEAR(*StitchedBound(100, 0.05, {.v_min = 10, .c = -1}), 28.99389,
              1e-5);
  struct Row {
    double v, alpha, v_min, c, s, eta, bound;
  };
  constexpr Row kRows[] = {
      {100, 0.05, 10, 0, 1.4, 2, 35.680490298886148},
      {1000000.0, 0.01, 100, 2, 1.2, 1.5, 4545.897964995767},
      {3, 0.1, 7, -0.5, 2, 3, 4.8619241445643155},
      {1000000000.0, 1e-10, 1, 0.3333333333333333, 1.4, 2.04,
       244357.68464552475},
  };
  for (const Row& row : kRows) {
    EXPECT_NEAR(
        *StitchedBound(row.v, row.alpha, {row.v_min, row.c, row.s, row.eta}) /
            row.bound,
        1, 1e-14)
        << row.v;
  }
}

TEST(StitchedBoundTest, IsMonotoneAndFlatBelowVMin) {
  double last = 0;
  for (double v = 1; v < 1e9; v *= 1.7) {
    const double bound = *StitchedBound(v, 0.05, {.v_min = 50, .c = 1});
    if (v < 50) {
      EXPECT_EQ(bound, *StitchedBound(0, 0.05, {.v_min = 50, .c = 1}));
    } else {
      EXPECT_GT(bound, last);
    }
    EXPECT_GT(*StitchedBound(v, 0.01, {.v_min = 50, .c = 1}), bound);
    EXPECT_GT(*StitchedBound(v, 0.05, {.v_min = 50, .c = 2}), bound);
    last = bound;
  }
}

TEST(StitchedBoundTest, RefusesWhatIsUndefined) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(StitchedBound(1, 0.05, {}),
              StatusIs(invalid, HasSubstr("v_min is 0")));
  EXPECT_THAT(StitchedBound(1, 0.05, {.v_min = 1, .s = 1}),
              StatusIs(invalid, HasSubstr("s is 1")));
  EXPECT_THAT(StitchedBound(1, 0.05, {.v_min = 1, .eta = 1}),
              StatusIs(invalid, HasSubstr("eta is 1")));
  EXPECT_THAT(StitchedBound(-1, 0.05, {.v_min = 1}),
              StatusIs(invalid, HasSubstr("v is -1")));
  EXPECT_THAT(StitchedBound(1, 0, {.v_min = 1}),
              StatusIs(invalid, HasSubstr("alpha is 0")));
  EXPECT_THAT(StitchedBound(INFINITY, 0.1, {.v_min = 1}),
              StatusIs(invalid, HasSubstr("v is inf")));
}

}  // namespace
}  // namespace stagecraft::stats
