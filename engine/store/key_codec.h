// Keys made of several fields, such that the byte order of keys is the order
// of the tuples of fields, and no key's meaning depends on another's length.
//
//   std::string key;
//   AppendBytes(unit_id, &key);
//   AppendTime(time, &key);
//   AppendBytes(event_id, &key);
//   ...
//   KeyDecoder decoder(key);
//   const auto unit_id = decoder.ReadBytes();  // StatusOr<std::string>
//
// Encodings (FORMAT.md has a worked example):
//   byte    itself
//   uint64  8 bytes, most significant first
//   int64   the same of value + 2^63, so that negative numbers come first
//   time    int64 of whole microseconds since 1970-01-01T00:00:00Z
//   bytes   each 00 becomes 00 FF; then the terminator 00 01. A string is
//           followed by a terminator that is below every continuation, so a
//           string comes before its extensions.
// Source: the OrderedCode of public key-value stores; all are prefix-free, so
// any sequence of fields has a unique reading given their types.
#ifndef STAGECRAFT_ENGINE_STORE_KEY_CODEC_H_
#define STAGECRAFT_ENGINE_STORE_KEY_CODEC_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace stagecraft::engine {

// Each appends one field to `key`.
void AppendByte(uint8_t value, std::string* key);
void AppendUint64(uint64_t value, std::string* key);
void AppendInt64(int64_t value, std::string* key);
void AppendBytes(absl::string_view value, std::string* key);
// Rounds down to a microsecond; times beyond about +-292 thousand years, the
// infinite ones included, become the first or last microsecond there is.
void AppendTime(absl::Time time, std::string* key);

// The first key after all keys that start with `prefix`, for Store::Scan:
//   store->Scan(keyspace, prefix, PrefixEnd(prefix), fn)
// Empty, which is no bound for Scan, if nothing comes after them: a prefix
// that is empty or all FF.
std::string PrefixEnd(absl::string_view prefix);

// Reads fields in the order they were appended. Every Read is kDataLoss if the
// key does not hold such a field next, naming the offset, and then leaves the
// decoder where it was. Keeps a view: the key must outlive it.
class KeyDecoder {
 public:
  explicit KeyDecoder(absl::string_view key) : key_(key), rest_(key) {}

  absl::StatusOr<uint8_t> ReadByte();
  absl::StatusOr<uint64_t> ReadUint64();
  absl::StatusOr<int64_t> ReadInt64();
  absl::StatusOr<std::string> ReadBytes();
  absl::StatusOr<absl::Time> ReadTime();

  // What is not read yet.
  absl::string_view rest() const { return rest_; }
  bool done() const { return rest_.empty(); }
  // OK if everything was read; else kDataLoss.
  absl::Status Finish() const;

 private:
  absl::Status Damaged(absl::string_view want) const;

  absl::string_view key_;
  absl::string_view rest_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_KEY_CODEC_H_
