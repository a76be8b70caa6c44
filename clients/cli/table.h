// Aligned text tables.
//
//   Table table({{"NAME"}, {"UNITS", Align::kRight}});
//   table.AddRow({"a", "1,204"});
//   out << table.Render();
#ifndef STAGECRAFT_CLIENTS_CLI_TABLE_H_
#define STAGECRAFT_CLIENTS_CLI_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace stagecraft::cli {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

// Columns are as wide as their widest cell, two spaces apart; a width is
// counted in UTF-8 characters. Lines have no trailing spaces. Control
// characters in cells (line ends too) are shown as spaces, so that a row stays
// a row and a name cannot steer the terminal.
class Table {
 public:
  explicit Table(std::vector<Column> columns);

  // Cells that are missing at the end are empty; surplus ones are left out.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // The title line and all rows, each after `indent` spaces and with a line
  // end.
  std::string Render(int indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Number of UTF-8 characters.
int DisplayWidth(absl::string_view text);
// Control characters replaced by spaces.
std::string Printable(absl::string_view text);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_TABLE_H_
