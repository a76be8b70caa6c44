#include "clients/importer/csv_reader.h"

#include <csv.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace stagecraft::client::importer {
namespace {

// libcsv in strict mode: it stops at a misplaced quote, and we decide where to
// resume. Left to itself it would read on to the next quote, through any number
// of rows. It has no limit for a field, so it is fed slices, and what it holds
// is looked at after each.
constexpr size_t kSliceBytes = 32 << 10;
constexpr unsigned char kParserOptions =
    CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL;

class CsvReader {
 public:
  CsvReader(ByteSource& source, char delimiter, const ColumnSet& columns,
            RowSink sink)
      : source_(source), delimiter_(delimiter), columns_(columns), sink_(sink) {
    StartParser();
  }
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;
  ~CsvReader() { csv_free(&parser_); }

  absl::Status Read() {
    while (true) {
      const absl::StatusOr<absl::string_view> chunk = source_.Next();
      if (!chunk.ok()) return chunk.status();
      if (chunk->empty()) break;
      if (absl::Status status = Parse(*chunk); !status.ok()) return status;
    }
    if (csv_fini(&parser_, &OnField, &OnRow, this) != 0) {
      return UnclosedQuote("to the end of the file");
    }
    if (!status_.ok()) return status_;
    if (!has_header_) {
      return absl::InvalidArgumentError(
          absl::StrCat(source_.path(), " is empty, want a header row"));
    }
    return absl::OkStatus();
  }

 private:
  void StartParser() {
    csv_init(&parser_, kParserOptions);
    csv_set_delim(&parser_, static_cast<unsigned char>(delimiter_));
    // Spaces are data.
    csv_set_space_func(&parser_, [](unsigned char) { return 0; });
    csv_set_blk_size(&parser_, 4096);
  }

  void RestartParser() {
    csv_free(&parser_);
    StartParser();
  }

  absl::Status Parse(absl::string_view chunk) {
    while (!chunk.empty()) {
      if (is_skipping_) {
        const size_t end = chunk.find('\n');
        if (end == absl::string_view::npos) return absl::OkStatus();
        chunk.remove_prefix(end + 1);
        is_skipping_ = false;
        line_++;
        continue;
      }
      const size_t size = std::min(chunk.size(), kSliceBytes);
      const size_t done =
          csv_parse(&parser_, chunk.data(), size, &OnField, &OnRow, this);
      if (!status_.ok()) return status_;
      chunk.remove_prefix(std::min(done, size));
      if (done < size) {
        if (csv_error(&parser_) != CSV_EPARSE) {
          return absl::ResourceExhaustedError(
              absl::StrCat(source_.path(), ":", line_, ": ",
                           csv_strerror(csv_error(&parser_))));
        }
        if (absl::Status status = RejectBadQuote(); !status.ok()) return status;
      } else if (parser_.entry_pos + text_.size() > kMaxRowBytes) {
        if (parser_.quoted) {
          return UnclosedQuote(absl::StrCat("for ", kMaxRowBytes, " bytes"));
        }
        is_too_long_ = true;
        if (absl::Status status = SkipLine(""); !status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  // libcsv stopped at a quote within an unquoted field, or at text after the
  // closing quote.
  absl::Status RejectBadQuote() {
    const bool was_quoted = parser_.quoted;
    const absl::string_view field(
        reinterpret_cast<const char*>(parser_.entry_buf), parser_.entry_pos);
    const int64_t begin = row_line_ = row_line();
    line_ += std::count(field.begin(), field.end(), '\n');
    std::string reason =
        was_quoted
            ? absl::StrCat("field ", ends_.size() + 1,
                           " goes on after its closing quote, want a delimiter "
                           "or the end of the line")
            : absl::StrCat("field ", ends_.size() + 1, " begins with ",
                           Quoted(field),
                           " and holds a quote, want the whole field in quotes "
                           "and each quote in it doubled");
    if (line_ > begin) {
      absl::StrAppend(&reason, " (the row reaches to line ", line_,
                      "; is a quote not closed?)");
    }
    return SkipLine(std::move(reason));
  }

  // Rejects the row and drops the rest of the line.
  absl::Status SkipLine(std::string reason) {
    defect_ = std::move(reason);
    const int64_t line = line_;
    EndRow();
    line_ = line;
    row_line_ = 0;
    is_after_cr_ = false;
    is_skipping_ = true;
    RestartParser();
    return status_;
  }

  absl::Status UnclosedQuote(absl::string_view until) const {
    return absl::InvalidArgumentError(absl::StrCat(
        source_.path(), ":", row_line(), ": the quote that opens field ",
        ends_.size() + 1, " of this row is not closed ", until,
        ", want a closing quote"));
  }

  static void OnField(void* text, size_t size, void* self) {
    static_cast<CsvReader*>(self)->AddField(
        absl::string_view(static_cast<const char*>(text), size));
  }
  static void OnRow(int end, void* self) {
    static_cast<CsvReader*>(self)->OnLineEnd(end);
  }

  void AddField(absl::string_view field) {
    is_after_cr_ = false;
    if (row_line_ == 0) row_line_ = line_;
    line_ += std::count(field.begin(), field.end(), '\n');
    if (text_.size() + field.size() >= kMaxRowBytes) is_too_long_ = true;
    if (is_too_long_) return;
    if (!field.empty() && std::memchr(field.data(), 0, field.size())) {
      if (nul_field_ < 0) nul_field_ = static_cast<int>(ends_.size());
    }
    // NUL cannot be in a field of a good row, so that the text is unambiguous.
    text_.append(field.data(), field.size());
    text_.push_back('\0');
    ends_.push_back(text_.size());
  }

  void OnLineEnd(int end) {
    if (end == '\n' && is_after_cr_) {  // The second half of CRLF.
      is_after_cr_ = false;
      return;
    }
    is_after_cr_ = end == '\r';
    if (row_line_ != 0) EndRow();  // Else the line is blank.
    line_++;
    row_line_ = 0;
  }

  absl::string_view Field(size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return absl::string_view(text_).substr(begin, ends_[i] - 1 - begin);
  }

  // The row is complete or given up: finds its defects and hands it on.
  void EndRow() {
    if (status_.ok()) status_ = has_header_ ? EndDataRow() : EndHeader();
    text_.clear();
    ends_.clear();
    defect_.clear();
    is_too_long_ = false;
    nul_field_ = -1;
  }

  // Why the text of the row cannot be used, empty if it can.
  std::string FindDefect() const {
    if (!defect_.empty()) return defect_;
    if (is_too_long_) {
      return absl::StrCat("row is longer than ", kMaxRowBytes,
                          " bytes, the most that a row may have");
    }
    if (nul_field_ < 0 && IsUtf8(text_)) return "";
    for (size_t i = 0; i < ends_.size(); ++i) {
      const bool is_nul = static_cast<int>(i) == nul_field_;
      if (!is_nul && IsUtf8(Field(i))) continue;
      return absl::StrCat(
          i < header_.size() ? absl::StrCat("column `", header_[i], "`")
                             : absl::StrCat("field ", i + 1),
          " is ", Quoted(Field(i)),
          is_nul ? ", want text without NUL bytes" : ", want UTF-8");
    }
    return "text is not UTF-8";
  }

  absl::Status EndDataRow() {
    Row row;
    row.line = row_line();
    row.number = ++rows_;
    row.defect = FindDefect();
    if (row.defect.empty() && ends_.size() != header_.size()) {
      row.defect = absl::StrCat("row has ", ends_.size(), " fields, want ",
                                header_.size(), " as the header has");
    }
    if (row.defect.empty()) {
      for (size_t slot = 0; slot < fields_.size(); ++slot) {
        values_[slot] = Field(fields_[slot]);
      }
      row.columns = values_;
      row.content = text_;
    }
    return sink_(row);
  }

  absl::Status EndHeader() {
    has_header_ = true;
    const std::string defect = FindDefect();
    if (!defect.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(source_.path(), ":", row_line(), ": header: ", defect));
    }
    for (size_t i = 0; i < ends_.size(); ++i) header_.emplace_back(Field(i));
    values_.resize(columns_.names().size());
    fields_.resize(values_.size());
    std::vector<std::string> lacking;
    for (size_t slot = 0; slot < fields_.size(); ++slot) {
      const std::string& name = columns_.names()[slot];
      const auto it = std::find(header_.begin(), header_.end(), name);
      if (it == header_.end()) {
        lacking.push_back(absl::StrCat("`", name, "`"));
        continue;
      }
      if (std::find(it + 1, header_.end(), name) != header_.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat(source_.path(), ":", row_line(), ": column `", name,
                         "` is in the header twice, want one"));
      }
      fields_[slot] = it - header_.begin();
    }
    if (lacking.empty()) return absl::OkStatus();
    constexpr size_t kShown = 200;
    std::vector<std::string> present;
    for (size_t i = 0; i < std::min(header_.size(), kShown); ++i) {
      const std::string text = Quoted(header_[i]);
      present.push_back(
          absl::StrCat("`", text.substr(1, text.size() - 2), "`"));
    }
    return absl::InvalidArgumentError(absl::StrCat(
        source_.path(), " has no column ", absl::StrJoin(lacking, ", "),
        ", which the mapping names; it has ", absl::StrJoin(present, ", "),
        header_.size() > kShown ? " and more" : ""));
  }

  // The line where the row begins.
  int64_t row_line() const { return row_line_ != 0 ? row_line_ : line_; }

  ByteSource& source_;
  const char delimiter_;
  const ColumnSet& columns_;
  RowSink sink_;
  csv_parser parser_;

  bool has_header_ = false;
  std::vector<std::string> header_;
  std::vector<size_t> fields_;             // Header positions by slot.
  std::vector<absl::string_view> values_;  // Texts by slot.
  int64_t rows_ = 0;
  int64_t line_ = 1;
  bool is_after_cr_ = false;  // Nothing came after a CR that ended a line.
  bool is_skipping_ = false;  // Up to the next LF.
  absl::Status status_;       // Ends the reading.

  // The row that is being read.
  int64_t row_line_ = 0;      // 0: it has no field yet.
  std::string text_;          // Fields, NUL after each.
  std::vector<size_t> ends_;  // Behind each field's NUL.
  std::string defect_;
  bool is_too_long_ = false;
  int nul_field_ = -1;
};

}  // namespace

absl::Status ReadCsv(ByteSource& source, char delimiter,
                     const ColumnSet& columns, RowSink sink) {
  return CsvReader(source, delimiter, columns, sink).Read();
}

}  // namespace stagecraft::client::importer
