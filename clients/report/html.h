#ifndef STAGECRAFT_CLIENTS_REPORT_HTML_H_
#define STAGECRAFT_CLIENTS_REPORT_HTML_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace stagecraft::client {

// `text` as HTML character data, safe in elements and in quoted attributes.
//
// `& < > " '` become entities. Bytes that are not UTF-8 (also surrogates,
// overlong forms and code points beyond U+10FFFF), control characters other
// than tab, line feed and carriage return, and the non-characters of Unicode
// become U+FFFD.
std::string EscapeHtml(absl::string_view text);

// A piece of HTML that cannot be broken by data: markup comes from string
// literals of this program, and everything else is escaped.
//
//   Html html;
//   html.Raw("<td class=\"").Text(name).Raw("\">").User(comment).Raw("</td>");
class Html {
 public:
  // Adds markup. Takes string literals only; a std::string does not compile.
  template <size_t N>
  Html& Raw(const char (&markup)[N]) {
    out_.append(markup, N - 1);
    return *this;
  }
  template <size_t N>
  Html& Raw(char (&)[N]) = delete;

  // Adds text of this program or numbers, escaped.
  Html& Text(absl::string_view text);
  // Adds text of users, escaped and kept apart from the direction of writing
  // around it, so that it cannot reorder our numbers. Not for attributes.
  Html& User(absl::string_view text);
  // Adds a coordinate with two decimals; what is not finite becomes 0.
  Html& Coordinate(double value);
  // Adds markup that was built by this class.
  Html& Add(const Html& other);

  bool empty() const { return out_.empty(); }
  const std::string& str() const { return out_; }

 private:
  std::string out_;
};

// The style sheet of the report, as one <style> element.
void AddStyle(Html& html);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_HTML_H_
