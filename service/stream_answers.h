// What a stream of events has to answer. Groups of batches are stored at the
// same time; they are acknowledged in the order in which they came.
#ifndef STAGECRAFT_SERVICE_STREAM_ANSWERS_H_
#define STAGECRAFT_SERVICE_STREAM_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "service/event_batch.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::service {

// What became of a group.
struct GroupAnswer {
  // With the counts of the group alone. Those that acknowledge nothing yet have
  // the sequence number 0.
  std::vector<v1::StreamEventsResponse> messages;
  // Why the stream ends after them, unless OK.
  absl::Status failed;
};

// The messages for batches with these sequence numbers, and what became of
// each. Several if there are many rejections: only the last one acknowledges
// the batch of its rejections.
std::vector<v1::StreamEventsResponse> MakeAnswers(
    absl::Span<const int64_t> sequences,
    std::vector<EventBatch::Result>&& results);

// Not thread-safe.
class StreamAnswers {
 public:
  // A group is being stored. Answers with its number.
  int64_t Begin();
  // It is done with. Its messages become ready once the groups before it have
  // ended; those of groups after one that failed never do.
  void End(int64_t group, GroupAnswer answer);

  // Groups that have begun and not become ready.
  size_t open() const { return open_.size(); }
  // The first failure, once all that came before it is ready.
  const absl::Status& failed() const { return failed_; }
  size_t ready() const { return ready_.size(); }
  // At least one is ready.
  v1::StreamEventsResponse TakeFirst();
  // Nobody wants to hear of anything.
  void DropReady() { ready_.clear(); }

 private:
  // Counts from the stream's beginning on, and says it, if possible, together
  // with what is ready.
  void MakeReady(GroupAnswer answer);

  int64_t first_ = 0;  // Number of the first open group.
  std::deque<std::optional<GroupAnswer>> open_;
  std::deque<v1::StreamEventsResponse> ready_;
  absl::Status failed_;
  v1::StreamEventsResponse totals_;  // Without rejections.
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STREAM_ANSWERS_H_
