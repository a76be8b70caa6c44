// Rows of an NDJSON file (see importer.h for what is read as what).
#ifndef STAGECRAFT_CLIENTS_IMPORTER_NDJSON_READER_H_
#define STAGECRAFT_CLIENTS_IMPORTER_NDJSON_READER_H_

#include "absl/status/status.h"
#include "clients/importer/byte_source.h"
#include "clients/importer/row.h"

namespace stagecraft::client::importer {

// Hands each line that is not blank to `sink`. A column of `columns` that holds
// an array or an object, or stands in a line twice, is a defect of its row.
//
// Errors: those of `source` and `sink`.
absl::Status ReadNdjson(ByteSource& source, const ColumnSet& columns,
                        RowSink sink);

}  // namespace stagecraft::client::importer

#endif  // STAGECRAFT_CLIENTS_IMPORTER_NDJSON_READER_H_
