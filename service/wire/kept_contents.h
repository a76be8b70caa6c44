// Contents that a stream of events keeps: how many both ends allow for.
#ifndef STAGECRAFT_SERVICE_WIRE_KEPT_CONTENTS_H_
#define STAGECRAFT_SERVICE_WIRE_KEPT_CONTENTS_H_

#include <cstdint>

namespace stagecraft::service {

inline constexpr int kMaxKeptContents = 4096;
// Of their messages as they are serialized.
inline constexpr int64_t kMaxKeptContentBytes = int64_t{256} << 10;

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_WIRE_KEPT_CONTENTS_H_
