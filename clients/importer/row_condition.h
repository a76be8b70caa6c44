// A condition on a row: Condition of common.proto over columns, compiled.
#ifndef STAGECRAFT_CLIENTS_IMPORTER_ROW_CONDITION_H_
#define STAGECRAFT_CLIENTS_IMPORTER_ROW_CONDITION_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/importer/row.h"
#include "clients/importer/text_source.h"
#include "stagecraft/v1/common.pb.h"

namespace stagecraft::client::importer {

// A column is absent if its text is missing. Columns are texts, so that the
// constant decides how they are read: `EQUALS` and its kin compare as text, as
// number (1 equals `1.0`) or as truth value (`true` equals `yes`); a column
// that cannot be read so is not equal. Ordering operators compare numbers.
//
// Immutable; safe from any thread. The MissingTexts must outlive it.
class RowCondition {
 public:
  // Adds its column to `columns`.
  //
  // Errors: kInvalidArgument if operator and values do not fit.
  static absl::StatusOr<RowCondition> Compile(const v1::Condition& condition,
                                              const MissingTexts* missing,
                                              ColumnSet* columns);

  // Whether the condition holds for the row.
  //
  // Errors: kInvalidArgument if an ordering operator meets a text that is there
  // but no number.
  absl::StatusOr<bool> Holds(const Row& row) const;

 private:
  RowCondition() = default;
  bool EqualsAny(absl::string_view text) const;

  std::string column_;
  int slot_ = -1;
  v1::Condition::Operator operator_ = v1::Condition::OPERATOR_UNSPECIFIED;
  absl::flat_hash_set<std::string> texts_;
  std::vector<double> numbers_;
  std::vector<bool> truths_;
  const MissingTexts* missing_ = nullptr;
};

// Reads the whole text as a finite number / as a truth value: true, false, t,
// f, yes, no, y, n, 1, 0 in any case.
bool ParseNumber(absl::string_view text, double* number);
bool ParseTruth(absl::string_view text, bool* truth);

}  // namespace stagecraft::client::importer

#endif  // STAGECRAFT_CLIENTS_IMPORTER_ROW_CONDITION_H_
