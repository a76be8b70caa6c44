#include "clients/report/names.h"

#include "absl/strings/str_cat.h"

namespace stagecraft::client {
namespace {

std::string Unknown(int value) { return absl::StrCat("unknown (", value, ")"); }

const v1::Stage* FindStage(const v1::Journey& journey, absl::string_view id) {
  for (const v1::Stage& stage : journey.stages()) {
    if (stage.id() == id) return &stage;
  }
  return nullptr;
}

}  // namespace

std::string LastPart(absl::string_view name) {
  const size_t slash = name.rfind('/');
  if (slash == absl::string_view::npos) return std::string(name);
  return std::string(name.substr(slash + 1));
}

std::string VariantName(const v1::Experiment& experiment,
                        absl::string_view id) {
  const v1::Variant* found = nullptr;
  for (const v1::Variant& variant : experiment.variants()) {
    if (variant.id() == id) found = &variant;
  }
  if (found == nullptr || found->display_name().empty()) return std::string(id);
  for (const v1::Variant& variant : experiment.variants()) {
    if (&variant != found && variant.display_name() == found->display_name()) {
      return absl::StrCat(found->display_name(), " (", id, ")");
    }
  }
  return found->display_name();
}

bool IsControl(const v1::Experiment& experiment, absl::string_view id) {
  return experiment.variants_size() > 0 && experiment.variants(0).id() == id;
}

std::string StageName(const v1::Experiment& experiment,
                      const v1::Journey& journey, absl::string_view id) {
  for (const v1::Journey* candidate :
       {&experiment.frozen_journey(), &journey}) {
    const v1::Stage* stage = FindStage(*candidate, id);
    if (stage != nullptr && !stage->display_name().empty()) {
      return stage->display_name();
    }
  }
  return std::string(id);
}

std::string KpiName(const v1::KpiResult& kpi) {
  if (!kpi.display_name().empty()) return kpi.display_name();
  // `stages/{stage}/conversion` has no single last part that says it all.
  return kpi.kpi().rfind("stages/", 0) == 0 ? kpi.kpi() : LastPart(kpi.kpi());
}

std::string KpiName(const v1::ExperimentResults& results,
                    absl::string_view name) {
  for (const v1::KpiResult& kpi : results.kpis()) {
    if (kpi.kpi() == name) return KpiName(kpi);
  }
  for (const v1::Kpi& kpi : results.experiment().frozen_kpis()) {
    if (kpi.name() == name && !kpi.display_name().empty()) {
      return kpi.display_name();
    }
  }
  return LastPart(name);
}

std::string StateWord(v1::Experiment::State state) {
  switch (state) {
    case v1::Experiment::DRAFT:
      return "Draft";
    case v1::Experiment::RUNNING:
      return "Running";
    case v1::Experiment::PAUSED:
      return "Paused";
    case v1::Experiment::CONCLUDED:
      return "Concluded";
    case v1::Experiment::ROLLED_OUT:
      return "Rolled out";
    case v1::Experiment::ARCHIVED:
      return "Archived";
    default:
      return Unknown(state);
  }
}

std::string VerdictWord(v1::Verdict::Kind kind) {
  switch (kind) {
    case v1::Verdict::COLLECTING:
      return "Collecting";
    case v1::Verdict::WINNER:
      return "Winner";
    case v1::Verdict::NO_DIFFERENCE:
      return "No difference";
    case v1::Verdict::HARMFUL:
      return "Harmful";
    case v1::Verdict::INVALID:
      return "Invalid";
    default:
      return Unknown(kind);
  }
}

std::string ActionWord(v1::Decision::Action action) {
  switch (action) {
    case v1::Decision::VERDICT_REACHED:
      return "Verdict reached";
    case v1::Decision::CONCLUDED:
      return "Concluded";
    case v1::Decision::ROLLED_OUT:
      return "Rolled out";
    default:
      return Unknown(action);
  }
}

std::string GuardrailWord(v1::GuardrailAnswer::Status status) {
  switch (status) {
    case v1::GuardrailAnswer::KEPT:
      return "kept";
    case v1::GuardrailAnswer::HARMED:
      return "harmed";
    case v1::GuardrailAnswer::UNCERTAIN:
      return "uncertain";
    default:
      return Unknown(status);
  }
}

std::string RoleWord(v1::KpiRole role) {
  switch (role) {
    case v1::KPI_ROLE_PRIMARY:
      return "Primary";
    case v1::KPI_ROLE_GUARDRAIL:
      return "Guardrail";
    case v1::KPI_ROLE_AUTOMATIC_GUARDRAIL:
      return "Automatic guardrail";
    case v1::KPI_ROLE_SECONDARY:
      return "Secondary";
    default:
      return Unknown(role);
  }
}

absl::string_view VerdictClass(v1::Verdict::Kind kind) {
  switch (kind) {
    case v1::Verdict::WINNER:
      return "win";
    case v1::Verdict::HARMFUL:
      return "harm";
    case v1::Verdict::NO_DIFFERENCE:
      return "even";
    case v1::Verdict::INVALID:
      return "void";
    default:
      return "wait";
  }
}

absl::string_view VerdictSymbol(v1::Verdict::Kind kind) {
  switch (kind) {
    case v1::Verdict::WINNER:
      return "\xE2\x96\xB2";  // Triangle up.
    case v1::Verdict::HARMFUL:
      return "\xE2\x96\xBC";  // Triangle down.
    case v1::Verdict::NO_DIFFERENCE:
      return "=";
    case v1::Verdict::INVALID:
      return "\xE2\x9C\x95";  // Cross.
    default:
      return "\xE2\x80\xA6";  // Ellipsis.
  }
}

}  // namespace stagecraft::client
