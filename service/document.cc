#include "service/document.h"

#include "absl/strings/str_cat.h"
#include "engine/text.h"

namespace stagecraft::service {

std::string EncodeDocument(const google::protobuf::Message& message) {
  std::string value(1, static_cast<char>(kDocumentVersion));
  message.AppendToString(&value);
  return value;
}

absl::Status DecodeDocument(absl::string_view key, absl::string_view value,
                            google::protobuf::Message* message) {
  const int version = value.empty() ? 0 : static_cast<unsigned char>(value[0]);
  if (version > kDocumentVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the document at ", engine::Quote(key), " is of version ",
                     version, ", want at most ", int{kDocumentVersion},
                     ": it was written by a newer program"));
  }
  if (version == kDocumentVersion &&
      message->ParseFromArray(value.data() + 1,
                              static_cast<int>(value.size()) - 1)) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      "the document at ", engine::Quote(key), " is damaged, want a ",
      std::string(message->GetDescriptor()->name())));
}

}  // namespace stagecraft::service
