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

// The directory that holds `path`.
std::string ParentOf(const std::string& path);

// Makes the entries of `directory` survive a loss of power. Errors name `path`,
// the store.
absl::Status SyncDirectory(const std::string& path,
                           const std::string& directory);

// OK if a backup of the store at `path` can be made at `directory`.
// Errors: as Store::Backup.
absl::Status CheckBackupDirectory(const std::string& path,
                                  const std::string& directory);

// Removes lists of files (MANIFEST) older than the one in use, which RocksDB
// may still be about to do.
void RemoveOldLists(const std::string& path);

// Whether another store, of this process or another, has `path` open.
bool IsLocked(rocksdb::Env* env, const std::string& path);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_DIRECTORY_H_
