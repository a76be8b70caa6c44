#include "simulations/report/rate_plot.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "clients/report/format.h"
#include "clients/report/scale.h"
#include "simulations/report/promise.h"
#include "simulations/report/words.h"

namespace stagecraft::simulations {
namespace {

using client::Html;
using client::Scale;

std::optional<Agreement> AgreementOf(const Line& line) {
  if (!line.promise.has_value()) return std::nullopt;
  return Judge(*line.promise, line.measured);
}

// `better`, `worse` or `none`, as in the style sheet.
std::string ToneOf(const Line& line) {
  const std::optional<Agreement> agreement = AgreementOf(line);
  if (!agreement.has_value()) return "none";
  if (*agreement == Agreement::kKept) return "better";
  return *agreement == Agreement::kBroken ? "worse" : "none";
}

Scale ScaleOf(const std::vector<Line>& lines, bool whole) {
  if (whole) return Scale(0, 1, 5);
  double low = 1;
  double high = 0;
  for (const Line& line : lines) {
    low = std::min(low, line.measured.lower);
    high = std::max(high, line.measured.upper);
    if (line.nominal.has_value()) low = std::min(low, *line.nominal);
    if (!line.promise.has_value()) continue;
    low = std::min(low, line.promise->value);
    high = std::max(high, line.promise->value);
  }
  // Rates of errors begin at 0, coverages end at 1.
  if (high < 0.5) return Scale(0, high, 4);
  return Scale(low, 1, 4);
}

void AddTicks(Html& html, const Scale& scale) {
  for (const double tick : scale.ticks()) {
    html.Raw("<line class=\"grid\" x1=\"")
        .Coordinate(scale.Percent(tick))
        .Raw("%\" x2=\"")
        .Coordinate(scale.Percent(tick))
        .Raw("%\" y1=\"0\" y2=\"30\"/>");
  }
}

void AddUpright(Html& html, const Scale& scale, double value, bool promised) {
  html.Raw("<line class=\"");
  if (promised) {
    html.Raw("margin");
  } else {
    html.Raw("nominal");
  }
  html.Raw("\" x1=\"")
      .Coordinate(scale.Percent(value))
      .Raw("%\" x2=\"")
      .Coordinate(scale.Percent(value))
      .Raw("%\" y1=\"0\" y2=\"30\"/>");
}

// Shades what the promise excludes.
void AddPromise(Html& html, const Scale& scale, const Promise& promise) {
  const double edge = scale.Percent(promise.value);
  const bool at_most = promise.kind == Promise::Kind::kAtMost;
  if (promise.kind != Promise::Kind::kAbout) {
    html.Raw("<rect class=\"zone\" x=\"")
        .Coordinate(at_most ? edge : 0)
        .Raw("%\" y=\"0\" width=\"")
        .Coordinate(at_most ? 100 - edge : edge)
        .Raw("%\" height=\"30\"/>");
  }
  AddUpright(html, scale, promise.value, /*promised=*/true);
}

void AddPicture(Html& html, const Scale& scale, const Line& line,
                const RatePlot& plot, const std::string& tone) {
  html.Raw("<svg class=\"strip ")
      .Text(tone)
      .Raw("\" width=\"100%\" height=\"30\" role=\"img\"><title>")
      .Text(absl::StrCat(line.what, ": ",
                         client::FormatShare(line.measured.value), " (",
                         ShareRange(line.measured), ")",
                         line.promise.has_value()
                             ? absl::StrCat(", ", PromiseText(*line.promise))
                             : std::string()))
      .Raw("</title>");
  AddTicks(html, scale);
  if (line.promise.has_value()) {
    AddPromise(html, scale, *line.promise);
  } else if (line.nominal.has_value()) {
    AddUpright(html, scale, *line.nominal, /*promised=*/false);
  }
  if (plot.whole) {
    html.Raw("<rect class=\"rate\" x=\"0\" y=\"7\" height=\"16\" width=\"")
        .Coordinate(scale.Percent(line.measured.value))
        .Raw("%\"/>");
  }
  html.Raw("<line class=\"error\" x1=\"")
      .Coordinate(scale.Percent(line.measured.lower))
      .Raw("%\" x2=\"")
      .Coordinate(scale.Percent(line.measured.upper))
      .Raw("%\" y1=\"15\" y2=\"15\"/>");
  if (!plot.whole) {
    html.Raw("<circle class=\"mark\" r=\"5\" cy=\"15\" cx=\"")
        .Coordinate(scale.Percent(line.measured.value))
        .Raw("%\"/>");
  }
  html.Raw("</svg>");
}

void AddNumbers(Html& html, const Line& line) {
  html.Raw("<td class=\"says\"><b class=\"num\">")
      .Text(line.measured.replications > 0
                ? client::FormatShare(line.measured.value)
                : "-")
      .Raw("</b>");
  if (const std::optional<Agreement> agreement = AgreementOf(line)) {
    html.Raw(" <span class=\"tag ")
        .Text(ToneOf(line))
        .Raw("\">")
        .Text(AgreementText(*line.promise, *agreement))
        .Raw("</span>");
  }
  html.Raw("<span class=\"sub num\">");
  if (line.measured.replications > 0) html.Text(ShareRange(line.measured));
  if (line.promise.has_value()) {
    html.Raw("</span><span class=\"sub num\">")
        .Text(PromiseText(*line.promise));
  }
  html.Raw("</span></td>");
}

}  // namespace

void AddRatePlot(Html& html, const std::vector<Line>& lines,
                 const RatePlot& plot) {
  if (lines.empty()) return;
  const Scale scale = ScaleOf(lines, plot.whole);
  html.Raw("<table class=\"forest\"><caption>")
      .Text(plot.caption)
      .Raw(
          "</caption><thead><tr><th scope=\"col\"><span class=\"hide\">What"
          "</span></th><th scope=\"col\" class=\"pic\"><span "
          "class=\"hide\">Share</span><svg class=\"strip axis\" "
          "width=\"100%\" height=\"18\" aria-hidden=\"true\">");
  for (size_t i = 0; i < scale.ticks().size(); ++i) {
    html.Raw("<text x=\"")
        .Coordinate(scale.Percent(scale.ticks()[i]))
        .Raw("%\" y=\"13\" class=\"");
    if (i % 2 == 1) html.Raw("odd");
    html.Raw("\">").Text(client::FormatLevel(scale.ticks()[i])).Raw("</text>");
  }
  html.Raw(
      "</svg></th><th scope=\"col\">Share, 95% interval</th></tr></thead>"
      "<tbody>");
  for (size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    const std::string tone =
        i < plot.tones.size() ? plot.tones[i] : ToneOf(line);
    html.Raw("<tr><th scope=\"row\"><b>").User(line.what).Raw("</b>");
    if (!line.note.empty()) {
      html.Raw("<span class=\"sub\">").User(line.note).Raw("</span>");
    }
    html.Raw("</th><td class=\"pic\">");
    AddPicture(html, scale, line, plot, tone);
    html.Raw("</td>");
    AddNumbers(html, line);
    html.Raw("</tr>");
  }
  html.Raw("</tbody></table>");
}

}  // namespace stagecraft::simulations
