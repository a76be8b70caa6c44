// The contents that a stream keeps, by number.
#ifndef STAGECRAFT_SERVICE_STREAM_CONTENTS_H_
#define STAGECRAFT_SERVICE_STREAM_CONTENTS_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/status/status.h"
#include "service/convert_events.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::service {

// Not thread-safe; but what Find has found may be read by any thread, as long
// as this lives.
class StreamContents {
 public:
  // Keeps the contents that come with a batch. Errors: kInvalidArgument, names
  // the number of contents, or their bytes, seen and wanted: then there were
  // too many, and some of them may be kept.
  absl::Status Keep(
      const google::protobuf::RepeatedPtrField<v1::EventContent>& contents);

  // Appends those that `columns` refer to. Errors: kInvalidArgument, names the
  // position, the number seen and that wanted.
  absl::Status Find(const v1::EventColumns& columns,
                    std::vector<const KeptContent*>* found) const;

 private:
  std::deque<KeptContent> contents_;
  int64_t bytes_ = 0;  // Of their messages.
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STREAM_CONTENTS_H_
