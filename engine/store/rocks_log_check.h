// Finds damage in logs that RocksDB would take for their end. Private to
// engine/store.
#ifndef STAGECRAFT_ENGINE_STORE_ROCKS_LOG_CHECK_H_
#define STAGECRAFT_ENGINE_STORE_ROCKS_LOG_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace stagecraft::engine {

// Reads the heads of all records of the write-ahead logs and of the list of
// files (MANIFEST) of the database at `path`.
//
// RocksDB verifies the content of a record against its checksum, but believes
// its length first. A length that was damaged, so that the record seems to end
// behind the file, looks like a record that a crash cut short: it and all
// behind it would be dropped without a word. Here the checksum tells: it is
// that of a whole record of another length. And RocksDB skips the rest of a
// block (32 KiB) from a head of zeros on; here only zeros may follow, which is
// what a crash leaves of a file that had grown already.
//
// Errors: kDataLoss names the file and the position. What cannot be read is
// left to RocksDB.
absl::Status CheckLogs(const std::string& path);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_LOG_CHECK_H_
