#include "engine/frame_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"

namespace stagecraft::engine {
namespace {

// First bytes of a file: its kind and version.
constexpr absl::string_view kMagic = "sgcframe\x01\x00\x00\x00\x00\x00\x00\x00";
constexpr absl::string_view kFileMagic(kMagic.data(), 16);
// fixed64 checksum of the rest of the frame, fixed32 kind, fixed32 size.
constexpr size_t kHeadBytes = 16;
constexpr size_t kChecksumBytes = 8;
// fixed64 number of frames before, fixed64 bytes before.
constexpr uint32_t kEndKind = 0xffff'ffff;
constexpr size_t kEndBytes = 16;
constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr size_t kPageBytes = 4096;  // What direct writes begin and end at.

absl::Status FromErrno(int error, const std::string& path,
                       absl::string_view action) {
  const std::string message =
      absl::StrCat("file ", path, ": ", action, ": ", std::strerror(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(message);
    case ENOENT:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

std::string TemporaryOf(const std::string& path) { return path + ".tmp"; }

void PutFixed(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = 0; i < bytes; ++i) {
    out->push_back(static_cast<char>(value >> (8 * i)));
  }
}

uint64_t GetFixed(const char* from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= uint64_t{static_cast<uint8_t>(from[i])} << (8 * i);
  }
  return value;
}

// Of kind and size, then of the payload.
uint64_t ChecksumOf(absl::string_view kind_and_size,
                    absl::string_view payload) {
  return XXH3_64bits_withSeed(
      payload.data(), payload.size(),
      XXH3_64bits(kind_and_size.data(), kind_and_size.size()));
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::filesystem::path parent =
      std::filesystem::path(path).parent_path();
  const int fd = ::open(parent.empty() ? "." : parent.c_str(),
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, path, "open its directory");
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0) return FromErrno(error, path, "sync its directory");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FrameWriter> FrameWriter::Create(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const std::string temporary = TemporaryOf(path);
  int fd = ::open(temporary.c_str(), kFlags | O_DIRECT, 0640);
  const bool direct = fd >= 0;
  if (!direct) fd = ::open(temporary.c_str(), kFlags, 0640);
  if (fd < 0) return FromErrno(errno, path, "create");
  FrameWriter writer(path, fd, direct);
  if (absl::Status status = writer.Write(kFileMagic); !status.ok()) {
    return status;
  }
  return writer;
}

absl::Status RemoveFrameFile(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return FromErrno(errno, path, "remove");
  return SyncDirectoryOf(path);
}

FrameWriter::FrameWriter(std::string path, int fd, bool direct)
    : path_(std::move(path)),
      fd_(fd),
      direct_(direct),
      memory_(kBufferBytes + kPageBytes, '\0') {}

FrameWriter::~FrameWriter() { Discard(); }

FrameWriter::FrameWriter(FrameWriter&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      direct_(other.direct_),
      memory_(std::move(other.memory_)),
      buffered_(other.buffered_),
      frames_(other.frames_),
      bytes_(other.bytes_) {}

FrameWriter& FrameWriter::operator=(FrameWriter&& other) noexcept {
  if (this == &other) return *this;
  Discard();
  path_ = std::move(other.path_);
  fd_ = std::exchange(other.fd_, -1);
  direct_ = other.direct_;
  memory_ = std::move(other.memory_);
  buffered_ = other.buffered_;
  frames_ = other.frames_;
  bytes_ = other.bytes_;
  return *this;
}

void FrameWriter::Discard() {
  if (fd_ < 0) return;
  ::close(fd_);
  fd_ = -1;
  ::unlink(TemporaryOf(path_).c_str());
}

char* FrameWriter::buffer() {
  const auto begin = reinterpret_cast<uintptr_t>(memory_.data());
  return memory_.data() + (kPageBytes - begin % kPageBytes) % kPageBytes;
}

// The end of a file fills no page, and some file systems want more.
absl::Status FrameWriter::EndDirect() {
  direct_ = false;
  const int flags = ::fcntl(fd_, F_GETFL);
  if (flags < 0 || ::fcntl(fd_, F_SETFL, flags & ~O_DIRECT) != 0) {
    return FromErrno(errno, path_, "change flags");
  }
  return absl::OkStatus();
}

absl::Status FrameWriter::Flush() {
  size_t done = 0;
  while (done < buffered_) {
    const ssize_t written = ::write(fd_, buffer() + done, buffered_ - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno == EINVAL && direct_) {
      if (absl::Status status = EndDirect(); !status.ok()) return status;
    } else if (errno != EINTR) {
      return FromErrno(errno, path_, "write");
    }
  }
  buffered_ = 0;
  return absl::OkStatus();
}

absl::Status FrameWriter::Write(absl::string_view bytes) {
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), kBufferBytes - buffered_);
    std::memcpy(buffer() + buffered_, bytes.data(), size);
    buffered_ += size;
    bytes.remove_prefix(size);
    if (buffered_ < kBufferBytes) break;
    if (absl::Status status = Flush(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FrameWriter::Put(uint32_t kind, absl::string_view payload) {
  std::string kind_and_size, head;
  PutFixed(kind, 4, &kind_and_size);
  PutFixed(payload.size(), 4, &kind_and_size);
  PutFixed(ChecksumOf(kind_and_size, payload), kChecksumBytes, &head);
  head += kind_and_size;
  absl::Status status = Write(head);
  if (status.ok()) status = Write(payload);
  return status;
}

absl::Status FrameWriter::Append(uint32_t kind, absl::string_view payload) {
  if (fd_ < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("file ", path_, ": append: committed or failed before"));
  }
  if (payload.size() > kMaxFrameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("file ", path_, ": payload of ", payload.size(),
                     " bytes, want at most ", kMaxFrameBytes));
  }
  if (kind >= kFirstReservedKind) {
    return absl::InvalidArgumentError(absl::StrCat(
        "file ", path_, ": kind ", kind, ", want below ", kFirstReservedKind));
  }
  ++frames_;
  absl::Status status = Put(kind, payload);
  // What was cut short must not be committed.
  if (!status.ok()) Discard();
  return status;
}

absl::Status FrameWriter::Commit() {
  if (fd_ < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("file ", path_, ": commit: committed or failed before"));
  }
  std::string end;
  PutFixed(frames_, 8, &end);
  PutFixed(bytes_, 8, &end);
  absl::Status status = Put(kEndKind, end);
  if (status.ok() && direct_) status = EndDirect();
  if (status.ok()) status = Flush();
  if (status.ok() && ::fdatasync(fd_) != 0) {
    status = FromErrno(errno, path_, "sync");
  }
  if (status.ok() && ::rename(TemporaryOf(path_).c_str(), path_.c_str()) != 0) {
    status = FromErrno(errno, path_, "rename");
  }
  if (!status.ok()) {
    Discard();
    return status;
  }
  ::close(std::exchange(fd_, -1));
  return SyncDirectoryOf(path_);
}

absl::StatusOr<FrameReader> FrameReader::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, path, "open");
  FrameReader reader(path, fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  if (absl::Status filled = reader.Fill(kFileMagic.size()); !filled.ok()) {
    return filled;
  }
  if (absl::string_view(reader.buffer_.data(),
                        std::min(reader.used_, kFileMagic.size())) !=
      kFileMagic) {
    return reader.Damaged("begins otherwise than files of frames do");
  }
  reader.taken_ = reader.position_ = kFileMagic.size();
  return reader;
}

FrameReader::~FrameReader() {
  if (fd_ >= 0) ::close(fd_);
}

FrameReader::FrameReader(FrameReader&& other) noexcept {
  *this = std::move(other);
}

FrameReader& FrameReader::operator=(FrameReader&& other) noexcept {
  path_ = std::move(other.path_);
  std::swap(fd_, other.fd_);
  buffer_ = std::move(other.buffer_);
  used_ = other.used_;
  taken_ = other.taken_;
  frames_ = other.frames_;
  position_ = other.position_;
  done_ = other.done_;
  failure_ = other.failure_;
  return *this;
}

absl::Status FrameReader::Damaged(absl::string_view what) const {
  return absl::DataLossError(
      absl::StrCat("file ", path_, ": ", what, ", at byte ", position_));
}

absl::Status FrameReader::Fill(size_t size) {
  if (used_ - taken_ >= size) return absl::OkStatus();
  std::memmove(buffer_.data(), buffer_.data() + taken_, used_ - taken_);
  used_ -= taken_;
  taken_ = 0;
  if (buffer_.size() < size) buffer_.resize(std::max(size, kBufferBytes));
  while (used_ < size) {
    const ssize_t got =
        ::read(fd_, buffer_.data() + used_, buffer_.size() - used_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, path_, "read");
    if (got == 0) break;
    used_ += static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Frame>> FrameReader::Next() {
  if (!failure_.ok()) return failure_;
  if (done_) return std::optional<Frame>();
  absl::StatusOr<std::optional<Frame>> frame = ReadFrame();
  if (!frame.ok()) failure_ = frame.status();
  return frame;
}

absl::StatusOr<std::optional<Frame>> FrameReader::ReadFrame() {
  if (absl::Status filled = Fill(kHeadBytes); !filled.ok()) return filled;
  if (used_ - taken_ < kHeadBytes) return Damaged("ends before its last frame");
  const char* head = buffer_.data() + taken_;
  const auto size = static_cast<size_t>(GetFixed(head + 12, 4));
  if (size > kMaxFrameBytes) {
    return Damaged(absl::StrCat("has a frame of ", size,
                                " bytes, want at most ", kMaxFrameBytes));
  }
  if (absl::Status filled = Fill(kHeadBytes + size); !filled.ok()) {
    return filled;
  }
  if (used_ - taken_ < kHeadBytes + size) {
    return Damaged("ends within a frame");
  }
  head = buffer_.data() + taken_;
  const absl::string_view payload(head + kHeadBytes, size);
  if (GetFixed(head, 8) !=
      ChecksumOf(absl::string_view(head + 8, 8), payload)) {
    return Damaged("has a frame that does not match its checksum");
  }
  const auto kind = static_cast<uint32_t>(GetFixed(head + 8, 4));
  if (kind == kEndKind) {
    if (absl::Status ended = CheckEnd(payload); !ended.ok()) return ended;
    done_ = true;
    return std::optional<Frame>();
  }
  if (kind >= kFirstReservedKind) {
    return Damaged(absl::StrCat("has a frame of unknown kind ", kind));
  }
  taken_ += kHeadBytes + size;
  position_ += kHeadBytes + size;
  ++frames_;
  return std::optional<Frame>({kind, payload});
}

absl::Status FrameReader::CheckEnd(absl::string_view payload) {
  if (payload.size() != kEndBytes || GetFixed(payload.data(), 8) != frames_ ||
      GetFixed(payload.data() + 8, 8) != position_) {
    return Damaged("has a last frame that counts others");
  }
  const size_t whole = kHeadBytes + kEndBytes;
  if (absl::Status filled = Fill(whole + 1); !filled.ok()) return filled;
  if (used_ - taken_ > whole) return Damaged("goes on after its last frame");
  return absl::OkStatus();
}

}  // namespace stagecraft::engine
