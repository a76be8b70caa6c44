#include "clients/importer/mapping.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace stagecraft::client::importer {
namespace {

constexpr size_t kMaxEventIdBytes = 128;
constexpr size_t kMaxUnitIdBytes = 256;
constexpr int kMaxAttributes = 64;
constexpr size_t kMaxAttributeKeyBytes = 128;
constexpr size_t kMaxAttributeTextBytes = 1024;
constexpr int kMaxRules = 50;
constexpr int kMaxConditions = 256;
constexpr char kExperimentKey[] = "experiment";
constexpr char kVariantKey[] = "variant";

absl::Status Prefix(absl::string_view path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(path, ".", status.message()));
}

bool IsExperimentName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  return parts.size() == 4 && parts[0] == "journeys" && !parts[1].empty() &&
         parts[2] == "experiments" && !parts[3].empty();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Mapping>> Mapping::Compile(
    const v1::ImportMapping& mapping) {
  std::unique_ptr<Mapping> compiled(new Mapping);
  if (absl::Status status = compiled->CompileAll(mapping); !status.ok()) {
    return status;
  }
  return compiled;
}

absl::Status Mapping::CompileAll(const v1::ImportMapping& mapping) {
  missing_ = MissingTexts({mapping.missing().begin(), mapping.missing().end()});
  if (!mapping.has_unit()) {
    return absl::InvalidArgumentError(
        "unit is not set, want a column, a constant or a template");
  }
  absl::StatusOr<Field> unit = CompileField(mapping.unit(), "unit");
  if (!unit.ok()) return unit.status();
  unit_ = *std::move(unit);
  if (unit_->source.is_constant()) {
    const auto id = GetId(Row(), *unit_, kMaxUnitIdBytes);
    if (!id.ok()) return id.status();
  }
  auto attributes = CompileAttributes(mapping.attributes(), "");
  if (!attributes.ok()) return attributes.status();
  attributes_ = *std::move(attributes);
  if (mapping.rules_size() < 1 || mapping.rules_size() > kMaxRules) {
    return absl::InvalidArgumentError(
        absl::StrCat("rules has ", mapping.rules_size(),
                     " elements, want 1 to ", kMaxRules));
  }
  for (int i = 0; i < mapping.rules_size(); ++i) {
    if (absl::Status status = CompileRule(mapping.rules(i), i); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status Mapping::CompileRule(const v1::ImportMapping::Rule& rule,
                                  int index) {
  Rule result;
  result.path = absl::StrCat("rules[", index, "]");
  const struct {
    bool is_set;
    const v1::ImportMapping::Text& text;
    const char* name;
    std::optional<Field>* field;
  } kFields[] = {
      {rule.has_name(), rule.name(), "name", &result.name},
      {rule.has_time(), rule.time(), "time", &result.time},
      {rule.has_value(), rule.value(), "value", &result.value},
      {rule.has_event_id(), rule.event_id(), "event_id", &result.event_id},
      {rule.has_variant(), rule.variant(), "variant", &result.variant},
  };
  for (const auto& part : kFields) {
    if (!part.is_set) continue;
    absl::StatusOr<Field> field =
        CompileField(part.text, absl::StrCat(result.path, ".", part.name));
    if (!field.ok()) return field.status();
    *part.field = *std::move(field);
  }
  const auto error = [&result](absl::string_view message) {
    return absl::InvalidArgumentError(absl::StrCat(result.path, ".", message));
  };
  if (!result.time.has_value()) {
    return error("time is not set, want a column, a constant or a template");
  }
  if (result.variant.has_value()) {
    if (result.name.has_value()) {
      return error(
          "name is set together with variant, want one: the name of an "
          "exposure is stagecraft.exposure");
    }
    if (!IsExperimentName(rule.experiment())) {
      return error(absl::StrCat(
          "experiment is ", Quoted(rule.experiment()),
          ", want journeys/{journey}/experiments/{experiment} for variant"));
    }
    result.experiment = rule.experiment();
  } else {
    if (!result.name.has_value()) {
      return error("name is not set, want it, or variant for an exposure");
    }
    if (!rule.experiment().empty()) {
      return error(absl::StrCat("experiment is ", Quoted(rule.experiment()),
                                " without variant, want both or none"));
    }
  }
  absl::StatusOr<TimeFormat> format = TimeFormat::Compile(rule.time_format());
  if (!format.ok()) return Prefix(result.path, format.status());
  result.time_format = *std::move(format);
  if (rule.when_size() > kMaxConditions) {
    return error(absl::StrCat("when has ", rule.when_size(),
                              " elements, want at most ", kMaxConditions));
  }
  for (int i = 0; i < rule.when_size(); ++i) {
    auto condition = RowCondition::Compile(rule.when(i), &missing_, &columns_);
    if (!condition.ok()) {
      return Prefix(absl::StrCat(result.path, ".when[", i, "]"),
                    condition.status());
    }
    result.conditions.push_back(*std::move(condition));
  }
  auto attributes =
      CompileAttributes(rule.attributes(), absl::StrCat(result.path, "."));
  if (!attributes.ok()) return attributes.status();
  result.attributes = *std::move(attributes);
  if (absl::Status status = CheckAttributeKeys(result); !status.ok()) {
    return status;
  }

  const Row none;
  if (result.time->source.is_constant()) {
    const auto time = GetTime(none, result);
    if (!time.ok()) return time.status();
  }
  if (result.name.has_value() && result.name->source.is_constant()) {
    const auto name = GetName(none, *result.name);
    if (!name.ok()) return name.status();
  }
  if (result.event_id.has_value() && result.event_id->source.is_constant()) {
    const auto id = GetId(none, *result.event_id, kMaxEventIdBytes);
    if (!id.ok()) return id.status();
  }
  if (result.value.has_value() && result.value->source.is_constant()) {
    const auto value = GetValue(none, *result.value);
    if (!value.ok()) return value.status();
  }
  rules_.push_back(std::move(result));
  return absl::OkStatus();
}

absl::StatusOr<Mapping::Field> Mapping::CompileField(
    const v1::ImportMapping::Text& text, std::string path) {
  absl::StatusOr<TextSource> source =
      TextSource::Compile(text, &missing_, &columns_);
  if (!source.ok()) return Prefix(path, source.status());
  return Field{std::move(path), *std::move(source)};
}

absl::StatusOr<std::vector<Mapping::Attribute>> Mapping::CompileAttributes(
    const google::protobuf::RepeatedPtrField<v1::ImportMapping::Attribute>&
        attributes,
    absl::string_view path) {
  std::vector<Attribute> result;
  for (int i = 0; i < attributes.size(); ++i) {
    const v1::ImportMapping::Attribute& attribute = attributes[i];
    const std::string place = absl::StrCat(path, "attributes[", i, "]");
    if (attribute.key().empty() ||
        attribute.key().size() > kMaxAttributeKeyBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, ".key is ", Quoted(attribute.key()),
                       ", want 1 to ", kMaxAttributeKeyBytes, " bytes"));
    }
    Type type;
    if (attribute.type().empty() || attribute.type() == "string") {
      type = Type::kString;
    } else if (attribute.type() == "number") {
      type = Type::kNumber;
    } else if (attribute.type() == "bool") {
      type = Type::kBool;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat(place, ".type is ", Quoted(attribute.type()),
                       ", want string, number or bool"));
    }
    absl::StatusOr<Field> value =
        CompileField(attribute.value(), absl::StrCat(place, ".value"));
    if (!value.ok()) return value.status();
    result.push_back(Attribute{attribute.key(), type, *std::move(value)});
    if (result.back().value.source.is_constant()) {
      v1::AttributeValue unused;
      const auto is_set = GetAttribute(Row(), result.back(), &unused);
      if (!is_set.ok()) return is_set.status();
    }
  }
  return result;
}

absl::Status Mapping::CheckAttributeKeys(const Rule& rule) const {
  absl::flat_hash_set<absl::string_view> keys;
  if (rule.variant.has_value()) keys = {kExperimentKey, kVariantKey};
  for (const auto* attributes : {&attributes_, &rule.attributes}) {
    for (const Attribute& attribute : *attributes) {
      if (keys.insert(attribute.key).second) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          rule.path, " has the attribute ", Quoted(attribute.key),
          " twice, want one (the mapping's attributes count, and for an "
          "exposure experiment and variant)"));
    }
  }
  if (keys.size() > kMaxAttributes) {
    return absl::InvalidArgumentError(absl::StrCat(
        rule.path, " has ", keys.size(),
        " attributes with the mapping's, want at most ", kMaxAttributes));
  }
  return absl::OkStatus();
}

absl::Status Mapping::Apply(const Row& row, std::vector<v1::Event>* events) {
  events->clear();
  content_hash_.reset();
  bool is_first = true;
  for (size_t i = 0; i < rules_.size(); ++i) {
    bool holds = true;
    for (size_t j = 0; holds && j < rules_[i].conditions.size(); ++j) {
      const absl::StatusOr<bool> result = rules_[i].conditions[j].Holds(row);
      if (!result.ok()) {
        return absl::Status(result.status().code(),
                            absl::StrCat(rules_[i].path, ".when[", j,
                                         "]: ", result.status().message()));
      }
      holds = *result;
    }
    if (!holds) continue;
    if (is_first) {
      is_first = false;
      const auto unit = GetId(row, *unit_, kMaxUnitIdBytes);
      if (!unit.ok()) return unit.status();
      unit_id_.assign(unit->data(), unit->size());
      shared_.clear();
      for (const Attribute& attribute : attributes_) {
        v1::AttributeValue value;
        const auto is_set = GetAttribute(row, attribute, &value);
        if (!is_set.ok()) return is_set.status();
        if (*is_set) shared_.emplace_back(&attribute.key, std::move(value));
      }
    }
    events->emplace_back();
    if (absl::Status status = ApplyRule(row, i, &events->back());
        !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status Mapping::ApplyRule(const Row& row, size_t index,
                                v1::Event* event) {
  Rule& rule = rules_[index];
  event->set_unit_id(unit_id_);
  auto& attributes = *event->mutable_attributes();
  for (const auto& [key, value] : shared_) attributes[*key] = value;
  for (const Attribute& attribute : rule.attributes) {
    v1::AttributeValue value;
    const auto is_set = GetAttribute(row, attribute, &value);
    if (!is_set.ok()) return is_set.status();
    if (*is_set) attributes[attribute.key] = std::move(value);
  }
  if (rule.variant.has_value()) {
    event->set_name("stagecraft.exposure");
    const auto variant = GetId(row, *rule.variant, kMaxAttributeTextBytes);
    if (!variant.ok()) return variant.status();
    attributes[kExperimentKey].set_string_value(rule.experiment);
    attributes[kVariantKey].set_string_value(variant->data(), variant->size());
  } else {
    const auto name = GetName(row, *rule.name);
    if (!name.ok()) return name.status();
    event->set_name(name->data(), name->size());
  }
  const auto time = GetTime(row, rule);
  if (!time.ok()) return time.status();
  const int64_t seconds = absl::ToUnixSeconds(*time);
  event->mutable_time()->set_seconds(seconds);
  event->mutable_time()->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(*time - absl::FromUnixSeconds(seconds))));
  if (rule.value.has_value()) {
    const auto value = GetValue(row, *rule.value);
    if (!value.ok()) return value.status();
    if (value->has_value()) event->set_value(**value);
  }
  if (rule.event_id.has_value()) {
    const auto id = GetId(row, *rule.event_id, kMaxEventIdBytes);
    if (!id.ok()) return id.status();
    event->set_event_id(id->data(), id->size());
  } else {
    event->set_event_id(HashedId(row, index, *event, *time));
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::client::importer
