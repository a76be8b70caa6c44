// A file system under RocksDB that fails on demand and can lose power.
//
// It passes everything on to the real one and keeps count. Faults: from the
// n-th write-like call on (append, sync, file creation), calls fail as on a
// full disk or a broken one; an append may first write a part of its data. A
// slow disk: syncs wait until they are let pass.
// Power loss: LosePower(directory) cuts each file back to what was synced.
#ifndef STAGECRAFT_TESTS_ENGINE_STORE_FAULTY_ENV_H_
#define STAGECRAFT_TESTS_ENGINE_STORE_FAULTY_ENV_H_

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace stagecraft::engine {

class FaultyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  enum class Fault { kNone, kDiskFull, kSyncFails };

  FaultyFileSystem()
      : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  // After `skip` more calls of the kind that can fail so, all of them fail
  // until the fault is set anew.
  void Set(Fault fault, int64_t skip = 0) {
    std::lock_guard<std::mutex> lock(mutex_);
    fault_ = fault;
    skip_ = skip;
    tripped_ = 0;
  }
  // Calls that failed since Set.
  int64_t tripped() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return tripped_;
  }
  int64_t syncs() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return syncs_;
  }

  // From now on syncs wait; or those that wait, and all later ones, go on.
  void HoldSyncs(bool hold) {
    std::lock_guard<std::mutex> lock(mutex_);
    hold_ = hold;
    passes_ = 0;
    changed_.notify_all();
  }
  // Lets one of them pass and returns when the next one waits. If nobody syncs
  // any more, it does not return.
  void PassOneSync() {
    std::unique_lock<std::mutex> lock(mutex_);
    const int64_t arrived = arrived_;
    ++passes_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return arrived_ > arrived; });
  }
  // Waits until a sync waits.
  void AwaitHeldSync() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return held_ > 0; });
  }

  // Cuts every file written through this in `directory` to its synced bytes.
  // The store must be closed, or copied elsewhere as `directory`: names are
  // matched without their directory.
  void LosePower(const std::string& directory) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const auto it = synced_.find(entry.path().filename().string());
      if (it != synced_.end() && entry.file_size() > it->second) {
        std::filesystem::resize_file(entry.path(), it->second);
      }
    }
  }

  rocksdb::IOStatus NewWritableFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* result,
      rocksdb::IODebugContext* debug) override;

  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    const rocksdb::IOStatus status =
        FileSystemWrapper::RenameFile(from, to, options, debug);
    if (status.ok()) {
      std::lock_guard<std::mutex> lock(mutex_);
      const auto it = synced_.find(Base(from));
      if (it != synced_.end()) {
        const uint64_t bytes = it->second;
        synced_.erase(it);
        synced_[Base(to)] = bytes;
      }
    }
    return status;
  }

 private:
  class File;

  static std::string Base(const std::string& path) {
    return std::filesystem::path(path).filename().string();
  }

  // Whether a call that is a sync (or writes, if not) fails now.
  bool Trip(bool is_sync) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_sync) ++syncs_;
    if (fault_ == Fault::kNone || is_sync != (fault_ == Fault::kSyncFails)) {
      return false;
    }
    if (skip_ > 0) {
      --skip_;
      return false;
    }
    ++tripped_;
    return true;
  }

  void WaitToSync() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!hold_) return;
    ++held_;
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !hold_ || passes_ > 0; });
    if (passes_ > 0) --passes_;
    --held_;
  }

  void Synced(const std::string& path, uint64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex_);
    synced_[Base(path)] = bytes;
  }

  mutable std::mutex mutex_;
  Fault fault_ = Fault::kNone;
  int64_t skip_ = 0;
  int64_t tripped_ = 0;
  int64_t syncs_ = 0;
  bool hold_ = false;
  int64_t passes_ = 0;   // That may go on.
  int64_t held_ = 0;     // That wait now.
  int64_t arrived_ = 0;  // That ever waited.
  std::condition_variable changed_;
  std::map<std::string, uint64_t> synced_;  // By name without directory.
};

class FaultyFileSystem::File : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::string path, FaultyFileSystem* system,
       std::unique_ptr<rocksdb::FSWritableFile> target)
      : FSWritableFileOwnerWrapper(std::move(target)),
        path_(std::move(path)),
        system_(system) {
    system_->Synced(path_, 0);
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data,
                           const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (system_->Trip(/*is_sync=*/false)) {
      // A disk that fills up takes the first part.
      const rocksdb::Slice part(data.data(), data.size() / 2);
      const rocksdb::IOStatus status = target()->Append(part, options, debug);
      if (status.ok()) written_ += part.size();
      return rocksdb::IOStatus::NoSpace("injected: disk full", path_);
    }
    const rocksdb::IOStatus status = target()->Append(data, options, debug);
    if (status.ok()) written_ += data.size();
    return status;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data,
                           const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    system_->WaitToSync();
    return SyncWith(target()->Sync(options, debug));
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    system_->WaitToSync();
    return SyncWith(target()->Fsync(options, debug));
  }

 private:
  rocksdb::IOStatus SyncWith(rocksdb::IOStatus status) {
    if (system_->Trip(/*is_sync=*/true)) {
      return rocksdb::IOStatus::IOError("injected: sync failed", path_);
    }
    if (status.ok()) system_->Synced(path_, written_);
    return status;
  }

  const std::string path_;
  FaultyFileSystem* const system_;
  uint64_t written_ = 0;  // RocksDB never writes to one file from two threads.
};

inline rocksdb::IOStatus FaultyFileSystem::NewWritableFile(
    const std::string& path, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result,
    rocksdb::IODebugContext* debug) {
  if (Trip(/*is_sync=*/false)) {
    return rocksdb::IOStatus::NoSpace("injected: disk full", path);
  }
  std::unique_ptr<rocksdb::FSWritableFile> file;
  const rocksdb::IOStatus status =
      FileSystemWrapper::NewWritableFile(path, options, &file, debug);
  if (status.ok()) {
    *result = std::make_unique<File>(path, this, std::move(file));
  }
  return status;
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_STORE_FAULTY_ENV_H_
