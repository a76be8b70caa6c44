// Reads events from files that other systems export: CSV and NDJSON, plain or
// gzipped, by a mapping that says what each row means (import.proto).
//
// Files are read in one pass with bounded memory, whatever their size: a row
// may have at most 1 MiB. A bad row is rejected by itself, with a message that
// names file and line, column, the text seen and what was wanted; the other
// rows go on. A row's events are emitted all or none, in the order of rules.
//
// CSV (RFC 4180): the first row is the header. Lines end with LF or CRLF, blank
// lines count for nothing, spaces are part of a field. A quoted field is data
// whatever it holds: delimiters, line ends, `""` for a quote. A quote elsewhere
// is an error of its row, and reading resumes on the next line. A quote that is
// never closed is an error of the file, since it may hide any number of rows.
//
// NDJSON: one object per line. Nested objects are flattened, `{"a":{"b":1}}` is
// the column `a.b`. A key that is absent or null is missing; numbers keep the
// text they are written with where it is not an integer.
//
// Text is UTF-8, a byte order mark is skipped. A row with other bytes, or with
// NUL, is rejected.
#ifndef STAGECRAFT_CLIENTS_IMPORTER_IMPORTER_H_
#define STAGECRAFT_CLIENTS_IMPORTER_IMPORTER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stagecraft/v1/event.pb.h"
#include "stagecraft/v1/import.pb.h"

namespace stagecraft::client {

struct ImportOptions {
  enum class Format {
    // By the name without `.gz` (`.csv`, `.tsv`; `.ndjson`, `.jsonl`, `.json`),
    // else by the content: NDJSON if it begins with `{`.
    kAuto,
    kCsv,
    kNdjson,
  };

  v1::ImportMapping mapping;
  Format format = Format::kAuto;
  // One rejected row more than this stops the import with an error. 0: none is
  // accepted.
  int64_t max_errors = 100;
  // Called now and then and once at the end with the bytes of the files as they
  // are stored. The total is 0 if it is not known (pipes).
  std::function<void(int64_t bytes_done, int64_t bytes_total)> on_progress;
  // Between fields of a CSV file. A `.tsv` file takes a tab in any case.
  char delimiter = ',';
};

struct ImportStats {
  int64_t rows = 0;           // Data rows, the rejected ones too.
  int64_t events = 0;         // Emitted.
  int64_t rejected_rows = 0;  // Rows that gave no event because they are bad.
  // The first 20 reasons: `log.csv:17: column `opened_at` is "x", want ...`.
  std::vector<std::string> first_errors;
};

// Reads a mapping file: an ImportMapping as protobuf JSON.
//
// Errors: kNotFound if there is no such file; kInvalidArgument if it is not
// JSON, has a field that ImportMapping has not (the message names it), or does
// not make sense as a mapping (the message names field, value and want).
absl::StatusOr<v1::ImportMapping> LoadMapping(const std::string& path);

// Reads `paths` in order and calls `emit` with each event. `{#}` begins at 1
// again in each file.
//
// A rule without `event_id` gets XXH3-128 as 32 hex digits of the rule's
// position, the unit, the name, the time and the whole row. Importing a file
// again thus changes nothing, but rows that repeat within a file are one event:
// where each repetition counts, put `{#}` into `event_id`.
//
// Errors: kInvalidArgument if the mapping or the options are bad, a file lacks
// a column of the mapping (the message lists those it has) or is not readable
// as CSV, or more than `max_errors` rows are rejected; kNotFound or
// kPermissionDenied if a file cannot be opened; kDataLoss if its gzip data is
// damaged or cut short; the error of `emit`, which ends the import. Events
// emitted before an error stay emitted.
absl::StatusOr<ImportStats> ReadEvents(
    const std::vector<std::string>& paths, const ImportOptions& options,
    absl::FunctionRef<absl::Status(v1::Event)> emit);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_IMPORTER_IMPORTER_H_
