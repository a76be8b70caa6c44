#include "clients/report/trust_section.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::client {
namespace {

using Outcome = TrustCheck::Outcome;

Outcome PassIf(bool pass) { return pass ? Outcome::kPass : Outcome::kFail; }

TrustCheck SampleRatio(const v1::ExperimentResults& results,
                       const EffectivePlan& plan) {
  const v1::TrustChecks& trust = results.trust();
  TrustCheck check{
      .name = "Sample ratio",
      .seen = "not computable: no units yet",
      .wanted =
          absl::StrCat("always-valid p at least ", plan.sample_ratio_alpha),
      .meaning =
          "Units are not split as planned: assignment or logging is "
          "broken."};
  if (trust.has_sample_ratio_p_value()) {
    check.seen =
        absl::StrCat("p = ", FormatPValue(trust.sample_ratio_p_value()));
    // The verdict goes by the test that may be looked at any time; the p-value
    // shown is that of one look.
    check.outcome = PassIf(std::none_of(
        results.verdict().reasons().begin(), results.verdict().reasons().end(),
        [](const v1::Reason& reason) {
          return reason.code() == v1::Reason::SAMPLE_RATIO_MISMATCH;
        }));
  }
  return check;
}

TrustCheck CrossedOver(const v1::TrustChecks& trust,
                       const EffectivePlan& plan) {
  int64_t units = trust.crossed_over_units();
  for (const v1::TrustChecks::Arm& arm : trust.arms()) units += arm.units();
  TrustCheck check{
      .name = "Crossed-over units",
      .seen = absl::StrCat(FormatCount(trust.crossed_over_units()), " units, ",
                           FormatShare(trust.crossed_over_share())),
      .wanted = absl::StrCat("at most ",
                             FormatLevel(plan.maximum_crossed_over_share)),
      .meaning =
          "Units met two variants (they are left out): the split is "
          "not stable, or ids are shared."};
  if (units > 0) {
    check.outcome =
        PassIf(trust.crossed_over_share() <= plan.maximum_crossed_over_share);
  } else {
    check.seen = "no units yet";
  }
  return check;
}

TrustCheck IdentityMatch(const v1::TrustChecks& trust, const v1::Plan& plan) {
  const double least = plan.minimum_identity_match_rate();
  TrustCheck check{
      .name = "Identity match",
      .seen = "not computable: no units yet",
      .wanted = least > 0 ? absl::StrCat("at least ", FormatLevel(least))
                          : "no limit in the plan",
      .meaning =
          "Exposed units have no other event: ids of exposures and of "
          "outcomes do not match."};
  if (trust.has_identity_match_rate()) {
    check.seen = absl::StrCat(FormatShare(trust.identity_match_rate()),
                              " of exposed units have another event");
    if (least > 0) check.outcome = PassIf(trust.identity_match_rate() >= least);
  }
  return check;
}

TrustCheck Freshness(const v1::ExperimentResults& results) {
  const v1::Plan& plan = results.experiment().plan();
  TrustCheck check{
      .name = "Freshness",
      .seen = "no events yet",
      .wanted =
          plan.has_maximum_staleness()
              ? absl::StrCat("at most ",
                             FormatDuration(plan.maximum_staleness()), " old")
              : "no limit in the plan",
      .meaning =
          "Events stopped arriving: what is missing may change the "
          "answer."};
  const v1::TrustChecks& trust = results.trust();
  if (!trust.has_newest_event_time()) return check;
  check.seen =
      absl::StrCat("newest event ", FormatTime(trust.newest_event_time()));
  if (!results.has_as_of()) return check;
  const absl::Duration age =
      ToTime(results.as_of()) - ToTime(trust.newest_event_time());
  absl::StrAppend(
      &check.seen,
      age >= absl::ZeroDuration()
          ? absl::StrCat(", ", FormatSeconds(absl::ToDoubleSeconds(age)),
                         " old")
          : std::string(", after the moment of this look"));
  if (plan.has_maximum_staleness()) {
    const absl::Duration limit =
        absl::Seconds(plan.maximum_staleness().seconds()) +
        absl::Nanoseconds(plan.maximum_staleness().nanos());
    check.outcome = PassIf(age <= limit);
  }
  return check;
}

void AddOutcome(Html& html, Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      html.Raw("<span class=\"tag better\">\xE2\x9C\x93 pass</span>");
      return;
    case Outcome::kFail:
      html.Raw("<span class=\"tag worse\">\xE2\x9C\x95 FAIL</span>");
      return;
    case Outcome::kNotJudged:
      break;
  }
  html.Raw("<span class=\"tag unclear\">\xE2\x80\x93 not judged</span>");
}

void AddArms(Html& html, const v1::ExperimentResults& results) {
  const v1::TrustChecks& trust = results.trust();
  if (trust.arms().empty()) {
    html.Raw("<p class=\"absent\">No units by variant in these results.</p>");
    return;
  }
  double units = 0, shares = 0;
  for (const v1::TrustChecks::Arm& arm : trust.arms()) {
    units += arm.units();
    shares += arm.share_ppm();
  }
  html.Raw(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Units "
      "by variant\"><table class=\"grid\"><caption>Units by variant: planned "
      "and observed</caption><thead><tr><th scope=\"col\">Variant</th><th "
      "scope=\"col\">Planned share</th><th scope=\"col\">Observed "
      "share</th><th scope=\"col\">Expected units</th><th "
      "scope=\"col\">Observed units</th></tr></thead><tbody>");
  for (const v1::TrustChecks::Arm& arm : trust.arms()) {
    html.Raw("<tr><th scope=\"row\">")
        .User(VariantName(results.experiment(), arm.variant()))
        .Raw("</th><td class=\"num\">")
        .Text(FormatLevel(arm.share_ppm() / 1e6))
        .Raw("</td><td class=\"num\">")
        .Text(units > 0 ? FormatShare(arm.units() / units) : "\xE2\x80\x93")
        .Raw("</td><td class=\"num\">")
        .Text(units > 0 && shares > 0
                  ? FormatNumber(units * arm.share_ppm() / shares)
                  : "\xE2\x80\x93")
        .Raw("</td><td class=\"num\">")
        .Text(FormatCount(arm.units()))
        .Raw("</td></tr>");
  }
  html.Raw("</tbody></table></div>");
}

}  // namespace

std::vector<TrustCheck> MakeTrustChecks(const v1::ExperimentResults& results,
                                        const EffectivePlan& plan) {
  return {SampleRatio(results, plan), CrossedOver(results.trust(), plan),
          IdentityMatch(results.trust(), results.experiment().plan()),
          Freshness(results)};
}

TrustCount CountTrust(const v1::ExperimentResults& results,
                      const EffectivePlan& plan) {
  TrustCount count;
  for (const TrustCheck& check : MakeTrustChecks(results, plan)) {
    if (check.outcome == Outcome::kPass) {
      ++count.passed;
    } else if (check.outcome == Outcome::kFail) {
      ++count.failed;
    } else {
      ++count.other;
    }
  }
  return count;
}

void AddTrust(Html& html, const v1::ExperimentResults& results,
              const EffectivePlan& plan) {
  html.Raw(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Data "
      "checks\"><table class=\"grid\"><caption>Checks of the data</caption>"
      "<thead><tr><th scope=\"col\">Check</th><th scope=\"col\">Seen</th><th "
      "scope=\"col\">Wanted</th><th scope=\"col\">Result</th><th "
      "scope=\"col\">What a failure means</th></tr></thead><tbody>");
  for (const TrustCheck& check : MakeTrustChecks(results, plan)) {
    html.Raw("<tr><th scope=\"row\">")
        .Text(check.name)
        .Raw("</th><td>")
        .Text(check.seen)
        .Raw("</td><td>")
        .Text(check.wanted)
        .Raw("</td><td>");
    AddOutcome(html, check.outcome);
    html.Raw("</td><td>").Text(check.meaning).Raw("</td></tr>");
  }
  html.Raw("</tbody></table></div>");
  AddArms(html, results);
}

}  // namespace stagecraft::client
