// What tests ask of pages.
#ifndef STAGECRAFT_TESTS_SUPPORT_HTML_H_
#define STAGECRAFT_TESTS_SUPPORT_HTML_H_

#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace stagecraft::testing {

// Checks that every element is closed in order, that attributes are quoted, and
// that ids are unique; an empty answer means well-formed.
inline std::string WhatIsMalformed(const std::string& html) {
  const std::set<std::string> kVoid = {"meta", "br"};
  std::vector<std::string> open;
  std::set<std::string> ids;
  size_t at = html.find('>') + 1;  // After the doctype.
  while ((at = html.find('<', at)) != std::string::npos) {
    if (html.compare(at, 7, "<style>") == 0) {
      at = html.find("</style>", at) + 8;
      continue;
    }
    size_t end = at + 1;
    bool quoted = false;
    for (; end < html.size() && (quoted || html[end] != '>'); ++end) {
      if (html[end] == '"') quoted = !quoted;
      if (!quoted && html[end] == '<') return html.substr(at, 80);
    }
    if (end == html.size()) return "unclosed tag " + html.substr(at, 80);
    const std::string tag = html.substr(at + 1, end - at - 1);
    at = end + 1;
    const std::string name = tag.substr(
        tag[0] == '/', tag.find_first_of(" />", 1) - (tag[0] == '/'));
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1)) {
        return absl::StrCat("</", tag.substr(1), "> closes ",
                            open.empty() ? "nothing" : open.back());
      }
      open.pop_back();
    } else if (tag.back() != '/' && kVoid.count(name) == 0) {
      open.push_back(name);
    }
    const size_t id = tag.find(" id=\"");
    if (id != std::string::npos) {
      const std::string value =
          tag.substr(id + 5, tag.find('"', id + 5) - id - 5);
      if (!ids.insert(value).second) return "twice: id " + value;
    }
  }
  return open.empty() ? "" : "left open: " + open.back();
}

// The first of what makes a page need more than itself, or run something; empty
// if there is nothing.
inline std::string WhatComesFromOutside(const std::string& html) {
  for (const char* outside :
       {"<script", "<link", "<img", "src=", "url(", "@import", "http://",
        "https://", "xlink", "<iframe"}) {
    if (absl::StrContains(html, outside)) return outside;
  }
  return "";
}

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_SUPPORT_HTML_H_
