// Pages of lists: sizes and opaque tokens (AIP-158).
//
// A token holds the last name of its page and a fingerprint of the request that
// it belongs to, so that it is refused with another parent or filter.
#ifndef STAGECRAFT_SERVICE_PAGE_TOKEN_H_
#define STAGECRAFT_SERVICE_PAGE_TOKEN_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/catalog.h"

namespace stagecraft::service {

inline constexpr int32_t kDefaultPageSize = 100;
inline constexpr int32_t kMaxPageSize = 1000;
// A page ends early rather than exceed this: gRPC clients refuse messages of
// more than 4 MiB unless they are told otherwise.
inline constexpr size_t kMaxPageBytes = size_t{3} << 20;

// 0 is the default, more than the maximum is the maximum.
// Errors: kInvalidArgument for negative ones.
absl::StatusOr<int32_t> CheckPageSize(int32_t page_size);

// `scope` is what a token is good for: the method and all fields of the request
// that choose what is listed.
std::string MakePageToken(absl::string_view scope, absl::string_view last);

// The last name; empty for an empty token.
// Errors: kInvalidArgument if it is not a token, or one of another scope.
absl::StatusOr<std::string> ParsePageToken(absl::string_view token,
                                           absl::string_view scope);

// Which page is asked for.
struct PageRequest {
  int32_t page_size = 0;
  absl::string_view page_token;
  absl::string_view scope;
  absl::string_view prefix;  // Of the names that are listed.
};

// Calls `add` with the resources of a page for which `wanted` is true, in the
// order of their names. Returns the token of the next page, or nothing after
// the last one. A page holds at least one resource if there is one.
template <typename T>
absl::StatusOr<std::string> ListPage(
    const Documents<T>& documents, const PageRequest& request,
    absl::FunctionRef<bool(const T& resource)> wanted,
    absl::FunctionRef<void(const T& resource)> add) {
  const absl::StatusOr<int32_t> size = CheckPageSize(request.page_size);
  if (!size.ok()) return size.status();
  const absl::StatusOr<std::string> last =
      ParsePageToken(request.page_token, request.scope);
  if (!last.ok()) return last.status();
  const std::string prefix(request.prefix);
  auto it = *last < prefix ? documents.lower_bound(prefix)
                           : documents.upper_bound(*last);
  int32_t count = 0;
  size_t bytes = 0;
  std::string previous;
  for (; it != documents.end() &&
         it->first.compare(0, prefix.size(), prefix) == 0;
       ++it) {
    if (!wanted(*it->second)) continue;
    bytes += it->second->ByteSizeLong();
    if (count == *size || (count > 0 && bytes > kMaxPageBytes)) {
      return MakePageToken(request.scope, previous);
    }
    add(*it->second);
    ++count;
    previous = it->first;
  }
  return std::string();
}

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_PAGE_TOKEN_H_
