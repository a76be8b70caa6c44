#include "clients/cli/resource_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/json_io.h"
#include "google/protobuf/util/message_differencer.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/journey.pb.h"
#include "stagecraft/v1/kpi.pb.h"
#include "stagecraft/v1/layer.pb.h"

namespace stagecraft::cli {
namespace {

constexpr Kind kOrder[] = {Kind::kLayer, Kind::kJourney, Kind::kKpi,
                           Kind::kExperiment};

std::shared_ptr<google::protobuf::Message> NewMessage(Kind kind) {
  switch (kind) {
    case Kind::kLayer:
      return std::make_shared<v1::Layer>();
    case Kind::kKpi:
      return std::make_shared<v1::Kpi>();
    case Kind::kExperiment:
      return std::make_shared<v1::Experiment>();
    default:
      return std::make_shared<v1::Journey>();
  }
}

class Reader {
 public:
  Reader(absl::string_view text, absl::string_view origin)
      : text_(text), origin_(origin) {}

  absl::StatusOr<std::vector<Resource>> Read() {
    const auto values = ParseJsonValues(text_);
    if (!values.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(origin_, ": ", values.status().message()));
    }
    for (const JsonValue& value : *values) {
      absl::Status status;
      if (value.kind == JsonValue::Kind::kArray) {
        for (const JsonValue& element : value.elements) {
          status = ReadObject(element);
          if (!status.ok()) return status;
        }
      } else {
        status = ReadObject(value);
        if (!status.ok()) return status;
      }
    }
    return std::move(resources_);
  }

 private:
  std::string Where(const JsonValue& value) const {
    return absl::StrCat(origin_, ": ", PositionText(text_, value.begin));
  }

  absl::Status Error(const JsonValue& value, absl::string_view message) const {
    return absl::InvalidArgumentError(
        absl::StrCat(Where(value), ": ", message));
  }

  absl::Status ReadObject(const JsonValue& value) {
    if (value.kind != JsonValue::Kind::kObject) {
      return Error(value, absl::StrCat("found ", value.KindName(),
                                       ", want an object such as {\"journey\": "
                                       "{\"name\": ...}}"));
    }
    const JsonValue* name = value.Find("name");
    if (name != nullptr && name->kind == JsonValue::Kind::kString) {
      const auto parsed = ParseName(name->text);
      if (!parsed.ok()) return Error(*name, parsed.status().message());
      return ReadResource(parsed->kind, value);
    }
    for (const auto& [key, member] : value.members) {
      if (key == "nextPageToken") continue;  // Of a list that was printed.
      const auto kind = ParseKind(key);
      if (!kind.ok() || *kind == Kind::kDecision) {
        return Error(member,
                     absl::StrCat("the key is \"", key,
                                  "\", want journey, kpi, experiment or layer "
                                  "(or their plurals with an array)"));
      }
      if (!absl::EndsWith(key, "s")) {
        if (absl::Status s = ReadResource(*kind, member); !s.ok()) return s;
        continue;
      }
      if (member.kind != JsonValue::Kind::kArray) {
        return Error(member, absl::StrCat(key, " is ", member.KindName(),
                                          ", want an array"));
      }
      for (const JsonValue& element : member.elements) {
        if (absl::Status s = ReadResource(*kind, element); !s.ok()) return s;
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadResource(Kind kind, const JsonValue& value) {
    if (value.kind != JsonValue::Kind::kObject) {
      return Error(value, absl::StrCat(KindWord(kind), " is ", value.KindName(),
                                       ", want an object"));
    }
    if (kind == Kind::kDecision) {
      return Error(value,
                   "a decision cannot be applied: the server makes them");
    }
    const JsonValue* name = value.Find("name");
    if (name == nullptr || name->kind != JsonValue::Kind::kString) {
      return Error(
          name == nullptr ? value : *name,
          absl::StrCat("the ", KindWord(kind),
                       " has no name, want "
                       "\"name\": \"",
                       kind == Kind::kLayer     ? "layers/{layer}"
                       : kind == Kind::kJourney ? "journeys/{journey}"
                       : kind == Kind::kKpi ? "journeys/{journey}/kpis/{kpi}"
                                            : "journeys/{journey}/experiments/"
                                              "{experiment}",
                       "\""));
    }
    const auto full = ExpandName(name->text, kind);
    if (!full.ok()) return Error(*name, full.status().message());
    Resource resource;
    resource.kind = kind;
    resource.name = *full;
    resource.origin = Where(value);
    resource.message = NewMessage(kind);
    if (absl::Status s = JsonToProto(text_, value, resource.message.get());
        !s.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(origin_, ": ", s.message(), " (", resource.name, ")"));
    }
    const auto* descriptor = resource.message->GetDescriptor();
    resource.message->GetReflection()->SetString(
        resource.message.get(), descriptor->FindFieldByName("name"), *full);
    resources_.push_back(std::move(resource));
    return absl::OkStatus();
  }

  absl::string_view text_;
  const std::string origin_;
  std::vector<Resource> resources_;
};

absl::StatusOr<std::vector<std::string>> ExpandPaths(
    const std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (path == "-" || !fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (fs::directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      const std::string extension = it->path().extension();
      if (extension == ".json" || extension == ".ndjson") {
        found.push_back(it->path().string());
      }
    }
    if (error) {
      return absl::ErrnoToStatus(error.value(),
                                 absl::StrCat("cannot read ", path));
    }
    if (found.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the folder ", path, " has no *.json or *.ndjson file, want one"));
    }
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

bool IsOutputOnly(absl::string_view field) {
  for (const absl::string_view name :
       {"revision", "create_time", "update_time", "state", "start_time",
        "end_time", "rolled_out_variant", "allocations", "frozen_journey",
        "frozen_kpis", "changes", "shares_changed", "slots"}) {
    if (field == name) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::vector<Resource>> ParseResources(absl::string_view text,
                                                     absl::string_view origin) {
  return Reader(text, origin).Read();
}

absl::StatusOr<std::vector<Resource>> LoadResources(
    const std::vector<std::string>& paths, std::istream& in) {
  const auto files = ExpandPaths(paths);
  if (!files.ok()) return files.status();
  std::vector<Resource> all;
  std::map<std::string, std::string> origins;
  for (const std::string& file : *files) {
    const auto text = ReadText(file, in);
    if (!text.ok()) return text.status();
    auto resources = ParseResources(*text, file == "-" ? "(input)" : file);
    if (!resources.ok()) return resources.status();
    for (Resource& resource : *resources) {
      const auto [it, is_new] = origins.emplace(resource.name, resource.origin);
      if (!is_new) {
        return absl::InvalidArgumentError(
            absl::StrCat(resource.origin, ": ", resource.name,
                         " was given already at ", it->second, ", want once"));
      }
      all.push_back(std::move(resource));
    }
  }
  if (all.empty()) {
    return absl::InvalidArgumentError(
        "the files hold no resource, want journeys, kpis, experiments or "
        "layers");
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Resource& a, const Resource& b) {
                     return std::find(kOrder, std::end(kOrder), a.kind) <
                            std::find(kOrder, std::end(kOrder), b.kind);
                   });
  return all;
}

std::vector<std::string> ChangedFields(const google::protobuf::Message& wanted,
                                       const google::protobuf::Message& current,
                                       bool lenient) {
  std::vector<std::string> changed;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  wanted.GetReflection()->ListFields(wanted, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->name() == "name" || field->name() == "etag" ||
        IsOutputOnly(field->name())) {
      continue;
    }
    google::protobuf::util::MessageDifferencer differencer;
    if (lenient) {
      differencer.set_scope(
          google::protobuf::util::MessageDifferencer::PARTIAL);
    }
    if (!differencer.CompareWithFields(wanted, current, {field}, {field})) {
      changed.push_back(field->name());
    }
  }
  return changed;
}

bool SameContent(const google::protobuf::Message& a,
                 const google::protobuf::Message& b) {
  google::protobuf::util::MessageDifferencer differencer;
  for (const char* name :
       {"revision", "update_time", "etag", "changes", "shares_changed"}) {
    const auto* field = a.GetDescriptor()->FindFieldByName(name);
    if (field != nullptr) differencer.IgnoreField(field);
  }
  return differencer.Compare(a, b);
}

}  // namespace stagecraft::cli
