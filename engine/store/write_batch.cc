#include "engine/store/write_batch.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/store/store.h"

namespace stagecraft::engine {

absl::string_view KeyspaceName(Keyspace keyspace) {
  switch (keyspace) {
    case Keyspace::kMeta:
      return "meta";
    case Keyspace::kLog:
      return "log";
    case Keyspace::kAliases:
      return "aliases";
    case Keyspace::kDocuments:
      return "documents";
    case Keyspace::kLedger:
      return "ledger";
    case Keyspace::kErasures:
      return "erasures";
    case Keyspace::kScratch:
      return "scratch";
  }
  return "unknown";
}

void WriteBatch::Put(Keyspace keyspace, absl::string_view key,
                     absl::string_view value) {
  operations_.push_back({Kind::kPut, keyspace, key.size(), value.size()});
  data_.append(key.data(), key.size());
  data_.append(value.data(), value.size());
}

void WriteBatch::Delete(Keyspace keyspace, absl::string_view key) {
  operations_.push_back({Kind::kDelete, keyspace, key.size(), 0});
  data_.append(key.data(), key.size());
}

void WriteBatch::Append(const WriteBatch& other) {
  // By index and with a fixed count, so that a batch can be added to itself.
  const size_t count = other.operations_.size();
  operations_.reserve(operations_.size() + count);
  for (size_t i = 0; i < count; ++i) {
    operations_.push_back(Entry(other.operations_[i]));
  }
  data_.append(other.data_);
}

void WriteBatch::Clear() {
  operations_.clear();
  data_.clear();
}

void WriteBatch::Reserve(size_t operations, size_t bytes) {
  operations_.reserve(operations);
  data_.reserve(bytes);
}

void WriteBatch::ForEach(
    absl::FunctionRef<void(const Operation& operation)> fn) const {
  const absl::string_view data = data_;
  size_t offset = 0;
  for (const Entry& entry : operations_) {
    fn({entry.kind, entry.keyspace, data.substr(offset, entry.key_bytes),
        data.substr(offset + entry.key_bytes, entry.value_bytes)});
    offset += entry.key_bytes + entry.value_bytes;
  }
}

absl::Status WriteBatch::Check(bool scratch) const {
  if (bytes() > kMaxBatchBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "batch holds ", bytes(), " bytes of keys and values, want at most ",
        kMaxBatchBytes));
  }
  absl::Status status;
  size_t index = 0;
  ForEach([&](const Operation& operation) {
    const size_t i = index++;
    if (!status.ok()) return;
    const auto where = [&] {
      return absl::StrCat("operation ", i, " of the batch, keyspace ",
                          KeyspaceName(operation.keyspace));
    };
    if (static_cast<size_t>(operation.keyspace) >= kAllKeyspaces.size()) {
      status = absl::InvalidArgumentError(
          absl::StrCat("operation ", i, " of the batch: keyspace ",
                       static_cast<int>(operation.keyspace), ", want 0 to ",
                       kAllKeyspaces.size() - 1));
    } else if ((operation.keyspace == Keyspace::kScratch) != scratch) {
      status = absl::InvalidArgumentError(
          absl::StrCat(where(), scratch ? ": want keyspace scratch only"
                                        : ": want any other keyspace"));
    } else if (operation.key.size() > kMaxKeyBytes) {
      status = absl::InvalidArgumentError(
          absl::StrCat(where(), ": key of ", operation.key.size(),
                       " bytes, want at most ", kMaxKeyBytes));
    } else if (operation.value.size() > kMaxValueBytes) {
      status = absl::InvalidArgumentError(
          absl::StrCat(where(), ": value of ", operation.value.size(),
                       " bytes, want at most ", kMaxValueBytes));
    } else if (operation.keyspace == Keyspace::kMeta &&
               operation.key == kFormatVersionKey) {
      status = absl::InvalidArgumentError(
          absl::StrCat(where(), ": key \"", absl::CHexEscape(operation.key),
                       "\" belongs to the store, want any other key"));
    }
  });
  return status;
}

bool operator==(const WriteBatch& a, const WriteBatch& b) {
  return a.operations_ == b.operations_ && a.data_ == b.data_;
}

}  // namespace stagecraft::engine
