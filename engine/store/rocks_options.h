// How RocksDB is set up, with the reasons. Private to engine/store.
#ifndef STAGECRAFT_ENGINE_STORE_ROCKS_OPTIONS_H_
#define STAGECRAFT_ENGINE_STORE_ROCKS_OPTIONS_H_

#include <memory>
#include <string>

#include "engine/store/rocks_store.h"
#include "engine/store/write_batch.h"
#include "rocksdb/cache.h"
#include "rocksdb/options.h"

namespace stagecraft::engine {

// The column family of a keyspace: its name, but "default" for kMeta, because
// RocksDB insists on a family of that name.
std::string FamilyName(Keyspace keyspace);

// `options` must have been checked.
rocksdb::DBOptions DatabaseOptions(const RocksStoreOptions& options,
                                   rocksdb::Env* env);

// The same for all families; they share `cache`.
rocksdb::ColumnFamilyOptions FamilyOptions(
    const RocksStoreOptions& options,
    const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_OPTIONS_H_
