#include "service/admin_service.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/text.h"
#include "service/convert_fields.h"
#include "service/convert_time.h"
#include "service/retention.h"
#include "service/status.h"

namespace stagecraft::service {
namespace {

class Stopwatch {
 public:
  google::protobuf::Duration elapsed() const {
    return ToDuration(std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::steady_clock::now() - begin_)
                          .count());
  }

 private:
  const std::chrono::steady_clock::time_point begin_ =
      std::chrono::steady_clock::now();
};

// A store in memory has no place for it.
absl::Status WithoutDisk(const absl::Status& status) {
  if (!absl::IsUnimplemented(status)) return status;
  return absl::FailedPreconditionError(
      absl::StrCat("the server stores nothing on disk: ", status.message()));
}

int64_t BytesOf(const std::string& directory) {
  int64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error)) {
    std::error_code gone;
    const uintmax_t size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
    if (!gone) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

}  // namespace

AdminServiceImpl::AdminServiceImpl(engine::Engine* engine,
                                   const engine::Store* store,
                                   const Catalog* catalog,
                                   Housekeeper* housekeeper, Clock clock,
                                   absl::Duration start_elapsed)
    : engine_(engine),
      store_(store),
      catalog_(catalog),
      housekeeper_(housekeeper),
      clock_(std::move(clock)),
      start_elapsed_(start_elapsed) {}

grpc::Status AdminServiceImpl::VerifyTallies(
    grpc::ServerContext* context, const v1::VerifyTalliesRequest*,
    v1::VerifyTalliesResponse* response) {
  const Stopwatch watch;
  const engine::Specs specs = catalog_->specs();
  if (absl::Status status = engine_->Verify(); !status.ok()) {
    return ToGrpc(status, context);
  }
  int64_t experiments = 0;
  for (const auto& experiment : specs.experiments) {
    const auto deleted = EventsWereDeleted(*store_, *experiment);
    if (!deleted.ok()) return ToGrpc(deleted.status(), context);
    if (!*deleted) ++experiments;
  }
  response->set_journeys(static_cast<int64_t>(specs.journeys.size()));
  response->set_experiments(experiments);
  *response->mutable_elapsed() = watch.elapsed();
  return grpc::Status::OK;
}

grpc::Status AdminServiceImpl::BackUp(grpc::ServerContext* context,
                                      const v1::BackUpRequest* request,
                                      v1::BackUpResponse* response) {
  const std::string& directory = request->directory();
  if (!std::filesystem::path(directory).is_absolute() ||
      directory.find('\0') != std::string::npos) {
    return ToGrpc(absl::InvalidArgumentError(absl::StrCat(
                      "directory is ", engine::Quote(directory),
                      ", want an absolute path on the server's machine")),
                  context);
  }
  const Stopwatch watch;
  if (absl::Status status = store_->Backup(directory); !status.ok()) {
    return ToGrpc(WithoutDisk(status), context);
  }
  response->set_bytes(BytesOf(directory));
  *response->mutable_elapsed() = watch.elapsed();
  return grpc::Status::OK;
}

grpc::Status AdminServiceImpl::DeleteUnit(grpc::ServerContext* context,
                                          const v1::DeleteUnitRequest* request,
                                          v1::DeleteUnitResponse* response) {
  const auto removed = engine_->DeleteUnit(request->unit_id());
  if (!removed.ok()) return ToGrpc(removed.status(), context);
  response->set_removed_events(*removed);
  return grpc::Status::OK;
}

grpc::Status AdminServiceImpl::DeleteOldEvents(
    grpc::ServerContext* context, const v1::DeleteOldEventsRequest* request,
    v1::DeleteOldEventsResponse* response) {
  if (!request->has_before()) {
    return ToGrpc(Missing("before", "a time"), context);
  }
  const auto before = ToMicros(request->before(), "before");
  if (!before.ok()) return ToGrpc(before.status(), context);
  const absl::Time now = clock_();
  if (*before > ToMicros(now)) {
    return ToGrpc(
        absl::InvalidArgumentError(absl::StrCat(
            "before is ", absl::FormatTime(ToTime(*before)),
            ", want at most the server's time, ", absl::FormatTime(now))),
        context);
  }
  const auto cutoff = engine_->DeleteEventsBefore(*before);
  if (!cutoff.ok()) return ToGrpc(cutoff.status(), context);
  *response->mutable_cutoff_time() = ToTimestamp(*cutoff);
  return grpc::Status::OK;
}

grpc::Status AdminServiceImpl::WriteSnapshot(
    grpc::ServerContext* context, const v1::WriteSnapshotRequest*,
    v1::WriteSnapshotResponse* response) {
  const Stopwatch watch;
  const absl::Status status = housekeeper_->WriteSnapshot();
  if (!status.ok()) return ToGrpc(WithoutDisk(status), context);
  *response->mutable_elapsed() = watch.elapsed();
  return grpc::Status::OK;
}

grpc::Status AdminServiceImpl::GetStorage(grpc::ServerContext* context,
                                          const v1::GetStorageRequest*,
                                          v1::Storage* response) {
  const auto store = store_->Stats();
  if (!store.ok()) return ToGrpc(store.status(), context);
  const auto cutoff = EventCutoff(*store_);
  if (!cutoff.ok()) return ToGrpc(cutoff.status(), context);
  const engine::Engine::Stats stats = engine_->GetStats();
  response->set_units(stats.units.units);
  response->set_unit_bytes(stats.units.bytes);
  response->set_units_spilled(stats.units.spilled);
  response->set_unit_misses(stats.units.misses);
  response->set_contents(stats.contents);
  response->set_content_bytes(stats.content_bytes);
  response->set_store_bytes(store->memory_bytes);
  response->set_disk_bytes(store->disk_bytes);
  if (store->free_disk_bytes.has_value()) {
    response->set_free_disk_bytes(*store->free_disk_bytes);
  }
  if (!store->writable.ok()) {
    response->set_write_error(std::string(store->writable.message()));
  }
  response->set_stored_events(stats.stored_events);
  response->set_duplicate_events(stats.duplicate_events);
  response->set_rejected_events(stats.rejected_events);
  if (const auto newest = engine_->newest_event_time(); newest.has_value()) {
    *response->mutable_newest_event_time() = ToTimestamp(*newest);
  }
  if (cutoff->has_value()) {
    *response->mutable_cutoff_time() = ToTimestamp(**cutoff);
  }
  v1::Storage::Start* start = response->mutable_start();
  start->set_snapshot_units(stats.snapshot_units);
  start->set_replayed_events(stats.replayed_events);
  start->set_snapshot_refused(stats.snapshot_refused);
  *start->mutable_elapsed() =
      ToDuration(absl::ToInt64Microseconds(start_elapsed_));
  return grpc::Status::OK;
}

}  // namespace stagecraft::service
