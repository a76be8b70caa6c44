#include "service/stream_contents.h"

#include "absl/strings/str_cat.h"
#include "service/wire/kept_contents.h"

namespace stagecraft::service {

absl::Status StreamContents::Keep(
    const google::protobuf::RepeatedPtrField<v1::EventContent>& contents) {
  if (contents_.size() + contents.size() > kMaxKeptContents) {
    return absl::InvalidArgumentError(absl::StrCat(
        "contents has ", contents.size(), " entries, with which the stream ",
        "would keep ", contents_.size() + contents.size(), ", want at most ",
        kMaxKeptContents));
  }
  for (const v1::EventContent& content : contents) {
    bytes_ += static_cast<int64_t>(content.ByteSizeLong());
    if (bytes_ > kMaxKeptContentBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          "contents: the stream would keep ", bytes_, " bytes of them, want ",
          "at most ", kMaxKeptContentBytes));
    }
    contents_.push_back(ToKept(content));
  }
  return absl::OkStatus();
}

absl::Status StreamContents::Find(
    const v1::EventColumns& columns,
    std::vector<const KeptContent*>* found) const {
  found->reserve(found->size() + columns.stream_contents_size());
  for (int i = 0; i < columns.stream_contents_size(); ++i) {
    const uint32_t number = columns.stream_contents(i);
    if (number >= contents_.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "columns.stream_contents[", i, "] is ", number, ", want less than ",
          contents_.size(), ", the number of contents that the stream keeps"));
    }
    found->push_back(&contents_[number]);
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::service
