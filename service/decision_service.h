// The gRPC handlers of DecisionService.
#ifndef STAGECRAFT_SERVICE_DECISION_SERVICE_H_
#define STAGECRAFT_SERVICE_DECISION_SERVICE_H_

#include <atomic>

#include "grpcpp/grpcpp.h"
#include "service/clock.h"
#include "service/ledger.h"
#include "service/looks.h"
#include "stagecraft/v1/decision.grpc.pb.h"

namespace stagecraft::service {

// Thread-safe. All arguments outlive it.
class DecisionServiceImpl final : public v1::DecisionService::Service {
 public:
  // Each watcher holds a thread of the server's: at most `max_watchers` may, so
  // that some are left for all other calls.
  DecisionServiceImpl(Looks* looks, Ledger* ledger, Clock clock,
                      int max_watchers = 64);

  grpc::Status EvaluateExperiment(
      grpc::ServerContext* context,
      const v1::EvaluateExperimentRequest* request,
      v1::EvaluateExperimentResponse* response) override;
  grpc::Status ListDecisions(grpc::ServerContext* context,
                             const v1::ListDecisionsRequest* request,
                             v1::ListDecisionsResponse* response) override;
  // Ends with the call, or with UNAVAILABLE once the ledger was stopped.
  grpc::Status WatchDecisions(
      grpc::ServerContext* context, const v1::WatchDecisionsRequest* request,
      grpc::ServerWriter<v1::Decision>* writer) override;
  grpc::Status AcknowledgeDecision(
      grpc::ServerContext* context,
      const v1::AcknowledgeDecisionRequest* request,
      v1::Decision* response) override;
  grpc::Status VerifyDecision(grpc::ServerContext* context,
                              const v1::VerifyDecisionRequest* request,
                              v1::VerifyDecisionResponse* response) override;

 private:
  Looks* const looks_;
  Ledger* const ledger_;
  const Clock clock_;
  const int max_watchers_;
  std::atomic<int> watchers_{0};
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_DECISION_SERVICE_H_
