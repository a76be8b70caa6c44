#include "simulations/report/look_chart.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "clients/report/scale.h"
#include "simulations/report/words.h"

namespace stagecraft::simulations {
namespace {

using client::Html;
using client::Scale;

constexpr double kHeight = 240;  // Pixels.

double Y(const Scale& scale, double value) {
  return kHeight * (1 - scale.Percent(value) / 100);
}

// The share by look, from the start (look 0) to the last one.
struct Curve {
  std::vector<double> shares;
  int looks;

  double At(int look) const {
    if (look == 0 || shares.empty()) return 0;
    return shares[std::min<size_t>(look, shares.size()) - 1];
  }
};

// Steps: nothing changes between two looks. Drawn in a frame of 1000 units that
// is stretched to the width.
void AddSteps(Html& html, const Scale& scale, const Curve& curve) {
  for (int look = 0; look <= curve.looks; ++look) {
    const double x = 1000.0 * look / curve.looks;
    if (look > 0) {
      html.Coordinate(x).Raw(" ").Coordinate(Y(scale, curve.At(look - 1)));
      html.Raw(" ");
    }
    html.Coordinate(x).Raw(" ").Coordinate(Y(scale, curve.At(look)));
    html.Raw(" ");
  }
}

void AddAxis(Html& html, const Scale& scale) {
  html.Raw("<svg class=\"yaxis\" width=\"52\" height=\"")
      .Coordinate(kHeight)
      .Raw("\" aria-hidden=\"true\">");
  for (const double tick : scale.ticks()) {
    html.Raw("<text x=\"46\" y=\"")
        .Coordinate(std::clamp(Y(scale, tick) + 4, 10.0, kHeight - 1))
        .Raw("\">")
        .Text(client::FormatLevel(tick))
        .Raw("</text>");
  }
  html.Raw("</svg>");
}

void AddLevel(Html& html, const Scale& scale, double level) {
  html.Raw("<line class=\"level\" x1=\"0\" x2=\"100%\" y1=\"")
      .Coordinate(Y(scale, level))
      .Raw("\" y2=\"")
      .Coordinate(Y(scale, level))
      .Raw("\"/>");
}

}  // namespace

void AddLookChart(Html& html, const SimulationReport& report,
                  const PlanReport& plan) {
  const auto& summary = plan.summary;
  const int looks = std::max<int>(report.looks, summary.stopped_by_look.size());
  if (looks == 0 || summary.replications == 0) return;
  const Curve stopped = {summary.stopped_by_look, looks};
  const Curve won = {summary.won_by_look, looks};
  const Scale scale(0, 1, 5);
  const bool can_win = summary.power.has_value();
  const double level =
      can_win ? plan.experiment.plan.power : plan.experiment.plan.alpha;
  html.Raw("<figure class=\"path looks\"><figcaption><b>")
      .Text("Stopped and won by each look")
      .Raw("</b></figcaption><div class=\"plot\">");
  AddAxis(html, scale);
  html.Raw("<svg class=\"area\" width=\"100%\" height=\"")
      .Coordinate(kHeight)
      .Raw("\" role=\"img\"><title>")
      .Text("Share of replications that stopped, and that won, by look")
      .Raw("</title><desc>")
      .Text(absl::StrCat(
          "By the last look ", client::FormatShare(stopped.At(looks)),
          " stopped and ", client::FormatShare(won.At(looks)), " had a winner"))
      .Raw("</desc>");
  for (const double tick : scale.ticks()) {
    html.Raw("<line x1=\"0\" x2=\"100%\" y1=\"")
        .Coordinate(Y(scale, tick))
        .Raw("\" y2=\"")
        .Coordinate(Y(scale, tick))
        .Raw("\"/>");
  }
  AddLevel(html, scale, level);
  html.Raw("<svg x=\"0\" y=\"0\" width=\"100%\" height=\"")
      .Coordinate(kHeight)
      .Raw("\" viewBox=\"0 0 1000 ")
      .Coordinate(kHeight)
      .Raw(
          "\" preserveAspectRatio=\"none\"><polygon class=\"band\" "
          "points=\"");
  AddSteps(html, scale, stopped);
  html.Raw("1000 ").Coordinate(kHeight).Raw(" 0 ").Coordinate(kHeight).Raw(
      "\"/><polyline class=\"limit\" points=\"");
  AddSteps(html, scale, stopped);
  html.Raw("\"/><polyline class=\"curve\" points=\"");
  AddSteps(html, scale, won);
  html.Raw("\"/></svg></svg></div><p class=\"dates\"><span>start</span><span>")
      .Text(absl::StrCat("look ", client::FormatCount(looks), ", after ",
                         Span(looks * report.look_every)))
      .Raw(
          "</span></p><p class=\"legend\"><span><i class=\"key filled\"></i> "
          "stopped</span><span><i class=\"key won\"></i> with a winner</span>"
          "<span><i class=\"key planned\"></i> ")
      .Text(absl::StrCat(can_win ? "power of the plan, " : "alpha, ",
                         client::FormatLevel(level)))
      .Raw("</span></p></figure>");
}

}  // namespace stagecraft::simulations
