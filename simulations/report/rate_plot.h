#ifndef STAGECRAFT_SIMULATIONS_REPORT_RATE_PLOT_H_
#define STAGECRAFT_SIMULATIONS_REPORT_RATE_PLOT_H_

#include <string>
#include <vector>

#include "clients/report/html.h"
#include "simulations/report/lines.h"

namespace stagecraft::simulations {

// How a table of shares is drawn.
struct RatePlot {
  std::string caption;
  // The whole from 0 to 1, as bars; else the part of the axis that holds all
  // intervals and promises.
  bool whole = true;
  // CSS classes by line (`win`, `harm`), which colour it; missing ones are told
  // from the agreement with the promise.
  std::vector<std::string> tones;
};

// One row for each line: its name, a picture of the measured share with its
// Monte-Carlo interval and what is promised, and the numbers. What a promise
// excludes is shaded. Adds nothing without lines.
void AddRatePlot(client::Html& html, const std::vector<Line>& lines,
                 const RatePlot& plot);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_REPORT_RATE_PLOT_H_
