// Did you mean? Which known names are near one that is not known.
#ifndef STAGECRAFT_CLIENTS_CLI_NEAREST_H_
#define STAGECRAFT_CLIENTS_CLI_NEAREST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace stagecraft::cli {

// The fewest insertions, deletions and replacements of a byte, and swaps of two
// neighbours, that make `b` of `a`; letter case does not count.
int EditDistance(absl::string_view a, absl::string_view b);

// `known`, the nearest to `name` first; equally near ones in their order. One
// that holds `name` as a part comes before those that do not.
std::vector<std::string> NearestFirst(absl::string_view name,
                                      std::vector<std::string> known);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_NEAREST_H_
