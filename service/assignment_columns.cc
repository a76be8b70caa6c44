#include "service/assignment_columns.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "engine/text.h"

namespace stagecraft::service {
namespace {

using engine::AttributeRef;

absl::Status Prefix(absl::string_view where, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(where, status.message()));
}

// The attributes of all sets, one behind the other.
struct Sets {
  std::vector<AttributeRef> refs;
  std::vector<size_t> ends;  // By set.

  absl::Span<const AttributeRef> at(size_t set) const {
    const size_t begin = set == 0 ? 0 : ends[set - 1];
    return absl::MakeConstSpan(refs).subspan(begin, ends[set] - begin);
  }
};

absl::Status Check(const v1::UnitColumns& columns, Sets* sets) {
  const int units = columns.unit_ids_size();
  absl::Status status =
      engine::ValidateSize(units, 1, kMaxUnitsPerCall, "columns.unit_ids");
  if (!status.ok()) return status;
  for (int i = 0; i < units; ++i) {
    if (engine::IsText(columns.unit_ids(i), 1, engine::kMaxUnitIdBytes)) {
      continue;
    }
    return engine::ValidateUnitId(columns.unit_ids(i),
                                  absl::StrCat("columns.unit_ids[", i, "]"));
  }
  const int set_count = columns.attribute_sets_size();
  status = engine::ValidateSize(set_count, 0, units, "columns.attribute_sets");
  if (!status.ok()) return status;
  for (int i = 0; i < set_count; ++i) {
    status =
        AppendAttributes(columns.attribute_sets(i).attributes(), &sets->refs);
    if (!status.ok()) {
      return Prefix(absl::StrCat("columns.attribute_sets[", i, "]."), status);
    }
    sets->ends.push_back(sets->refs.size());
  }
  const auto& positions = columns.unit_attribute_sets();
  if (positions.empty()) return absl::OkStatus();
  if (positions.size() != units) {
    return absl::InvalidArgumentError(
        absl::StrCat("columns.unit_attribute_sets has ", positions.size(),
                     " items, want none or ", units, " as unit_ids has"));
  }
  for (int i = 0; i < units; ++i) {
    if (positions.at(i) < static_cast<uint32_t>(set_count)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "columns.unit_attribute_sets[", i, "] is ", positions.at(i),
        ", want a position in attribute_sets, which has ", set_count,
        " items"));
  }
  return absl::OkStatus();
}

// The column of one experiment in the making.
class Column {
 public:
  Column(const Question& question, const engine::Experiment& experiment,
         int units, v1::AssignmentColumn* column)
      : question_(question), experiment_(experiment), column_(column) {
    column->set_experiment(experiment.name);
    column->set_revision(experiment.revision);
    column->mutable_unit_outcomes()->Reserve(units);
    const size_t variants = experiment.variants.size() + 1;
    positions_.assign(variants * kReasons, -1);
  }

  void Add(const engine::Assignment& answer) {
    int& position = positions_[(answer.variant + 1) * kReasons +
                               static_cast<int>(answer.reason)];
    if (position < 0) {
      position = column_->outcomes_size();
      AddOutcome(answer);
    }
    column_->mutable_unit_outcomes()->AddAlreadyReserved(
        static_cast<uint32_t>(position));
  }

  // Whether no unit has another answer than that it is not running.
  bool IsSilent() const {
    return column_->outcomes_size() == 1 &&
           column_->outcomes(0).reason() == v1::Assignment::NOT_RUNNING;
  }

 private:
  static constexpr int kReasons =
      static_cast<int>(engine::AssignmentReason::kNotRunning) + 1;

  void AddOutcome(const engine::Assignment& answer) {
    v1::AssignmentColumn::Outcome* outcome = column_->add_outcomes();
    outcome->set_reason(ToProto(answer.reason));
    if (answer.variant < 0) return;
    outcome->set_variant(experiment_.variants[answer.variant].id);
    outcome->set_counted(IsCounted(answer));
    if (const google::protobuf::Value* payload =
            FindPayload(question_, experiment_, answer.variant);
        payload != nullptr) {
      *outcome->mutable_payload() = *payload;
    }
    if (question_.return_exposures && outcome->counted()) {
      outcome->set_exposure_event_id(
          ExposureEventId(experiment_, answer.variant));
    }
  }

  const Question& question_;
  const engine::Experiment& experiment_;
  v1::AssignmentColumn* const column_;
  std::vector<int> positions_;  // By variant and reason; -1: not there yet.
};

}  // namespace

absl::Status AssignColumns(const Question& question,
                           const v1::UnitColumns& columns,
                           const engine::Engine& engine,
                           v1::BatchAssignResponse* response,
                           std::vector<engine::Event>* exposures) {
  Sets sets;
  if (absl::Status status = Check(columns, &sets); !status.ok()) return status;
  const int units = columns.unit_ids_size();
  std::vector<Column> answers;
  answers.reserve(question.experiments.size());
  for (const engine::CompiledExperiment* compiled : question.experiments) {
    answers.emplace_back(question, compiled->experiment(), units,
                         response->add_columns());
  }
  // Of the set that exposures were last made with.
  std::optional<std::pair<uint32_t, engine::Attributes>> recorded;
  for (int u = 0; u < units; ++u) {
    const std::string& unit_id = columns.unit_ids(u);
    const bool has_set = !sets.ends.empty();
    const uint32_t set = columns.unit_attribute_sets().empty()
                             ? 0
                             : columns.unit_attribute_sets(u);
    engine::ResolvedUnit unit(
        question.snapshot(), unit_id,
        has_set ? sets.at(set) : absl::Span<const AttributeRef>());
    const absl::StatusOr<std::vector<std::vector<int>>> met =
        VariantsMet(question, unit_id, engine);
    if (!met.ok()) return met.status();
    for (size_t i = 0; i < question.experiments.size(); ++i) {
      const engine::CompiledExperiment& compiled = *question.experiments[i];
      std::optional<int> previous;
      if (!met->empty() && !(*met)[i].empty()) previous = (*met)[i].front();
      const engine::Assignment answer =
          question.snapshot().Assign(compiled, unit, previous);
      answers[i].Add(answer);
      if (!question.record || !IsCounted(answer)) continue;
      const std::vector<int>& before = (*met)[i];
      if (std::find(before.begin(), before.end(), answer.variant) !=
          before.end()) {
        continue;
      }
      if (has_set && (!recorded.has_value() || recorded->first != set)) {
        auto attributes = ToEngine(columns.attribute_sets(set).attributes());
        if (!attributes.ok()) return attributes.status();
        recorded.emplace(set, *std::move(attributes));
      }
      exposures->push_back(ExposureOf(
          unit_id, compiled.experiment(), answer.variant, question.time,
          recorded.has_value() ? recorded->second : engine::Attributes()));
    }
  }
  if (question.by_name) return absl::OkStatus();
  int kept = 0;
  for (int i = 0; i < response->columns_size(); ++i) {
    if (answers[i].IsSilent()) continue;
    if (kept != i) response->mutable_columns()->SwapElements(kept, i);
    ++kept;
  }
  response->mutable_columns()->DeleteSubrange(kept,
                                              response->columns_size() - kept);
  return absl::OkStatus();
}

}  // namespace stagecraft::service
