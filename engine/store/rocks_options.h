// How RocksDB is set up, with the reasons. Private to engine/store.
#ifndef STAGECRAFT_ENGINE_STORE_ROCKS_OPTIONS_H_
#define STAGECRAFT_ENGINE_STORE_ROCKS_OPTIONS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/store/rocks_store.h"
#include "engine/store/write_batch.h"
#include "rocksdb/cache.h"
#include "rocksdb/options.h"

namespace stagecraft::engine {

// OK, or kInvalidArgument naming the option out of range.
absl::Status CheckOptions(const RocksStoreOptions& options);

// Directories in that of the store: of kScratch and of derived data.
inline constexpr absl::string_view kScratchDirectory = "scratch";
inline constexpr absl::string_view kDerivedDirectory = "derived";

// The column family of a durable keyspace: its name, but "default" for kMeta,
// because RocksDB insists on a family of that name.
std::string FamilyName(Keyspace keyspace);

// `options` must have been checked.
rocksdb::DBOptions DatabaseOptions(const RocksStoreOptions& options,
                                   rocksdb::Env* env);

// The database of kScratch: written without a log.
rocksdb::DBOptions ScratchDatabaseOptions(const RocksStoreOptions& options);

// All families share `cache`.
rocksdb::ColumnFamilyOptions FamilyOptions(
    Keyspace keyspace, const RocksStoreOptions& options,
    const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_OPTIONS_H_
