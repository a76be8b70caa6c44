// A gRPC server within the test, at a port that the system chooses.
#ifndef STAGECRAFT_TESTS_CLIENTS_CPP_FAKE_SERVER_H_
#define STAGECRAFT_TESTS_CLIENTS_CPP_FAKE_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "grpcpp/grpcpp.h"

namespace stagecraft::testing {

class FakeServer {
 public:
  // Serves `services`, which must outlive it. Port 0: the system chooses.
  explicit FakeServer(const std::vector<grpc::Service*>& services,
                      int port = 0) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(absl::StrCat("localhost:", port),
                             grpc::InsecureServerCredentials(), &port_);
    for (grpc::Service* service : services) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
  }
  // Ends calls that are still under way.
  ~FakeServer() { Stop(); }

  void Stop() {
    if (server_ == nullptr) return;
    server_->Shutdown(absl::ToChronoTime(absl::UnixEpoch()));
    server_->Wait();
    server_ = nullptr;
  }

  bool ok() const { return server_ != nullptr && port_ != 0; }
  int port() const { return port_; }
  std::string target() const { return absl::StrCat("localhost:", port_); }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// Options for tests: backoff is recorded instead of waited for.
inline client::ClientOptions FastOptions(
    const std::string& target, std::vector<absl::Duration>* waits = nullptr) {
  client::ClientOptions options;
  options.target = target;
  options.hooks.uniform = [] { return 1.0; };
  options.hooks.sleep = [waits](absl::Duration wait) {
    if (waits != nullptr) waits->push_back(wait);
  };
  return options;
}

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_CLIENTS_CPP_FAKE_SERVER_H_
