// The one place where errors of RocksDB become ours. Private to engine/store.
#ifndef STAGECRAFT_ENGINE_STORE_ROCKS_STATUS_H_
#define STAGECRAFT_ENGINE_STORE_ROCKS_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rocksdb/status.h"

namespace stagecraft::engine {

// OK for OK; else "store `path`: `action`: what happened; what to do".
//   full disk or quota                      kResourceExhausted
//   damaged data                            kDataLoss
//   missing file or directory               kNotFound
//   busy, aborted, shutting down, other I/O kUnavailable
//   a feature or argument that RocksDB refuses: a fault of ours, kInternal
absl::Status FromRocks(const rocksdb::Status& status, absl::string_view path,
                       absl::string_view action);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_STATUS_H_
