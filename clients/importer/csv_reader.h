// Rows of a CSV file (see importer.h for what is read as what).
#ifndef STAGECRAFT_CLIENTS_IMPORTER_CSV_READER_H_
#define STAGECRAFT_CLIENTS_IMPORTER_CSV_READER_H_

#include "absl/status/status.h"
#include "clients/importer/byte_source.h"
#include "clients/importer/row.h"

namespace stagecraft::client::importer {

// Hands each row below the header to `sink`.
//
// Errors: kInvalidArgument if there is no header, the header is bad, lacks one
// of `columns` or has it twice, or a quote is never closed; errors of `source`
// and `sink`.
absl::Status ReadCsv(ByteSource& source, char delimiter,
                     const ColumnSet& columns, RowSink sink);

}  // namespace stagecraft::client::importer

#endif  // STAGECRAFT_CLIENTS_IMPORTER_CSV_READER_H_
