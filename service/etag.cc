#include "service/etag.h"

#include "absl/strings/str_cat.h"
#include "engine/hash.h"
#include "engine/text.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace stagecraft::service {

uint64_t Fingerprint(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&coded);
  }
  return engine::HashBytes(bytes);
}

std::string MakeEtag(const google::protobuf::Message& resource) {
  return absl::StrCat(absl::Hex(Fingerprint(resource), absl::kZeroPad16));
}

absl::Status CheckEtag(absl::string_view name, absl::string_view given,
                       absl::string_view current) {
  if (given.empty() || given == current) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(
      "etag is ", engine::Quote(given), ", want ", engine::Quote(current),
      ", the current one of ", name, ": read it again and repeat the change"));
}

}  // namespace stagecraft::service
