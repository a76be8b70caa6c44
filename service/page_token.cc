#include "service/page_token.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/hash.h"
#include "engine/store/key_codec.h"
#include "engine/text.h"

namespace stagecraft::service {
namespace {

constexpr uint8_t kVersion = 1;

absl::Status NotAToken(absl::string_view token) {
  return absl::InvalidArgumentError(
      absl::StrCat("page_token is ", engine::Quote(token),
                   ", want the next_page_token of a page before"));
}

}  // namespace

absl::StatusOr<int32_t> CheckPageSize(int32_t page_size) {
  if (page_size < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size is ", page_size, ", want 0 (for ",
                     kDefaultPageSize, ") to ", kMaxPageSize));
  }
  return page_size == 0 ? kDefaultPageSize : std::min(page_size, kMaxPageSize);
}

// byte version, uint64 hash of the scope, uint64 hash of what follows and the
// scope, the name.
std::string MakePageToken(absl::string_view scope, absl::string_view last) {
  std::string token;
  engine::AppendByte(kVersion, &token);
  engine::AppendUint64(engine::HashBytes(scope), &token);
  engine::AppendUint64(engine::HashBytes(absl::StrCat(last, "\n", scope)),
                       &token);
  absl::StrAppend(&token, last);
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<std::string> ParsePageToken(absl::string_view token,
                                           absl::string_view scope) {
  if (token.empty()) return std::string();
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(token, &bytes)) return NotAToken(token);
  engine::KeyDecoder decoder(bytes);
  const absl::StatusOr<uint8_t> version = decoder.ReadByte();
  if (!version.ok() || *version != kVersion) return NotAToken(token);
  const absl::StatusOr<uint64_t> scope_hash = decoder.ReadUint64();
  const absl::StatusOr<uint64_t> hash = decoder.ReadUint64();
  if (!scope_hash.ok() || !hash.ok()) return NotAToken(token);
  const absl::string_view last = decoder.rest();
  if (last.empty()) return NotAToken(token);
  if (*scope_hash != engine::HashBytes(scope)) {
    return absl::InvalidArgumentError(
        "page_token belongs to another list, want the same parent and filter "
        "as in the request that it came from");
  }
  if (*hash != engine::HashBytes(absl::StrCat(last, "\n", scope))) {
    return NotAToken(token);
  }
  return std::string(last);
}

}  // namespace stagecraft::service
