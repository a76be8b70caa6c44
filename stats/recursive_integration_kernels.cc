#include "stats/recursive_integration_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

// Vectors wider than the baseline are only ever used inside of functions that
// are compiled for them, so no such value crosses a call.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#if defined(__x86_64__)
#define STAGECRAFT_KERNELS_X86 1
#endif

#define STAGECRAFT_INLINE inline __attribute__((always_inline))

namespace stagecraft::stats {
namespace {

constexpr double kInverseRoot2Pi = 0.39894228040143267794;

// Coefficients of P, ascending; 8e-16 relative against mpmath 1.2.1.
constexpr double kTail[] = {
    0.5475817195514198,      -0.08196462848214485,    -0.008076289398536513,
    0.048661918332250136,    -0.044810365735222464,   0.023221736060411276,
    -0.006104366719821758,   -0.00047051034667629617, 0.0008713133404482529,
    -0.00010420628064350091, -0.00011115329387146542, 2.4577694543500067e-05,
    1.7212359100418727e-05,  -3.963237675572575e-06,  -3.2666751425709157e-06,
    4.624109911092649e-07,   6.799991603995866e-07,   -8.300183682905936e-09,
    -1.3436424394556591e-07, -1.1703879311179528e-08, 2.102278030444311e-08,
    2.093866991788404e-09,   -1.845210889319643e-09};

template <int kWidth>
struct Wide {
  typedef double Real __attribute__((vector_size(kWidth * 8)));
  typedef int64_t Integer __attribute__((vector_size(kWidth * 8)));

  static STAGECRAFT_INLINE Real Load(const double* from) {
    Real value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  static STAGECRAFT_INLINE void Store(double* to, const Real& value) {
    std::memcpy(to, &value, sizeof(value));
  }
  static STAGECRAFT_INLINE Real All(double value) { return Real{} + value; }

  // e^x; below -700 as at -700.
  static STAGECRAFT_INLINE Real Exp(const Real& exponent) {
    constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52.
    const Real x = exponent < -700.0 ? All(-700) : exponent;
    const Real shifted = x * 1.4426950408889634 + kMagic;
    const Real n = shifted - kMagic;
    const Real r =
        (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    Real p = All(1.0 / 39916800);
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    return (Real)((Integer)p + ((Integer)shifted << 52));
  }

  static STAGECRAFT_INLINE TailAndDensity Tails(const double* x,
                                                const double* g, size_t n,
                                                double c, double sd) {
    const double inverse = 1 / sd;
    Real tail = All(0), density = All(0);
    for (size_t i = 0; i < n; i += kWidth) {
      const Real u = (c - Load(x + i)) * inverse;
      const Real weight = Load(g + i);
      const Real size = u < 0.0 ? -u : u;
      const Real kernel = weight * Exp(u * u * -0.5);
      const Real t = (size - 4.0) / (size + 4.0);
      Real p = All(kTail[22]);
      for (int k = 21; k >= 0; --k) p = p * t + kTail[k];
      const Real far = kernel * p / (size * 1.2 + 1.0);
      tail += u < 0.0 ? weight - far : far;
      density += kernel;
    }
    TailAndDensity sum;
    double tails[kWidth], densities[kWidth];
    Store(tails, tail);
    Store(densities, density);
    for (int k = 0; k < kWidth; ++k) {
      sum.tail += tails[k];
      sum.density += densities[k];
    }
    sum.density *= inverse * kInverseRoot2Pi;
    return sum;
  }

  static STAGECRAFT_INLINE void Spread(const double* x, const double* g,
                                       size_t n, const double* y, size_t m,
                                       double sd, double reach, double* out) {
    const double scale = -0.5 / (sd * sd);
    const double factor = kInverseRoot2Pi / sd;
    const double radius = reach * sd;
    size_t first = 0, last = 0;
    for (size_t j = 0; j < m; j += kWidth) {
      const Real here = Load(y + j);
      while (first < n && x[first] < y[j] - radius) ++first;
      while (last < n && x[last] <= y[j + kWidth - 1] + radius) ++last;
      Real sum = All(0);
      for (size_t i = first; i < last; ++i) {
        const Real distance = here - x[i];
        sum += g[i] * Exp(distance * distance * scale);
      }
      Store(out + j, sum * factor);
    }
  }

  static STAGECRAFT_INLINE void Tilt(const double* x, const double* g, size_t n,
                                     double theta, double shift, double* out) {
    for (size_t i = 0; i < n; i += kWidth) {
      Real exponent = Load(x + i) * theta - shift;
      exponent = exponent > 700.0 ? All(700) : exponent;
      Store(out + i, Load(g + i) * Exp(exponent));
    }
  }
};

struct Kernels {
  TailAndDensity (*tails)(const double*, const double*, size_t, double, double);
  void (*spread)(const double*, const double*, size_t, const double*, size_t,
                 double, double, double*);
  void (*tilt)(const double*, const double*, size_t, double, double, double*);
};

// The three loops, compiled for `target`.
#define STAGECRAFT_KERNELS(name, width, target)                           \
  struct name {                                                           \
    target static TailAndDensity Tails(const double* x, const double* g,  \
                                       size_t n, double c, double sd) {   \
      return Wide<width>::Tails(x, g, n, c, sd);                          \
    }                                                                     \
    target static void Spread(const double* x, const double* g, size_t n, \
                              const double* y, size_t m, double sd,       \
                              double reach, double* out) {                \
      Wide<width>::Spread(x, g, n, y, m, sd, reach, out);                 \
    }                                                                     \
    target static void Tilt(const double* x, const double* g, size_t n,   \
                            double theta, double shift, double* out) {    \
      Wide<width>::Tilt(x, g, n, theta, shift, out);                      \
    }                                                                     \
    static constexpr Kernels All() { return {Tails, Spread, Tilt}; }      \
  };

STAGECRAFT_KERNELS(Baseline, 2, )
#ifdef STAGECRAFT_KERNELS_X86
STAGECRAFT_KERNELS(Avx2, 4, __attribute__((target("avx2,fma"))))
STAGECRAFT_KERNELS(Avx512, 8,
                   __attribute__((target("avx512f,avx512dq,avx512vl,fma"))))
#endif

const Kernels& Best() {
  static const Kernels best = [] {
#ifdef STAGECRAFT_KERNELS_X86
    if (__builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return Avx512::All();
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      return Avx2::All();
    }
#endif
    return Baseline::All();
  }();
  return best;
}

}  // namespace

TailAndDensity WeighTails(const double* x, const double* g, size_t n, double c,
                          double sd) {
  return Best().tails(x, g, n, c, sd);
}

void SpreadDensity(const double* x, const double* g, size_t n, const double* y,
                   size_t m, double sd, double reach, double* out) {
  Best().spread(x, g, n, y, m, sd, reach, out);
}

void TiltWeights(const double* x, const double* g, size_t n, double theta,
                 double shift, double* out) {
  Best().tilt(x, g, n, theta, shift, out);
}

}  // namespace stagecraft::stats
