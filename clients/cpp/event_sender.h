// Sends events as a stream of batches that the server acknowledges.
//
//   auto sender = client->NewEventSender({.batch_items = 2000});
//   if (!sender.ok()) return sender.status();
//   for (v1::Event& event : events) {
//     if (auto s = (*sender)->Send(std::move(event)); !s.ok()) return s;
//   }
//   if (auto s = (*sender)->Flush(); !s.ok()) return s;
//   const SendTotals& totals = (*sender)->totals();
//   for (const Rejection& r : (*sender)->rejections()) Show(r.message);
//
// Servers that say so get the events as columns, see
// proto/stagecraft/v1/event.proto: less to send, less to read. Callers with
// millions of events save the messages too:
//
//   const int buy = (*sender)->DeclareContent(name_and_attributes);
//   (*sender)->SendRow({.content = buy, .unit_id = ..., ...});
//
// Nothing is lost and nothing counts twice: a batch is kept until it is
// acknowledged; when the stream breaks, the sender connects again and sends all
// batches after the last acknowledgement, which the server recognises.
#ifndef STAGECRAFT_CLIENTS_CPP_EVENT_SENDER_H_
#define STAGECRAFT_CLIENTS_CPP_EVENT_SENDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cpp/retry.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::client {

// Totals of all that was acknowledged. A batch that is sent again after a
// broken stream may count as duplicate although the first copy was stored.
struct SendTotals {
  int64_t acknowledged = 0;  // Events and aliases; stored or not.
  int64_t stored = 0;
  int64_t duplicates = 0;
  int64_t rejected = 0;
  int64_t reconnects = 0;  // Streams after the first one.
};

// A refused item. Sending it again will not help.
struct Rejection {
  int64_t tag = 0;  // As given to Send().
  bool is_alias = false;
  std::string unit_id;
  std::string event_id;  // The other id, for an alias.
  std::string message;   // The field, the value seen and the value wanted.
};

// An event by what it does not share with others. The texts are copied.
struct EventRow {
  int content = 0;  // As DeclareContent() answered.
  absl::string_view unit_id;
  absl::string_view event_id;
  int64_t time_micros = 0;  // Since 1970.
  std::optional<double> value;
};

struct EventSenderOptions {
  // A batch is sent when it holds this many items (1 to 10000) ...
  int batch_items = 2000;
  // ... or about this many bytes, as single events (1 to 3 MiB, since servers
  // take 4 MiB).
  int64_t batch_bytes = int64_t{1} << 20;
  // Whether to send columns to servers that take them.
  bool columns = true;
  // How many batches may be under way; Send() waits when there are more. At
  // least 1. This bounds the memory: (window + 1) * batch_bytes, and some MiB
  // for names and attributes that come again.
  int window = 8;
  // A stream that acknowledges nothing for so long counts as broken.
  absl::Duration acknowledgement_timeout = absl::Seconds(60);
  // How a broken stream is mended: attempts in a row without an
  // acknowledgement, and the pauses between them. Default: the client's.
  std::optional<RetryPolicy> retry;
  // How many rejections rejections() keeps; totals() counts all of them.
  int max_rejections = 1000;
  // Called for each rejection as it is learned of, from within Send() or
  // Flush(). May be null.
  std::function<void(const Rejection&)> on_rejection;
  // Called for each acknowledged batch, from within Send() or Flush(), with the
  // time from when it was full until its acknowledgement came. May be null.
  std::function<void(absl::Duration)> on_acknowledged;
};

// Thread-compatible: one thread at a time. The work is done within Send() and
// Flush(); between them batches go out, but a broken stream is mended only by
// the next call. The destructor abandons what is not acknowledged.
class EventSender {
 public:
  virtual ~EventSender() = default;

  // Takes one item; returns at once unless the window is full. `tag` comes back
  // with a rejection (a line number, say).
  //
  // Errors: an error of the stream that repeating does not mend, or the last
  // one after `retry.max_attempts` failures without an acknowledgement between
  // them. The sender then stays failed, and what is not acknowledged may or may
  // not be stored.
  virtual absl::Status Send(v1::Event event, int64_t tag = 0) = 0;
  virtual absl::Status SendAlias(v1::Alias alias, int64_t tag = 0) = 0;

  // Says what rows have in common, for as long as the sender lives. Answers
  // with a number for them: 0, 1, 2 and so on. For some thousand contents.
  virtual int DeclareContent(const v1::EventContent& content) = 0;
  // As Send(), three times as fast. Also kInvalidArgument, for this row alone,
  // if `row.content` was not declared.
  virtual absl::Status SendRow(const EventRow& row, int64_t tag = 0) = 0;

  // Sends what is there and waits until all of it is acknowledged: durable and
  // counted. Errors as Send(). OK does not mean that nothing was refused: see
  // totals().rejected.
  virtual absl::Status Flush() = 0;

  // As of the last Send() or Flush().
  virtual const SendTotals& totals() const = 0;
  virtual const std::vector<Rejection>& rejections() const = 0;
};

// Errors: kInvalidArgument names the field, the value seen and that wanted.
absl::Status CheckEventSenderOptions(const EventSenderOptions& options);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_EVENT_SENDER_H_
