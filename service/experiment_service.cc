#include "service/experiment_service.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/convert.h"
#include "service/experiment_life.h"
#include "service/experiment_rules.h"
#include "service/looks.h"
#include "service/names.h"
#include "service/page_token.h"
#include "service/resource.h"

namespace stagecraft::service {
namespace {

absl::StatusOr<v1::Experiment> Create(CatalogEdit& edit,
                                      const v1::Experiment& given,
                                      const std::string& name) {
  const std::string journey = JourneyOfExperiment(name);
  if (Find(edit.state().journeys, journey) == nullptr) {
    return NoSuch("journey", journey);
  }
  if (Find(edit.state().experiments, name) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat(name, " exists already, want another experiment_id"));
  }
  v1::Experiment experiment =
      MakeNew(given, name, edit.now(), ExperimentOutputOnly());
  experiment.set_state(v1::Experiment::DRAFT);
  absl::Status status = CheckExperiment(experiment, edit.state());
  if (!status.ok()) return status;
  Seal(&experiment);
  edit.Put(experiment);
  return experiment;
}

absl::StatusOr<v1::Experiment> Update(
    CatalogEdit& edit, const v1::UpdateExperimentRequest& request) {
  const v1::Experiment& given = request.experiment();
  const v1::Experiment* current = Find(edit.state().experiments, given.name());
  if (current == nullptr) {
    if (!request.allow_missing()) return NoSuch("experiment", given.name());
    absl::Status status =
        CheckMissing(given, request.update_mask(), ExperimentOutputOnly());
    if (!status.ok()) return status;
    return Create(edit, given, given.name());
  }
  absl::StatusOr<v1::Experiment> next = ApplyUpdate(
      *current, given, request.update_mask(), ExperimentOutputOnly());
  if (!next.ok()) return next;
  absl::Status status =
      current->state() == v1::Experiment::DRAFT
          ? CheckExperiment(*next, edit.state())
          : ChangeStarted(*current, edit.state(), edit.now(), &*next);
  if (!status.ok()) return status;
  if (!MakeRevision(*current, edit.now(), &*next)) return *current;
  Seal(&*next);
  edit.Put(*next);
  return next;
}

absl::StatusOr<google::protobuf::Empty> Delete(
    CatalogEdit& edit, const v1::DeleteExperimentRequest& request) {
  const v1::Experiment* current =
      Find(edit.state().experiments, request.name());
  if (current == nullptr) return NoSuch("experiment", request.name());
  absl::Status status =
      CheckEtag(request.name(), request.etag(), current->etag());
  if (!status.ok()) return status;
  if (current->state() != v1::Experiment::DRAFT &&
      current->state() != v1::Experiment::ARCHIVED) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot delete an experiment that is ",
                     v1::Experiment::State_Name(current->state()),
                     ", want DRAFT or ARCHIVED"));
  }
  edit.DeleteExperiment(request.name());
  return google::protobuf::Empty();
}

// The states of a list's filter, sorted, each once.
absl::StatusOr<std::vector<int>> StatesOf(
    const v1::ListExperimentsRequest& request) {
  std::vector<int> states(request.states().begin(), request.states().end());
  for (size_t i = 0; i < states.size(); ++i) {
    if (states[i] != v1::Experiment::STATE_UNSPECIFIED &&
        v1::Experiment::State_IsValid(states[i])) {
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("states[", i, "] is ", states[i],
                     ", want DRAFT, RUNNING, PAUSED, CONCLUDED, ROLLED_OUT or "
                     "ARCHIVED"));
  }
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  return states;
}

}  // namespace

absl::Status ExperimentService::RecordPending() {
  for (const v1::Decision& decision : catalog_->PendingDecisions()) {
    absl::Status status = RecordPending(decision.experiment());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ExperimentService::RecordPending(absl::string_view name) {
  absl::MutexLock lock(&decisions_);
  std::optional<v1::Decision> due;
  for (v1::Decision& decision : catalog_->PendingDecisions()) {
    if (decision.experiment() == std::string(name)) due = std::move(decision);
  }
  if (!due.has_value()) return absl::OkStatus();
  const absl::StatusOr<v1::Experiment> experiment =
      catalog_->GetExperiment(name);
  if (!experiment.ok()) return experiment.status();
  // It may be in the ledger already, if only the note of it was not removed:
  // an experiment is concluded and rolled out once. Times do not tell: the
  // clock may have stepped back.
  const auto last = ledger_->LastOf(name, due->action());
  if (!last.ok()) return last.status();
  const bool is_recorded = last->has_value() &&
                           IsSameRun(**last, *experiment) &&
                           (*last)->revision() >= due->revision();
  if (!is_recorded) {
    const absl::StatusOr<engine::Micros> as_of =
        ToMicros(due->as_of(), "as_of");
    if (!as_of.ok()) return as_of.status();
    const absl::StatusOr<v1::Decision> recorded =
        looks_->Record(due->action(), *experiment, *as_of, due->comment(),
                       due->rolled_out_variant());
    if (!recorded.ok()) {
      return absl::Status(
          recorded.status().code(),
          absl::StrCat(name, " is ",
                       v1::Experiment::State_Name(experiment->state()),
                       ", but its decision is not in the ledger yet (",
                       recorded.status().message(),
                       "): it will be at the next call or start that can"));
    }
  }
  // If the note stays, the decision is found above the next time.
  catalog_->FinishPending(name).IgnoreError();
  return absl::OkStatus();
}

grpc::Status ExperimentService::Change(
    grpc::ServerContext* context, absl::string_view name, const Call& call,
    absl::FunctionRef<absl::StatusOr<v1::Experiment>(CatalogEdit& edit)> fn,
    v1::Experiment* response) {
  const auto parsed = ParseExperimentName(name);
  if (!parsed.ok()) return ToGrpc(parsed.status(), context);
  absl::Status status = RecordPending(name);
  if (!status.ok()) return ToGrpc(status, context);
  absl::StatusOr<v1::Experiment> changed =
      catalog_->Mutate<v1::Experiment>(call, fn);
  if (!changed.ok()) return ToGrpc(changed.status(), context);
  status = RecordPending(name);
  if (!status.ok()) return ToGrpc(status, context);
  *response = *std::move(changed);
  return grpc::Status::OK;
}

grpc::Status ExperimentService::CreateExperiment(
    grpc::ServerContext* context, const v1::CreateExperimentRequest* request,
    v1::Experiment* response) {
  const auto parent = ParseJourneyName(request->parent(), "parent");
  absl::Status status = parent.status();
  if (status.ok())
    status = CheckNewId(request->experiment_id(), "experiment_id");
  if (status.ok() && !request->has_experiment()) status = Missing("experiment");
  if (!status.ok()) return ToGrpc(status, context);
  return Answer(
      catalog_->Mutate<v1::Experiment>(
          {"experiments", "CreateExperiment", request->request_id(), request},
          [request](CatalogEdit& edit) {
            return Create(edit, request->experiment(),
                          absl::StrCat(request->parent(), "/experiments/",
                                       request->experiment_id()));
          }),
      context, response);
}

grpc::Status ExperimentService::GetExperiment(
    grpc::ServerContext* context, const v1::GetExperimentRequest* request,
    v1::Experiment* response) {
  return Answer(catalog_->GetExperiment(request->name()), context, response);
}

grpc::Status ExperimentService::ListExperiments(
    grpc::ServerContext* context, const v1::ListExperimentsRequest* request,
    v1::ListExperimentsResponse* response) {
  const absl::StatusOr<std::string> journey =
      ParseJourneyPattern(request->parent());
  if (!journey.ok()) return ToGrpc(journey.status(), context);
  const absl::StatusOr<std::vector<int>> states = StatesOf(*request);
  if (!states.ok()) return ToGrpc(states.status(), context);
  const auto state = catalog_->state();
  if (!journey->empty() &&
      Find(state->journeys, request->parent()) == nullptr) {
    return ToGrpc(NoSuch("journey", request->parent()), context);
  }
  absl::StatusOr<std::string> token = ListPage<v1::Experiment>(
      state->experiments,
      {request->page_size(), request->page_token(),
       absl::StrCat("ListExperiments ", request->parent(), " ",
                    absl::StrJoin(*states, ",")),
       journey->empty() ? ""
                        : absl::StrCat(request->parent(), "/experiments/")},
      [&states](const v1::Experiment& experiment) {
        return states->empty() ||
               std::binary_search(states->begin(), states->end(),
                                  static_cast<int>(experiment.state()));
      },
      [response](const v1::Experiment& experiment) {
        *response->add_experiments() = experiment;
      });
  if (!token.ok()) return ToGrpc(token.status(), context);
  response->set_next_page_token(*std::move(token));
  return grpc::Status::OK;
}

grpc::Status ExperimentService::UpdateExperiment(
    grpc::ServerContext* context, const v1::UpdateExperimentRequest* request,
    v1::Experiment* response) {
  if (!request->has_experiment()) return ToGrpc(Missing("experiment"), context);
  const auto name =
      ParseExperimentName(request->experiment().name(), "experiment.name");
  if (!name.ok()) return ToGrpc(name.status(), context);
  return Answer(
      catalog_->Mutate<v1::Experiment>(
          {"experiments", "UpdateExperiment", request->request_id(), request},
          [request](CatalogEdit& edit) { return Update(edit, *request); }),
      context, response);
}

grpc::Status ExperimentService::DeleteExperiment(
    grpc::ServerContext* context, const v1::DeleteExperimentRequest* request,
    google::protobuf::Empty* response) {
  const auto name = ParseExperimentName(request->name());
  if (!name.ok()) return ToGrpc(name.status(), context);
  if (absl::Status status = RecordPending(request->name()); !status.ok()) {
    return ToGrpc(status, context);
  }
  return Answer(
      catalog_->Mutate<google::protobuf::Empty>(
          {"experiments", "DeleteExperiment", "", request},
          [request](CatalogEdit& edit) { return Delete(edit, *request); }),
      context, response);
}

grpc::Status ExperimentService::StartExperiment(
    grpc::ServerContext* context, const v1::StartExperimentRequest* request,
    v1::Experiment* response) {
  return Change(
      context, request->name(),
      {"experiments", "StartExperiment", request->request_id(), request},
      [request](CatalogEdit& edit) { return Start(edit, *request); }, response);
}

grpc::Status ExperimentService::PauseExperiment(
    grpc::ServerContext* context, const v1::PauseExperimentRequest* request,
    v1::Experiment* response) {
  return Change(
      context, request->name(),
      {"experiments", "PauseExperiment", request->request_id(), request},
      [request](CatalogEdit& edit) {
        return Move(edit, engine::Verb::kPause, request->name(),
                    request->etag());
      },
      response);
}

grpc::Status ExperimentService::ResumeExperiment(
    grpc::ServerContext* context, const v1::ResumeExperimentRequest* request,
    v1::Experiment* response) {
  return Change(
      context, request->name(),
      {"experiments", "ResumeExperiment", request->request_id(), request},
      [request](CatalogEdit& edit) {
        return Move(edit, engine::Verb::kResume, request->name(),
                    request->etag());
      },
      response);
}

grpc::Status ExperimentService::ConcludeExperiment(
    grpc::ServerContext* context, const v1::ConcludeExperimentRequest* request,
    v1::Experiment* response) {
  return Change(
      context, request->name(),
      {"experiments", "ConcludeExperiment", request->request_id(), request},
      [request](CatalogEdit& edit) { return Conclude(edit, *request); },
      response);
}

grpc::Status ExperimentService::RollOutExperiment(
    grpc::ServerContext* context, const v1::RollOutExperimentRequest* request,
    v1::Experiment* response) {
  return Change(
      context, request->name(),
      {"experiments", "RollOutExperiment", request->request_id(), request},
      [this, request](CatalogEdit& edit) {
        return RollOut(
            edit, *request,
            [this](const v1::Experiment& experiment, engine::Micros as_of) {
              return looks_->VerdictOf(experiment, as_of);
            });
      },
      response);
}

grpc::Status ExperimentService::ArchiveExperiment(
    grpc::ServerContext* context, const v1::ArchiveExperimentRequest* request,
    v1::Experiment* response) {
  return Change(
      context, request->name(),
      {"experiments", "ArchiveExperiment", request->request_id(), request},
      [request](CatalogEdit& edit) {
        return Move(edit, engine::Verb::kArchive, request->name(),
                    request->etag());
      },
      response);
}

}  // namespace stagecraft::service
