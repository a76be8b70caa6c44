// How far a long command is: a bar that is drawn over on a terminal, else a
// plain line now and then.
#ifndef STAGECRAFT_CLIENTS_CLI_PROGRESS_H_
#define STAGECRAFT_CLIENTS_CLI_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "absl/time/time.h"

namespace stagecraft::cli {

struct ProgressOptions {
  enum class Style {
    kNone,   // Nothing at all.
    kLines,  // One line for each tenth, or for each `lines_every` items.
    kBar,    // One line that is drawn over at most ten times a second.
  };
  Style style = Style::kLines;
  // What `items` counts, in the plural: `events`. Empty: only the share shows.
  std::string noun = "items";
  // With kLines and no total: a line for each so many items. At least 1.
  int64_t lines_every = 1'000'000;
  // Null: absl::Now.
  std::function<absl::Time()> clock;
};

// Not thread-safe. `out` must outlive it.
class Progress {
 public:
  Progress(std::ostream& out, ProgressOptions options);

  // `done` of `total` (bytes, say; total 0: not known), and how many items that
  // are. Cheap: draws only when it is time to.
  void Update(int64_t done, int64_t total, int64_t items);
  // Draws the last state (kBar) and ends the line. Idempotent.
  void Finish();

  absl::Duration elapsed() const;

 private:
  std::string Rate(int64_t items) const;
  void DrawBar();

  std::ostream& out_;
  const ProgressOptions options_;
  absl::Time start_, last_draw_;
  int64_t done_ = 0, total_ = 0, items_ = 0;
  int64_t next_line_ = 0;  // Tenths, or items without a total.
  int drawn_width_ = 0;
  bool finished_ = false;
};

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_PROGRESS_H_
