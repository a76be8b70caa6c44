#include "engine/store/memory_store.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace stagecraft::engine {
namespace {

size_t Index(Keyspace keyspace) { return static_cast<size_t>(keyspace); }

}  // namespace

MemoryStore::MemoryStore() : version_(std::make_shared<Version>()) {
  version_->maps[Index(Keyspace::kMeta)][std::string(kFormatVersionKey)] =
      absl::StrCat(kFormatVersion);
}

std::unique_ptr<MemoryStore> MakeMemoryStore() {
  return std::make_unique<MemoryStore>();
}

std::unique_ptr<MemoryStore> MemoryStore::Reopen() {
  auto reopened = std::make_unique<MemoryStore>();
  absl::MutexLock lock(&mutex_);
  absl::MutexLock other_lock(&reopened->mutex_);
  // A scan that still runs here counts itself out under our mutex, not the new
  // one's: leave it its own version.
  if (version_ != nullptr && version_->scans == 0) {
    reopened->version_ = std::move(version_);
  } else if (version_ != nullptr) {
    reopened->version_->maps = version_->maps;
  }
  version_ = nullptr;
  if (reopened->version_ != nullptr) {
    reopened->version_->maps[Index(Keyspace::kScratch)].clear();
  }
  reopened->derived_directory_ = derived_directory_;
  reopened->batches_written_ = batches_written_;
  return reopened;
}

void MemoryStore::FailWrites(MemoryStoreFault fault) {
  absl::MutexLock lock(&mutex_);
  write_fault_ = std::move(fault);
}

void MemoryStore::FailReads(MemoryStoreFault fault) {
  absl::MutexLock lock(&mutex_);
  read_fault_ = std::move(fault);
}

void MemoryStore::FailScratchWrites(MemoryStoreFault fault) {
  absl::MutexLock lock(&mutex_);
  scratch_fault_ = std::move(fault);
}

void MemoryStore::ClearFaults() {
  absl::MutexLock lock(&mutex_);
  scratch_fault_.reset();
  write_fault_.reset();
  read_fault_.reset();
}

void MemoryStore::SetDerivedDirectory(std::string directory) {
  absl::MutexLock lock(&mutex_);
  derived_directory_ = std::move(directory);
}

int64_t MemoryStore::batches_written() const {
  absl::MutexLock lock(&mutex_);
  return batches_written_;
}

absl::Status MemoryStore::CheckOpen() const {
  if (version_ != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "store in memory was reopened elsewhere, want the reopened one");
}

absl::Status MemoryStore::Trip(std::optional<MemoryStoreFault>& fault) const {
  if (!fault.has_value()) return absl::OkStatus();
  if (fault->skip > 0) {
    --fault->skip;
    return absl::OkStatus();
  }
  if (fault->times <= 0) return absl::OkStatus();
  --fault->times;
  return fault->status;
}

absl::Status MemoryStore::Write(const WriteBatch& batch) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status open = CheckOpen(); !open.ok()) return open;
  if (absl::Status valid = batch.Check(); !valid.ok()) return valid;
  if (batch.empty()) return absl::OkStatus();
  const absl::Status failure = Trip(write_fault_);
  writable_ = failure;
  if (!failure.ok() && !write_fault_->store_anyway) return failure;

  Apply(batch);
  ++batches_written_;
  return failure;
}

absl::Status MemoryStore::WriteScratch(const WriteBatch& batch) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status open = CheckOpen(); !open.ok()) return open;
  if (absl::Status valid = batch.CheckScratch(); !valid.ok()) return valid;
  if (batch.empty()) return absl::OkStatus();
  const absl::Status failure = Trip(scratch_fault_);
  if (failure.ok() || scratch_fault_->store_anyway) Apply(batch);
  return failure;
}

void MemoryStore::Apply(const WriteBatch& batch) {
  if (version_->scans > 0) {
    auto copy = std::make_shared<Version>();
    copy->maps = version_->maps;
    version_ = std::move(copy);
  }
  batch.ForEach([this](const WriteBatch::Operation& operation) {
    // The lambda runs under the lock that the caller holds.
    mutex_.AssertHeld();
    Map& map = version_->maps[Index(operation.keyspace)];
    if (operation.kind == WriteBatch::Kind::kPut) {
      map.insert_or_assign(std::string(operation.key),
                           std::string(operation.value));
    } else {
      map.erase(std::string(operation.key));
    }
  });
}

absl::StatusOr<std::optional<std::string>> MemoryStore::Get(
    Keyspace keyspace, absl::string_view key) const {
  absl::MutexLock lock(&mutex_);
  if (absl::Status open = CheckOpen(); !open.ok()) return open;
  if (absl::Status failure = Trip(read_fault_); !failure.ok()) return failure;
  const Map& map = version_->maps[Index(keyspace)];
  const auto it = map.find(std::string(key));
  if (it == map.end()) return std::optional<std::string>();
  return std::optional<std::string>(it->second);
}

absl::Status MemoryStore::Scan(
    Keyspace keyspace, absl::string_view begin, absl::string_view end,
    absl::FunctionRef<bool(absl::string_view key, absl::string_view value)> fn)
    const {
  std::shared_ptr<Version> version;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status open = CheckOpen(); !open.ok()) return open;
    if (absl::Status failure = Trip(read_fault_); !failure.ok()) return failure;
    version = version_;
    ++version->scans;
  }
  // `fn` runs without the lock, so that it may call the store.
  const Map& map = version->maps[Index(keyspace)];
  for (auto it = map.lower_bound(std::string(begin)); it != map.end(); ++it) {
    if (!end.empty() && it->first >= end) break;
    if (!fn(it->first, it->second)) break;
  }
  absl::MutexLock lock(&mutex_);
  --version->scans;
  return absl::OkStatus();
}

absl::StatusOr<StoreStats> MemoryStore::Stats() const {
  absl::MutexLock lock(&mutex_);
  if (absl::Status open = CheckOpen(); !open.ok()) return open;
  StoreStats stats;
  for (const Keyspace keyspace : kAllKeyspaces) {
    const Map& map = version_->maps[Index(keyspace)];
    stats.keys[Index(keyspace)] = static_cast<int64_t>(map.size());
    for (const auto& [key, value] : map) {
      stats.disk_bytes += static_cast<int64_t>(key.size() + value.size());
    }
  }
  stats.memory_bytes = stats.disk_bytes;
  stats.writable = writable_;
  return stats;
}

absl::Status MemoryStore::Purge(Keyspace, absl::string_view,
                                absl::string_view) {
  absl::MutexLock lock(&mutex_);
  return CheckOpen();
}

absl::Status MemoryStore::Backup(const std::string& directory) const {
  return absl::UnimplementedError(absl::StrCat(
      "backup to ", directory, ": a store in memory makes no backups"));
}

std::optional<std::string> MemoryStore::DerivedDirectory() const {
  absl::MutexLock lock(&mutex_);
  return derived_directory_;
}

}  // namespace stagecraft::engine
