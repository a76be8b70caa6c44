#include "engine/store/rocks_status.h"

#include "absl/strings/str_cat.h"

namespace stagecraft::engine {
namespace {

absl::StatusCode CodeOf(const rocksdb::Status& status) {
  using rocksdb::Status;
  if (status.IsNoSpace() || status.IsMemoryLimit() ||
      status.subcode() == Status::kSpaceLimit) {
    return absl::StatusCode::kResourceExhausted;
  }
  switch (status.code()) {
    case Status::kOk:
      return absl::StatusCode::kOk;
    case Status::kCorruption:
      return absl::StatusCode::kDataLoss;
    case Status::kNotFound:
      return absl::StatusCode::kNotFound;
    case Status::kIOError:
      return status.IsPathNotFound() ? absl::StatusCode::kNotFound
                                     : absl::StatusCode::kUnavailable;
    case Status::kIncomplete:
    case Status::kShutdownInProgress:
    case Status::kTimedOut:
    case Status::kAborted:
    case Status::kBusy:
    case Status::kTryAgain:
      return absl::StatusCode::kUnavailable;
    default:
      // kNotSupported, kInvalidArgument, kMergeInProgress, kExpired,
      // kCompactionTooLarge, kColumnFamilyDropped: we asked for nonsense.
      return absl::StatusCode::kInternal;
  }
}

absl::string_view Advice(const rocksdb::Status& status, absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kResourceExhausted:
      return "; free space on its disk and try again, no restart is needed";
    case absl::StatusCode::kDataLoss:
      return "; check the disk, then restore the store from a backup";
    case absl::StatusCode::kUnavailable:
      return status.severity() >= rocksdb::Status::kFatalError
                 ? "; check the disk, then restart this process"
                 : "; check the disk and try again";
    default:
      return "";
  }
}

}  // namespace

absl::Status FromRocks(const rocksdb::Status& status, absl::string_view path,
                       absl::string_view action) {
  if (status.ok()) return absl::OkStatus();
  const absl::StatusCode code = CodeOf(status);
  return absl::Status(
      code, absl::StrCat("store ", path, ": ", action, ": ", status.ToString(),
                         Advice(status, code)));
}

}  // namespace stagecraft::engine
