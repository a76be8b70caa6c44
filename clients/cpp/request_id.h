// Ids that make a write repeatable.
#ifndef STAGECRAFT_CLIENTS_CPP_REQUEST_ID_H_
#define STAGECRAFT_CLIENTS_CPP_REQUEST_ID_H_

#include <string>

namespace stagecraft::client {

// 32 hexadecimal digits, 128 random bits. A write that carries one as its
// `request_id` is repeated by the client when the server is unavailable. Safe
// from any thread.
std::string NewRequestId();

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_REQUEST_ID_H_
