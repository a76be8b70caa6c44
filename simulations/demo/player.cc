#include "simulations/demo/player.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "simulations/demo/shop.h"

namespace stagecraft::simulations {
namespace {

constexpr int kBatch = 1000;

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t micros = absl::ToUnixMicros(time);
  out->set_seconds(micros / 1'000'000);
  out->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
}

absl::Status CreateShop(client::Client& client, absl::Time begin) {
  v1::CreateJourneyRequest journey;
  journey.set_journey_id("shop");
  *journey.mutable_journey() = ShopJourney();
  if (const auto r = client.CreateJourney(journey); !r.ok()) {
    return r.status();
  }
  const auto last_part = [](const std::string& name) {
    return name.substr(name.rfind('/') + 1);
  };
  for (const v1::Kpi& kpi : ShopKpis()) {
    v1::CreateKpiRequest request;
    request.set_parent("journeys/shop");
    request.set_kpi_id(last_part(kpi.name()));
    *request.mutable_kpi() = kpi;
    if (const auto r = client.CreateKpi(request); !r.ok()) return r.status();
  }
  for (const v1::Experiment& experiment : ShopExperiments()) {
    v1::CreateExperimentRequest request;
    request.set_parent("journeys/shop");
    request.set_experiment_id(last_part(experiment.name()));
    *request.mutable_experiment() = experiment;
    if (const auto r = client.CreateExperiment(request); !r.ok()) {
      return r.status();
    }
    v1::StartExperimentRequest start;
    start.set_name(experiment.name());
    SetTime(begin, start.mutable_start_time());
    if (const auto r = client.StartExperiment(start); !r.ok()) {
      return r.status();
    }
  }
  return absl::OkStatus();
}

class Player {
 public:
  Player(client::Client& client, const PlayOptions& options,
         const PlayHooks& hooks)
      : client_(client), options_(options), hooks_(hooks) {}

  absl::StatusOr<PlayTotals> Run() {
    if (absl::Status s = CreateShop(client_, options_.begin); !s.ok()) {
      return s;
    }
    auto sender = client_.NewEventSender();
    if (!sender.ok()) return sender.status();
    sender_ = *std::move(sender);
    int64_t number = 0;
    for (int day = 0; day < options_.days + options_.later_days; ++day) {
      const int64_t until = std::min<int64_t>(
          options_.units, options_.units * (day + 1) / options_.days);
      while (number < until) {
        const int64_t count = std::min<int64_t>(kBatch, until - number);
        if (absl::Status s = PlayBatch(day, number, count); !s.ok()) return s;
        number += count;
        totals_.units = number;
        if (hooks_.on_progress) hooks_.on_progress(number);
      }
      if (absl::Status s = Look(day); !s.ok()) return s;
    }
    totals_.end = options_.begin +
                  absl::Hours(24 * (options_.days + options_.later_days));
    return totals_;
  }

 private:
  using Step = bool (Shopper::*)(absl::string_view, std::vector<v1::Event>*);

  // Lives of people who arrive on the same day, stage by stage.
  absl::Status PlayBatch(int day, int64_t first, int64_t count) {
    std::vector<std::unique_ptr<Shopper>> people;
    Random arrivals(options_.seed ^ static_cast<uint64_t>(first));
    for (int64_t i = 0; i < count; ++i) {
      const absl::Time arrival = options_.begin + absl::Hours(24) * day +
                                 absl::Microseconds(static_cast<int64_t>(
                                     arrivals.Uniform() * 86'400e6));
      people.push_back(
          std::make_unique<Shopper>(options_.seed, first + i, arrival));
    }
    if (absl::Status s =
            PlayStage(kHeroImage, /*anonymous=*/true, &Shopper::See, &people);
        !s.ok()) {
      return s;
    }
    for (const auto& person : people) {
      if (!person->logs_in()) continue;
      v1::Alias alias;
      alias.set_alias_id(person->anonymous_id());
      alias.set_unit_id(person->known_id());
      if (absl::Status s = sender_->SendAlias(alias); !s.ok()) return s;
      ++totals_.aliases;
    }
    if (absl::Status s = PlayStage(kScarcity, /*anonymous=*/false,
                                   &Shopper::Consider, &people);
        !s.ok()) {
      return s;
    }
    if (absl::Status s = PlayStage(kOnePage, /*anonymous=*/false,
                                   &Shopper::FillCart, &people);
        !s.ok()) {
      return s;
    }
    std::vector<v1::Event> events;
    for (const auto& person : people) person->Advocate(&events);
    return Send(std::move(events));
  }

  // Asks for everybody's variant, exposes them, lets them act, and keeps those
  // who go on.
  absl::Status PlayStage(const char* experiment, bool anonymous, Step step,
                         std::vector<std::unique_ptr<Shopper>>* people) {
    if (people->empty()) return absl::OkStatus();
    v1::BatchAssignRequest request;
    request.add_experiments(experiment);
    request.set_record_exposure(true);
    for (const auto& person : *people) {
      auto* unit = request.add_units();
      unit->set_unit_id(anonymous ? person->anonymous_id()
                                  : person->known_id());
      (*unit->mutable_attributes())["device"].set_string_value(
          person->device());
      SetTime(person->now(), unit->mutable_time());
    }
    const auto answer = client_.BatchAssign(request);
    if (!answer.ok()) return answer.status();
    std::vector<v1::Event> events;
    std::vector<std::unique_ptr<Shopper>> next;
    for (size_t i = 0; i < people->size(); ++i) {
      const auto& assignment =
          answer->units(static_cast<int>(i)).assignments(0);
      ++totals_.assignments;
      if (((*people)[i].get()->*step)(assignment.variant(), &events)) {
        next.push_back(std::move((*people)[i]));
      }
    }
    *people = std::move(next);
    return Send(std::move(events));
  }

  // As the world sends events: one in a hundred twice, and out of order.
  absl::Status Send(std::vector<v1::Event> events) {
    const size_t size = events.size();
    for (size_t i = 0; i < size; i += 100) {
      events.push_back(events[i]);
      ++totals_.duplicates;
    }
    for (size_t i = 0; i + 7 < events.size(); i += 7) {
      std::swap(events[i], events[i + 7]);
    }
    totals_.events += static_cast<int64_t>(events.size());
    for (v1::Event& event : events) {
      if (absl::Status s = sender_->Send(std::move(event)); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  // A look at each experiment at the end of the day.
  absl::Status Look(int day) {
    if (absl::Status s = sender_->Flush(); !s.ok()) return s;
    if (sender_->totals().rejected > 0) {
      return absl::InternalError(
          absl::StrCat("the server refused ", sender_->totals().rejected,
                       " events: ", sender_->rejections().front().message));
    }
    for (const char* name : {kOnePage, kHeroImage, kScarcity}) {
      v1::EvaluateExperimentRequest request;
      request.set_name(name);
      SetTime(options_.begin + absl::Hours(24) * (day + 1),
              request.mutable_as_of());
      const auto answer = client_.EvaluateExperiment(request);
      if (!answer.ok()) return answer.status();
      ++totals_.looks;
      if (answer->has_decision() && hooks_.on_decision) {
        hooks_.on_decision(day + 1, answer->decision());
      }
    }
    return absl::OkStatus();
  }

  client::Client& client_;
  const PlayOptions& options_;
  const PlayHooks& hooks_;
  std::unique_ptr<client::EventSender> sender_;
  PlayTotals totals_;
};

}  // namespace

absl::StatusOr<PlayTotals> Play(client::Client& client,
                                const PlayOptions& options,
                                const PlayHooks& hooks) {
  return Player(client, options, hooks).Run();
}

absl::Status ActOnVerdicts(client::Client& client, absl::Time now) {
  for (const char* name : {kOnePage, kHeroImage, kScarcity}) {
    v1::EvaluateExperimentRequest look;
    look.set_name(name);
    SetTime(now, look.mutable_as_of());
    const auto answer = client.EvaluateExperiment(look);
    if (!answer.ok()) return answer.status();
    absl::Status acted;
    if (answer->verdict().kind() == v1::Verdict::WINNER) {
      v1::RollOutExperimentRequest request;
      request.set_name(name);
      request.set_variant(answer->verdict().variant());
      SetTime(now, request.mutable_time());
      acted = client.RollOutExperiment(request).status();
    } else {
      v1::ConcludeExperimentRequest request;
      request.set_name(name);
      request.set_comment("the demonstration is over");
      SetTime(now, request.mutable_end_time());
      acted = client.ConcludeExperiment(request).status();
    }
    if (!acted.ok()) return acted;
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::simulations
