#include "clients/importer/ndjson_reader.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace stagecraft::client::importer {
namespace {

// Collects the values of the columns from the parser's callbacks. The parser
// keeps no call stack, so that nesting costs memory only in proportion to the
// line.
class Flattener : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Flattener(const ColumnSet& columns)
      : columns_(columns),
        values_(columns.names().size()),
        texts_(columns.names().size()),
        is_set_(columns.names().size()) {}

  // Reads one line. False: defect() says why.
  bool Parse(absl::string_view line) {
    path_.clear();
    parents_.clear();
    array_depth_ = 0;
    depth_ = 0;
    defect_.clear();
    is_set_.assign(is_set_.size(), false);
    for (absl::string_view& value : values_) value = absl::string_view();
    const bool is_parsed =
        nlohmann::json::sax_parse(line.data(), line.data() + line.size(), this);
    if (!is_parsed && defect_.empty()) defect_ = "line is not JSON";
    return defect_.empty();
  }

  absl::Span<const absl::string_view> values() const { return values_; }
  const std::string& defect() const { return defect_; }

  bool null() override { return Scalar(absl::string_view()); }
  bool boolean(bool value) override { return Scalar(value ? "true" : "false"); }
  bool number_integer(int64_t value) override {
    return Scalar(absl::AlphaNum(value).Piece());
  }
  bool number_unsigned(uint64_t value) override {
    return Scalar(absl::AlphaNum(value).Piece());
  }
  bool number_float(double, const std::string& text) override {
    return Scalar(text);
  }
  bool string(std::string& text) override { return Scalar(text); }
  bool binary(binary_t&) override { return Fail("line holds binary data"); }

  bool start_object(size_t) override {
    if (array_depth_ > 0) {
      ++array_depth_;
      return true;
    }
    if (depth_ > 0) {
      if (!Compound("an object")) return false;
      path_.push_back('.');
      parents_.push_back(path_.size());
    } else {
      parents_.push_back(0);
    }
    ++depth_;
    return true;
  }
  bool key(std::string& text) override {
    if (array_depth_ == 0) {
      path_.resize(parents_.back());
      path_.append(text);
    }
    return true;
  }
  bool end_object() override {
    if (array_depth_ > 0) {
      --array_depth_;
    } else {
      --depth_;
      parents_.pop_back();
    }
    return true;
  }
  bool start_array(size_t) override {
    if (depth_ == 0) return Fail("line is an array, want an object");
    if (array_depth_ == 0 && !Compound("an array")) return false;
    ++array_depth_;
    return true;
  }
  bool end_array() override {
    --array_depth_;
    return true;
  }
  bool parse_error(size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& error) override {
    absl::string_view what = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 5: ...".
    const size_t colon = what.find(": ");
    if (colon != absl::string_view::npos) what.remove_prefix(colon + 2);
    return Fail(absl::StrCat("line is not a JSON object: at byte ", position,
                             ": ", what.substr(0, 200)));
  }

 private:
  bool Fail(std::string defect) {
    defect_ = std::move(defect);
    return false;
  }

  bool Scalar(absl::string_view text) {
    if (array_depth_ > 0) return true;
    if (depth_ == 0) {
      return Fail("line is a single JSON value, want an object");
    }
    const int slot = columns_.Find(path_);
    if (slot < 0) return true;
    if (is_set_[slot]) {
      return Fail(
          absl::StrCat("column `", path_, "` is in the line twice, want one"));
    }
    is_set_[slot] = true;
    if (text.data() == nullptr) return true;  // null.
    if (absl::StrContains(text, '\0')) {
      return Fail(absl::StrCat("column `", path_, "` is ", Quoted(text),
                               ", want text without NUL bytes"));
    }
    texts_[slot].assign(text.data(), text.size());
    values_[slot] = texts_[slot];
    return true;
  }

  bool Compound(absl::string_view kind) {
    if (columns_.Find(path_) < 0) return true;
    return Fail(absl::StrCat("column `", path_, "` is ", kind,
                             ", want a text, a number or a truth value"));
  }

  const ColumnSet& columns_;
  std::vector<absl::string_view> values_;
  std::vector<std::string> texts_;
  std::vector<bool> is_set_;
  std::string path_;             // `a.b` where the parser is.
  std::vector<size_t> parents_;  // Lengths of path_ in front of a key.
  size_t depth_ = 0;             // Open objects outside arrays.
  size_t array_depth_ = 0;       // Open arrays, and all that is open in them.
  std::string defect_;
};

class NdjsonReader {
 public:
  NdjsonReader(ByteSource& source, const ColumnSet& columns, RowSink sink)
      : source_(source), flattener_(columns), sink_(sink) {}

  absl::Status Read() {
    std::string rest;  // The beginning of a line that is not complete yet.
    bool is_too_long = false;
    while (true) {
      const absl::StatusOr<absl::string_view> next = source_.Next();
      if (!next.ok()) return next.status();
      absl::string_view chunk = *next;
      if (chunk.empty()) break;
      while (!chunk.empty()) {
        const size_t end = chunk.find('\n');
        if (!is_too_long &&
            rest.size() + std::min(end, chunk.size()) > kMaxRowBytes) {
          is_too_long = true;
          rest.clear();
        }
        if (end == absl::string_view::npos) {
          if (!is_too_long) rest.append(chunk.data(), chunk.size());
          break;
        }
        absl::Status status;
        if (is_too_long) {
          status = RejectLongLine();
        } else if (rest.empty()) {
          status = AddLine(chunk.substr(0, end));
        } else {
          rest.append(chunk.data(), end);
          status = AddLine(rest);
        }
        if (!status.ok()) return status;
        rest.clear();
        is_too_long = false;
        chunk.remove_prefix(end + 1);
      }
    }
    if (is_too_long) return RejectLongLine();
    return rest.empty() ? absl::OkStatus() : AddLine(rest);
  }

 private:
  absl::Status RejectLongLine() {
    Row row;
    row.line = ++line_;
    row.number = ++rows_;
    row.defect = absl::StrCat("row is longer than ", kMaxRowBytes,
                              " bytes, the most that a row may have");
    return sink_(row);
  }

  absl::Status AddLine(absl::string_view line) {
    ++line_;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) return absl::OkStatus();
    Row row;
    row.line = line_;
    row.number = ++rows_;
    if (flattener_.Parse(line)) {
      row.columns = flattener_.values();
      row.content = line;
    } else {
      row.defect = flattener_.defect();
    }
    return sink_(row);
  }

  ByteSource& source_;
  Flattener flattener_;
  RowSink sink_;
  int64_t line_ = 0;
  int64_t rows_ = 0;
};

}  // namespace

absl::Status ReadNdjson(ByteSource& source, const ColumnSet& columns,
                        RowSink sink) {
  return NdjsonReader(source, columns, sink).Read();
}

}  // namespace stagecraft::client::importer
