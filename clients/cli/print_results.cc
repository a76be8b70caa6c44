#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/names.h"
#include "clients/cli/print.h"
#include "clients/cli/table.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::cli {
namespace {

constexpr absl::string_view kDash = "-";

bool IsAlwaysValid(const v1::Experiment& experiment) {
  return experiment.plan().method() != v1::Plan::FIXED_HORIZON;
}

// For which looks intervals and p-values hold.
absl::string_view HoldWords(const v1::Experiment& experiment) {
  switch (experiment.plan().method()) {
    case v1::Plan::FIXED_HORIZON:
      return "at the one planned look (fixed horizon)";
    case v1::Plan::GROUP_SEQUENTIAL:
      return "at the planned looks (group sequential; in between: always "
             "valid)";
    default:
      return "at every look at once (always valid)";
  }
}

const v1::KpiComparison* FindComparison(const v1::KpiResult& kpi,
                                        const std::string& variant) {
  for (const v1::KpiComparison& comparison : kpi.comparisons()) {
    if (comparison.variant() == variant) return &comparison;
  }
  return nullptr;
}

// The interval that the plan's method goes by.
std::string RelativeInterval(const v1::KpiComparison& c, bool always_valid) {
  if (c.group_sequential().has_repeated_relative_interval()) {
    return client::FormatRelatives(
        c.group_sequential().repeated_relative_interval());
  }
  if (always_valid) {
    return c.has_sequential() && c.sequential().has_relative_interval()
               ? client::FormatRelatives(c.sequential().relative_interval())
               : std::string(kDash);
  }
  return c.relative_intervals_size() > 0
             ? client::FormatRelatives(c.relative_intervals(0))
             : std::string(kDash);
}

// The p-value that the plan's method goes by.
std::string PValue(const v1::KpiComparison& c, bool always_valid) {
  if (c.has_adjusted_p_value())
    return client::FormatPValue(c.adjusted_p_value());
  if (always_valid && c.has_sequential()) {
    return client::FormatPValue(c.sequential().p_value());
  }
  if (!always_valid && c.has_p_value())
    return client::FormatPValue(c.p_value());
  return std::string(kDash);
}

std::string Note(const v1::KpiVariantResult& variant,
                 const v1::KpiComparison* c) {
  if (!variant.error().empty()) return variant.error();
  if (c == nullptr) return "";
  if (!c->error().empty() && !c->has_guardrail()) return c->error();
  if (c->has_group_sequential() && !c->has_guardrail()) {
    return absl::StrCat("look ", c->group_sequential().look(), " of ",
                        c->group_sequential().looks());
  }
  if (c->has_guardrail()) {
    const v1::GuardrailAnswer& guardrail = c->guardrail();
    return absl::StrCat(client::GuardrailWord(guardrail.status()),
                        guardrail.blocking() ? "" : " (does not block)",
                        c->error().empty() ? "" : ": ", c->error());
  }
  return "";
}

std::string KpiBlock(const v1::Experiment& experiment,
                     const v1::KpiResult& kpi) {
  const bool always_valid = IsAlwaysValid(experiment);
  const client::Quantity quantity(kpi);
  std::string out = absl::StrCat(
      client::RoleWord(kpi.role()), ": ", Printable(client::KpiName(kpi)),
      "  (", Printable(ShortName(kpi.kpi())), ", ",
      kpi.higher_is_better() ? "more" : "less", " is better)\n");
  Table table({{"VARIANT"},
               {"UNITS", Align::kRight},
               {"VALUE", Align::kRight},
               {"CHANGE", Align::kRight},
               {"INTERVAL", Align::kRight},
               {"P-VALUE", Align::kRight},
               {"BEATS CONTROL", Align::kRight},
               {""}});
  for (const v1::KpiVariantResult& variant : kpi.variants()) {
    const v1::KpiComparison* c = FindComparison(kpi, variant.variant());
    std::string units = client::FormatCount(variant.units());
    if (variant.immature_units() > 0) {
      absl::StrAppend(&units, " +",
                      client::FormatCount(variant.immature_units()));
    }
    std::string value(variant.has_value() ? quantity.Value(variant.value())
                                          : kDash);
    std::string change(kDash), interval(kDash), p(kDash), beats(kDash);
    if (c == nullptr) {
      change = interval = p = beats = "";
    } else {
      if (c->has_relative()) {
        change = client::FormatRelative(c->relative());
      } else if (c->has_difference()) {
        change = quantity.Difference(c->difference());
      }
      interval = RelativeInterval(*c, always_valid);
      p = PValue(*c, always_valid);
      if (c->has_bayesian()) {
        beats = client::FormatProbability(
            c->bayesian().probability_to_beat_control());
      }
    }
    table.AddRow({variant.variant(), units, value, change, interval, p, beats,
                  Note(variant, c)});
  }
  absl::StrAppend(&out, table.Render(2));
  return out;
}

std::string TrustBlock(const v1::TrustChecks& trust) {
  std::string out = "Units\n";
  int64_t total = 0;
  for (const auto& arm : trust.arms()) total += arm.units();
  Table table({{"VARIANT"},
               {"UNITS", Align::kRight},
               {"SHARE", Align::kRight},
               {"PLANNED", Align::kRight}});
  for (const auto& arm : trust.arms()) {
    table.AddRow({arm.variant(), client::FormatCount(arm.units()),
                  total == 0 ? std::string(kDash)
                             : client::FormatShare(
                                   static_cast<double>(arm.units()) / total),
                  client::FormatShare(arm.share_ppm() / 1e6)});
  }
  absl::StrAppend(&out, table.Render(2), "  sample ratio p = ",
                  trust.has_sample_ratio_p_value()
                      ? client::FormatPValue(trust.sample_ratio_p_value())
                      : std::string(kDash),
                  ", met two variants ",
                  client::FormatCount(trust.crossed_over_units()), " (",
                  client::FormatShare(trust.crossed_over_share()), ")");
  if (trust.has_identity_match_rate()) {
    absl::StrAppend(&out, ", with other events ",
                    client::FormatShare(trust.identity_match_rate()));
  }
  if (trust.has_newest_event_time()) {
    absl::StrAppend(&out, ", newest event ",
                    client::FormatTime(trust.newest_event_time()));
  }
  return absl::StrCat(out, "\n");
}

std::string FunnelBlock(const v1::ExperimentResults& results) {
  if (results.funnels_size() == 0) return "";
  std::vector<Column> columns = {{"VARIANT"}, {"EXPOSED", Align::kRight}};
  for (const auto& stage : results.funnels(0).stages()) {
    columns.push_back({Printable(stage.stage()), Align::kRight});
  }
  Table table(std::move(columns));
  for (const v1::VariantFunnel& funnel : results.funnels()) {
    std::vector<std::string> row = {funnel.variant(),
                                    client::FormatCount(funnel.exposed())};
    for (const auto& stage : funnel.stages()) {
      std::string cell = client::FormatCount(stage.units());
      if (funnel.exposed() > 0) {
        absl::StrAppend(&cell, " ",
                        client::FormatShare(static_cast<double>(stage.units()) /
                                            funnel.exposed()));
      }
      row.push_back(std::move(cell));
    }
    table.AddRow(std::move(row));
  }
  return absl::StrCat("Later stages, from exposure\n", table.Render(2));
}

std::string OptionalSeconds(bool has, double seconds) {
  return has ? client::FormatSeconds(seconds) : std::string(kDash);
}

}  // namespace

std::string VerdictText(const v1::Verdict& verdict) {
  std::string out = absl::AsciiStrToUpper(client::VerdictWord(verdict.kind()));
  if (!verdict.variant().empty()) {
    absl::StrAppend(&out, ": ", Printable(verdict.variant()));
  }
  absl::StrAppend(&out, "\n");
  for (const v1::Reason& reason : verdict.reasons()) {
    std::string code = v1::Reason::Code_Name(reason.code());
    if (code.empty()) code = absl::StrCat("unknown (", reason.code(), ")");
    std::replace(code.begin(), code.end(), '_', ' ');
    absl::StrAppend(&out, "  - ", absl::AsciiStrToLower(code));
    // What it is about: `stages/purchase/conversion, banner`.
    std::string subject = Printable(ShortName(reason.kpi()));
    if (!reason.variant().empty()) {
      absl::StrAppend(&subject, subject.empty() ? "" : ", ",
                      Printable(reason.variant()));
    }
    if (!subject.empty()) absl::StrAppend(&out, " (", subject, ")");
    absl::StrAppend(&out, ": ", Printable(reason.message()), "\n");
  }
  // With one treatment the whole says it already.
  if (verdict.variants_size() > 1) {
    for (const v1::VariantVerdict& variant : verdict.variants()) {
      absl::StrAppend(&out, "  ", Printable(variant.variant()), ": ",
                      client::VerdictWord(variant.kind()), "\n");
    }
  }
  return out;
}

std::string ResultsText(const v1::ExperimentResults& results) {
  const v1::Experiment& experiment = results.experiment();
  // A scan has none.
  std::string out = results.has_verdict()
                        ? absl::StrCat(VerdictText(results.verdict()), "\n")
                        : "";
  absl::StrAppend(&out, experiment.name(), "  ",
                  client::StateWord(experiment.state()), ", revision ",
                  experiment.revision());
  if (results.has_as_of()) {
    absl::StrAppend(&out, ", as of ", client::FormatTime(results.as_of()));
  }
  absl::StrAppend(&out, "\nIntervals and p-values hold ", HoldWords(experiment),
                  "; +n: units whose window is not over.\n\n",
                  TrustBlock(results.trust()));
  for (const v1::KpiResult& kpi : results.kpis()) {
    absl::StrAppend(&out, "\n", KpiBlock(experiment, kpi));
  }
  const std::string funnel = FunnelBlock(results);
  if (!funnel.empty()) absl::StrAppend(&out, "\n", funnel);
  for (const v1::SegmentResult& segment : results.segments()) {
    absl::StrAppend(&out, "\nSegment ",
                    Printable(segment.segment().attribute()), " = ",
                    Printable(segment.segment().value()), "\n");
    for (const v1::KpiResult& kpi : segment.kpis()) {
      absl::StrAppend(&out, KpiBlock(experiment, kpi));
    }
  }
  return out;
}

std::string FunnelText(const v1::JourneyFunnel& funnel) {
  std::string out = funnel.journey().name();
  if (funnel.has_segment()) {
    absl::StrAppend(&out, ", ", Printable(funnel.segment().attribute()), " = ",
                    Printable(funnel.segment().value()));
  }
  if (funnel.has_as_of()) {
    absl::StrAppend(&out, ", as of ", client::FormatTime(funnel.as_of()));
  }
  absl::StrAppend(&out, "\n");
  Table table({{"STAGE"},
               {"ENTERED", Align::kRight},
               {"REACHED", Align::kRight},
               {"ADVANCED", Align::kRight},
               {"CONVERSION", Align::kRight},
               {"DROPPED OUT", Align::kRight},
               {"STILL THERE", Align::kRight},
               {"MEDIAN TIME", Align::kRight}});
  for (int i = 0; i < funnel.stages_size(); ++i) {
    const v1::StageFunnel& stage = funnel.stages(i);
    const bool last = i + 1 == funnel.stages_size();
    table.AddRow(
        {stage.display_name().empty() ? stage.stage() : stage.display_name(),
         client::FormatCount(stage.entered()),
         stage.has_reached() ? client::FormatShare(stage.reached())
                             : std::string(kDash),
         last ? "" : client::FormatCount(stage.advanced()),
         stage.has_conversion() ? client::FormatShare(stage.conversion())
         : last                 ? ""
                                : std::string(kDash),
         last ? "" : client::FormatCount(stage.dropped_out()),
         last ? "" : client::FormatCount(stage.open()),
         last ? ""
              : OptionalSeconds(stage.time().has_median_seconds(),
                                stage.time().median_seconds())});
  }
  return absl::StrCat(out, table.Render(2));
}

}  // namespace stagecraft::cli
