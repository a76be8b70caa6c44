#include "clients/cli/table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace stagecraft::cli {

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Render(int indent) const {
  std::vector<int> widths;
  std::vector<std::string> titles;
  for (const Column& column : columns_) {
    widths.push_back(DisplayWidth(column.title));
    titles.push_back(column.title);
  }
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  std::string out;
  const auto append = [&](const std::vector<std::string>& row) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - DisplayWidth(row[i]), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ",
                      columns_[i].align == Align::kRight ? gap : "", row[i],
                      columns_[i].align == Align::kLeft ? gap : "");
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, line, "\n");
  };
  append(titles);
  for (const auto& row : rows_) append(row);
  return out;
}

int DisplayWidth(absl::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string Printable(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = text[i];
    const unsigned char next = i + 1 < text.size() ? text[i + 1] : 0;
    if (byte < 0x20 || byte == 0x7f) {
      out.push_back(' ');
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
      out.push_back(' ');  // U+0080 to U+009F.
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace stagecraft::cli
