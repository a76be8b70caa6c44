// Where a text comes from: ImportMapping.Text, compiled.
#ifndef STAGECRAFT_CLIENTS_IMPORTER_TEXT_SOURCE_H_
#define STAGECRAFT_CLIENTS_IMPORTER_TEXT_SOURCE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/importer/row.h"
#include "stagecraft/v1/import.pb.h"

namespace stagecraft::client::importer {

// The texts that mean that a value is missing: the empty one, and those that a
// mapping lists.
class MissingTexts {
 public:
  MissingTexts() = default;
  explicit MissingTexts(std::vector<std::string> texts)
      : texts_(std::move(texts)) {}

  bool Contains(absl::string_view text) const {
    if (text.empty()) return true;
    for (const std::string& missing : texts_) {
      if (text == missing) return true;
    }
    return false;
  }

 private:
  std::vector<std::string> texts_;
};

// Immutable; safe from any thread. The MissingTexts must outlive it.
class TextSource {
 public:
  // Adds the columns that it needs to `columns`.
  //
  // Errors: kInvalidArgument, naming the part of the message that is wrong.
  static absl::StatusOr<TextSource> Compile(const v1::ImportMapping::Text& text,
                                            const MissingTexts* missing,
                                            ColumnSet* columns);

  // The text for a row, none if it is missing: if the column's text is, or that
  // of one column of a template, or if it is replaced by nothing. The view
  // points into the row, this object or `scratch`, which is overwritten.
  std::optional<absl::string_view> Get(const Row& row,
                                       std::string* scratch) const;

  // Whether the text is the same for all rows.
  bool is_constant() const { return kind_ == Kind::kConstant; }

  // "column `x`", "template `{x}-{#}`" or "constant", for messages.
  std::string Describe() const;

 private:
  enum class Kind { kColumn, kConstant, kTemplate };
  // A piece of a template: literal text, then a column or the row's number.
  struct Piece {
    static constexpr int kNothing = -1;
    static constexpr int kRowNumber = -2;
    std::string literal;
    int slot = kNothing;
  };

  TextSource() = default;
  absl::Status CompileTemplate(absl::string_view text, ColumnSet* columns);

  Kind kind_ = Kind::kConstant;
  std::string text_;  // The constant, the column's name or the template.
  int slot_ = -1;
  std::vector<Piece> pieces_;
  absl::flat_hash_map<std::string, std::string> replace_;
  const MissingTexts* missing_ = nullptr;
};

}  // namespace stagecraft::client::importer

#endif  // STAGECRAFT_CLIENTS_IMPORTER_TEXT_SOURCE_H_
