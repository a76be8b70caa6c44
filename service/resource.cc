#include "service/resource.h"

#include "engine/journey.h"

namespace stagecraft::service {

absl::Status CheckNewId(absl::string_view id, absl::string_view field) {
  return engine::ValidateId(id, field);
}

absl::Status Missing(absl::string_view field) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is missing, want one"));
}

absl::Status NoSuch(absl::string_view kind, absl::string_view name) {
  return absl::NotFoundError(
      absl::StrCat("no ", kind, " is named ", engine::Quote(name)));
}

}  // namespace stagecraft::service
