#include "clients/cli/table.h"

#include "gtest/gtest.h"

namespace stagecraft::cli {
namespace {

TEST(TableTest, AlignsColumnsWithoutTrailingSpaces) {
  Table table({{"NAME"}, {"UNITS", Align::kRight}, {"NOTE"}});
  table.AddRow({"a", "1,204", "fine"});
  table.AddRow({"control", "7", ""});
  EXPECT_EQ(table.Render(),
            "NAME     UNITS  NOTE\n"
            "a        1,204  fine\n"
            "control      7\n");
}

TEST(TableTest, Indents) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"xx", "y"});
  EXPECT_EQ(table.Render(2), "  A   B\n  xx  y\n");
}

TEST(TableTest, CountsCharactersAndNotBytes) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"größe", "1"});
  table.AddRow({"12345", "2"});
  EXPECT_EQ(table.Render(),
            "A      B\n"
            "größe  1\n"
            "12345  2\n");
}

TEST(TableTest, FillsUpShortRowsAndCutsLongOnes) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"x"});
  table.AddRow({"x", "y", "z"});
  EXPECT_EQ(table.Render(), "A  B\nx\nx  y\n");
}

TEST(TableTest, ShowsControlCharactersAsSpaces) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"two\nlines", "\x1b[31mred"});
  // U+009B begins a command on some terminals too.
  table.AddRow(
      {"\xc2\x9b"
       "31m",
       "tab\there"});
  EXPECT_EQ(table.Render(),
            "A          B\n"
            "two lines   [31mred\n"
            " 31m       tab here\n");
}

TEST(TableTest, WidthOfText) {
  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("\xe2\x88\x92"
                         "1\xc2\xa0s"),
            4);  // Minus, nbsp.
}

}  // namespace
}  // namespace stagecraft::cli
