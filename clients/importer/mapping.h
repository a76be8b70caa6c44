// An ImportMapping, checked and compiled: turns rows into events.
#ifndef STAGECRAFT_CLIENTS_IMPORTER_MAPPING_H_
#define STAGECRAFT_CLIENTS_IMPORTER_MAPPING_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/importer/row.h"
#include "clients/importer/row_condition.h"
#include "clients/importer/text_source.h"
#include "clients/importer/time_format.h"
#include "stagecraft/v1/event.pb.h"
#include "stagecraft/v1/import.pb.h"

namespace stagecraft::client::importer {

// Not thread-safe: it keeps buffers, and remembers the time that it read last.
class Mapping {
 public:
  // Constants are checked as the texts of rows are.
  //
  // Errors: kInvalidArgument with the field (`rules[0].time`), the value seen
  // and the value wanted.
  static absl::StatusOr<std::unique_ptr<Mapping>> Compile(
      const v1::ImportMapping& mapping);

  // The columns of a row, in slots.
  const ColumnSet& columns() const { return columns_; }

  // Sets `events` to the events of a row without defect, in order of rules.
  //
  // Errors: kInvalidArgument with the field of the mapping, the column, the
  // text seen and what was wanted; `events` is then of no use.
  absl::Status Apply(const Row& row, std::vector<v1::Event>* events);

 private:
  // A text and its place in the mapping, such as `rules[0].time`.
  struct Field {
    std::string path;
    TextSource source;
  };
  enum class Type { kString, kNumber, kBool };
  struct Attribute {
    std::string key;
    Type type = Type::kString;
    Field value;
  };
  struct Rule {
    std::string path;
    std::optional<Field> name;
    std::optional<Field> time;
    std::optional<TimeFormat> time_format;
    std::optional<Field> value;
    std::optional<Field> event_id;
    std::optional<Field> variant;
    std::string experiment;
    std::vector<RowCondition> conditions;
    std::vector<Attribute> attributes;
    // The time that was read last. Logs repeat times.
    std::string last_time_text;
    absl::Time last_time;
  };

  Mapping() = default;

  absl::Status CompileAll(const v1::ImportMapping& mapping);
  absl::Status CompileRule(const v1::ImportMapping::Rule& rule, int index);
  absl::StatusOr<Field> CompileField(const v1::ImportMapping::Text& text,
                                     std::string path);
  absl::StatusOr<std::vector<Attribute>> CompileAttributes(
      const google::protobuf::RepeatedPtrField<v1::ImportMapping::Attribute>&
          attributes,
      absl::string_view path);
  absl::Status CheckAttributeKeys(const Rule& rule) const;

  absl::Status ApplyRule(const Row& row, size_t index, v1::Event* event);
  absl::StatusOr<absl::string_view> GetId(const Row& row, const Field& field,
                                          size_t max_bytes);
  absl::StatusOr<absl::string_view> GetName(const Row& row, const Field& field);
  absl::StatusOr<absl::Time> GetTime(const Row& row, Rule& rule);
  absl::StatusOr<std::optional<double>> GetValue(const Row& row,
                                                 const Field& field);
  // False: the attribute is missing.
  absl::StatusOr<bool> GetAttribute(const Row& row, const Attribute& attribute,
                                    v1::AttributeValue* value);
  std::string HashedId(const Row& row, size_t index, const v1::Event& event,
                       absl::Time time);

  ColumnSet columns_;
  MissingTexts missing_;
  std::optional<Field> unit_;
  std::vector<Rule> rules_;
  std::vector<Attribute> attributes_;

  // Of the row at hand.
  std::string scratch_;
  std::string unit_id_;
  std::string hash_input_;
  std::optional<std::pair<uint64_t, uint64_t>> content_hash_;
  std::vector<std::pair<const std::string*, v1::AttributeValue>> shared_;
};

}  // namespace stagecraft::client::importer

#endif  // STAGECRAFT_CLIENTS_IMPORTER_MAPPING_H_
