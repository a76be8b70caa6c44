// Files of frames: snapshots of derived data, which a start reads instead of
// deriving everything again. The grammar is in engine/store/FORMAT.md.
//
//   auto writer = FrameWriter::Create(path);
//   absl::Status status = writer->Append(kUnits, payload);  // ...
//   if (status.ok()) status = writer->Commit();
//
// A file is there whole or not at all: it is written under another name, made
// durable and then given its own. What is damaged later is noticed when it is
// read, never taken for data.
#ifndef STAGECRAFT_ENGINE_FRAME_FILE_H_
#define STAGECRAFT_ENGINE_FRAME_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace stagecraft::engine {

// Bytes of one payload.
inline constexpr size_t kMaxFrameBytes = size_t{64} << 20;
// Kinds of frames from here on belong to the file itself.
inline constexpr uint32_t kFirstReservedKind = 0xffff'ff00;

// Not thread-safe. Moves; a writer that was moved from may only be destroyed.
class FrameWriter {
 public:
  // Begins a file that will replace the one at `path`, if any, at Commit. Until
  // then its bytes are at `path` + ".tmp"; one that a crash left there goes.
  // Errors, here and below, name the path: kNotFound (no directory),
  // kPermissionDenied, kResourceExhausted (full disk), kUnavailable (any other
  // failure). After an error only destroying makes sense.
  static absl::StatusOr<FrameWriter> Create(const std::string& path);

  // Removes the temporary file if it was not committed.
  ~FrameWriter();
  FrameWriter(FrameWriter&& other) noexcept;
  FrameWriter& operator=(FrameWriter&& other) noexcept;

  // Errors: also kInvalidArgument for a payload above kMaxFrameBytes or a
  // reserved kind.
  absl::Status Append(uint32_t kind, absl::string_view payload);

  // Makes everything durable and the file visible at its path, once.
  absl::Status Commit();

  // Bytes of the file so far.
  uint64_t bytes() const { return bytes_; }

 private:
  FrameWriter(std::string path, int fd, bool direct);

  absl::Status Put(uint32_t kind, absl::string_view payload);
  absl::Status Write(absl::string_view bytes);
  absl::Status Flush();
  absl::Status EndDirect();
  char* buffer();
  void Discard();

  std::string path_;
  int fd_ = -1;  // -1: committed, failed or moved from.
  // Bytes go past the cache of the system, where it allows that: it takes a
  // copy less, and the disk writes all along, not when others wait for it.
  bool direct_ = false;
  std::string memory_;  // Of the buffer, which begins where a page may.
  size_t buffered_ = 0;
  uint64_t frames_ = 0;
  uint64_t bytes_ = 0;
};

// Removes the file for good. Errors: as of FrameWriter::Create.
absl::Status RemoveFrameFile(const std::string& path);

struct Frame {
  uint32_t kind = 0;
  absl::string_view payload;
};

// Not thread-safe.
class FrameReader {
 public:
  // Errors: kNotFound if there is no file, kPermissionDenied, kUnavailable,
  // kDataLoss if it is too short or begins otherwise.
  static absl::StatusOr<FrameReader> Open(const std::string& path);

  ~FrameReader();
  FrameReader(FrameReader&& other) noexcept;
  FrameReader& operator=(FrameReader&& other) noexcept;

  // The next frame, whose payload lives until the next call; nothing after the
  // last one, when the whole file has proved to be as it was committed. Until
  // then what was read may be of a file that is damaged further on.
  // Errors: kDataLoss, with the position, if the file is damaged or ends early,
  // kUnavailable. All later calls fail alike.
  absl::StatusOr<std::optional<Frame>> Next();

 private:
  FrameReader(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  // Makes `size` bytes readable in buffer_; fewer only at the file's end.
  absl::Status Fill(size_t size);
  absl::StatusOr<std::optional<Frame>> ReadFrame();
  absl::Status CheckEnd(absl::string_view payload);
  absl::Status Damaged(absl::string_view what) const;

  std::string path_;
  int fd_ = -1;
  std::string buffer_;
  size_t used_ = 0;   // Bytes of buffer_ that were read from the file.
  size_t taken_ = 0;  // Of these, bytes of frames before.
  uint64_t frames_ = 0;
  uint64_t position_ = 0;  // Of the frame at taken_ in the file.
  bool done_ = false;
  absl::Status failure_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_FRAME_FILE_H_
