#include <cmath>
#include <limits>

#include "simulations/scenario/compile_parts.h"

namespace stagecraft::simulations {
namespace {

using Kind = Distribution::Kind;
using Source = v1::Scenario::Distribution;

constexpr double kMost = 1e9;    // Of values; of times 100,000 years.
constexpr double kLeast = 1e-9;  // Of what is more than 0.

class Reader {
 public:
  Reader(const Source& source, absl::string_view field, bool times,
         Fields* fields)
      : source_(source), field_(field), times_(times), fields_(fields) {}

  Distribution Read() {
    switch (source_.kind_case()) {
      case Source::kConstant:
        return {Kind::kConstant, Bounded(source_.constant(), "constant")};
      case Source::kLogNormal:
        return {Kind::kLogNormal,
                Positive(source_.log_normal().median(), "log_normal.median"),
                Real(source_.log_normal().sigma(), kLeast, 5,
                     "log_normal.sigma", "more than 0, at most 5")};
      case Source::kWeibull:
        return {Kind::kWeibull,
                Positive(source_.weibull().median(), "weibull.median"),
                Real(source_.weibull().shape(), 0.1, 100, "weibull.shape",
                     "0.1 to 100")};
      case Source::kExponential:
        return {Kind::kExponential,
                Positive(source_.exponential().mean(), "exponential.mean")};
      case Source::kGamma:
        return {Kind::kGamma, Positive(source_.gamma().mean(), "gamma.mean"),
                Real(source_.gamma().shape(), 0.1, 1000, "gamma.shape",
                     "0.1 to 1000")};
      case Source::kPareto:
        return {Kind::kPareto,
                Positive(source_.pareto().median(), "pareto.median"),
                Real(source_.pareto().shape(), 0.1, 100, "pareto.shape",
                     "0.1 to 100")};
      case Source::kUniform:
        return ReadUniform();
      case Source::kNormal:
        ValuesOnly("normal");
        return {Kind::kNormal, Bounded(source_.normal().mean(), "normal.mean"),
                Positive(source_.normal().sd(), "normal.sd")};
      case Source::kPoisson:
        ValuesOnly("poisson");
        return {Kind::kPoisson,
                Real(source_.poisson().mean(), kLeast, 500, "poisson.mean",
                     "more than 0, at most 500")};
      case Source::kChoice:
        return ReadChoice();
      case Source::KIND_NOT_SET:
        break;
    }
    fields_->Fail(field_, "is missing, want a distribution");
    return {};
  }

 private:
  double Real(double value, double lower, double upper, absl::string_view name,
              absl::string_view wanted) {
    return fields_->Real(value, lower, upper, absl::StrCat(field_, ".", name),
                         wanted);
  }
  double Positive(double value, absl::string_view name) {
    return Real(value, kLeast, kMost, name, "more than 0, at most 1e9");
  }
  double Bounded(double value, absl::string_view name) {
    return Real(value, times_ ? 0 : -kMost, kMost, name,
                times_ ? "0 to 1e9" : "-1e9 to 1e9");
  }
  void ValuesOnly(absl::string_view name) {
    if (times_) fields_->Fail(field_, name, "a distribution of times");
  }

  Distribution ReadUniform() {
    Distribution result = {Kind::kUniform,
                           Bounded(source_.uniform().lower(), "uniform.lower"),
                           Bounded(source_.uniform().upper(), "uniform.upper")};
    if (!(result.a < result.b)) {
      fields_->Fail(absl::StrCat(field_, ".uniform.upper"),
                    absl::StrCat(result.b), "more than the lower limit");
    }
    return result;
  }

  Distribution ReadChoice() {
    const Source::Choice& choice = source_.choice();
    const std::string name = absl::StrCat(field_, ".choice");
    Distribution result = {Kind::kChoice};
    fields_->Size(choice.values_size(), 100, absl::StrCat(name, ".values"));
    if (choice.values_size() == 0) {
      fields_->Fail(absl::StrCat(name, ".values"), "is empty, want 1 to 100");
      return {};
    }
    if (choice.weights_size() != choice.values_size()) {
      fields_->Fail(absl::StrCat(name, ".weights"),
                    absl::StrCat("has ", choice.weights_size(),
                                 " items, want as many as values, ",
                                 choice.values_size()));
      return {};
    }
    double sum = 0;
    for (int i = 0; i < choice.values_size(); ++i) {
      result.values.push_back(
          Bounded(choice.values(i), At("choice.values", i)));
      sum += Real(choice.weights(i), 0, kMost, At("choice.weights", i),
                  "0 to 1e9");
      result.cumulative.push_back(sum);
    }
    if (!(sum > 0)) {
      fields_->Fail(absl::StrCat(name, ".weights"),
                    "are all 0, want one that is more");
    }
    for (double& share : result.cumulative) share /= sum;
    return result;
  }

  const Source& source_;
  const absl::string_view field_;
  const bool times_;
  Fields* const fields_;
};

}  // namespace

Distribution CompileTimes(const Source& source, absl::string_view field,
                          Fields* fields) {
  return Reader(source, field, /*times=*/true, fields).Read();
}

Distribution CompileValues(const Source& source, absl::string_view field,
                           Fields* fields) {
  return Reader(source, field, /*times=*/false, fields).Read();
}

}  // namespace stagecraft::simulations
