#include "clients/cli/progress.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "clients/cli/table.h"
#include "clients/report/format.h"

namespace stagecraft::cli {
namespace {

constexpr int kBarWidth = 30;
constexpr absl::Duration kRedraw = absl::Milliseconds(100);

ProgressOptions WithDefaults(ProgressOptions options) {
  if (!options.clock) options.clock = absl::Now;
  options.lines_every = std::max<int64_t>(options.lines_every, 1);
  return options;
}

}  // namespace

Progress::Progress(std::ostream& out, ProgressOptions options)
    : out_(out),
      options_(WithDefaults(std::move(options))),
      start_(options_.clock()),
      last_draw_(absl::InfinitePast()),
      next_line_(1) {}

absl::Duration Progress::elapsed() const { return options_.clock() - start_; }

std::string Progress::Rate(int64_t items) const {
  if (options_.noun.empty()) return "";
  const double seconds = absl::ToDoubleSeconds(elapsed());
  std::string text =
      absl::StrCat(client::FormatCount(items), " ", options_.noun);
  // Below a tenth of a second a rate says nothing.
  if (seconds >= 0.1) {
    absl::StrAppend(
        &text, ", ",
        client::FormatCount(static_cast<int64_t>(items / seconds + 0.5)), "/s");
  }
  return text;
}

void Progress::Update(int64_t done, int64_t total, int64_t items) {
  if (finished_) return;
  done_ = done;
  total_ = total;
  items_ = items;
  switch (options_.style) {
    case ProgressOptions::Style::kNone:
      return;
    case ProgressOptions::Style::kLines: {
      if (total > 0) {
        const int64_t tenth = done * 10 / total;
        if (tenth < next_line_) return;
        next_line_ = tenth + 1;
        const std::string rate = Rate(items);
        out_ << absl::StrFormat("%d%%%s%s\n", std::min<int64_t>(tenth, 10) * 10,
                                rate.empty() ? "" : "  ", rate);
      } else {
        if (items < next_line_ * options_.lines_every) return;
        next_line_ = items / options_.lines_every + 1;
        out_ << Rate(items) << "\n";
      }
      out_.flush();
      return;
    }
    case ProgressOptions::Style::kBar: {
      const absl::Time now = options_.clock();
      if (now - last_draw_ < kRedraw) return;
      last_draw_ = now;
      DrawBar();
      return;
    }
  }
}

void Progress::DrawBar() {
  std::string line;
  if (total_ > 0) {
    const double share =
        std::clamp(static_cast<double>(done_) / total_, 0.0, 1.0);
    const int full = static_cast<int>(share * kBarWidth);
    line = absl::StrFormat("[%s%s] %3d%%  ", std::string(full, '#'),
                           std::string(kBarWidth - full, '.'),
                           static_cast<int>(share * 100));
  }
  absl::StrAppend(&line, Rate(items_));
  const int width = DisplayWidth(line);
  out_ << "\r" << line << std::string(std::max(0, drawn_width_ - width), ' ');
  out_.flush();
  drawn_width_ = width;
}

void Progress::Finish() {
  if (finished_) return;
  finished_ = true;
  if (options_.style == ProgressOptions::Style::kBar &&
      last_draw_ > start_ - kRedraw) {
    DrawBar();
    out_ << "\n";
    out_.flush();
  }
}

}  // namespace stagecraft::cli
