#include "engine/verdict_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace stagecraft::engine {

std::string Percent(double fraction) {
  return absl::StrFormat("%.2f %%", fraction * 100);
}

std::string SignedPercent(double fraction) {
  return absl::StrFormat("%+.2f %%", fraction * 100);
}

std::string Days(Micros duration) {
  return absl::StrFormat("%.1f days", static_cast<double>(duration) / kDay);
}

std::string ChangeText(const ComparisonAnalysis& comparison) {
  return comparison.relative.has_value()
             ? SignedPercent(*comparison.relative)
             : absl::StrFormat("%+.4g", *comparison.difference);
}

std::string LookText(const ComparisonAnalysis& comparison) {
  if (!comparison.group_sequential.has_value()) return "";
  return absl::StrFormat("look %d of %d: ", comparison.group_sequential->look,
                         comparison.group_sequential->looks);
}

std::string GuardrailText(const ComparisonAnalysis& comparison) {
  const GuardrailAnswer& answer = *comparison.guardrail;
  const std::string change =
      comparison.relative.has_value()
          ? absl::StrCat("changed by ", SignedPercent(*comparison.relative),
                         ", ")
          : "";
  const bool absolute = answer.absolute_margin > 0;
  const std::string bound =
      answer.relative_bound.has_value()
          ? absl::StrCat("at worst ", SignedPercent(*answer.relative_bound))
      : answer.absolute_bound.has_value()
          ? absl::StrFormat("at worst %+.4g", *answer.absolute_bound)
          : std::string("at worst unbounded");
  const std::string margin =
      absl::StrCat("the margin of ",
                   absolute ? absl::StrFormat("%.4g", answer.absolute_margin)
                            : Percent(answer.relative_margin),
                   answer.blocking ? "" : " (for information)");
  switch (answer.status) {
    case GuardrailAnswer::Status::kKept:
      return absl::StrCat(change, bound, ", within ", margin);
    case GuardrailAnswer::Status::kHarmed:
      return absl::StrCat("worse than the control: ", change, bound,
                          ", beyond ", margin);
    case GuardrailAnswer::Status::kUncertain:
      return absl::StrCat("cannot be told yet: ", change, bound, ", beyond ",
                          margin);
  }
  return "";
}

}  // namespace stagecraft::engine
