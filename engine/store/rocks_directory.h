// Checks of a store's directory before RocksDB touches it, and of who else has
// it. Private to engine/store.
#ifndef STAGECRAFT_ENGINE_STORE_ROCKS_DIRECTORY_H_
#define STAGECRAFT_ENGINE_STORE_ROCKS_DIRECTORY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rocksdb/env.h"

namespace stagecraft::engine {

// Makes the directory at `path` if it is missing and `create` is set, and makes
// that durable. True: it holds a database already; false: it is new, or
// what a crash left of an earlier creation.
// Errors: as OpenRocksStore for everything about the path.
absl::StatusOr<bool> PrepareDirectory(const std::string& path, bool create);

// Whether another store, of this process or another, has `path` open.
bool IsLocked(rocksdb::Env* env, const std::string& path);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_DIRECTORY_H_
