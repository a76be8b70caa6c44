#include "clients/cli/send.h"

#include <algorithm>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "clients/cli/table.h"
#include "clients/report/format.h"

namespace stagecraft::cli {
namespace {

void PrintReasons(Context& context, const std::vector<std::string>& reasons,
                  int64_t count, absl::string_view what) {
  for (const std::string& reason : reasons) {
    context.err() << "  " << Printable(reason) << "\n";
  }
  const int64_t more = count - static_cast<int64_t>(reasons.size());
  if (more > 0) {
    context.err() << "  and " << client::FormatCount(more) << " more " << what
                  << "\n";
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<client::EventSender>> OpenSender(
    Context& context) {
  const auto client = context.Connect();
  if (!client.ok()) return client.status();
  const absl::Duration limit =
      std::min((*client)->options().deadline, absl::Seconds(3));
  if (absl::Status s = (*client)->WaitForReady(limit); !s.ok()) return s;
  client::EventSenderOptions options;
  options.max_rejections = kMaxReasons;
  options.retry = client::RetryPolicy{.max_attempts = 10};
  options.acknowledgement_timeout =
      std::max((*client)->options().deadline, absl::Seconds(1));
  return (*client)->NewEventSender(options);
}

std::string RejectionText(const client::Rejection& rejection,
                          absl::string_view where) {
  return absl::StrCat(where, where.empty() ? "" : ": ",
                      rejection.is_alias ? "alias \"" : "event \"",
                      rejection.event_id, "\" of unit \"", rejection.unit_id,
                      "\": ", rejection.message);
}

ExitCode PrintSummary(Context& context, const SendSummary& summary,
                      bool allow_rejected) {
  const client::SendTotals& totals = summary.totals;
  const bool rejected = summary.malformed > 0 || totals.rejected > 0;
  if (summary.malformed > 0) {
    context.err() << client::FormatCount(summary.malformed) << " "
                  << summary.noun << " could not be read:\n";
    PrintReasons(context, summary.malformed_reasons, summary.malformed,
                 summary.noun);
  }
  if (totals.rejected > 0) {
    context.err() << client::FormatCount(totals.rejected)
                  << " events were refused by the server:\n";
    PrintReasons(context, summary.rejected_reasons, totals.rejected, "events");
  }
  if (context.json()) {
    context.out() << "{\"" << summary.noun << "\":" << summary.read
                  << ",\"malformed\":" << summary.malformed
                  << ",\"acknowledged\":" << totals.acknowledged
                  << ",\"stored\":" << totals.stored
                  << ",\"duplicates\":" << totals.duplicates
                  << ",\"rejected\":" << totals.rejected
                  << ",\"reconnects\":" << totals.reconnects << "}\n";
  } else {
    const double seconds = absl::ToDoubleSeconds(summary.elapsed);
    context.out() << client::FormatCount(summary.read) << " " << summary.noun
                  << ": " << client::FormatCount(totals.stored) << " stored, "
                  << client::FormatCount(totals.duplicates)
                  << " there already, " << client::FormatCount(totals.rejected)
                  << " refused, " << client::FormatCount(summary.malformed)
                  << " not readable";
    if (seconds >= 0.1) {
      context.out() << "; " << client::FormatSeconds(seconds) << ", "
                    << client::FormatCount(
                           static_cast<int64_t>(summary.read / seconds + 0.5))
                    << " " << summary.noun << "/s";
    }
    context.out() << "\n";
    if (totals.reconnects > 0) {
      context.out() << "the connection was made again "
                    << client::FormatCount(totals.reconnects)
                    << " times; what was sent twice counts as there already\n";
    }
  }
  return rejected && !allow_rejected ? kExitRejected : kExitOk;
}

}  // namespace stagecraft::cli
