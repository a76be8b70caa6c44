#include "clients/cpp/event_sender.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/event_columns.h"
#include "clients/cpp/event_sender_impl.h"
#include "clients/cpp/event_stream.h"
#include "clients/cpp/status.h"
#include "grpcpp/grpcpp.h"

namespace stagecraft::client {
namespace {

// Whether a new stream may do better: the connection broke or the server asks
// to wait. The rest says that the request itself is at fault.
bool MayMend(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:  // Ended without acknowledging everything.
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:  // A reset stream.
    case absl::StatusCode::kUnknown:   // "Stream removed".
      return true;
    default:
      return false;
  }
}

class Sender : public EventSender {
 public:
  Sender(v1::EventService::Stub* stub, const EventSenderOptions& options,
         const RetryPolicy& retry, const RetryHooks& hooks,
         std::function<void(grpc::ClientContext&)> prepare)
      : stub_(stub),
        options_(options),
        retry_(options.retry.value_or(retry)),
        hooks_(hooks),
        prepare_(std::move(prepare)) {}

  ~Sender() override {
    if (stream_ == nullptr) return;
    // A clean end, if there is nothing to abandon.
    stream_->Finish(kept_.empty() ? absl::Seconds(2) : absl::ZeroDuration());
  }

  absl::Status Send(v1::Event event, int64_t tag) override {
    if (!failed_.ok()) return failed_;
    Open();
    current_bytes_ += event.ByteSizeLong() + 4;
    if (columns_ && builder_.Add(event)) {
      current_->column_tags.push_back(tag);
    } else {
      *current_->request.add_events() = std::move(event);
      current_->event_tags.push_back(tag);
    }
    return Added();
  }

  int DeclareContent(const v1::EventContent& content) override {
    contents_.push_back({content, content.ByteSizeLong()});
    return static_cast<int>(contents_.size()) - 1;
  }

  absl::Status SendRow(const EventRow& row, int64_t tag) override {
    if (!failed_.ok()) return failed_;
    if (row.content < 0 || row.content >= contents_.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("content is ", row.content, ", want 0 to ",
                       static_cast<int64_t>(contents_.size()) - 1,
                       ", as DeclareContent answered"));
    }
    const Content& content = contents_[row.content];
    Open();
    // The time and the value, and what comes before texts.
    current_bytes_ +=
        content.bytes + row.unit_id.size() + row.event_id.size() + 32;
    if (columns_ &&
        builder_.Add(row.unit_id, row.event_id, row.time_micros, row.value,
                     static_cast<uint32_t>(row.content), content.content)) {
      current_->column_tags.push_back(tag);
    } else {
      AppendEvent(row.unit_id, row.event_id, row.time_micros, row.value,
                  content.content, current_->request.mutable_events());
      current_->event_tags.push_back(tag);
    }
    return Added();
  }

  absl::Status SendAlias(v1::Alias alias, int64_t tag) override {
    if (!failed_.ok()) return failed_;
    Open();
    current_bytes_ += alias.ByteSizeLong() + 4;
    *current_->request.add_aliases() = std::move(alias);
    current_->alias_tags.push_back(tag);
    return Added();
  }

  absl::Status Flush() override {
    if (!failed_.ok()) return failed_;
    Dispatch();
    return Drain(0);
  }

  const SendTotals& totals() const override { return totals_; }
  const std::vector<Rejection>& rejections() const override {
    return rejections_;
  }

 private:
  // Of rows.
  struct Content {
    v1::EventContent content;
    size_t bytes = 0;
  };

  void Open() {
    if (current_ != nullptr) return;
    if (spare_ != nullptr && spare_.use_count() == 1) {
      current_ = std::move(spare_);
    } else {
      current_ = std::make_shared<EventBatch>();
    }
    columns_ =
        options_.columns && stream_ != nullptr && stream_->takes_columns();
    if (!columns_) return;
    builder_.Begin(current_->request.mutable_columns(),
                   stream_->keeps_contents()
                       ? current_->request.mutable_contents()
                       : nullptr);
  }

  // A batch that is done with, for its memory.
  void Spare(std::shared_ptr<EventBatch> batch) {
    batch->request.Clear();
    batch->event_tags.clear();
    batch->column_tags.clear();
    batch->alias_tags.clear();
    spare_ = std::move(batch);
  }

  // Makes single events of the columns, which every server takes.
  void Expand(EventBatch* batch) const {
    AppendEvents(batch->request.columns(), builder_.kept(),
                 batch->request.mutable_events());
    batch->request.clear_columns();
    batch->request.clear_contents();
    batch->event_tags.insert(batch->event_tags.end(),
                             batch->column_tags.begin(),
                             batch->column_tags.end());
    batch->column_tags.clear();
  }

  absl::Status Added() {
    if (current_->items() < options_.batch_items &&
        current_bytes_ < options_.batch_bytes) {
      return absl::OkStatus();
    }
    Dispatch();
    return Drain(options_.window);
  }

  // Moves the current batch to those under way.
  void Dispatch() {
    if (current_ == nullptr) return;
    if (columns_) builder_.End();
    kept_.push_back(std::move(current_));
    current_ = nullptr;
    current_bytes_ = 0;
    kept_.back()->ready = absl::Now();
    if (stream_ != nullptr) stream_->Write(kept_.back());
  }

  void Connect() {
    if (ever_connected_) ++totals_.reconnects;
    ever_connected_ = true;
    stream_ = std::make_unique<EventStream>(stub_, prepare_);
    popped_ = 0;
    stream_totals_ = {};
    for (const auto& batch : kept_) {
      // What this server takes is not known yet. It may be another one.
      if (batch->request.has_columns()) Expand(batch.get());
      stream_->Write(batch);
    }
    builder_.BeginStream();
  }

  // Waits until at most `limit` batches are unacknowledged.
  absl::Status Drain(size_t limit) {
    do {
      if (stream_ == nullptr) {
        if (kept_.empty()) return absl::OkStatus();
        Connect();
      }
      // With room in the window only what is there already is taken.
      const bool wait = kept_.size() > limit;
      std::vector<Acknowledgement> responses;
      bool done = false;
      const bool in_time = stream_->Await(
          wait ? options_.acknowledgement_timeout : absl::ZeroDuration(),
          &responses, &done);
      absl::Status bad;
      for (const Acknowledgement& acknowledgement : responses) {
        bad = Acknowledge(acknowledgement);
        if (!bad.ok()) break;
      }
      if (!bad.ok()) {
        EndStream().IgnoreError();  // `bad` says more.
        failed_ = bad;
        return failed_;
      }
      if (done || (wait && !in_time)) {
        absl::Status status = EndStream();
        if (!done) {
          status = absl::DeadlineExceededError(absl::StrCat(
              "no acknowledgement within ",
              absl::FormatDuration(options_.acknowledgement_timeout)));
        }
        if (kept_.empty() && MayMend(status.code())) continue;
        if (absl::Status s = Broken(status); !s.ok()) return s;
      }
    } while (kept_.size() > limit);
    return absl::OkStatus();
  }

  absl::Status EndStream() {
    const grpc::Status end = stream_->Finish(absl::ZeroDuration());
    absl::Status status = ToAbslStatus(end);
    asked_ = RequestedDelay(end).value_or(absl::ZeroDuration());
    stream_ = nullptr;
    return status;
  }

  // Decides whether to go on after the stream has ended with `status`.
  absl::Status Broken(absl::Status status) {
    if (!MayMend(status.code())) {
      failed_ = status;
      return failed_;
    }
    if (status.ok()) {
      status = absl::UnavailableError(
          "the server ended the stream before it acknowledged everything");
    }
    if (++failures_ >= retry_.max_attempts) {
      failed_ = absl::Status(
          status.code(), absl::StrCat(status.message(), " (", failures_,
                                      " attempts without an acknowledgement)"));
      return failed_;
    }
    WaitBackoff(retry_, hooks_, failures_, absl::InfiniteDuration(), asked_);
    return absl::OkStatus();
  }

  absl::Status Acknowledge(const Acknowledgement& acknowledgement) {
    const v1::StreamEventsResponse& response = acknowledgement.response;
    const int64_t up_to = response.acknowledged_sequence();
    if (up_to < popped_ || up_to - popped_ > kept_.size()) {
      return absl::InternalError(absl::StrCat(
          "the server acknowledged batch ", up_to, ", want ", popped_, " to ",
          popped_ + static_cast<int64_t>(kept_.size())));
    }
    for (const v1::StreamRejection& rejection : response.rejections()) {
      if (absl::Status s = Refused(rejection); !s.ok()) return s;
    }
    if (up_to > popped_) failures_ = 0;
    for (; popped_ < up_to; ++popped_) {
      totals_.acknowledged += kept_.front()->items();
      if (options_.on_acknowledged) {
        options_.on_acknowledged(acknowledgement.received -
                                 kept_.front()->ready);
      }
      std::shared_ptr<EventBatch> batch = std::move(kept_.front());
      kept_.pop_front();
      // The stream may hold it for a moment longer.
      if (batch.use_count() == 1) Spare(std::move(batch));
    }
    totals_.stored += response.stored_count() - stream_totals_.stored;
    totals_.duplicates +=
        response.duplicate_count() - stream_totals_.duplicates;
    totals_.rejected += response.rejected_count() - stream_totals_.rejected;
    stream_totals_.stored = response.stored_count();
    stream_totals_.duplicates = response.duplicate_count();
    stream_totals_.rejected = response.rejected_count();
    return absl::OkStatus();
  }

  absl::Status Refused(const v1::StreamRejection& rejection) {
    const v1::IngestOutcome& outcome = rejection.outcome();
    if (outcome.status() == v1::IngestOutcome::DUPLICATE) {
      return absl::OkStatus();
    }
    const int64_t position = rejection.sequence() - 1 - popped_;
    if (position < 0 || position >= kept_.size()) {
      return absl::InternalError(
          absl::StrCat("the server refused an item of batch ",
                       rejection.sequence(), ", want ", popped_ + 1, " to ",
                       popped_ + static_cast<int64_t>(kept_.size())));
    }
    const EventBatch& batch = *kept_[position];
    const int events = batch.request.events_size();
    const int items = outcome.is_alias()
                          ? batch.request.aliases_size()
                          : events + batch.request.columns().units_size();
    const int index = outcome.index();
    if (index < 0 || index >= items) {
      return absl::InternalError(absl::StrCat(
          "the server refused ", outcome.is_alias() ? "alias " : "event ",
          index, " of a batch of ", items));
    }
    Rejection kept;
    kept.is_alias = outcome.is_alias();
    kept.message = outcome.message();
    if (kept.is_alias) {
      const v1::Alias& alias = batch.request.aliases(index);
      kept.tag = batch.alias_tags[index];
      kept.unit_id = alias.unit_id();
      kept.event_id = alias.alias_id();
    } else if (index >= events) {
      EventIds ids = FindIds(batch.request.columns(), index - events);
      kept.tag = batch.column_tags[index - events];
      kept.unit_id = std::move(ids.unit_id);
      kept.event_id = std::move(ids.event_id);
    } else {
      const v1::Event& event = batch.request.events(index);
      kept.tag = batch.event_tags[index];
      kept.unit_id = event.unit_id();
      kept.event_id = event.event_id();
    }
    if (options_.on_rejection) options_.on_rejection(kept);
    if (rejections_.size() < options_.max_rejections) {
      rejections_.push_back(std::move(kept));
    }
    return absl::OkStatus();
  }

  v1::EventService::Stub* const stub_;
  const EventSenderOptions options_;
  const RetryPolicy retry_;
  const RetryHooks hooks_;
  const std::function<void(grpc::ClientContext&)> prepare_;

  std::shared_ptr<EventBatch> current_;  // Being filled; null: nothing in it.
  int64_t current_bytes_ = 0;
  bool columns_ = false;  // Whether the current batch has columns.
  EventColumnsBuilder builder_;
  std::vector<Content> contents_;
  std::shared_ptr<EventBatch> spare_;             // An empty one, or null.
  std::deque<std::shared_ptr<EventBatch>> kept_;  // Not acknowledged, in order.
  std::unique_ptr<EventStream> stream_;           // Null: not connected.
  int64_t popped_ = 0;  // Batches that this stream acknowledged.
  SendTotals stream_totals_, totals_;
  std::vector<Rejection> rejections_;
  absl::Duration asked_;  // How long the last stream's server asked to wait.
  int failures_ = 0;      // Since the last acknowledgement.
  bool ever_connected_ = false;
  absl::Status failed_;
};

}  // namespace

absl::Status CheckEventSenderOptions(const EventSenderOptions& options) {
  if (options.batch_items < 1 || options.batch_items > 10000) {
    return absl::InvalidArgumentError(absl::StrCat(
        "batch_items is ", options.batch_items, ", want 1 to 10000"));
  }
  constexpr int64_t kMaxBytes = int64_t{3} << 20;
  if (options.batch_bytes < 1 || options.batch_bytes > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "batch_bytes is ", options.batch_bytes, ", want 1 to ", kMaxBytes));
  }
  if (options.window < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("window is ", options.window, ", want at least 1"));
  }
  if (options.acknowledgement_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("acknowledgement_timeout is ",
                     absl::FormatDuration(options.acknowledgement_timeout),
                     ", want more than 0"));
  }
  if (options.retry.has_value()) {
    if (absl::Status s = CheckRetryPolicy(*options.retry); !s.ok()) return s;
  }
  if (options.max_rejections < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max_rejections is ", options.max_rejections, ", want at least 0"));
  }
  return absl::OkStatus();
}

std::unique_ptr<EventSender> MakeEventSender(
    v1::EventService::Stub* stub, const EventSenderOptions& options,
    const RetryPolicy& retry, const RetryHooks& hooks,
    std::function<void(grpc::ClientContext&)> prepare) {
  return std::make_unique<Sender>(stub, options, retry, hooks,
                                  std::move(prepare));
}

}  // namespace stagecraft::client
