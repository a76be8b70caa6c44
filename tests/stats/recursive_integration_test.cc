// Oracles: mpmath 1.2.1 nested quadrature at 25 digits; a naive recursion by
// Simpson's rule on 4001 equal steps; exact identities.
#include "stats/recursive_integration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "stats/recursive_integration_kernels.h"

namespace stagecraft::stats {
namespace {

struct Exits {
  std::vector<double> up, down;
};

// Of bounds on the scale of Z, by one recursion for any theta.
Exits Recursive(const std::vector<double>& times,
                const std::vector<double>& lower,
                const std::vector<double>& upper, double theta) {
  ExitRecursion path(std::min(theta, 0.0), std::max(theta, 0.0));
  Exits exits;
  for (size_t k = 0; k < times.size(); ++k) {
    const double root = std::sqrt(times[k]);
    path.Next(times[k]);
    exits.up.push_back(path.Above(upper[k] * root, theta));
    exits.down.push_back(path.Below(lower[k] * root, theta));
    path.Continue({.lower = lower[k] * root, .upper = upper[k] * root});
  }
  return exits;
}

// The same by Simpson's rule, with the drift in the increments.
Exits Naive(const std::vector<double>& times, const std::vector<double>& lower,
            const std::vector<double>& upper, double theta) {
  constexpr int kSteps = 4000;
  std::vector<double> nodes{0}, mass{1};
  double before = 0;
  Exits exits;
  for (size_t k = 0; k < times.size(); ++k) {
    const double root = std::sqrt(times[k]);
    const double d = times[k] - before;
    const double sd = std::sqrt(d);
    const double low = lower[k] * root, high = upper[k] * root;
    double up = 0, down = 0;
    for (size_t i = 0; i < nodes.size(); ++i) {
      const double mean = nodes[i] + theta * d;
      up += mass[i] * NormalUpperTail((high - mean) / sd);
      down += mass[i] * NormalLowerTail((low - mean) / sd);
    }
    exits.up.push_back(up);
    exits.down.push_back(down);
    if (k + 1 == times.size()) break;
    std::vector<double> next(kSteps + 1), weights(kSteps + 1);
    const double step = (high - low) / kSteps;
    for (int j = 0; j <= kSteps; ++j) {
      next[j] = low + j * step;
      double density = 0;
      for (size_t i = 0; i < nodes.size(); ++i) {
        density +=
            mass[i] * NormalDensity((next[j] - nodes[i] - theta * d) / sd) / sd;
      }
      const double simpson = j == 0 || j == kSteps ? 1 : (j % 2 == 1 ? 4 : 2);
      weights[j] = density * simpson * step / 3;
    }
    nodes = next;
    mass = weights;
    before = times[k];
  }
  return exits;
}

TEST(RecursiveIntegrationTest, AgreesWithNestedQuadrature) {
  struct Row {
    double theta;
    double up[3], down[2];
  };
  constexpr Row kRows[] = {
      {0,
       {0.0034669738030406685, 0.00956558925414704484, 0.0114597034287262769},
       {0.158655253931457051, 0.43132140210834195}},
      {1.5,
       {0.0301621280105384324, 0.126583053419925961, 0.142279638216192699},
       {0.0342590776691439921, 0.12204456524095726}},
      {-2,
       {0.0000736893989536353171, 0.0000323406699932066503,
        0.0000147578696746675279},
       {0.538019358490240021, 0.432637133784654417}},
  };
  for (const Row& row : kRows) {
    const Exits exits = Recursive({0.3, 0.7, 1}, {-1, 0.2, -kInfinity},
                                  {2.7, 2.3, 2.1}, row.theta);
    for (int k = 0; k < 3; ++k) EXPECT_NEAR(exits.up[k], row.up[k], 1e-14);
    for (int k = 0; k < 2; ++k) EXPECT_NEAR(exits.down[k], row.down[k], 1e-14);
  }
}

TEST(RecursiveIntegrationTest, AgreesWithSimpsonOnRandomBounds) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int trial = 0; trial < 6; ++trial) {
    std::vector<double> times, lower, upper;
    double time = 0;
    for (int k = 0; k < 3; ++k) {
      time += 0.02 + unit(random);
      times.push_back(time);
      upper.push_back(0.5 + 3 * unit(random));
      lower.push_back(-0.2 - 3 * unit(random));
    }
    const double theta = 4 * unit(random) - 2;
    const Exits fast = Recursive(times, lower, upper, theta);
    const Exits naive = Naive(times, lower, upper, theta);
    for (int k = 0; k < 3; ++k) {
      EXPECT_NEAR(fast.up[k], naive.up[k], 1e-9);
      EXPECT_NEAR(fast.down[k], naive.down[k], 1e-9);
    }
  }
}

// Independence of how a stretch of information is cut when nothing stops there,
// from tiny steps to large ones.
TEST(RecursiveIntegrationTest, LooksWithoutBoundsChangeNothing) {
  const double bound = 1.7;
  const Exits plain =
      Recursive({0.5, 1}, {-bound, -bound}, {bound, bound}, 0.8);
  for (const double inserted : {0.1, 0.4999, 0.5001, 0.7, 0.999}) {
    std::vector<double> times{0.5, 1}, lower{-bound, -bound},
        upper{bound, bound};
    const size_t at = inserted < 0.5 ? 0 : 1;
    times.insert(times.begin() + at, inserted);
    lower.insert(lower.begin() + at, -kInfinity);
    upper.insert(upper.begin() + at, kInfinity);
    const Exits more = Recursive(times, lower, upper, 0.8);
    EXPECT_NEAR(more.up[2], plain.up[1], 2e-12) << inserted;
    EXPECT_NEAR(more.down[2], plain.down[1], 2e-12) << inserted;
  }
}

TEST(RecursiveIntegrationTest, MassIsConservedOverManyLooks) {
  for (const int looks : {2, 10, 60, 400}) {
    ExitRecursion path(0, 1.5);
    double stopped[2] = {0, 0};
    const double thetas[2] = {0, 1.5};
    for (int k = 1; k <= looks; ++k) {
      const double time = static_cast<double>(k) / looks;
      const double bound = 2.2 * std::sqrt(time);
      path.Next(time);
      for (int i = 0; i < 2; ++i) {
        EXPECT_NEAR(stopped[i] + path.Reached(thetas[i]), 1, 1e-11);
        stopped[i] +=
            path.Above(bound, thetas[i]) + path.Below(-bound, thetas[i]);
      }
      path.Continue({.lower = -bound, .upper = bound});
    }
  }
}

TEST(RecursiveIntegrationTest, HolesAreDifferencesOfRegions) {
  // P(stop in the hole at look 1) and its effect at look 2, by inclusion.
  ExitRecursion whole(0, 1), inner(0, 1), holed(0, 1);
  whole.Next(0.4);
  inner.Next(0.4);
  holed.Next(0.4);
  whole.Continue({.lower = -1.5, .upper = 1.5});
  inner.Continue({.lower = -0.3, .upper = 0.5});
  holed.Continue(
      {.lower = -1.5, .upper = 1.5, .hole_low = -0.3, .hole_high = 0.5});
  whole.Next(1);
  inner.Next(1);
  holed.Next(1);
  for (const double s : {-2.0, 0.0, 0.3, 2.5}) {
    EXPECT_NEAR(holed.Above(s, 1), whole.Above(s, 1) - inner.Above(s, 1),
                1e-13);
  }
}

TEST(RecursiveIntegrationTest, TinyTailsKeepTheirDigits) {
  // One look after another without stopping in between that matters: the tail
  // of the second is that of the unstopped process to first order.
  ExitRecursion path(0, 0);
  path.Next(0.02);
  path.Continue(
      {.lower = -22 * std::sqrt(0.02), .upper = 22 * std::sqrt(0.02)});
  path.Next(0.04);
  // mpmath: ncdf(-15.8) = 1.53e-56; those that stopped before are 1e-106.
  const double tail = NormalUpperTail(15.8);
  EXPECT_NEAR(path.Above(15.8 * 0.2, 0) / tail, 1, 1e-9);
  EXPECT_NEAR(path.UpperScore(tail) / (15.8 * 0.2), 1, 1e-10);
}

TEST(RecursiveIntegrationTest, UpperScoreInvertsAbove) {
  ExitRecursion path(0, 0);
  path.Next(0.25);
  path.Continue({.lower = 0, .upper = 1});
  path.Next(1);
  for (const double tail : {1e-280, 1e-30, 1e-6, 0.01, 0.2, 0.45}) {
    EXPECT_NEAR(path.Above(path.UpperScore(tail), 0) / tail, 1, 1e-9) << tail;
  }
  EXPECT_EQ(path.UpperScore(0.5), -kInfinity);  // P(0 < S_1 < 1) < 0.5.
}

TEST(RecursiveIntegrationTest, MomentsOfAnUnstoppedProcess) {
  ExitRecursion path(0, 0.7);
  path.Next(0.5);
  path.Continue({});
  path.Next(2);
  // E(S; S >= s) = theta I P + sqrt(I) phi.
  const double mean = 0.7 * 2, root = std::sqrt(2.0);
  for (const double s : {-1.0, 1.4, 4.0}) {
    const double u = (s - mean) / root;
    EXPECT_NEAR(path.MomentAbove(s, 0.7),
                mean * NormalUpperTail(u) + root * NormalDensity(u), 1e-12);
    EXPECT_NEAR(path.MomentBelow(s, 0.7),
                mean * NormalLowerTail(u) - root * NormalDensity(u), 1e-12);
  }
}

TEST(RecursiveIntegrationKernelsTest, TailsAgreeWithErfc) {
  std::array<double, kKernelStride> x{}, g{};
  g[3] = 1;
  for (double c = -9; c < 37; c += 0.0137) {
    const TailAndDensity here = WeighTails(x.data(), g.data(), 8, c, 1);
    // exp of -c^2/2 magnifies the rounding of its argument.
    const double tolerance = 1e-14 + 3e-16 * c * c;
    EXPECT_NEAR(here.tail / NormalUpperTail(c), 1, tolerance) << c;
    EXPECT_NEAR(here.density / NormalDensity(c), 1, tolerance) << c;
  }
}

TEST(RecursiveIntegrationKernelsTest, SpreadAndTiltAgreeWithPlainLoops) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> unit(-1, 1);
  std::vector<double> x(40), g(40), y(24), out(24), tilted(40);
  for (double& value : x) value = unit(random);
  std::sort(x.begin(), x.end());
  for (double& value : g) value = unit(random) + 1;
  for (double& value : y) value = 2 * unit(random);
  std::sort(y.begin(), y.end());
  SpreadDensity(x.data(), g.data(), 40, y.data(), 24, 0.3, 38, out.data());
  for (size_t j = 0; j < y.size(); ++j) {
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      sum += g[i] * NormalDensity((y[j] - x[i]) / 0.3) / 0.3;
    }
    EXPECT_NEAR(out[j] / sum, 1, 1e-13);
  }
  TiltWeights(x.data(), g.data(), 40, -3.3, 0.4, tilted.data());
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(tilted[i] / (g[i] * std::exp(-3.3 * x[i] - 0.4)), 1, 1e-13);
  }
}

}  // namespace
}  // namespace stagecraft::stats
