#include "simulations/report/promise.h"

#include "absl/strings/str_cat.h"
#include "clients/report/format.h"

namespace stagecraft::simulations {
namespace {

constexpr double kAboutTolerance = 0.01;

struct Range {
  double low = 0;
  double high = 1;
};

Range Wanted(const Promise& promise) {
  switch (promise.kind) {
    case Promise::Kind::kAtMost:
      return {0, promise.value};
    case Promise::Kind::kAtLeast:
    case Promise::Kind::kAimed:
      return {promise.value, 1};
    case Promise::Kind::kAbout:
      return {promise.value - kAboutTolerance, promise.value + kAboutTolerance};
  }
  return {};
}

}  // namespace

std::optional<Agreement> Judge(const Promise& promise,
                               const engine::MonteCarlo& measured) {
  if (measured.replications <= 0) return std::nullopt;
  const Range wanted = Wanted(promise);
  if (measured.value >= wanted.low && measured.value <= wanted.high) {
    return Agreement::kKept;
  }
  return measured.upper >= wanted.low && measured.lower <= wanted.high
             ? Agreement::kWithin
             : Agreement::kBroken;
}

std::string PromiseText(const Promise& promise) {
  const std::string value = client::FormatLevel(promise.value);
  switch (promise.kind) {
    case Promise::Kind::kAtMost:
      return absl::StrCat("at most ", value);
    case Promise::Kind::kAtLeast:
      return absl::StrCat("at least ", value);
    case Promise::Kind::kAbout:
      return absl::StrCat("about ", value);
    case Promise::Kind::kAimed:
      return absl::StrCat("planned ", value);
  }
  return "";
}

absl::string_view AgreementText(const Promise& promise, Agreement agreement) {
  const bool aimed = promise.kind == Promise::Kind::kAimed;
  switch (agreement) {
    case Agreement::kKept:
      return aimed ? "reached" : "kept";
    case Agreement::kWithin:
      return "within error";
    case Agreement::kBroken:
      return aimed ? "not reached" : "BROKEN";
  }
  return "";
}

}  // namespace stagecraft::simulations
