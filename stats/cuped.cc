#include "stats/cuped.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/cuped_fit.h"
#include "stats/cuped_linear.h"

namespace stagecraft::stats {
namespace {

// Sums over arms: with `between`, the covariances about the overall mean (or
// centre) instead of the arms' own.
struct Pooled {
  std::vector<double> sxx, sxy;
};

Pooled Pool(absl::Span<const LinearArm> arms, absl::Span<const double> centre,
            bool between) {
  const size_t p = centre.size();
  Pooled pooled{std::vector<double>(p * p, 0), std::vector<double>(p, 0)};
  double units = 0, y = 0;
  for (const LinearArm& arm : arms) units += arm.n;
  for (const LinearArm& arm : arms) y += arm.y * (arm.n / units);
  for (const LinearArm& arm : arms) {
    for (size_t i = 0; i < p; ++i) {
      pooled.sxy[i] += (arm.n - 1) * arm.sxy[i];
      if (between)
        pooled.sxy[i] += arm.n * (arm.x[i] - centre[i]) * (arm.y - y);
      for (size_t j = 0; j < p; ++j) {
        pooled.sxx[i * p + j] += (arm.n - 1) * arm.sxx[i * p + j];
        if (between) {
          pooled.sxx[i * p + j] +=
              arm.n * (arm.x[i] - centre[i]) * (arm.x[j] - centre[j]);
        }
      }
    }
  }
  return pooled;
}

double Dot(absl::Span<const double> a, absl::Span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double Form(absl::Span<const double> a, absl::Span<const double> matrix,
            absl::Span<const double> b) {
  const size_t p = a.size();
  double sum = 0;
  for (size_t i = 0; i < p; ++i) {
    sum += a[i] * Dot(matrix.subspan(i * p, p), b);
  }
  return sum;
}

// Variance of y - theta' x, 0 where only rounding is left.
absl::StatusOr<double> ResidualVariance(const LinearArm& arm,
                                        absl::Span<const double> theta,
                                        absl::string_view name) {
  const double explained = Form(theta, arm.sxx, theta);
  const double cross = Dot(theta, arm.sxy);
  const double variance = arm.variance - 2 * cross + explained;
  const double size = arm.variance + explained;
  if (variance < -1e-6 * size) {
    return absl::InvalidArgumentError(absl::StrCat(
        name,
        ".covariance is not that of any data: the residuals have the "
        "variance ",
        variance, ", want >= 0"));
  }
  // A theta of large, cancelling parts leaves more rounding.
  double parts = arm.variance;
  for (size_t i = 0; i < theta.size(); ++i) {
    parts += theta[i] * theta[i] * arm.sxx[i * theta.size() + i];
  }
  return variance <= kVarianceRounding * parts ? 0 : variance;
}

bool ByArm(CupedMethod method) {
  return method == CupedMethod::kPerArmTheta ||
         method == CupedMethod::kInteractions;
}

absl::Status CheckArms(absl::Span<const MultiMoments> arms,
                       const CupedOptions& options) {
  if (arms.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", arms.size(), " arms, want at least 2"));
  }
  const size_t metric = options.metric == CupedMetric::kRatio ? 2 : 1;
  const size_t variables = arms[0].mean.size();
  if (variables <= metric ||
      (options.ratio_covariates && (variables - metric) % 2 != 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "arms[0] has ", variables, " variables, want ", metric,
        " of the metric and at least one covariate",
        options.ratio_covariates ? " in pairs numerator, denominator" : ""));
  }
  for (size_t a = 0; a < arms.size(); ++a) {
    const std::string name = absl::StrCat("arms[", a, "]");
    if (auto status = CheckMoments(arms[a], name); !status.ok()) return status;
    if (arms[a].mean.size() != variables) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " has ", arms[a].mean.size(), " variables, want ",
                       variables, " as arms[0] has"));
    }
    if (arms[a].n < 2) {
      return NotEnough(
          absl::StrCat(name, ".n is ", arms[a].n, ", want at least 2 units"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<double>> CentreOf(
    absl::Span<const MultiMoments> arms, absl::Span<const LinearArm> linear,
    const CupedOptions& options) {
  const size_t metric = options.metric == CupedMetric::kRatio ? 2 : 1;
  double units = 0;
  for (const LinearArm& arm : linear) units += arm.n;
  std::vector<double> centre(linear[0].x.size(), 0);
  for (size_t i = 0; i < centre.size(); ++i) {
    if (options.ratio_covariates) {
      double numerator = 0, denominator = 0;
      for (const MultiMoments& arm : arms) {
        const double share = static_cast<double>(arm.n) / units;
        numerator += share * arm.mean[metric + 2 * i];
        denominator += share * arm.mean[metric + 2 * i + 1];
      }
      if (denominator == 0) {
        return NotEnough(absl::StrCat("the denominator of covariate ", i,
                                      " has the overall mean 0, want one that "
                                      "differs from 0"));
      }
      centre[i] = numerator / denominator;
    } else {
      // From the first arm, so that equal means stay equal.
      for (const LinearArm& arm : linear) {
        centre[i] += (arm.x[i] - linear[0].x[i]) * (arm.n / units);
      }
      centre[i] += linear[0].x[i];
    }
  }
  return centre;
}

void NoteDropped(const CovariateFit& fit, absl::Span<const double> covariance,
                 size_t p, absl::string_view where,
                 CupedAdjustment& adjustment) {
  for (size_t i = 0; i < p; ++i) {
    if (fit.IsKept(i)) continue;
    if (std::find(adjustment.dropped.begin(), adjustment.dropped.end(), i) ==
        adjustment.dropped.end()) {
      adjustment.dropped.push_back(i);
    }
    adjustment.notes.push_back(
        absl::StrCat("covariate ", i, " is dropped", where, ": ",
                     covariance[i * p + i] > 0
                         ? "it is a linear function of the covariates before it"
                         : "it is constant"));
  }
  if (fit.kept().empty()) {
    adjustment.notes.push_back(absl::StrCat("no covariate is left", where,
                                            ": the answer is unadjusted"));
  }
}

absl::Status TooFewDegrees(absl::string_view where, double degrees,
                           size_t covariates) {
  return NotEnough(absl::StrCat(where, " ", degrees,
                                " degrees of freedom left after ", covariates,
                                " covariates, want at least 1"));
}

// The covariances of the adjusted means, by the method.
struct Fits {
  std::vector<CovariateFit> fits;  // One, or one per arm.
  std::vector<double> residuals;   // s_a^2.
};

void FillCovariances(absl::Span<const LinearArm> arms, const Fits& fits,
                     CupedAdjustment& adjustment) {
  const size_t k = arms.size(), p = adjustment.centre.size();
  const CupedMethod method = adjustment.method;
  double units = 0, squares = 0;
  for (size_t a = 0; a < k; ++a) {
    units += arms[a].n;
    squares += (arms[a].n - 1) * fits.residuals[a];
  }
  std::vector<double> centre_covariance(p * p, 0);
  for (const LinearArm& arm : arms) {
    for (size_t i = 0; i < p * p; ++i) {
      centre_covariance[i] += arm.sxx[i] * (arm.n / units) / units;
    }
  }
  // Residual degrees of freedom of the regressions.
  double degrees = units - static_cast<double>(k);
  for (const CovariateFit& fit : fits.fits) {
    degrees -= static_cast<double>(fit.kept().size());
  }
  const double sigma2 = squares / degrees;
  const auto shift = [&](size_t a) {
    std::vector<double> d(p);
    for (size_t i = 0; i < p; ++i) d[i] = arms[a].x[i] - adjustment.centre[i];
    return d;
  };
  adjustment.covariance.assign(k * k, 0);
  adjustment.covariance_with_unadjusted.assign(k * k, 0);
  for (size_t a = 0; a < k; ++a) {
    const auto& theta = adjustment.arms[a].theta;
    for (size_t b = 0; b < k; ++b) {
      double& own = adjustment.covariance[a * k + b];
      double& cross = adjustment.covariance_with_unadjusted[a * k + b];
      if (ByArm(method)) cross = Dot(theta, arms[b].sxy) / units;
      if (a == b) {
        cross += (arms[a].variance - Dot(theta, arms[a].sxy)) / arms[a].n;
      }
      switch (method) {
        case CupedMethod::kPooledTheta:
        case CupedMethod::kTotalTheta:
          if (a == b) own = fits.residuals[a] / arms[a].n;
          break;
        case CupedMethod::kPerArmTheta:
          own = Form(theta, centre_covariance, adjustment.arms[b].theta);
          if (a == b) own += fits.residuals[a] / arms[a].n;
          break;
        case CupedMethod::kRegression: {
          // d_a' W^-1 d_b by the polar identity.
          const auto da = shift(a), db = shift(b);
          std::vector<double> sum(p);
          for (size_t i = 0; i < p; ++i) sum[i] = da[i] + db[i];
          const CovariateFit& fit = fits.fits[0];
          own = sigma2 * 0.5 *
                (fit.Quadratic(sum) - fit.Quadratic(da) - fit.Quadratic(db));
          if (a == b) own = sigma2 * (1 / arms[a].n + fit.Quadratic(da));
          break;
        }
        case CupedMethod::kInteractions:
          if (a == b) {
            own = sigma2 * (1 / arms[a].n +
                            fits.fits[a].Quadratic(shift(a)) / (arms[a].n - 1));
          }
          break;
      }
    }
  }
  if (method == CupedMethod::kRegression ||
      method == CupedMethod::kInteractions) {
    adjustment.residual_degrees = degrees;
  }
}

}  // namespace

absl::StatusOr<CupedAdjustment> AdjustArms(absl::Span<const MultiMoments> arms,
                                           const CupedOptions& options) {
  if (auto status = CheckArms(arms, options); !status.ok()) return status;
  std::vector<LinearArm> linear;
  double units = 0;
  for (size_t a = 0; a < arms.size(); ++a) {
    auto arm = Linearise(arms[a], options, absl::StrCat("arms[", a, "]"));
    if (!arm.ok()) return arm.status();
    units += arm->n;
    linear.push_back(*std::move(arm));
  }
  CupedAdjustment adjustment{.method = options.method,
                             .metric = options.metric};
  auto centre = CentreOf(arms, linear, options);
  if (!centre.ok()) return centre.status();
  adjustment.centre = *std::move(centre);
  const size_t k = arms.size(), p = adjustment.centre.size();

  Fits fits;
  std::vector<double> theta;
  if (!ByArm(options.method)) {
    const Pooled pooled = Pool(linear, adjustment.centre,
                               options.method == CupedMethod::kTotalTheta);
    auto fit = CovariateFit::Make(pooled.sxx, p);
    if (!fit.ok()) return fit.status();
    NoteDropped(*fit, pooled.sxx, p, "", adjustment);
    const size_t kept = fit->kept().size();
    const double degrees =
        units - static_cast<double>(k) - static_cast<double>(kept);
    if (degrees < 1) return TooFewDegrees("the arms have", degrees, kept);
    theta = fit->Solve(pooled.sxy);
    fits.fits.push_back(*std::move(fit));
  }
  double before = 0, after = 0;
  for (size_t a = 0; a < k; ++a) {
    const LinearArm& arm = linear[a];
    const std::string name = absl::StrCat("arms[", a, "]");
    if (ByArm(options.method)) {
      auto fit = CovariateFit::Make(arm.sxx, p);
      if (!fit.ok()) return fit.status();
      NoteDropped(*fit, arm.sxx, p, absl::StrCat(" in ", name), adjustment);
      const size_t kept = fit->kept().size();
      const double degrees = arm.n - 1 - static_cast<double>(kept);
      if (degrees < 1) {
        return TooFewDegrees(absl::StrCat(name, " has"), degrees, kept);
      }
      theta = fit->Solve(arm.sxy);
      fits.fits.push_back(*std::move(fit));
    }
    const auto residual = ResidualVariance(arm, theta, name);
    if (!residual.ok()) return residual.status();
    fits.residuals.push_back(*residual);
    before += (arm.n - 1) * arm.variance;
    after += (arm.n - 1) * *residual;
    double value = arm.y;
    for (size_t i = 0; i < p; ++i) {
      value -= theta[i] * (arm.x[i] - adjustment.centre[i]);
    }
    const CupedArm answer{
        .n = arms[a].n,
        .unadjusted = {arm.y, std::sqrt(arm.variance / arm.n)},
        .adjusted = {value, std::sqrt(*residual / arm.n)},
        .theta = theta};
    if (auto status = CheckResult(
            {answer.unadjusted.value, answer.unadjusted.standard_error,
             answer.adjusted.value, answer.adjusted.standard_error},
            absl::StrCat("the adjusted mean of ", name));
        !status.ok()) {
      return status;
    }
    adjustment.arms.push_back(answer);
  }
  adjustment.variance_reduction = before > 0 ? 1 - after / before : 0;
  std::sort(adjustment.dropped.begin(), adjustment.dropped.end());
  FillCovariances(linear, fits, adjustment);
  return adjustment;
}

}  // namespace stagecraft::stats
