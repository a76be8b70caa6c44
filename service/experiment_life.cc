#include "service/experiment_life.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/allocation.h"
#include "engine/text.h"
#include "service/convert.h"
#include "service/experiment_rules.h"
#include "service/resource.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::engine::Micros;
using ::stagecraft::engine::Quote;
using ::stagecraft::engine::Verb;

std::string TimeText(Micros time) {
  return absl::FormatTime(absl::RFC3339_full, ToTime(time),
                          absl::UTCTimeZone());
}

// The experiment in the state after `verb`, not stored yet.
absl::StatusOr<v1::Experiment> Begin(const CatalogEdit& edit, Verb verb,
                                     absl::string_view name,
                                     absl::string_view etag) {
  const v1::Experiment* current = Find(edit.state().experiments, name);
  if (current == nullptr) return NoSuch("experiment", name);
  absl::Status status = CheckEtag(name, etag, current->etag());
  if (!status.ok()) return status;
  const absl::StatusOr<engine::Experiment::State> from =
      ToEngine(current->state());
  if (!from.ok()) return from.status();
  const absl::StatusOr<engine::Experiment::State> to =
      engine::Transition(*from, verb);
  if (!to.ok()) return to.status();
  v1::Experiment next = *current;
  next.set_state(ToProto(*to));
  return next;
}

// Stores `next` as the next revision. From the start on its history says so.
absl::StatusOr<v1::Experiment> Finish(CatalogEdit& edit, v1::Experiment next) {
  const v1::Experiment& current = *Find(edit.state().experiments, next.name());
  if (current.has_start_time()) {
    NoteChange(
        absl::StrCat("state: ", v1::Experiment::State_Name(current.state()),
                     " -> ", v1::Experiment::State_Name(next.state())),
        edit.now(), &next);
  }
  MakeRevision(current, edit.now(), &next);
  Seal(&next);
  edit.Put(next);
  return next;
}

// Stores a layer with other slots.
void PutSlots(CatalogEdit& edit, const v1::Layer& current, v1::Layer next) {
  if (!MakeRevision(current, edit.now(), &next)) return;
  Seal(&next);
  edit.Put(std::move(next));
}

absl::Status TakeSlot(CatalogEdit& edit, const v1::Experiment& experiment) {
  if (experiment.layer().empty()) return absl::OkStatus();
  const v1::Layer* layer = Find(edit.state().layers, experiment.layer());
  if (layer == nullptr) return NoSuch("layer", experiment.layer());
  std::vector<engine::LayerSlot> slots;
  for (const v1::Layer::Slot& slot : layer->slots()) {
    slots.push_back({slot.experiment(), slot.start_ppm(), slot.end_ppm()});
  }
  const absl::StatusOr<engine::LayerSlot> slot =
      engine::ReserveSlot(slots, experiment.name(), experiment.layer_ppm());
  if (!slot.ok()) {
    return absl::Status(
        slot.status().code(),
        absl::StrCat(experiment.layer(), ": ", slot.status().message()));
  }
  v1::Layer next = *layer;
  v1::Layer::Slot& added = *next.add_slots();
  added.set_experiment(slot->experiment);
  added.set_start_ppm(slot->start_ppm);
  added.set_end_ppm(slot->end_ppm);
  PutSlots(edit, *layer, std::move(next));
  return absl::OkStatus();
}

void FreeSlot(CatalogEdit& edit, const v1::Experiment& experiment) {
  if (experiment.layer().empty()) return;
  const v1::Layer* layer = Find(edit.state().layers, experiment.layer());
  if (layer == nullptr) return;
  v1::Layer next = *layer;
  next.clear_slots();
  for (const v1::Layer::Slot& slot : layer->slots()) {
    if (slot.experiment() != experiment.name()) *next.add_slots() = slot;
  }
  PutSlots(edit, *layer, std::move(next));
}

// The journey, and the KPIs that the plan names, in its order.
absl::Status Freeze(const CatalogState& state, v1::Experiment* experiment) {
  const std::string journey = JourneyOfExperiment(experiment->name());
  const v1::Journey* found = Find(state.journeys, journey);
  if (found == nullptr) return NoSuch("journey", journey);
  const v1::Plan& plan = experiment->plan();
  std::vector<std::string> names(plan.primary_kpis().begin(),
                                 plan.primary_kpis().end());
  for (const v1::Plan::Guardrail& guardrail : plan.guardrails()) {
    names.push_back(guardrail.kpi());
  }
  names.insert(names.end(), plan.secondary_kpis().begin(),
               plan.secondary_kpis().end());
  experiment->clear_frozen_kpis();
  for (const std::string& name : names) {
    const v1::Kpi* kpi = Find(state.kpis, name);
    if (kpi == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("plan names ", Quote(name), ", want a KPI that exists"));
    }
    *experiment->add_frozen_kpis() = *kpi;
  }
  *experiment->mutable_frozen_journey() = *found;
  return absl::OkStatus();
}

// The moment that a caller names, or now. Not after now, not before the start;
// if the clock stepped back behind the start, the start takes its place.
absl::StatusOr<Micros> MomentOf(bool is_given,
                                const google::protobuf::Timestamp& given,
                                absl::string_view field,
                                const CatalogEdit& edit,
                                const v1::Experiment& experiment) {
  const Micros now = ToMicros(edit.now());
  Micros earliest = std::numeric_limits<Micros>::min();
  if (experiment.has_start_time()) {
    const absl::StatusOr<Micros> start =
        ToMicros(experiment.start_time(), "start_time");
    if (!start.ok()) return start.status();
    earliest = *start;
  }
  const Micros latest = std::max(now, earliest);
  if (!is_given) return latest;
  const absl::StatusOr<Micros> moment = ToMicros(given, field);
  if (!moment.ok()) return moment.status();
  if (*moment > latest) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is ", TimeText(*moment),
                     ", want at most the server's time, ", TimeText(now)));
  }
  if (*moment < earliest) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is ", TimeText(*moment),
                     ", want at least the start_time, ", TimeText(earliest)));
  }
  return *moment;
}

void NoteDecision(CatalogEdit& edit, v1::Decision::Action action,
                  const v1::Experiment& experiment, Micros as_of,
                  absl::string_view comment) {
  v1::Decision decision;
  decision.set_action(action);
  decision.set_experiment(experiment.name());
  decision.set_revision(experiment.revision());
  *decision.mutable_as_of() = ToTimestamp(as_of);
  *decision.mutable_create_time() = ToTimestamp(edit.now());
  decision.set_comment(std::string(comment));
  decision.set_rolled_out_variant(experiment.rolled_out_variant());
  edit.PutPending(std::move(decision));
}

}  // namespace

absl::StatusOr<v1::Experiment> Start(
    CatalogEdit& edit, const v1::StartExperimentRequest& request) {
  absl::StatusOr<v1::Experiment> next =
      Begin(edit, Verb::kStart, request.name(), request.etag());
  if (!next.ok()) return next;
  const absl::StatusOr<Micros> start =
      MomentOf(request.has_start_time(), request.start_time(), "start_time",
               edit, *next);
  if (!start.ok()) return start.status();
  *next->mutable_start_time() = ToTimestamp(*start);
  if (!next->has_plan()) {
    return absl::InvalidArgumentError(
        "plan is missing, want a plan before the start");
  }
  // What follows makes use of what this makes sure.
  v1::Experiment draft = *next;
  draft.set_state(v1::Experiment::DRAFT);
  absl::Status status = CheckExperiment(draft, edit.state());
  if (!status.ok()) return status;
  status = Freeze(edit.state(), &*next);
  if (!status.ok()) return status;
  status = TakeSlot(edit, *next);
  if (!status.ok()) return status;
  const absl::StatusOr<engine::Experiment> converted =
      Compile(*next, edit.state());
  if (!converted.ok()) return converted.status();
  FillDefaults(*converted, &*next);
  const absl::StatusOr<std::vector<engine::Allocation>> allocations =
      engine::Allocate({}, converted->variants);
  if (!allocations.ok()) return allocations.status();
  SetAllocations(*allocations, &*next);
  status = CheckExperiment(*next, edit.state());
  if (!status.ok()) return status;
  return Finish(edit, *std::move(next));
}

absl::StatusOr<v1::Experiment> Move(CatalogEdit& edit, Verb verb,
                                    absl::string_view name,
                                    absl::string_view etag) {
  absl::StatusOr<v1::Experiment> next = Begin(edit, verb, name, etag);
  if (!next.ok()) return next;
  if (verb == Verb::kArchive) FreeSlot(edit, *next);
  return Finish(edit, *std::move(next));
}

absl::StatusOr<v1::Experiment> Conclude(
    CatalogEdit& edit, const v1::ConcludeExperimentRequest& request) {
  absl::Status status = CheckText(request.comment(), "comment");
  if (!status.ok()) return status;
  absl::StatusOr<v1::Experiment> next =
      Begin(edit, Verb::kConclude, request.name(), request.etag());
  if (!next.ok()) return next;
  const absl::StatusOr<Micros> end = MomentOf(
      request.has_end_time(), request.end_time(), "end_time", edit, *next);
  if (!end.ok()) return end.status();
  *next->mutable_end_time() = ToTimestamp(*end);
  FreeSlot(edit, *next);
  next = Finish(edit, *std::move(next));
  if (!next.ok()) return next;
  NoteDecision(edit, v1::Decision::CONCLUDED, *next, *end, request.comment());
  return next;
}

absl::StatusOr<v1::Experiment> RollOut(
    CatalogEdit& edit, const v1::RollOutExperimentRequest& request,
    VerdictFn verdict_of) {
  absl::Status status = CheckText(request.comment(), "comment");
  if (!status.ok()) return status;
  absl::StatusOr<v1::Experiment> next =
      Begin(edit, Verb::kRollOut, request.name(), request.etag());
  if (!next.ok()) return next;
  bool is_variant = false;
  for (const v1::Variant& variant : next->variants()) {
    is_variant |= variant.id() == request.variant();
  }
  if (!is_variant) {
    return absl::InvalidArgumentError(
        absl::StrCat("variant is ", Quote(request.variant()),
                     ", want the id of a variant of ", request.name()));
  }
  const absl::StatusOr<Micros> time =
      MomentOf(request.has_time(), request.time(), "time", edit, *next);
  if (!time.ok()) return time.status();
  if (!next->has_end_time()) *next->mutable_end_time() = ToTimestamp(*time);
  next->set_rolled_out_variant(request.variant());
  if (absl::StripAsciiWhitespace(request.comment()).empty()) {
    const absl::StatusOr<v1::Verdict> verdict = verdict_of(*next, *time);
    if (!verdict.ok()) return verdict.status();
    if (verdict->kind() != v1::Verdict::WINNER ||
        verdict->variant() != request.variant()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "comment is empty, want a reason because the verdict is ",
          v1::Verdict::Kind_Name(verdict->kind()),
          verdict->variant().empty() ? "" : " for ", verdict->variant()));
    }
  }
  FreeSlot(edit, *next);
  next = Finish(edit, *std::move(next));
  if (!next.ok()) return next;
  NoteDecision(edit, v1::Decision::ROLLED_OUT, *next, *time, request.comment());
  return next;
}

}  // namespace stagecraft::service
