#include "engine/store/rocks_convert.h"

#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace stagecraft::engine {

absl::StatusOr<int64_t> BytesOfFiles(const std::string& directory,
                                     absl::string_view suffix) {
  namespace fs = std::filesystem;
  int64_t total = 0;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), last; !error && it != last;
       it.increment(error)) {
    if (!absl::EndsWith(it->path().native(), suffix)) continue;
    std::error_code gone;
    const uintmax_t bytes = it->file_size(gone);
    if (!gone) total += static_cast<int64_t>(bytes);
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat(
        "store ", directory, ": list its files: ", error.message()));
  }
  return total;
}

// 16 bytes more per operation than keys and values is enough for RocksDB's
// framing of all but huge ones, which only cost a reallocation.
rocksdb::WriteBatch Room(const WriteBatch& batch) {
  return rocksdb::WriteBatch(batch.bytes() + 16 * batch.size() + 16);
}

rocksdb::Status Convert(
    const WriteBatch& batch,
    absl::FunctionRef<rocksdb::ColumnFamilyHandle*(Keyspace)> family_of,
    rocksdb::WriteBatch* converted) {
  rocksdb::Status status;
  batch.ForEach([&](const WriteBatch::Operation& operation) {
    if (!status.ok()) return;
    rocksdb::ColumnFamilyHandle* family = family_of(operation.keyspace);
    status = operation.kind == WriteBatch::Kind::kPut
                 ? converted->Put(family, ToSlice(operation.key),
                                  ToSlice(operation.value))
                 : converted->Delete(family, ToSlice(operation.key));
  });
  return status;
}

}  // namespace stagecraft::engine
