#include "clients/report/path_chart.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "clients/report/names.h"

namespace stagecraft::client {
namespace {

constexpr double kHeight = 170;  // Pixels.

double Seconds(const v1::LookPoint& point) {
  return point.time().seconds() + 1e-9 * point.time().nanos();
}

// Where a point is from left to right, in per cent.
double PercentOfTime(const std::vector<v1::LookPoint>& path, size_t i) {
  const double from = Seconds(path.front()), to = Seconds(path.back());
  return to > from ? 100 * (Seconds(path[i]) - from) / (to - from) : 50;
}

double Y(const Scale& scale, double value) {
  return kHeight * (1 - scale.Percent(value) / 100);
}

v1::Interval Limits(const v1::LookPoint& point) {
  v1::Interval limits;
  limits.set_lower(point.lower());
  limits.set_upper(point.upper());
  return limits;
}

// What the band says at its end, by itself.
Assessment Outcome(const v1::LookPoint& last, bool higher_is_better,
                   const EffectivePlan& plan) {
  if (!plan.trusted) return Assessment::kNotJudged;
  if (!IsUsable(Limits(last))) return Assessment::kNotComputable;
  if (last.lower() > 0 || last.upper() < 0) {
    return (last.lower() > 0) == higher_is_better ? Assessment::kBetter
                                                  : Assessment::kWorse;
  }
  return Assessment::kUnclear;
}

std::string OutcomeSentence(Assessment outcome) {
  const absl::string_view symbol = AssessmentSymbol(outcome);
  switch (outcome) {
    case Assessment::kBetter:
      return absl::StrCat(symbol, " the band lies on the better side of 0");
    case Assessment::kWorse:
      return absl::StrCat(symbol, " the band lies on the worse side of 0");
    case Assessment::kUnclear:
      return absl::StrCat(symbol, " the band holds 0");
    default:
      return absl::StrCat(symbol, " ", AssessmentWord(outcome));
  }
}

void AddValueAxis(Html& html, const Scale& scale) {
  html.Raw("<svg class=\"yaxis\" width=\"52\" height=\"")
      .Coordinate(kHeight)
      .Raw("\" aria-hidden=\"true\">");
  for (double tick : scale.ticks()) {
    html.Raw("<text x=\"46\" y=\"")
        .Coordinate(std::clamp(Y(scale, tick) + 4, 10.0, kHeight - 1))
        .Raw("\">")
        .Text(scale.TickText(tick))
        .Raw("</text>");
  }
  html.Raw("</svg>");
}

// Band and line are drawn in a frame of 1000 units that is stretched to the
// width; looks without usable limits interrupt the band.
void AddCurve(Html& html, const Scale& scale,
              const std::vector<v1::LookPoint>& path) {
  html.Raw("<svg x=\"0\" y=\"0\" width=\"100%\" height=\"")
      .Coordinate(kHeight)
      .Raw("\" viewBox=\"0 0 1000 ")
      .Coordinate(kHeight)
      .Raw("\" preserveAspectRatio=\"none\">");
  const auto point = [&](size_t i, double value) {
    html.Coordinate(10 * PercentOfTime(path, i))
        .Raw(" ")
        .Coordinate(Y(scale, value))
        .Raw(" ");
  };
  for (size_t from = 0; from < path.size();) {
    size_t to = from;
    while (to < path.size() && IsUsable(Limits(path[to]))) ++to;
    if (to > from) {
      html.Raw("<polygon class=\"band\" points=\"");
      for (size_t i = from; i < to; ++i) point(i, path[i].upper());
      for (size_t i = to; i > from; --i) point(i - 1, path[i - 1].lower());
      html.Raw("\"/>");
      for (const bool upper : {false, true}) {
        html.Raw("<polyline class=\"limit\" points=\"");
        for (size_t i = from; i < to; ++i) {
          point(i, upper ? path[i].upper() : path[i].lower());
        }
        html.Raw("\"/>");
      }
    }
    from = to + 1;
  }
  html.Raw("<polyline class=\"curve\" points=\"");
  for (size_t i = 0; i < path.size(); ++i) point(i, path[i].relative());
  html.Raw("\"/></svg>");
}

void AddDates(Html& html, const std::vector<v1::LookPoint>& path) {
  html.Raw("<p class=\"dates\"><span>").Text(FormatDate(path.front().time()));
  if (path.size() > 1) {
    html.Raw("</span><span>").Text(FormatDate(path.back().time()));
  }
  html.Raw("</span></p>");
}

void AddChart(Html& html, const v1::ExperimentResults& results,
              const v1::KpiResult& kpi, const v1::KpiComparison& comparison,
              const std::vector<v1::LookPoint>& path, const Scale& scale,
              const EffectivePlan& plan) {
  const v1::LookPoint& last = path.back();
  const std::string variant =
      VariantName(results.experiment(), comparison.variant());
  const Assessment outcome = Outcome(last, kpi.higher_is_better(), plan);
  const std::string says = OutcomeSentence(outcome);
  const std::string limits = IsUsable(Limits(last))
                                 ? absl::StrCat(", always-valid interval ",
                                                FormatRelatives(Limits(last)))
                                 : "";
  html.Raw("<figure class=\"path ")
      .Text(AssessmentClass(outcome))
      .Raw("\"><figcaption><b>")
      .User(KpiName(kpi))
      .Raw("</b><span class=\"sub\">")
      .User(variant)
      .Raw(" against control</span></figcaption><div class=\"plot\">");
  AddValueAxis(html, scale);
  html.Raw("<svg class=\"area\" width=\"100%\" height=\"")
      .Coordinate(kHeight)
      .Raw("\" role=\"img\"><title>")
      .Text(absl::StrCat(KpiName(kpi), ", ", variant,
                         ": relative change over time"))
      .Raw("</title><desc>")
      .Text(absl::StrCat(path.size(), " looks from ",
                         FormatTime(path.front().time()), " to ",
                         FormatTime(last.time()), "; the last one: ",
                         FormatRelative(last.relative()), limits, "; ", says))
      .Raw("</desc>");
  for (double tick : scale.ticks()) {
    html.Raw("<line class=\"");
    if (scale.TickText(tick) == "0%") {
      html.Raw("zero");
    } else {
      html.Raw("grid");
    }
    html.Raw("\" x1=\"0\" x2=\"100%\" y1=\"")
        .Coordinate(Y(scale, tick))
        .Raw("\" y2=\"")
        .Coordinate(Y(scale, tick))
        .Raw("\"/>");
  }
  AddCurve(html, scale, path);
  html.Raw("<circle class=\"end\" r=\"4\" cx=\"")
      .Coordinate(PercentOfTime(path, path.size() - 1))
      .Raw("%\" cy=\"")
      .Coordinate(Y(scale, last.relative()))
      .Raw("\"/></svg></div>");
  AddDates(html, path);
  html.Raw("<p class=\"note\">Last look: <b class=\"num\">")
      .Text(FormatRelative(last.relative()))
      .Raw("</b>");
  if (IsUsable(Limits(last))) {
    html.Raw(" <span class=\"num\">(")
        .Text(FormatRelatives(Limits(last)))
        .Raw(")</span>");
  }
  html.Raw(" with ")
      .Text(FormatCount(last.units()))
      .Raw(" units; ")
      .Text(says)
      .Raw(".</p></figure>");
}

}  // namespace

std::vector<v1::LookPoint> SortedPath(const v1::KpiComparison& comparison) {
  std::vector<v1::LookPoint> path;
  for (const v1::LookPoint& point : comparison.path()) {
    if (std::isfinite(point.relative())) path.push_back(point);
  }
  std::stable_sort(path.begin(), path.end(),
                   [](const v1::LookPoint& a, const v1::LookPoint& b) {
                     if (a.time().seconds() != b.time().seconds()) {
                       return a.time().seconds() < b.time().seconds();
                     }
                     return a.time().nanos() < b.time().nanos();
                   });
  return path;
}

Scale PathScale(const v1::KpiResult& kpi) {
  std::vector<double> points, limits;
  for (const v1::KpiComparison& comparison : kpi.comparisons()) {
    const std::vector<v1::LookPoint> path = SortedPath(comparison);
    for (size_t i = 0; i < path.size(); ++i) {
      points.push_back(path[i].relative());
      if (2 * i + 1 < path.size()) continue;  // The earlier half.
      limits.push_back(path[i].lower());
      limits.push_back(path[i].upper());
    }
  }
  const Extent extent = RobustExtent(points, limits);
  if (extent.low == extent.high) return Scale(-0.1, 0.1, 4);
  return Scale(extent.low, extent.high, 4);
}

void AddPathCharts(Html& html, const v1::ExperimentResults& results,
                   const EffectivePlan& plan) {
  Html charts;
  for (const v1::KpiResult& kpi : results.kpis()) {
    if (kpi.role() != v1::KPI_ROLE_PRIMARY) continue;
    const Scale scale = PathScale(kpi);
    for (const v1::KpiComparison& comparison : kpi.comparisons()) {
      const std::vector<v1::LookPoint> path = SortedPath(comparison);
      if (path.empty()) continue;
      AddChart(charts, results, kpi, comparison, path, scale, plan);
    }
  }
  if (charts.empty()) return;
  html.Raw("<div class=\"charts\">").Add(charts).Raw("</div>");
}

}  // namespace stagecraft::client
