#include "clients/report/html.h"

#include <cmath>
#include <string>

#include "gtest/gtest.h"

namespace stagecraft::client {
namespace {

TEST(EscapeHtmlTest, MakesMarkupHarmless) {
  EXPECT_EQ(EscapeHtml("<script>alert('a & \"b\"')</script>"),
            "&lt;script&gt;alert(&#39;a &amp; &quot;b&quot;&#39;)&lt;/script"
            "&gt;");
}

TEST(EscapeHtmlTest, KeepsValidUtf8) {
  // Two, three and four bytes.
  const std::string text =
      "\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x9A\x80\n\t";
  EXPECT_EQ(EscapeHtml(text), text);
}

TEST(EscapeHtmlTest, ReplacesWhatHtmlForbids) {
  struct Row {
    const char* name;
    std::string in, out;
  };
  const std::string bad = "\xEF\xBF\xBD";
  const Row rows[] = {
      {"NUL", std::string("a\0b", 3), "a" + bad + "b"},
      {"escape", "a\x1B[0m", "a" + bad + "[0m"},
      {"C1", "\xC2\x85", bad},
      {"lone continuation", "\x80x", bad + "x"},
      {"cut short", "x\xE6\x97", "x" + bad + bad},
      {"overlong <", "\xC0\xBC", bad + bad},
      {"surrogate", "\xED\xA0\x80", bad + bad + bad},
      {"beyond U+10FFFF", "\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"non-character", "\xEF\xBF\xBE", bad},
      {"continuation missing, then markup", "\xE6<b>", bad + "&lt;b&gt;"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(EscapeHtml(row.in), row.out) << row.name;
  }
}

TEST(HtmlTest, KeepsTheDirectionOfUserTextApart) {
  Html html;
  html.Raw("<p>").User("\xE2\x80\xAE<x>").Raw("</p>");
  EXPECT_EQ(html.str(), "<p><bdi>\xE2\x80\xAE&lt;x&gt;</bdi></p>");
}

TEST(HtmlTest, CoordinatesAreAlwaysNumbers) {
  Html html;
  html.Coordinate(1.0 / 3)
      .Raw(" ")
      .Coordinate(-0.001)
      .Raw(" ")
      .Coordinate(NAN)
      .Raw(" ")
      .Coordinate(INFINITY);
  EXPECT_EQ(html.str(), "0.33 0.00 0.00 0.00");
}

}  // namespace
}  // namespace stagecraft::client
