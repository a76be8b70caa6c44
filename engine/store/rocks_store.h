// The embedded store: RocksDB in one directory of a local disk.
//
//   auto store = OpenRocksStore({.path = "/var/lib/stagecraft/store"});
//
// Durable: every write is synced to the write-ahead log before it returns.
// Damage is an error, never a gap: a torn record at the end of a log, which is
// all that a crash can leave behind, is dropped (it was never acknowledged);
// anything else that does not match its checksum refuses to open or to read.
#ifndef STAGECRAFT_ENGINE_STORE_ROCKS_STORE_H_
#define STAGECRAFT_ENGINE_STORE_ROCKS_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/store/store.h"

namespace rocksdb {
class Env;
}

namespace stagecraft::engine {

struct RocksStoreOptions {
  // The store's own directory. Made if missing; its parent must exist.
  std::string path;

  // False: a missing store is an error (kNotFound) instead of a new one.
  bool create_if_missing = true;

  // Memory for uncompressed blocks, indexes and filters of all keyspaces.
  // At least 1 MiB.
  int64_t block_cache_bytes = int64_t{256} << 20;

  // Memory of one write buffer, of twice as much for the log; there are up to
  // three per busy keyspace. Larger means fewer, larger files and a longer
  // replay after a crash. At least 64 KiB.
  int64_t write_buffer_bytes = int64_t{64} << 20;

  // Files kept open at a time, at least 16. Stay below `ulimit -n`.
  int max_open_files = 512;

  // Write is refused with kResourceExhausted while the file system has less
  // than this free: the room that flushes and compactions need to finish, and
  // that operators need to mend things. 0: write until the disk is full, which
  // is also handled.
  int64_t min_free_bytes = int64_t{64} << 20;

  // For tests that inject faults; must outlive the store. nullptr: the real
  // one.
  rocksdb::Env* env = nullptr;
};

// Opens the store at `options.path`, or makes it. One process at a time.
//
// Errors, each naming the path:
//   kInvalidArgument     an option out of range, or a path that is a file.
//   kNotFound            no parent directory; no store and !create_if_missing.
//   kPermissionDenied    the directory may not be written.
//   kFailedPrecondition  in use by another process (or this one); written by
//                        another version; a directory that is not a store.
//   kResourceExhausted   disk full.
//   kDataLoss            damaged: restore from a backup or a replica.
//   kUnavailable         any other failure of the disk.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(
    const RocksStoreOptions& options);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_STORE_H_
