// The fast path of Student's distribution against Boost.Math in long double,
// which shares no code with it, and against published points.
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "gtest/gtest.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

using Wide = boost::math::students_t_distribution<long double>;

// Both sides of the borders of the series: 16 degrees, u = 1.
constexpr double kDegrees[] = {1,    2.5,    7,   15.9, 16,    16.3, 20,
                               33.3, 99,     100, 499,  500.5, 501,  1000,
                               1e4,  1.23e5, 1e6, 1e9,  2e12};

TEST(StudentTest, TailAgreesWithBoost) {
  for (double degrees : kDegrees) {
    const Wide wide(degrees);
    for (double t = 1e-4; t < 38; t *= 1.09) {
      const long double want =
          boost::math::cdf(boost::math::complement(wide, t));
      if (want < 1e-300L) continue;
      // phi(z) magnifies the rounding of z by z^2.
      const double tolerance = (degrees < 16 ? 3e-13 : 1e-14) + 4e-16 * t * t;
      EXPECT_NEAR(StudentUpperTail(t, degrees) / static_cast<double>(want), 1,
                  tolerance)
          << t << " " << degrees;
      EXPECT_DOUBLE_EQ(StudentUpperTail(-t, degrees),
                       1 - StudentUpperTail(t, degrees));
    }
  }
}

TEST(StudentTest, QuantileInvertsBoost) {
  for (double degrees : kDegrees) {
    const Wide wide(degrees);
    for (double exponent = -0.302; exponent > -280; exponent *= 1.15) {
      const double tail = std::pow(10, exponent);
      const double t = StudentUpperQuantile(tail, degrees);
      if (!std::isfinite(t) || t > 1e10) continue;  // Heavy tails.
      const long double back =
          boost::math::cdf(boost::math::complement(wide, t));
      const long double slope = boost::math::pdf(wide, t);
      EXPECT_NEAR(static_cast<double>((back - tail) / slope / t), 0, 1e-13)
          << tail << " " << degrees;
      if (1 - tail == 1) continue;
      EXPECT_EQ(StudentUpperQuantile(1 - tail, degrees),
                -StudentUpperQuantile(1 - (1 - tail), degrees));
    }
    EXPECT_NEAR(StudentUpperQuantile(0.5, degrees), 0, 1e-15);
  }
}

// R 4.2.2: qt(0.975, df), printed with %.17g.
TEST(StudentTest, AgreesWithR) {
  EXPECT_NEAR(StudentUpperQuantile(0.025, 20), 2.0859634472658648, 3e-15);
  EXPECT_NEAR(StudentUpperQuantile(0.025, 100), 1.9839715185235516, 3e-15);
  EXPECT_NEAR(StudentUpperQuantile(0.025, 1e4), 1.9602012398906257, 3e-15);
}

TEST(StudentTest, ApproachesTheNormalDistribution) {
  EXPECT_NEAR(StudentUpperTail(3, 1e15), NormalUpperTail(3), 1e-16);
  EXPECT_EQ(StudentUpperTail(3, kInfinity), NormalUpperTail(3));
  EXPECT_EQ(StudentUpperTail(kInfinity, 100), 0);
  EXPECT_EQ(StudentUpperTail(-kInfinity, 100), 1);
  EXPECT_TRUE(std::isnan(StudentUpperTail(std::nan(""), 100)));
  EXPECT_TRUE(std::isnan(StudentUpperTail(1, 0)));
  EXPECT_TRUE(std::isnan(StudentUpperQuantile(0, 100)));
  EXPECT_TRUE(std::isnan(StudentUpperQuantile(1, 100)));
}

}  // namespace
}  // namespace stagecraft::stats
