// The whole server: store, engine, catalog, ledger, handlers and the gRPC
// server around them.
#ifndef STAGECRAFT_SERVICE_SERVER_H_
#define STAGECRAFT_SERVICE_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "engine/store/store.h"
#include "service/clock.h"
#include "service/config.h"
#include "service/evaluator.h"
#include "service/logging.h"

namespace stagecraft::service {

class Catalog;
class CallMetrics;
class EventService;
class Housekeeper;
class Ledger;
class Looks;

// What tests replace.
struct ServerDependencies {
  // Default: the system's clock.
  Clock clock;
  // Default: a RocksDB store at config.data, or one in memory.
  std::unique_ptr<engine::Store> store;
  // Default: to standard error as the configuration says.
  std::shared_ptr<const Log> log;
  // When the evaluator works. Default: every config.evaluate_every.
  std::unique_ptr<Timer> evaluator_timer;
  // When the housekeeper works, after its first round at the start. Default:
  // every config.snapshot_check.
  std::unique_ptr<Timer> housekeeping_timer;
  // False: only InProcessChannel() reaches it.
  bool listen = true;
};

class Server {
 public:
  // Opens the store, reads it, and serves. Errors, one line each:
  // kInvalidArgument for a bad setting; those of OpenRocksStore; kDataLoss for
  // damaged data; kUnavailable if the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const Config& config, ServerDependencies dependencies = {});
  ~Server();  // Shuts down without grace if nobody did.

  // `127.0.0.1:7400`: with the actual port. Empty if it does not listen.
  const std::string& address() const;
  // A channel without network. Make no calls on it after Shutdown has returned:
  // gRPC 1.51 does not survive that.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Stops taking calls, says NOT_SERVING, lets running calls finish for
  // `grace`, cancels the rest, stops the evaluator, writes a snapshot if
  // anything came since the last one, and closes the store. Once is enough;
  // further calls wait for the first one.
  void Shutdown(absl::Duration grace);
  // Waits until Shutdown has finished.
  void Wait();

  // The parts, until Shutdown: for tests and further front ends.
  engine::Engine* engine();
  Catalog* catalog();
  Ledger* ledger();
  Looks* looks();
  Evaluator* evaluator();
  Housekeeper* housekeeper();
  EventService* events();
  const CallMetrics& metrics() const;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_SERVER_H_
