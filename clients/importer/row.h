// A row as the readers of formats hand it to the mapping.
#ifndef STAGECRAFT_CLIENTS_IMPORTER_ROW_H_
#define STAGECRAFT_CLIENTS_IMPORTER_ROW_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace stagecraft::client::importer {

// A row may have at most this many bytes.
inline constexpr size_t kMaxRowBytes = 1 << 20;

// The columns that a mapping reads; each has a slot, from 0.
class ColumnSet {
 public:
  // The slot of `name`, a new one if it has none yet.
  int Add(absl::string_view name);
  // The slot of `name`, -1 if it has none.
  int Find(absl::string_view name) const;
  // Names by slot.
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  absl::flat_hash_map<std::string, int> slots_;
};

// Views live until the sink returns.
struct Row {
  // Where the row begins, from 1, the header included.
  int64_t line = 0;
  // The how many-th data row of the file, from 1; rejected rows count.
  int64_t number = 0;
  // Texts by slot of the ColumnSet; a null view where the row has none.
  absl::Span<const absl::string_view> columns;
  // Unambiguous text of the whole row.
  absl::string_view content;
  // If not empty: why the row cannot be used; columns and content are not set.
  std::string defect;
};

// Takes rows; an error ends the reading.
using RowSink = absl::FunctionRef<absl::Status(const Row&)>;

// A text of a file for a message: quoted, escaped, at most 80 bytes of it.
std::string Quoted(absl::string_view text);

// Whether `text` is UTF-8 (RFC 3629: no surrogates, nothing overlong).
bool IsUtf8(absl::string_view text);

}  // namespace stagecraft::client::importer

#endif  // STAGECRAFT_CLIENTS_IMPORTER_ROW_H_
