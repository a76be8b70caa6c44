#include "engine/verdict_order.h"

#include <algorithm>
#include <string>
#include <vector>

namespace stagecraft::engine {
namespace {

using Code = Reason::Code;

// The variants that are better on a primary KPI: what keeps them from winning
// is elsewhere.
std::vector<std::string> SuperiorVariants(const Verdict& verdict) {
  std::vector<std::string> superior;
  for (const Reason& reason : verdict.reasons) {
    if (reason.code == Code::kSuperior) superior.push_back(reason.variant);
  }
  return superior;
}

bool IsDecisive(const Reason& reason, VerdictKind kind,
                const std::vector<std::string>& superior) {
  switch (kind) {
    case VerdictKind::kWinner:
      return reason.code == Code::kSuperior;
    case VerdictKind::kHarmful:
      return reason.code == Code::kInferior ||
             reason.code == Code::kGuardrailHarmed;
    case VerdictKind::kNoDifference:
      return reason.code == Code::kEquivalent || reason.code == Code::kFutile ||
             reason.code == Code::kPlanEnded ||
             (reason.code == Code::kGuardrailUncertain &&
              std::find(superior.begin(), superior.end(), reason.variant) !=
                  superior.end());
    default:
      return reason.code == Code::kInconclusive ||
             reason.code == Code::kGuardrailUncertain;
  }
}

}  // namespace

void SortReasons(Verdict* verdict) {
  const std::vector<std::string> superior = SuperiorVariants(*verdict);
  const auto weight = [&](const Reason& reason) {
    const bool named =
        verdict->variant.empty() || reason.variant == verdict->variant;
    return (named ? 0 : 2) +
           (IsDecisive(reason, verdict->kind, superior) ? 0 : 1);
  };
  std::stable_sort(
      verdict->reasons.begin(), verdict->reasons.end(),
      [&](const Reason& a, const Reason& b) { return weight(a) < weight(b); });
}

absl::string_view ToText(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::kCollecting:
      return "COLLECTING";
    case VerdictKind::kWinner:
      return "WINNER";
    case VerdictKind::kNoDifference:
      return "NO_DIFFERENCE";
    case VerdictKind::kHarmful:
      return "HARMFUL";
    case VerdictKind::kInvalid:
      return "INVALID";
  }
  return "";
}

}  // namespace stagecraft::engine
