// How Client makes an EventSender. Not for callers.
#ifndef STAGECRAFT_CLIENTS_CPP_EVENT_SENDER_IMPL_H_
#define STAGECRAFT_CLIENTS_CPP_EVENT_SENDER_IMPL_H_

#include <functional>
#include <memory>

#include "clients/cpp/event_sender.h"
#include "clients/cpp/retry.h"
#include "grpcpp/client_context.h"
#include "stagecraft/v1/event.grpc.pb.h"

namespace stagecraft::client {

// `prepare` sets the metadata of each stream. `stub` and what `prepare` refers
// to must outlive the sender. The options were checked.
std::unique_ptr<EventSender> MakeEventSender(
    v1::EventService::Stub* stub, const EventSenderOptions& options,
    const RetryPolicy& retry, const RetryHooks& hooks,
    std::function<void(grpc::ClientContext&)> prepare);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_EVENT_SENDER_IMPL_H_
