// Exact values: finite sums over Beta functions (E. Miller, "Formulas for
// Bayesian A/B Testing", 2014) with 60 digits by mpmath 1.2.1, for integer
// parameters; logarithms, so that nothing underflows.
#include "stats/gamma_contrast.h"

#include <cmath>

#include "gtest/gtest.h"
#include "stats/beta_effect.h"
#include "stats/beta_normal_form.h"

namespace stagecraft::stats {
namespace {

struct Exact {
  BetaShape treatment, control;
  double log_above, log_below, log_excess, log_shortfall;
};

// Shapes of very different size: poles close to each other and far away.
constexpr Exact kExact[] = {
    {{3, 819},
     {20, 81870},
     -0.0013044394647080459,
     -6.6426340082747446,
     -5.6823637598326844,
     -16.17818364837622},
    {{11, 69},
     {4, 792554},
     -1.6919875325268573e-42,
     -96.182670013075367,
     -1.98416806763458,
     -109.54254315792628},
    {{541, 1177556},
     {62, 55},
     -395.66369630475851,
     -3.7470074042441188e-55,
     -407.38399657589815,
     -0.6359065088964946},
    {{232, 1332},
     {25, 2976110},
     -2.3326957211524295e-55,
     -1693.0073380681798,
     -1.9083211796841733,
     -1707.8154687121402},
    {{197, 115},
     {928, 1},
     -177.77957726469037,
     1.5604210809236813e-58,
     -184.71101434746477,
     -1.0009957233669206},
};

TEST(OrderBetasTest, AgreesWithExactSums) {
  for (const Exact& row : kExact) {
    SCOPED_TRACE(row.log_below);
    const BetaOrdering order = OrderBetas(row.treatment, row.control);
    const auto near = [](double x, double want) {
      EXPECT_NEAR(x, want, 1e-11 + 1e-14 * std::abs(want));
    };
    near(order.log_above, row.log_above);
    near(order.log_below, row.log_below);
    if (row.log_excess > -700) near(std::log(order.excess), row.log_excess);
    if (row.log_shortfall > -700) {
      near(std::log(order.shortfall), row.log_shortfall);
    }
    const BetaOrdering swapped = OrderBetas(row.control, row.treatment);
    EXPECT_NEAR(swapped.log_above, order.log_below,
                1e-12 + 1e-14 * std::abs(order.log_below));
  }
}

// ln G_1 - ln G_2 of two exponential variables is logistic.
TEST(GammaContrastTest, ExponentialsAreLogistic) {
  const GammaContrast contrast({1, 0}, {1, 0}, 0);
  for (const double x : {0.0, 0.3, 1.0, 5.0, 40.0, 200.0}) {
    const auto at = contrast.At(-x);
    EXPECT_NEAR(at.log_upper, -std::log1p(std::exp(x)), 2e-13 * (1 + x));
    EXPECT_NEAR(at.log_lower, -std::log1p(std::exp(-x)), 2e-13);
    const double density = std::exp(-x) / std::pow(1 + std::exp(-x), 2);
    EXPECT_NEAR(at.density / density, 1, 1e-12);
  }
}

// The short Taylor series from shapes of 1000 on joins the general sum.
TEST(GammaContrastTest, BothSumsAgreeAtTheirBorder) {
  double last = 0, change = 0;
  for (int k = 0; k < 5; ++k) {
    const double shape = 1027.7 + 0.01 * k;
    const GammaContrast contrast({shape, 0}, {5000, 0}, 0);
    const double here = contrast.Upper(-0.03).log_tail;
    if (k > 1) {
      EXPECT_NEAR(here - last, change, 1e-8);
    }
    if (k > 0) change = here - last;
    last = here;
  }
}

// mpmath 1.2.1: quad of exp(a ln(p / mean) + b ln((1 - p) / (1 - mean))) / (p
// (1 - p)) over 40 deviations, 30 digits. Functions of libraries for the
// incomplete beta are off by 1e-8 at 1e9.
TEST(BetaNormalFormTest, TailsAgreeWithQuadrature) {
  struct Row {
    double a, b, offset, lower, upper;
  };
  for (const Row& row :
       {Row{30, 30, -0.19364916731037085, 0.0009358351473317805,
            0.9990641648526682},
        Row{30, 3000, 0.003597388215409701, 0.9685063223579655,
            0.03149367764203449},
        Row{31, 1e9, 3.897434872750292e-09, 0.7679024163228602,
            0.2320975836771398},
        Row{1e5, 9e5, -0.0018, 8.123967849224102e-10, 0.9999999991876032},
        Row{1e9, 1e9, 5.5901699437494744e-06, 0.69146246125751,
            0.30853753874249},
        Row{1e9, 1e9, -0.00022360679774997898, 2.7535690476896412e-89, 1.0},
        Row{1e9, 1e11, 9.346288745458702e-07, 0.9986497337921555,
            0.001350266207844549}}) {
    const auto at = BetaNormalForm(row.a, row.b).At(row.offset);
    EXPECT_NEAR(at.lower / row.lower, 1, 1e-12) << row.a << " " << row.offset;
    EXPECT_NEAR(at.upper / row.upper, 1, 1e-12) << row.a << " " << row.offset;
  }
}

TEST(BetaNormalFormTest, OffsetsInvertTheCoordinate) {
  for (const double a : {30.0, 500.0, 1e4, 1e7, 1e12}) {
    for (const double b : {30.0, 800.0, 1e12}) {
      const BetaNormalForm form(a, b);
      for (const double z : {-6.0, -1.0, 0.5, 4.0}) {
        const double offset = form.OffsetAt(z);
        // z^2 / 2 = -ln (f / f at the mean).
        const double p = form.Mean() + offset, q = form.Complement() - offset;
        if (a < 1e6 && b < 1e6) {
          EXPECT_NEAR(-a * std::log(p / form.Mean()) -
                          b * std::log(q / form.Complement()),
                      z * z / 2, 1e-9 * z * z);
        }
        // The density is the derivative of the lower tail.
        const double step = 1e-3 * form.Unit();
        const double slope =
            (form.At(offset + step).lower - form.At(offset - step).lower) /
            (2 * step);
        if (std::abs(z) < 3) {
          EXPECT_NEAR(form.At(offset).density / slope, 1, 1e-5);
        }
      }
    }
  }
}

}  // namespace
}  // namespace stagecraft::stats
