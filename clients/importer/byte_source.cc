#include "clients/importer/byte_source.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace stagecraft::client::importer {
namespace {

constexpr unsigned kChunkBytes = 256 << 10;

}  // namespace

absl::StatusOr<ByteSource> ByteSource::Open(
    const std::string& path, std::function<void(int64_t)> on_chunk) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is a directory, want a file"));
  }
  ByteSource source;
  source.path_ = path;
  source.on_chunk_ = std::move(on_chunk);
  errno = 0;
  source.file_.reset(gzopen(path.c_str(), "rb"));
  if (source.file_ == nullptr) {
    // zlib leaves errno alone only if memory is short.
    return absl::ErrnoToStatus(errno == 0 ? ENOMEM : errno,
                               absl::StrCat("cannot open ", path));
  }
  gzbuffer(source.file_.get(), kChunkBytes);
  source.buffer_.resize(kChunkBytes);
  if (absl::Status status = source.Fill(); !status.ok()) return status;
  if (absl::StartsWith(source.chunk_, "\xFF\xFE") ||
      absl::StartsWith(source.chunk_, "\xFE\xFF")) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is UTF-16 text, want UTF-8"));
  }
  if (absl::StartsWith(source.chunk_, "PK\x03\x04")) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        " is a zip archive or a spreadsheet, want CSV or NDJSON text, "
        "plain or gzipped"));
  }
  absl::ConsumePrefix(&source.chunk_, "\xEF\xBB\xBF");
  // A file of nothing but the mark must not look like the end of more text.
  source.is_pending_ = !source.chunk_.empty();
  return source;
}

absl::Status ByteSource::Fill() {
  const int count = gzread(file_.get(), buffer_.data(), kChunkBytes);
  int code = Z_OK;
  const char* message = gzerror(file_.get(), &code);
  if (code == Z_ERRNO) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path_));
  }
  // A truncated file first gives what it has, and only then reads short.
  if (count < 0 || code == Z_BUF_ERROR) {
    return absl::DataLossError(absl::StrCat(
        path_, ": gzip data is damaged or cut short (", message, ")"));
  }
  chunk_ = absl::string_view(buffer_.data(), count);
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> ByteSource::Next() {
  if (is_pending_) {
    is_pending_ = false;
    return chunk_;
  }
  if (on_chunk_) on_chunk_(gzoffset(file_.get()));
  if (absl::Status status = Fill(); !status.ok()) return status;
  return chunk_;
}

}  // namespace stagecraft::client::importer
