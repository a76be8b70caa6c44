#include "service/decision_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/text.h"
#include "service/convert_time.h"
#include "service/names.h"
#include "service/page_token.h"
#include "service/status.h"

namespace stagecraft::service {
namespace {

constexpr size_t kMaxAppliedByBytes = 200;
// Decisions that a stream reads at a time.
constexpr int kWatchBatch = 100;

absl::StatusOr<v1::ListDecisionsResponse> ListPageOf(
    const Ledger& ledger, const v1::ListDecisionsRequest& request) {
  const auto pattern = ParseExperimentPattern(request.parent());
  if (!pattern.ok()) return pattern.status();
  const auto size = CheckPageSize(request.page_size());
  if (!size.ok()) return size.status();
  const std::string scope = absl::StrCat("decisions of ", request.parent());
  const auto last = ParsePageToken(request.page_token(), scope);
  if (!last.ok()) return last.status();
  int64_t after = 0;
  if (!last->empty() && (!absl::SimpleAtoi(*last, &after) || after < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_token is ", engine::Quote(request.page_token()),
                     ", want the next_page_token of the page before"));
  }
  bool more = false;
  auto decisions = ledger.List(*pattern, after, *size, &more);
  if (!decisions.ok()) return decisions.status();
  v1::ListDecisionsResponse response;
  if (more) {
    response.set_next_page_token(
        MakePageToken(scope, absl::StrCat(decisions->back().sequence())));
  }
  for (v1::Decision& decision : *decisions) {
    *response.add_decisions() = std::move(decision);
  }
  return response;
}

}  // namespace

DecisionServiceImpl::DecisionServiceImpl(Looks* looks, Ledger* ledger,
                                         Clock clock, int max_watchers)
    : looks_(looks),
      ledger_(ledger),
      clock_(std::move(clock)),
      max_watchers_(max_watchers) {}

grpc::Status DecisionServiceImpl::EvaluateExperiment(
    grpc::ServerContext* context, const v1::EvaluateExperimentRequest* request,
    v1::EvaluateExperimentResponse* response) {
  std::optional<engine::Micros> as_of;
  if (request->has_as_of()) {
    const auto micros = ToMicros(request->as_of(), "as_of");
    if (!micros.ok()) return ToGrpc(micros.status(), context);
    as_of = *micros;
  }
  auto answer = looks_->Evaluate(request->name(), as_of);
  if (!answer.ok()) return ToGrpc(answer.status(), context);
  *response = *std::move(answer);
  return grpc::Status::OK;
}

grpc::Status DecisionServiceImpl::ListDecisions(
    grpc::ServerContext* context, const v1::ListDecisionsRequest* request,
    v1::ListDecisionsResponse* response) {
  auto page = ListPageOf(*ledger_, *request);
  if (!page.ok()) return ToGrpc(page.status(), context);
  *response = *std::move(page);
  return grpc::Status::OK;
}

grpc::Status DecisionServiceImpl::WatchDecisions(
    grpc::ServerContext* context, const v1::WatchDecisionsRequest* request,
    grpc::ServerWriter<v1::Decision>* writer) {
  ExperimentPattern pattern;
  if (!request->parent().empty()) {
    auto parsed = ParseExperimentPattern(request->parent());
    if (!parsed.ok()) return ToGrpc(parsed.status(), context);
    pattern = *std::move(parsed);
  }
  if (request->after_sequence() < 0) {
    return ToGrpc(absl::InvalidArgumentError(absl::StrCat(
                      "after_sequence is ", request->after_sequence(),
                      ", want at least 0")),
                  context);
  }
  const auto leave = absl::MakeCleanup([this] { --watchers_; });
  if (++watchers_ > max_watchers_) {
    return ToGrpc(absl::ResourceExhaustedError(absl::StrCat(
                      "decisions are being watched by ", max_watchers_,
                      " callers, which is the most; try again later, or ask "
                      "for `ListDecisions` from time to time")),
                  context);
  }
  // The headers tell the caller that the stream is open, before any decision.
  writer->SendInitialMetadata();
  const absl::Time deadline = absl::FromChrono(context->deadline());
  const auto is_cancelled = [&] { return context->IsCancelled(); };
  int64_t after = request->after_sequence();
  while (ledger_->WaitFor(after, deadline, is_cancelled)) {
    // What is there now has been looked through after this round.
    const int64_t seen = ledger_->last_sequence();
    bool more = true;
    while (more) {
      const auto decisions = ledger_->List(pattern, after, kWatchBatch, &more);
      if (!decisions.ok()) return ToGrpc(decisions.status(), context);
      for (const v1::Decision& decision : *decisions) {
        if (is_cancelled() || !writer->Write(decision)) {
          return grpc::Status::CANCELLED;
        }
        after = decision.sequence();
      }
    }
    after = std::max(after, seen);
  }
  if (ledger_->stopped()) {
    return ToGrpc(absl::UnavailableError(
                      "the server is stopping; watch again from the last "
                      "sequence that was seen"),
                  context);
  }
  if (absl::Now() >= deadline) {
    return ToGrpc(absl::DeadlineExceededError("the call's deadline is over"),
                  context);
  }
  return grpc::Status::CANCELLED;
}

grpc::Status DecisionServiceImpl::AcknowledgeDecision(
    grpc::ServerContext* context, const v1::AcknowledgeDecisionRequest* request,
    v1::Decision* response) {
  const auto name = ParseDecisionName(request->name());
  if (!name.ok()) return ToGrpc(name.status(), context);
  const absl::Status status = engine::ValidateText(
      request->applied_by(), "applied_by", 1, kMaxAppliedByBytes);
  if (!status.ok()) return ToGrpc(status, context);
  engine::Micros applied = ToMicros(clock_());
  if (request->has_applied_time()) {
    const auto micros = ToMicros(request->applied_time(), "applied_time");
    if (!micros.ok()) return ToGrpc(micros.status(), context);
    applied = *micros;
  }
  auto decision = ledger_->Acknowledge(*name, request->applied_by(), applied);
  if (!decision.ok()) return ToGrpc(decision.status(), context);
  *response = *std::move(decision);
  return grpc::Status::OK;
}

grpc::Status DecisionServiceImpl::VerifyDecision(
    grpc::ServerContext* context, const v1::VerifyDecisionRequest* request,
    v1::VerifyDecisionResponse* response) {
  auto answer = looks_->VerifyDecision(request->name());
  if (!answer.ok()) return ToGrpc(answer.status(), context);
  *response = *std::move(answer);
  return grpc::Status::OK;
}

}  // namespace stagecraft::service
