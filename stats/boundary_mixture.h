// Uniform boundaries by the method of mixtures: curves u(v) that a sum S with
// intrinsic time V crosses, ever, with probability at most alpha.
//
//   P(S_t > bound(V_t) for some t >= 1) <= alpha
//
// S is a sum of centred values and V what its variance adds up to. Each mixture
// M(s, v) is a supermartingale under its condition and bound(v) is the s with
// M(s, v) = 1 / alpha. M at the data is an e-value; min(1, 1/M) an always-valid
// p-value.
//
//   mixture             condition on S, V: exp(l S - psi(l) V) is a
//                       supermartingale for all l >= 0 of the domain, psi =
//   normal              l^2 / 2                           (sub-Gaussian)
//   gamma-exponential   (-ln(1 - c l) - c l) / c^2        (sub-exponential,
//                                                          scale c > 0)
//   gamma-Poisson       (exp(c l) - c l - 1) / c^2        (sub-Poisson, c > 0)
//   Beta-Binomial       ln((g e^{h l} + h e^{-g l}) / (g + h)) / (g h)
//                                                         (sub-Bernoulli)
//
// Examples: values in [a, b] are sub-Gaussian with V = n (b - a)^2 / 4;
// Bernoulli(p) is sub-Bernoulli with g = p, h = 1 - p, V = n p (1 - p); values
// >= -g are sub-Poisson (Bennett) and sub-exponential in their squares (see
// empirical_bernstein.h); exponential waiting times of mean m are
// sub-exponential with c = m, V = n m^2; Poisson counts of total mean m are
// sub-Poisson with c = 1, V = m.
//
// Tuning: v_opt is the intrinsic time at which the boundary is to be tight,
// alpha_opt the level it is tuned for. For two sides rho = v_opt /
// (2 ln(1/alpha_opt) + ln(1 + 2 ln(1/alpha_opt))); for one side the same at
// 2 alpha_opt. The Beta-Binomial takes r = max(rho - g h, g h / 1000) from it.
// Other packages name the same parameter so (confseq), or its reciprocal.
//
// "Two-sided" bounds |S| (Beta-Binomial: it bounds S above by M; use it with g
// and h exchanged for below); one-sided is tighter above and says nothing of
// below.
//
// Accuracy: ln M to 1e-12 up to v = 1e8 (one-sided Beta-Binomial: 1e-10).
// Source: S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Ann. Stat. 49 (2021)
//         1055, propositions 5 to 8 (arXiv 1810.08240).
#ifndef STAGECRAFT_STATS_BOUNDARY_MIXTURE_H_
#define STAGECRAFT_STATS_BOUNDARY_MIXTURE_H_

#include "absl/status/statusor.h"

namespace stagecraft::stats {

struct BoundaryTuning {
  double v_opt = 0;         // > 0. Required.
  double alpha_opt = 0.05;  // In (0, 1); in (0, 1/2) for one side.
};

// rho of the normal mixture, > 0. It is the exact optimum to second order; the
// exact one is in confidence_sequence.h.
// Errors: kInvalidArgument.
absl::StatusOr<double> NormalMixtureRho(const BoundaryTuning& tuning,
                                        bool one_sided);

enum class BoundaryKind {
  kNormalTwoSided,
  kNormalOneSided,
  kGammaExponential,      // One-sided; c.
  kGammaPoisson,          // One-sided; c.
  kBetaBinomialTwoSided,  // g, h.
  kBetaBinomialOneSided,  // g, h.
};

// A mixture, ready for use: made by MakeMixture, which checks.
struct BoundaryMixture {
  BoundaryKind kind = BoundaryKind::kNormalTwoSided;
  double rho = 1;  // r of the Beta-Binomial mixtures.
  double c = 1;
  double g = 0.5, h = 0.5;
  double log_normalizer = 0;  // Of the one-sided: ln of the mass above 0.
};

struct MixtureScale {
  double c = 1;             // Gamma mixtures, > 0.
  double g = 0.5, h = 0.5;  // Beta-Binomial, > 0.
};

// Errors: kInvalidArgument for a bad tuning or scale.
absl::StatusOr<BoundaryMixture> MakeMixture(BoundaryKind kind,
                                            const BoundaryTuning& tuning,
                                            const MixtureScale& scale = {});

// With rho (r for Beta-Binomial) given instead of tuned.
absl::StatusOr<BoundaryMixture> MakeMixtureWithRho(
    BoundaryKind kind, double rho, const MixtureScale& scale = {});

// ln M(s, v).
//
// Errors: kInvalidArgument if s is not finite, v < 0 or not finite, or s is
// where the sum cannot be: below -v/c (gamma-Poisson), outside of [-v/h, v/g]
// (Beta-Binomial).  Below -(v + rho)/c the gamma-exponential is an error too.
absl::StatusOr<double> LogSupermartingale(const BoundaryMixture& mixture,
                                          double s, double v);

// The boundary at v, for alpha in (0, 1). A Beta-Binomial sum cannot exceed
// v/g; where even that is no evidence of 1/alpha the bound is v/g.
// Errors: kInvalidArgument.
absl::StatusOr<double> MixtureBound(const BoundaryMixture& mixture, double v,
                                    double alpha);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BOUNDARY_MIXTURE_H_
