// Draws against the distribution functions of Boost.Math.
#include "simulations/scenario/distribution.h"

#include <algorithm>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/pareto.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <boost/math/distributions/uniform.hpp>
#include <boost/math/distributions/weibull.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "gtest/gtest.h"

namespace stagecraft::simulations {
namespace {

using Kind = Distribution::Kind;
using Cdf = std::function<double(double)>;

constexpr int kDraws = 20'000;
// Dvoretzky, Kiefer, Wolfowitz and Massart: the largest distance is beyond this
// with a probability of at most 1e-6.
const double kBound = std::sqrt(std::log(2 / 1e-6) / (2.0 * kDraws));

std::vector<double> Draws(const Distribution& distribution) {
  std::vector<double> draws;
  for (int i = 0; i < kDraws; ++i) {
    Random random(/*key=*/i, /*purpose=*/99);
    draws.push_back(distribution.Draw(random));
  }
  std::sort(draws.begin(), draws.end());
  return draws;
}

void ExpectFollows(const Distribution& distribution, const Cdf& cdf) {
  const std::vector<double> draws = Draws(distribution);
  double distance = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double p = cdf(draws[i]);
    distance = std::max(
        {distance, p - i / double{kDraws}, (i + 1) / double{kDraws} - p});
  }
  EXPECT_LT(distance, kBound) << static_cast<int>(distribution.kind);
}

template <typename D>
Cdf Of(const D& distribution) {
  return [=](double x) { return boost::math::cdf(distribution, x); };
}

TEST(DistributionTest, TimesFollowTheirDistributionFunctions) {
  using namespace boost::math;  // NOLINT: distributions only.
  const double ln2 = std::log(2.0);
  ExpectFollows({Kind::kLogNormal, 6, 1.5},
                Of(lognormal_distribution<>(std::log(6.0), 1.5)));
  for (const double shape : {0.5, 3.0}) {
    ExpectFollows(
        {Kind::kWeibull, 48, shape},
        Of(weibull_distribution<>(shape, 48 / std::pow(ln2, 1 / shape))));
  }
  ExpectFollows({Kind::kExponential, 5}, Of(exponential_distribution<>(0.2)));
  for (const double shape : {0.3, 1.0, 7.5}) {
    ExpectFollows({Kind::kGamma, 12, shape},
                  Of(gamma_distribution<>(shape, 12 / shape)));
  }
  for (const double shape : {0.8, 4.0}) {
    ExpectFollows(
        {Kind::kPareto, 72, shape},
        Of(pareto_distribution<>(72 / std::pow(2, 1 / shape), shape)));
  }
}

TEST(DistributionTest, ValuesFollowTheirDistributionFunctions) {
  using namespace boost::math;  // NOLINT: distributions only.
  ExpectFollows({Kind::kNormal, -3, 2}, Of(normal_distribution<>(-3, 2)));
  ExpectFollows({Kind::kUniform, -1, 4}, Of(uniform_distribution<>(-1, 4)));
}

// Each count's share is within the same bound, for the distribution functions
// before and after it are.
void ExpectShares(const Distribution& distribution,
                  const std::function<double(double)>& share) {
  std::map<double, int> counts;
  for (const double draw : Draws(distribution)) ++counts[draw];
  for (const auto& [value, count] : counts) {
    EXPECT_NEAR(count / double{kDraws}, share(value), 2 * kBound) << value;
  }
}

TEST(DistributionTest, CountsAndChoicesHaveTheirShares) {
  for (const double mean : {0.3, 4.0, 400.0}) {
    const boost::math::poisson_distribution<> poisson(mean);
    ExpectShares({Kind::kPoisson, mean}, [&](double value) {
      return boost::math::pdf(poisson, value);
    });
  }
  ExpectShares({Kind::kChoice, 0, 0, {1, 2, 5}, {0.5, 0.5, 1}},
               [](double value) { return value == 2 ? 0 : 0.5; });
  EXPECT_EQ(Draws({Kind::kConstant, 7}).front(), 7);
  EXPECT_EQ(Draws({Kind::kConstant, 7}).back(), 7);
}

}  // namespace
}  // namespace stagecraft::simulations
