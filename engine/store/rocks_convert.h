// Between our batches and files and RocksDB's. Private to engine/store.
#ifndef STAGECRAFT_ENGINE_STORE_ROCKS_CONVERT_H_
#define STAGECRAFT_ENGINE_STORE_ROCKS_CONVERT_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/store/write_batch.h"
#include "rocksdb/db.h"
#include "rocksdb/slice.h"
#include "rocksdb/write_batch.h"

namespace stagecraft::engine {

inline rocksdb::Slice ToSlice(absl::string_view view) {
  return rocksdb::Slice(view.data(), view.size());
}

inline absl::string_view ToView(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

// An empty batch with room for what `batch` holds.
rocksdb::WriteBatch Room(const WriteBatch& batch);

// Adds all operations of `batch` to `converted`.
rocksdb::Status Convert(
    const WriteBatch& batch,
    absl::FunctionRef<rocksdb::ColumnFamilyHandle*(Keyspace)> family_of,
    rocksdb::WriteBatch* converted);

// Bytes of all files of `directory` whose name ends in `suffix`. Files come and
// go meanwhile: one that is gone counts as nothing. Errors: kUnavailable.
absl::StatusOr<int64_t> BytesOfFiles(const std::string& directory,
                                     absl::string_view suffix);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_CONVERT_H_
