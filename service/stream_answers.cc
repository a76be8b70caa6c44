#include "service/stream_answers.h"

#include <utility>

namespace stagecraft::service {
namespace {

// Takes `later` into `earlier`, if the message stays small.
bool Merge(const v1::StreamEventsResponse& later,
           v1::StreamEventsResponse* earlier) {
  if (earlier->rejections_size() + later.rejections_size() > kMaxBatchItems) {
    return false;
  }
  earlier->set_acknowledged_sequence(later.acknowledged_sequence());
  earlier->set_stored_count(later.stored_count());
  earlier->set_duplicate_count(later.duplicate_count());
  earlier->set_rejected_count(later.rejected_count());
  earlier->mutable_rejections()->MergeFrom(later.rejections());
  return true;
}

}  // namespace

std::vector<v1::StreamEventsResponse> MakeAnswers(
    absl::Span<const int64_t> sequences,
    std::vector<EventBatch::Result>&& results) {
  std::vector<v1::StreamEventsResponse> answers(1);
  v1::StreamEventsResponse counts;
  for (size_t i = 0; i < sequences.size(); ++i) {
    for (v1::IngestOutcome& outcome : results[i].outcomes) {
      if (outcome.status() != v1::IngestOutcome::REJECTED) continue;
      if (answers.back().rejections_size() == kMaxBatchItems) {
        Merge(counts, &answers.back());
        answers.emplace_back();
      }
      v1::StreamRejection* rejection = answers.back().add_rejections();
      rejection->set_sequence(sequences[i]);
      *rejection->mutable_outcome() = std::move(outcome);
    }
    counts.set_stored_count(counts.stored_count() + results[i].stored);
    counts.set_duplicate_count(counts.duplicate_count() +
                               results[i].duplicates);
    counts.set_rejected_count(counts.rejected_count() + results[i].rejected);
    counts.set_acknowledged_sequence(sequences[i]);
  }
  Merge(counts, &answers.back());
  return answers;
}

int64_t StreamAnswers::Begin() {
  open_.emplace_back();
  return first_ + static_cast<int64_t>(open_.size()) - 1;
}

void StreamAnswers::End(int64_t group, GroupAnswer answer) {
  open_[group - first_] = std::move(answer);
  while (!open_.empty() && open_.front().has_value()) {
    if (failed_.ok()) MakeReady(*std::move(open_.front()));
    open_.pop_front();
    ++first_;
  }
}

v1::StreamEventsResponse StreamAnswers::TakeFirst() {
  v1::StreamEventsResponse first = std::move(ready_.front());
  ready_.pop_front();
  return first;
}

void StreamAnswers::MakeReady(GroupAnswer answer) {
  failed_ = std::move(answer.failed);
  const v1::StreamEventsResponse before = totals_;
  for (v1::StreamEventsResponse& message : answer.messages) {
    message.set_stored_count(message.stored_count() + before.stored_count());
    message.set_duplicate_count(message.duplicate_count() +
                                before.duplicate_count());
    message.set_rejected_count(message.rejected_count() +
                               before.rejected_count());
    if (message.acknowledged_sequence() == 0) {
      message.set_acknowledged_sequence(before.acknowledged_sequence());
    }
    totals_.set_stored_count(message.stored_count());
    totals_.set_duplicate_count(message.duplicate_count());
    totals_.set_rejected_count(message.rejected_count());
    totals_.set_acknowledged_sequence(message.acknowledged_sequence());
    if (ready_.empty() || !Merge(message, &ready_.back())) {
      ready_.push_back(std::move(message));
    }
  }
}

}  // namespace stagecraft::service
