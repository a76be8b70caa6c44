// The durable store: an ordered map from bytes to bytes, in a few keyspaces.
//
// Everything stagecraft remembers goes through this interface. It is narrow on
// purpose: atomic durable batches, point reads, ordered scans, and room for
// what is derived from them. What the keys and values mean is decided above it;
// FORMAT.md is the page on both.
//
//   WriteBatch batch;
//   batch.Put(Keyspace::kDocuments, key, value);
//   absl::Status status = store->Write(batch);  // OK: durable
//
// Order is that of unsigned bytes, a key before its extensions, everywhere.
// Implementations: rocks_store.h (embedded, durable), memory_store.h (tests and
// simulations). Both pass the same contract test, tests/engine/store.
#ifndef STAGECRAFT_ENGINE_STORE_STORE_H_
#define STAGECRAFT_ENGINE_STORE_STORE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/store/write_batch.h"

namespace stagecraft::engine {

// Version of the stored format, in Keyspace::kMeta under kFormatVersionKey as
// decimal digits. The store writes it at creation; callers may read it, and a
// batch that touches it is refused.
inline constexpr int64_t kFormatVersion = 2;
inline constexpr absl::string_view kFormatVersionKey = "format_version";

// What an operator wants to know. Approximate: taken without stopping writers.
struct StoreStats {
  // Bytes of all files of the store, scratch and derived ones included; of keys
  // and values for one in memory.
  int64_t disk_bytes = 0;
  // Bytes of memory held: write buffers, block cache, tables' indexes.
  int64_t memory_bytes = 0;
  // Bytes that the file system still has for us; absent for one in memory.
  std::optional<int64_t> free_disk_bytes;
  // Keys by keyspace, in the order of kAllKeyspaces. An estimate: keys that
  // were overwritten or deleted lately may be counted.
  std::array<int64_t, kAllKeyspaces.size()> keys = {};
  // OK, or why the last write was refused while no write succeeded since: a
  // full disk, say. Reads go on.
  absl::Status writable;

  int64_t keys_in(Keyspace keyspace) const {
    return keys[static_cast<size_t>(keyspace)];
  }
};

// Thread-safe: any thread may call anything at any time. Destroy it when no
// call is running.
class Store {
 public:
  virtual ~Store() = default;

  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Stores the whole batch or nothing of it. Once it returns OK, every later
  // Get and Scan of any thread sees the batch, and it survives kill -9 and loss
  // of power. Concurrent callers share one sync (group commit); one caller with
  // large batches is faster still. An empty batch is OK and does nothing.
  //
  // After an error nothing of the batch is visible and the same batch may be
  // tried again. As with every store, one case is open: if the disk took the
  // batch but failed to confirm it, or the process dies while it handles the
  // failure, the failed batch can turn up after the store was opened again,
  // whole. Batches that may be repeated are therefore made of keys that come
  // out the same each time.
  //
  // After a full disk the first Write for which there is room opens the store
  // again, which waits until running scans end; a Write from within a scan's
  // fn is refused until then.
  //
  // Errors: kInvalidArgument if a limit of write_batch.h is exceeded or the
  // batch touches kFormatVersionKey or kScratch; kResourceExhausted if the disk
  // is full (free space, then try again: no restart is needed); kUnavailable if
  // the disk failed otherwise; kDataLoss if stored data are damaged.
  virtual absl::Status Write(const WriteBatch& batch) = 0;

  // Stores the whole batch or nothing of it in kScratch, where Get and Scan see
  // it from then on. Not durable and not synced: an open store starts with an
  // empty kScratch. Does not wait for the syncs of Write, and goes on while
  // Write is refused, as long as there is room. The limits of write_batch.h
  // hold.
  // Errors: kInvalidArgument, also if the batch touches another keyspace;
  // kResourceExhausted if the disk is full (free space, then try again);
  // kUnavailable if it failed otherwise.
  virtual absl::Status WriteScratch(const WriteBatch& batch) = 0;

  // The value at `key`, or nothing if there is none.
  // Errors: kDataLoss, kUnavailable.
  virtual absl::StatusOr<std::optional<std::string>> Get(
      Keyspace keyspace, absl::string_view key) const = 0;

  // Calls `fn` with each pair with begin <= key < end, in order, until it
  // returns false; both views live until fn returns. An empty `end` is no
  // bound; end <= begin visits nothing. All pairs are of one moment, however
  // long it takes, and fn may call the store, Write included.
  // See PrefixEnd in key_codec.h for all keys with a prefix.
  // Errors: kDataLoss, kUnavailable; fn may have seen some pairs by then.
  virtual absl::Status Scan(
      Keyspace keyspace, absl::string_view begin, absl::string_view end,
      absl::FunctionRef<bool(absl::string_view key, absl::string_view value)>
          fn) const = 0;

  // Cheap enough to call every few seconds.
  virtual absl::StatusOr<StoreStats> Stats() const = 0;

  // Makes what was deleted or overwritten at begin <= key < end before the call
  // vanish from the files, its keys and values alike, instead of at some later
  // time: rewrites the tables of the range and drops the logs before them. An
  // empty `end` is no bound. Reads and writes go on meanwhile; files that a
  // running scan reads go when it ends. Costs as much as reading and writing
  // the range. Backups are not touched. In keyspaces other than kLog others
  // wait for some tens of milliseconds at the end; if a scan runs then, the
  // first and last keys of old files stay in the store's list of files until
  // the next such call or start.
  // Errors: kResourceExhausted if the disk is full, kDataLoss, kUnavailable;
  // parts may be left then, and the call may be repeated.
  virtual absl::Status Purge(Keyspace keyspace, absl::string_view begin,
                             absl::string_view end) = 0;

  // Makes a copy of everything durable, as of one moment during the call, that
  // can be opened as a store of its own: at `directory`, which must not exist
  // while its parent must. Reads and writes go on meanwhile. On the same file
  // system it takes little room and time, as both share unchanged files;
  // elsewhere files are copied. After an error nothing is left there.
  // Errors: kAlreadyExists, kNotFound (no parent), kPermissionDenied,
  // kResourceExhausted, kUnavailable; kUnimplemented for a store in memory.
  virtual absl::Status Backup(const std::string& directory) const = 0;

  // A directory for files of data that are derived from the durable ones and
  // may vanish or be damaged, such as snapshots (frame_file.h). It is there
  // when this returns, unless making it failed, which using it will tell.
  // Nothing: the store has none.
  virtual std::optional<std::string> DerivedDirectory() const = 0;

 protected:
  Store() = default;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_STORE_H_
