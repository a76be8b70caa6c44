#include "service/update_mask.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/field_mask_util.h"
#include "google/protobuf/util/message_differencer.h"

namespace stagecraft::service {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::FieldMask;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;
using ::google::protobuf::util::FieldMaskUtil;
using ::google::protobuf::util::MessageDifferencer;

bool IsSubMessage(const FieldDescriptor& field) {
  return !field.is_repeated() &&
         field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

// Fields of the server: why `field` cannot be written, or nothing.
absl::string_view ServerField(absl::string_view field,
                              absl::Span<const absl::string_view> output_only) {
  if (field == "name") return "never changes";
  if (field == "etag") return "is set by the server";
  if (std::find(output_only.begin(), output_only.end(), field) !=
      output_only.end()) {
    return "is output only";
  }
  return "";
}

absl::Status CheckPath(absl::string_view path, const Message& resource,
                       absl::Span<const absl::string_view> output_only) {
  const Descriptor* descriptor = resource.GetDescriptor();
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  const absl::string_view reason = ServerField(parts[0], output_only);
  if (!reason.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("update_mask names ", engine::Quote(path), ", which ",
                     reason, ", want fields that a client may write"));
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field =
        descriptor == nullptr ? nullptr : descriptor->FindFieldByName(parts[i]);
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("update_mask names ", engine::Quote(path),
                       ", want a path to a field of ",
                       std::string(resource.GetDescriptor()->name())));
    }
    if (i + 1 < parts.size() && !IsSubMessage(*field)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "update_mask names ", engine::Quote(path), ", which leads into ",
          parts[i], ", want ", parts[i], " as a whole"));
    }
    descriptor = IsSubMessage(*field) ? field->message_type() : nullptr;
  }
  return absl::OkStatus();
}

// All paths that a client may write.
std::vector<std::string> AllPaths(
    const Message& resource, absl::Span<const absl::string_view> output_only) {
  std::vector<std::string> paths;
  const Descriptor& descriptor = *resource.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const std::string name(descriptor.field(i)->name());
    if (ServerField(name, output_only).empty()) paths.push_back(name);
  }
  return paths;
}

void ApplyPath(const std::string& path, const Message& source,
               Message* target) {
  // Walk down on both sides as long as the source has the messages.
  const Message* from = &source;
  Message* to = target;
  std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field =
        from->GetDescriptor()->FindFieldByName(parts[i]);
    const bool is_set = field->is_repeated()
                            ? from->GetReflection()->FieldSize(*from, field) > 0
                            : from->GetReflection()->HasField(*from, field);
    if (i + 1 == parts.size()) {
      to->GetReflection()->ClearField(to, field);
      if (!is_set) return;
      FieldMask leaf;
      leaf.add_paths(parts[i]);
      FieldMaskUtil::MergeOptions options;
      options.set_replace_message_fields(true);
      options.set_replace_repeated_fields(true);
      FieldMaskUtil::MergeMessageTo(*from, leaf, options, to);
      return;
    }
    if (!is_set && !to->GetReflection()->HasField(*to, field)) return;
    // Where the source has none, this is the default message: clears the leaf.
    from = &from->GetReflection()->GetMessage(*from, field);
    to = to->GetReflection()->MutableMessage(to, field);
  }
}

// Whether one field is the same in both.
bool SameField(const Message& a, const Message& b,
               const FieldDescriptor* field) {
  MessageDifferencer differencer;
  return differencer.CompareWithFields(a, b, {field}, {field});
}

void AppendDifferences(const Message& a, const Message& b,
                       const std::string& prefix,
                       std::vector<std::string>* paths) {
  const Descriptor& descriptor = *a.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor* field = descriptor.field(i);
    const bool in_a = field->is_repeated()
                          ? a.GetReflection()->FieldSize(a, field) > 0
                          : a.GetReflection()->HasField(a, field);
    const bool in_b = field->is_repeated()
                          ? b.GetReflection()->FieldSize(b, field) > 0
                          : b.GetReflection()->HasField(b, field);
    if (!in_a && !in_b) continue;
    const std::string path = absl::StrCat(prefix, std::string(field->name()));
    if (in_a && in_b && IsSubMessage(*field)) {
      AppendDifferences(a.GetReflection()->GetMessage(a, field),
                        b.GetReflection()->GetMessage(b, field),
                        absl::StrCat(path, "."), paths);
    } else if (in_a != in_b || !SameField(a, b, field)) {
      paths->push_back(path);
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ResolveMask(
    const FieldMask& mask, const Message& resource,
    absl::Span<const absl::string_view> output_only) {
  std::vector<std::string> paths;
  if (mask.paths_size() == 1 && mask.paths(0) == "*") {
    return AllPaths(resource, output_only);
  }
  for (const std::string& path : mask.paths()) {
    if (absl::Status status = CheckPath(path, resource, output_only);
        !status.ok()) {
      return status;
    }
    paths.push_back(path);
  }
  if (!paths.empty()) return paths;
  std::vector<const FieldDescriptor*> fields;
  resource.GetReflection()->ListFields(resource, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name(field->name());
    if (ServerField(name, output_only).empty()) paths.push_back(name);
  }
  return paths;
}

void ApplyMask(absl::Span<const std::string> paths, const Message& source,
               Message* target) {
  // Of a oneof only the field that is set may win, whatever the order: clear
  // first, then set.
  const auto is_set = [&source](const std::string& path) {
    const FieldDescriptor* field = source.GetDescriptor()->FindFieldByName(
        std::string(path.substr(0, path.find('.'))));
    return field->is_repeated()
               ? source.GetReflection()->FieldSize(source, field) > 0
               : source.GetReflection()->HasField(source, field);
  };
  for (const std::string& path : paths) {
    if (!is_set(path)) ApplyPath(path, source, target);
  }
  for (const std::string& path : paths) {
    if (is_set(path)) ApplyPath(path, source, target);
  }
}

void ClearServerFields(absl::Span<const absl::string_view> output_only,
                       Message* resource) {
  const Descriptor& descriptor = *resource->GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor* field = descriptor.field(i);
    if (!ServerField(std::string(field->name()), output_only).empty()) {
      resource->GetReflection()->ClearField(resource, field);
    }
  }
}

std::vector<std::string> Differences(const Message& a, const Message& b) {
  std::vector<std::string> paths;
  AppendDifferences(a, b, "", &paths);
  return paths;
}

}  // namespace stagecraft::service
