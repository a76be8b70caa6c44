// A list of puts and deletes that a Store carries out together or not at all.
#ifndef STAGECRAFT_ENGINE_STORE_WRITE_BATCH_H_
#define STAGECRAFT_ENGINE_STORE_WRITE_BATCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace stagecraft::engine {

// Keyspaces keep kinds of records apart: each has its own keys and its own
// order. One batch may touch several. The numbers are of this process only;
// what is stored is the name, see FORMAT.md.
enum class Keyspace {
  kMeta = 0,       // About the store itself: format version, counters.
  kLog = 1,        // Events, in blocks, by sequence of acknowledgement.
  kAliases = 2,    // Which ids are the same unit.
  kDocuments = 3,  // Journeys, experiments and other named resources.
  kLedger = 4,     // Decisions, append-only.
  kErasures = 5,   // Which units are being deleted.
  kScratch = 6,    // Derived data that do not fit in memory. Not durable:
                   // empty whenever a store is opened.
};

inline constexpr std::array<Keyspace, 7> kAllKeyspaces = {
    Keyspace::kMeta,      Keyspace::kLog,    Keyspace::kAliases,
    Keyspace::kDocuments, Keyspace::kLedger, Keyspace::kErasures,
    Keyspace::kScratch};

// All but kScratch.
inline constexpr std::array<Keyspace, 6> kDurableKeyspaces = {
    Keyspace::kMeta,      Keyspace::kLog,    Keyspace::kAliases,
    Keyspace::kDocuments, Keyspace::kLedger, Keyspace::kErasures};

// "meta", "log", "aliases", "documents", "ledger", "erasures", "scratch".
absl::string_view KeyspaceName(Keyspace keyspace);

// Limits, checked by Store::Write. Far above what a sane record needs; they
// keep one request from taking the memory of all.
inline constexpr size_t kMaxKeyBytes = size_t{64} << 10;
inline constexpr size_t kMaxValueBytes = size_t{64} << 20;
inline constexpr size_t kMaxBatchBytes = size_t{256} << 20;

// A plain value: copies, moves, compares by content and order. Not
// thread-safe. Operations take effect in the order they were added, so that
// the last one on a key wins. Keys and values are any bytes, empty included.
class WriteBatch {
 public:
  // Sets `key` to `value`, whether or not there is one.
  void Put(Keyspace keyspace, absl::string_view key, absl::string_view value);

  // Removes `key`; nothing happens if there is none.
  void Delete(Keyspace keyspace, absl::string_view key);

  // Adds all operations of `other` after those of this.
  void Append(const WriteBatch& other);

  // Back to empty; keeps the memory for the next use.
  void Clear();

  // Makes room for `operations` with `bytes` of keys and values in total.
  void Reserve(size_t operations, size_t bytes);

  // Operations, and bytes of their keys and values.
  size_t size() const { return operations_.size(); }
  size_t bytes() const { return data_.size(); }
  bool empty() const { return operations_.empty(); }

  enum class Kind { kPut, kDelete };
  struct Operation {
    Kind kind;
    Keyspace keyspace;
    absl::string_view key;    // Lives as long as the batch is unchanged.
    absl::string_view value;  // Empty for a delete.
  };

  // Calls `fn` with each operation, in order.
  void ForEach(absl::FunctionRef<void(const Operation& operation)> fn) const;

  // OK, or kInvalidArgument naming the operation that breaks a limit above,
  // touches a key that belongs to the store (kFormatVersionKey in store.h) or
  // touches kScratch.
  absl::Status Check() const { return Check(/*scratch=*/false); }
  // The same for Store::WriteScratch: all must touch kScratch.
  absl::Status CheckScratch() const { return Check(/*scratch=*/true); }

  friend bool operator==(const WriteBatch& a, const WriteBatch& b);
  friend bool operator!=(const WriteBatch& a, const WriteBatch& b) {
    return !(a == b);
  }

 private:
  // Keys and values stand in data_ one behind the other, so that a batch of
  // thousands of events is two allocations.
  struct Entry {
    Kind kind;
    Keyspace keyspace;
    size_t key_bytes;
    size_t value_bytes;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  absl::Status Check(bool scratch) const;

  std::vector<Entry> operations_;
  std::string data_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_WRITE_BATCH_H_
