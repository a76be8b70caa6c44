// Values from scipy 1.10.1 unless said otherwise; the call stands beside.
#include "stats/distributions.h"

#include <cmath>

#include "gtest/gtest.h"

namespace stagecraft::stats {
namespace {

TEST(DistributionsTest, NormalTailsKeepTheirDigits) {
  // norm.sf(8.5), norm.sf(20), norm.sf(37), norm.sf(-3).
  EXPECT_NEAR(NormalUpperTail(8.5) / 9.47953482220325e-18, 1, 1e-12);
  EXPECT_NEAR(NormalUpperTail(20) / 2.7536241186061556e-89, 1, 1e-12);
  EXPECT_NEAR(NormalUpperTail(37) / 5.7255712225239266e-300, 1, 1e-12);
  EXPECT_NEAR(NormalUpperTail(-3), 0.9986501019683699, 1e-15);
  // norm.isf(1e-300), norm.isf(1e-30), norm.isf(0.025).
  EXPECT_NEAR(NormalUpperQuantile(1e-300), 37.0470962993612, 1e-11);
  EXPECT_NEAR(NormalUpperQuantile(1e-30), 11.464024688443613, 1e-12);
  EXPECT_NEAR(NormalUpperQuantile(0.025), 1.9599639845400545, 1e-14);
}

TEST(DistributionsTest, LogTailsAreFiniteBeyondTheRange) {
  // norm.logsf.
  EXPECT_NEAR(LogNormalUpperTail(100), -5005.524208694205, 1e-9);
  EXPECT_NEAR(LogNormalUpperTail(30), -454.32124395634327, 1e-10);
  EXPECT_NEAR(LogNormalUpperTail(8.5), -39.19739642821768, 1e-12);
  EXPECT_NEAR(LogNormalUpperTail(-3), -0.001350809964748193, 1e-16);
  // Both branches meet at 30.
  EXPECT_NEAR(LogNormalUpperTail(30), LogNormalUpperTail(30 - 1e-9), 1e-7);
}

TEST(DistributionsTest, StudentTails) {
  // t.sf(t, df).
  EXPECT_NEAR(StudentUpperTail(40, 5) / 9.205981085886476e-08, 1, 1e-11);
  EXPECT_NEAR(StudentUpperTail(3, 2.5), 0.036288047774515914, 1e-14);
  EXPECT_NEAR(StudentUpperTail(30, 1e6) / 6.010047116832008e-198, 1, 1e-9);
  EXPECT_NEAR(StudentUpperTail(60, 100.5) / 8.097790579772795e-81, 1, 1e-9);
  EXPECT_NEAR(StudentUpperTail(-1, 7), 0.8246916685898963, 1e-14);
  // R 4.2.2: qt(.975, 5) (scipy's t.isf has an error of 1e-9 there), then
  // t.isf(q, df).
  EXPECT_NEAR(StudentUpperQuantile(0.025, 5), 2.5705818356363137, 1e-13);
  EXPECT_NEAR(StudentUpperQuantile(0.025, 36671.15797736051), 1.960028677021308,
              1e-11);
  EXPECT_NEAR(StudentUpperQuantile(0.025, 2.5), 3.574654842011878, 1e-11);
  EXPECT_EQ(StudentUpperTail(2, kInfinity), NormalUpperTail(2));
}

TEST(DistributionsTest, ChiSquaredTails) {
  // chi2.sf(x, df).
  EXPECT_NEAR(ChiSquaredUpperTail(1400, 1) / 2.1010145162644003e-306, 1, 1e-9);
  EXPECT_NEAR(ChiSquaredUpperTail(1000, 19) / 5.306673251651704e-200, 1, 1e-10);
  EXPECT_EQ(ChiSquaredUpperTail(0, 3), 1);
}

TEST(DistributionsTest, BetaTails) {
  // R 4.2.2: pbeta(.3, 5, 9), qbeta(.1, 5, 9).
  EXPECT_NEAR(BetaLowerTail(0.3, 5, 9), 0.3456864392985, 1e-13);
  EXPECT_NEAR(BetaUpperTail(0.3, 5, 9), 1 - 0.3456864392985, 1e-13);
  EXPECT_NEAR(BetaLowerQuantile(0.1, 5, 9), 0.2005020394099079, 1e-13);
}

TEST(DistributionsTest, OutsideOfTheDomainIsNotANumber) {
  EXPECT_TRUE(std::isnan(NormalUpperQuantile(0)));
  EXPECT_TRUE(std::isnan(NormalUpperQuantile(1)));
  EXPECT_TRUE(std::isnan(StudentUpperTail(1, -2)));
  EXPECT_TRUE(std::isnan(StudentUpperTail(std::nan(""), 3)));
  EXPECT_TRUE(std::isnan(ChiSquaredUpperTail(-1, 3)));
  EXPECT_TRUE(std::isnan(BetaLowerTail(0.5, 0, 1)));
  EXPECT_TRUE(std::isnan(BetaLowerQuantile(1.5, 1, 1)));
}

TEST(DistributionsTest, OneSidedTestsAreOneTail) {
  EXPECT_DOUBLE_EQ(PValue(1.5, 7, Alternative::kGreater),
                   StudentUpperTail(1.5, 7));
  EXPECT_DOUBLE_EQ(PValue(1.5, 7, Alternative::kLess),
                   StudentUpperTail(-1.5, 7));
  EXPECT_DOUBLE_EQ(PValue(-1.5, 7, Alternative::kTwoSided),
                   2 * StudentUpperTail(1.5, 7));
  EXPECT_EQ(PValue(0, 7, Alternative::kTwoSided), 1);
}

}  // namespace
}  // namespace stagecraft::stats
