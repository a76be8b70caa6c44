#include "stats/peeking.h"

#include <cmath>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// P. Armitage, C. McPherson, B. Rowe, JRSS A 132 (1969) 235, table 2, and its
// continuation: K. McPherson, NEJM 290 (1974) 501. Half a unit of the print.
TEST(PeekingTest, AgreesWithThePublishedTable) {
  struct Row {
    int looks;
    double error;
  };
  constexpr Row kRows[] = {{1, .0500},  {2, .0831},   {3, .1073},
                           {5, .1417},  {10, .1934},  {20, .2479},
                           {50, .3205}, {100, .3736}, {1000, .5299}};
  for (const Row& row : kRows) {
    EXPECT_NEAR(*PeekingError(row.looks), row.error, 5e-5) << row.looks;
  }
}

// mpmath 1.2.1 at 25 digits: 1 - the integral of npdf(x) (ncdf((z - r x) / r) -
// ncdf((-z - r x) / r)) over [-z, z], r = sqrt(1/2); one-sided without the
// second term, from -12.
TEST(PeekingTest, TwoLooksByQuadrature) {
  EXPECT_NEAR(*PeekingError(2), 0.0831178033545179215, 1e-14);
  EXPECT_NEAR(*PeekingError(2, {.one_sided = true}), 0.0800755256546700568,
              1e-14);
}

TEST(PeekingTest, OneLookIsTheTestItself) {
  for (const double alpha : {1e-12, 0.01, 0.3}) {
    EXPECT_NEAR(*PeekingError(1, {.alpha = alpha}) / alpha, 1, 1e-12);
    EXPECT_NEAR(*PeekingError(1, {.alpha = alpha, .one_sided = true}) / alpha,
                1, 1e-12);
  }
  EXPECT_NEAR(*PeekingError(1, {.drift = 2.8}),
              NormalLowerTail(2.8 - 1.959963984540054) +
                  NormalUpperTail(2.8 + 1.959963984540054),
              1e-13);
}

TEST(PeekingTest, GrowsWithLooksAndDrift) {
  double before = 0;
  for (const int looks : {1, 2, 4, 8, 16, 32}) {
    const double error = *PeekingError(looks, {.one_sided = true});
    EXPECT_GT(error, before);
    before = error;
  }
  EXPECT_NEAR(*PeekingError(5, {.drift = 2}), *PeekingError(5, {.drift = -2}),
              1e-13);
  EXPECT_GT(*PeekingError(5, {.drift = 2}), *PeekingError(5, {.drift = 1}));
  EXPECT_NEAR(*PeekingError(5, {.drift = 90}), 1, 1e-12);
}

TEST(PeekingTest, RefusesBadArguments) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(PeekingError(0), StatusIs(kInvalid, HasSubstr("looks is 0")));
  EXPECT_THAT(PeekingError(2001), StatusIs(kInvalid, HasSubstr("looks")));
  EXPECT_THAT(PeekingError(2, {.alpha = 0}),
              StatusIs(kInvalid, HasSubstr("alpha is 0")));
  EXPECT_THAT(PeekingError(2, {.alpha = 0.5, .one_sided = true}),
              StatusIs(kInvalid, HasSubstr("alpha is 0.5")));
  EXPECT_THAT(PeekingError(2, {.drift = std::nan("")}),
              StatusIs(kInvalid, HasSubstr("drift is nan")));
}

}  // namespace
}  // namespace stagecraft::stats
