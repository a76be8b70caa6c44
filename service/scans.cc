#include "service/scans.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/analysis.h"
#include "engine/event.h"
#include "engine/kpi.h"
#include "engine/text.h"
#include "service/convert_resources.h"
#include "service/convert_results.h"
#include "service/convert_time.h"
#include "service/retention.h"

namespace stagecraft::service {
namespace {

using engine::Micros;

// Gives the frozen KPIs the windows that are asked for.
absl::Status SetWindows(const v1::ScanExperimentRequest& request,
                        v1::Experiment* experiment) {
  for (const auto& [name, window] : request.kpi_windows()) {
    const auto kpi = std::find_if(
        experiment->mutable_frozen_kpis()->begin(),
        experiment->mutable_frozen_kpis()->end(),
        [&name = name](const v1::Kpi& kpi) { return kpi.name() == name; });
    if (kpi == experiment->mutable_frozen_kpis()->end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("kpi_windows has the key ", engine::Quote(name),
                       ", want the name of a KPI of the experiment's plan"));
    }
    if (window.has_delay()) *kpi->mutable_delay() = window.delay();
    if (window.has_length()) *kpi->mutable_length() = window.length();
  }
  return absl::OkStatus();
}

absl::Status CheckWindows(const v1::ScanExperimentRequest& request,
                          const engine::Experiment& experiment) {
  for (const engine::Kpi& kpi : experiment.kpis) {
    if (!request.kpi_windows().contains(kpi.name)) continue;
    if (absl::Status status = engine::Validate(kpi); !status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat("kpi_windows[", engine::Quote(kpi.name),
                                       "]: ", status.message()));
    }
  }
  return absl::OkStatus();
}

// Makes the segment one that is kept.
absl::Status DeclareSegment(const v1::Segment& segment,
                            v1::Experiment* experiment) {
  if (absl::Status status =
          engine::ValidateText(segment.attribute(), "segment.attribute", 1,
                               engine::kMaxAttributeKeyBytes);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = engine::ValidateText(
          segment.value(), "segment.value", 0, engine::kMaxAttributeTextBytes);
      !status.ok()) {
    return status;
  }
  v1::SegmentDimension wanted;
  wanted.set_attribute(segment.attribute());
  const bool is_rest = segment.value() == engine::kNoSegmentValue ||
                       segment.value() == engine::kOtherSegmentValue;
  for (const v1::SegmentDimension& declared : experiment->segments()) {
    // Which others there are is what the experiment says.
    if (is_rest && declared.attribute() == segment.attribute()) {
      wanted = declared;
    }
  }
  if (!is_rest) wanted.add_values(segment.value());
  experiment->clear_segments();
  *experiment->add_segments() = std::move(wanted);
  return absl::OkStatus();
}

}  // namespace

Scans::Scans(const engine::Engine* engine, const engine::Store* store,
             const Catalog* catalog, Clock clock, int max_running)
    : engine_(engine),
      store_(store),
      catalog_(catalog),
      clock_(std::move(clock)),
      max_running_(max_running) {}

absl::StatusOr<v1::ExperimentResults> Scans::Scan(
    const v1::ScanExperimentRequest& request,
    absl::FunctionRef<bool(double done)> progress) {
  std::optional<Micros> requested;
  if (request.has_as_of()) {
    const auto micros = ToMicros(request.as_of(), "as_of");
    if (!micros.ok()) return micros.status();
    requested = *micros;
  }
  auto proto = catalog_->GetExperiment(request.name());
  if (!proto.ok()) return proto.status();
  absl::Status status = SetWindows(request, &*proto);
  if (!status.ok()) return status;
  std::optional<engine::Engine::SegmentKey> segment;
  if (request.has_segment()) {
    status = DeclareSegment(request.segment(), &*proto);
    if (!status.ok()) return status;
    segment = {request.segment().attribute(), request.segment().value()};
  }
  auto converted = StartedToEngine(*proto);
  if (!converted.ok()) return converted.status();
  status = CheckWindows(request, *converted);
  if (!status.ok()) return status;
  const auto experiment =
      std::make_shared<const engine::Experiment>(*std::move(converted));
  const auto deleted = EventsWereDeleted(*store_, *experiment);
  if (!deleted.ok()) return deleted.status();
  if (*deleted) {
    return absl::FailedPreconditionError(
        absl::StrCat("events of ", experiment->name,
                     " were deleted for their age: only the results that were "
                     "kept can be read"));
  }

  const int running = running_.fetch_add(1);
  const auto leave = absl::MakeCleanup([this] { running_.fetch_sub(1); });
  if (running >= max_running_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("as many scans are under way as may be, ", max_running_));
  }
  const Micros as_of = engine_->ResolveAsOf(requested, ToMicros(clock_()));
  double done = 0;
  const auto look = engine_->Scan(experiment, as_of, segment, [&](double now) {
    done = std::max(done, now);  // It may have begun once more.
    return progress(done);
  });
  if (!look.ok()) return look.status();
  return ToResults(*proto, *experiment, *look,
                   engine::Analyze(*experiment, *look));
}

}  // namespace stagecraft::service
