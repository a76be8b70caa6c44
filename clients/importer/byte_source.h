// The bytes of a file, unpacked if it is gzipped.
#ifndef STAGECRAFT_CLIENTS_IMPORTER_BYTE_SOURCE_H_
#define STAGECRAFT_CLIENTS_IMPORTER_BYTE_SOURCE_H_

#include <zlib.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace stagecraft::client::importer {

// Not thread-safe.
class ByteSource {
 public:
  // Opens `path`, and reads the first chunk. `on_chunk` may be empty; it is
  // called before each further chunk and at the end with the position in the
  // stored file.
  //
  // Errors: as errno says; kInvalidArgument for a directory, UTF-16 text or a
  // zip archive; as Next().
  static absl::StatusOr<ByteSource> Open(const std::string& path,
                                         std::function<void(int64_t)> on_chunk);

  const std::string& path() const { return path_; }

  // The chunk that Next() will return, without a byte order mark.
  absl::string_view Peek() const { return chunk_; }

  // The next chunk, empty at the end. It lives until the next call.
  //
  // Errors: kDataLoss for damaged or truncated gzip data, else as errno says.
  absl::StatusOr<absl::string_view> Next();

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose_r(file); }
  };

  ByteSource() = default;
  absl::Status Fill();

  std::string path_;
  std::function<void(int64_t)> on_chunk_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::vector<char> buffer_;
  absl::string_view chunk_;  // Read, but not returned yet.
  bool is_pending_ = false;  // chunk_ is to be returned.
};

}  // namespace stagecraft::client::importer

#endif  // STAGECRAFT_CLIENTS_IMPORTER_BYTE_SOURCE_H_
