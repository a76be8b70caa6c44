#include "clients/importer/importer.h"

#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/importer/byte_source.h"
#include "clients/importer/csv_reader.h"
#include "clients/importer/mapping.h"
#include "clients/importer/ndjson_reader.h"

namespace stagecraft::client {
namespace {

using importer::ByteSource;
using importer::Mapping;
using importer::Row;

constexpr size_t kMaxMappingBytes = 4 << 20;
constexpr size_t kMaxFirstErrors = 20;

using Format = ImportOptions::Format;

// The format of a file, and a tab for `.tsv`.
Format DetectFormat(const ByteSource& source, Format wanted, char* delimiter) {
  const std::string lower = absl::AsciiStrToLower(source.path());
  absl::string_view name = lower;
  absl::ConsumeSuffix(&name, ".gz");
  if (wanted != Format::kNdjson && absl::EndsWith(name, ".tsv")) {
    *delimiter = '\t';
    return Format::kCsv;
  }
  if (wanted != Format::kAuto) return wanted;
  if (absl::EndsWith(name, ".csv")) return Format::kCsv;
  for (const char* suffix : {".ndjson", ".jsonl", ".json"}) {
    if (absl::EndsWith(name, suffix)) return Format::kNdjson;
  }
  const absl::string_view head =
      absl::StripLeadingAsciiWhitespace(source.Peek());
  return absl::StartsWith(head, "{") ? Format::kNdjson : Format::kCsv;
}

// Applies the mapping to rows, and keeps account of them.
class EventReader {
 public:
  EventReader(Mapping& mapping, const ImportOptions& options,
              absl::FunctionRef<absl::Status(v1::Event)> emit)
      : mapping_(mapping), options_(options), emit_(emit) {}

  absl::Status AddRow(const std::string& path, const Row& row) {
    ++stats_.rows;
    if (!row.defect.empty()) return Reject(path, row, row.defect);
    if (absl::Status status = mapping_.Apply(row, &events_); !status.ok()) {
      return Reject(path, row, absl::string_view(status.message()));
    }
    for (v1::Event& event : events_) {
      if (absl::Status status = emit_(std::move(event)); !status.ok()) {
        return status;
      }
      ++stats_.events;
    }
    return absl::OkStatus();
  }

  ImportStats TakeStats() { return std::move(stats_); }

 private:
  absl::Status Reject(const std::string& path, const Row& row,
                      absl::string_view reason) {
    ++stats_.rejected_rows;
    std::string error = absl::StrCat(path, ":", row.line, ": ", reason);
    if (stats_.rejected_rows > options_.max_errors) {
      return absl::InvalidArgumentError(absl::StrCat(
          stats_.rejected_rows, " of ", stats_.rows,
          " rows are bad, want at most ", options_.max_errors, "; stopped at ",
          error,
          stats_.first_errors.empty()
              ? ""
              : absl::StrCat("; the first was ", stats_.first_errors[0])));
    }
    if (stats_.first_errors.size() < kMaxFirstErrors) {
      stats_.first_errors.push_back(std::move(error));
    }
    return absl::OkStatus();
  }

  Mapping& mapping_;
  const ImportOptions& options_;
  absl::FunctionRef<absl::Status(v1::Event)> emit_;
  std::vector<v1::Event> events_;
  ImportStats stats_;
};

absl::Status CheckOptions(const std::vector<std::string>& paths,
                          const ImportOptions& options) {
  if (paths.empty()) {
    return absl::InvalidArgumentError("paths is empty, want a file");
  }
  if (options.max_errors < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_errors is ", options.max_errors, ", want 0 or more"));
  }
  if (absl::StrContains(absl::string_view("\"\r\n\0", 4), options.delimiter)) {
    return absl::InvalidArgumentError(
        absl::StrCat("delimiter is ",
                     importer::Quoted(absl::string_view(&options.delimiter, 1)),
                     ", want a character that is no quote, line end or NUL"));
  }
  if (static_cast<unsigned char>(options.delimiter) >= 0x80) {
    return absl::InvalidArgumentError(absl::StrCat(
        "delimiter is byte ",
        static_cast<int>(static_cast<unsigned char>(options.delimiter)),
        ", want ASCII"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ImportMapping> LoadMapping(const std::string& path) {
  absl::StatusOr<ByteSource> source = ByteSource::Open(path, nullptr);
  if (!source.ok()) return source.status();
  std::string json;
  while (true) {
    const absl::StatusOr<absl::string_view> chunk = source->Next();
    if (!chunk.ok()) return chunk.status();
    if (chunk->empty()) break;
    json.append(chunk->data(), chunk->size());
    if (json.size() > kMaxMappingBytes) {
      return absl::InvalidArgumentError(absl::StrCat(path, " is longer than ",
                                                     kMaxMappingBytes,
                                                     " bytes, want a mapping"));
    }
  }
  v1::ImportMapping mapping;
  const auto parsed =
      google::protobuf::util::JsonStringToMessage(json, &mapping);
  if (!parsed.ok()) {
    const auto message = parsed.message();
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a mapping: ",
                     absl::string_view(message.data(), message.size()),
                     ", want ImportMapping as JSON"));
  }
  const auto compiled = Mapping::Compile(mapping);
  if (!compiled.ok()) {
    return absl::Status(compiled.status().code(),
                        absl::StrCat(path, ": ", compiled.status().message()));
  }
  return mapping;
}

absl::StatusOr<ImportStats> ReadEvents(
    const std::vector<std::string>& paths, const ImportOptions& options,
    absl::FunctionRef<absl::Status(v1::Event)> emit) {
  if (absl::Status status = CheckOptions(paths, options); !status.ok()) {
    return status;
  }
  const auto mapping = Mapping::Compile(options.mapping);
  if (!mapping.ok()) {
    return absl::Status(mapping.status().code(),
                        absl::StrCat("mapping: ", mapping.status().message()));
  }
  std::vector<int64_t> sizes;
  int64_t total = 0;
  bool is_total_known = true;
  for (const std::string& path : paths) {
    std::error_code error;
    const bool is_regular = std::filesystem::is_regular_file(path, error);
    const auto size = is_regular ? std::filesystem::file_size(path, error) : 0;
    is_total_known &= is_regular && !error;
    sizes.push_back(error ? 0 : static_cast<int64_t>(size));
    total += sizes.back();
  }
  if (!is_total_known) total = 0;

  int64_t done = 0;  // The files before.
  EventReader reader(**mapping, options, emit);
  for (size_t i = 0; i < paths.size(); ++i) {
    const std::string& path = paths[i];
    std::function<void(int64_t)> on_chunk;
    if (options.on_progress) {
      on_chunk = [&](int64_t position) {
        options.on_progress(done + position, total);
      };
    }
    absl::StatusOr<ByteSource> source = ByteSource::Open(path, on_chunk);
    if (!source.ok()) return source.status();
    char delimiter = options.delimiter;
    const Format format = DetectFormat(*source, options.format, &delimiter);
    const auto sink = [&](const Row& row) { return reader.AddRow(path, row); };
    const absl::Status status =
        format == Format::kNdjson
            ? importer::ReadNdjson(*source, (*mapping)->columns(), sink)
            : importer::ReadCsv(*source, delimiter, (*mapping)->columns(),
                                sink);
    if (!status.ok()) return status;
    done += sizes[i];
  }
  if (options.on_progress) options.on_progress(done, total);
  return reader.TakeStats();
}

}  // namespace stagecraft::client
