#include "clients/importer/text_source.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace stagecraft::client::importer {

absl::StatusOr<TextSource> TextSource::Compile(
    const v1::ImportMapping::Text& text, const MissingTexts* missing,
    ColumnSet* columns) {
  using Text = v1::ImportMapping::Text;
  TextSource source;
  source.missing_ = missing;
  switch (text.source_case()) {
    case Text::kColumn:
      if (text.column().empty()) {
        return absl::InvalidArgumentError(
            "column is \"\", want the name of a column");
      }
      source.kind_ = Kind::kColumn;
      source.text_ = text.column();
      source.slot_ = columns->Add(text.column());
      break;
    case Text::kConstant:
      if (text.constant().empty()) {
        return absl::InvalidArgumentError("constant is \"\", want a text");
      }
      if (!text.replace().empty()) {
        return absl::InvalidArgumentError(
            "replace is set for a constant, want a column or a template");
      }
      source.kind_ = Kind::kConstant;
      source.text_ = text.constant();
      break;
    case Text::kTemplate: {
      source.kind_ = Kind::kTemplate;
      source.text_ = text.template_();
      const absl::Status status =
          source.CompileTemplate(text.template_(), columns);
      if (!status.ok()) return status;
      break;
    }
    case Text::SOURCE_NOT_SET:
      return absl::InvalidArgumentError(
          "source is not set, want one of column, constant and template");
  }
  source.replace_.insert(text.replace().begin(), text.replace().end());
  return source;
}

absl::Status TextSource::CompileTemplate(absl::string_view text,
                                         ColumnSet* columns) {
  const auto error = [&](size_t position, absl::string_view want) {
    return absl::InvalidArgumentError(absl::StrCat(
        "template is ", Quoted(text), ", want ", want, " at byte ", position));
  };
  if (text.empty()) return error(0, "a text");
  pieces_.emplace_back();
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      pieces_.back().literal.push_back(c);
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == c) {  // A doubled brace.
      pieces_.back().literal.push_back(c);
      ++i;
      continue;
    }
    if (c == '}') return error(i, "`}}` for a brace, or `{` before it");
    const size_t end = text.find('}', i);
    if (end == absl::string_view::npos) return error(i, "`}` for the `{`");
    const absl::string_view name = text.substr(i + 1, end - i - 1);
    if (name.empty()) return error(i, "`{column}` or `{#}`");
    pieces_.back().slot = name == "#" ? Piece::kRowNumber : columns->Add(name);
    pieces_.emplace_back();
    i = end;
  }
  return absl::OkStatus();
}

std::optional<absl::string_view> TextSource::Get(const Row& row,
                                                 std::string* scratch) const {
  absl::string_view text;
  switch (kind_) {
    case Kind::kConstant:
      return absl::string_view(text_);
    case Kind::kColumn:
      text = row.columns[slot_];
      if (missing_->Contains(text)) return std::nullopt;
      break;
    case Kind::kTemplate:
      scratch->clear();
      for (const Piece& piece : pieces_) {
        scratch->append(piece.literal);
        if (piece.slot >= 0) {
          const absl::string_view column = row.columns[piece.slot];
          if (missing_->Contains(column)) return std::nullopt;
          scratch->append(column.data(), column.size());
        } else if (piece.slot == Piece::kRowNumber) {
          absl::StrAppend(scratch, row.number);
        }
      }
      text = *scratch;
      break;
  }
  if (!replace_.empty()) {
    const auto it = replace_.find(text);
    if (it != replace_.end()) text = it->second;
  }
  if (text.empty()) return std::nullopt;
  return text;
}

std::string TextSource::Describe() const {
  switch (kind_) {
    case Kind::kColumn:
      return absl::StrCat("column `", text_, "`");
    case Kind::kTemplate:
      return absl::StrCat("template `", text_, "`");
    case Kind::kConstant:
      break;
  }
  return "constant";
}

}  // namespace stagecraft::client::importer
