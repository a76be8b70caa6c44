// Sending many events: the sender, and what is said at the end.
#ifndef STAGECRAFT_CLIENTS_CLI_SEND_H_
#define STAGECRAFT_CLIENTS_CLI_SEND_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cli/context.h"
#include "clients/cpp/event_sender.h"

namespace stagecraft::cli {

// A sender that is patient with a server that restarts, once it has been
// reached. Errors: as Context::Connect; kUnavailable if it is not reached
// within a few seconds.
absl::StatusOr<std::unique_ptr<client::EventSender>> OpenSender(
    Context& context);

// What happened, from both sides.
struct SendSummary {
  std::string noun;       // Of what was read, in the plural: `lines`.
  int64_t read = 0;       // Lines or rows.
  int64_t malformed = 0;  // Of these, could not be read as events.
  std::vector<std::string> malformed_reasons;  // The first ones.
  client::SendTotals totals;
  std::vector<std::string> rejected_reasons;  // The first ones.
  absl::Duration elapsed;
};

// How many reasons of each sort are shown.
inline constexpr int kMaxReasons = 20;

// `line 7: event "e1" of unit "u1": ...`; `where` may be empty.
std::string RejectionText(const client::Rejection& rejection,
                          absl::string_view where);

// Prints the summary (reasons on `err`, totals on `out`) and gives the exit
// code: kExitRejected if anything was, unless `allow_rejected`.
ExitCode PrintSummary(Context& context, const SendSummary& summary,
                      bool allow_rejected);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_SEND_H_
