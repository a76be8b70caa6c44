// All methods of StatisticsService.
#ifndef STAGECRAFT_SERVICE_STATISTICS_METHODS_H_
#define STAGECRAFT_SERVICE_STATISTICS_METHODS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "service/statistics/method.h"

namespace stagecraft::service {

// In the order of the families, then as each family lists them.
const std::vector<Method>& AllMethods();

// By its name on the command line or that of the rpc; null if there is none.
const Method* FindMethod(absl::string_view name);
// By the type of its request; null if there is none.
const Method* FindMethod(const google::protobuf::Descriptor* request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_METHODS_H_
