// The values that a Mapping takes from a row, each with its limits.
#include <xxhash.h>

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/importer/mapping.h"

namespace stagecraft::client::importer {
namespace {

constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMaxAttributeTextBytes = 1024;
constexpr double kMaxValue = 1e9;
constexpr char kReservedPrefix[] = "stagecraft.";

absl::Status BadText(absl::string_view path, const TextSource& source,
                     absl::string_view text, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": ", source.Describe(), " is ", Quoted(text), ", want ", want));
}

absl::Status MissingText(absl::string_view path, const TextSource& source,
                         absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", source.Describe(), " is missing, want ", want));
}

// Little-endian on any machine.
void AppendNumber(uint64_t number, std::string* out) {
  for (int i = 0; i < 8; ++i) {
    out->push_back(static_cast<char>(number >> (8 * i)));
  }
}

void AppendText(absl::string_view text, std::string* out) {
  AppendNumber(text.size(), out);
  out->append(text.data(), text.size());
}

}  // namespace

absl::StatusOr<absl::string_view> Mapping::GetId(const Row& row,
                                                 const Field& field,
                                                 size_t max_bytes) {
  const auto text = field.source.Get(row, &scratch_);
  if (text.has_value() && text->size() <= max_bytes) return *text;
  const std::string want = absl::StrCat("1 to ", max_bytes, " bytes");
  return text.has_value() ? BadText(field.path, field.source, *text, want)
                          : MissingText(field.path, field.source, want);
}

absl::StatusOr<absl::string_view> Mapping::GetName(const Row& row,
                                                   const Field& field) {
  const auto name = GetId(row, field, kMaxNameBytes);
  if (name.ok() && absl::StartsWith(*name, kReservedPrefix)) {
    return BadText(field.path, field.source, *name,
                   "a name that does not begin with stagecraft. (set variant "
                   "and experiment for an exposure)");
  }
  return name;
}

absl::StatusOr<absl::Time> Mapping::GetTime(const Row& row, Rule& rule) {
  const TextSource& source = rule.time->source;
  const auto text = source.Get(row, &scratch_);
  if (!text.has_value()) {
    return MissingText(rule.time->path, source,
                       "a time (or a `when` with EXISTS, if rows without one "
                       "give no event)");
  }
  if (*text == rule.last_time_text) return rule.last_time;
  const absl::StatusOr<absl::Time> time = rule.time_format->Parse(*text);
  if (!time.ok()) {
    return BadText(rule.time->path, source, *text,
                   absl::string_view(time.status().message()));
  }
  rule.last_time_text.assign(text->data(), text->size());
  rule.last_time = *time;
  return *time;
}

absl::StatusOr<std::optional<double>> Mapping::GetValue(const Row& row,
                                                        const Field& field) {
  const auto text = field.source.Get(row, &scratch_);
  if (!text.has_value()) return std::optional<double>();
  double value;
  if (!ParseNumber(*text, &value) || value < -kMaxValue || value > kMaxValue) {
    return BadText(field.path, field.source, *text,
                   "a number between -1e9 and 1e9");
  }
  return std::optional<double>(value);
}

absl::StatusOr<bool> Mapping::GetAttribute(const Row& row,
                                           const Attribute& attribute,
                                           v1::AttributeValue* value) {
  const TextSource& source = attribute.value.source;
  const auto text = source.Get(row, &scratch_);
  if (!text.has_value()) return false;
  switch (attribute.type) {
    case Type::kString:
      if (text->size() > kMaxAttributeTextBytes) {
        return BadText(
            attribute.value.path, source, *text,
            absl::StrCat("at most ", kMaxAttributeTextBytes, " bytes"));
      }
      value->set_string_value(text->data(), text->size());
      break;
    case Type::kNumber: {
      double number;
      if (!ParseNumber(*text, &number)) {
        return BadText(attribute.value.path, source, *text, "a finite number");
      }
      value->set_number_value(number);
      break;
    }
    case Type::kBool: {
      bool truth;
      if (!ParseTruth(*text, &truth)) {
        return BadText(attribute.value.path, source, *text,
                       "true or false (yes or no, 1 or 0)");
      }
      value->set_bool_value(truth);
      break;
    }
  }
  return true;
}

std::string Mapping::HashedId(const Row& row, size_t index,
                              const v1::Event& event, absl::Time time) {
  if (!content_hash_.has_value()) {
    const XXH128_hash_t hash =
        XXH3_128bits(row.content.data(), row.content.size());
    content_hash_.emplace(hash.high64, hash.low64);
  }
  hash_input_.clear();
  AppendNumber(index, &hash_input_);
  AppendText(event.unit_id(), &hash_input_);
  AppendText(event.name(), &hash_input_);
  AppendNumber(absl::ToUnixNanos(time), &hash_input_);
  AppendNumber(content_hash_->first, &hash_input_);
  AppendNumber(content_hash_->second, &hash_input_);
  const XXH128_hash_t hash =
      XXH3_128bits(hash_input_.data(), hash_input_.size());
  return absl::StrFormat("%016x%016x", hash.high64, hash.low64);
}

}  // namespace stagecraft::client::importer
