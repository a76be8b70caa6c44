#include "service/verify_data.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/engine.h"
#include "engine/store/store.h"
#include "service/catalog.h"
#include "service/ledger.h"
#include "service/open_store.h"
#include "service/retention.h"

namespace stagecraft::service {

absl::StatusOr<VerifyReport> VerifyData(const Config& config) {
  if (config.in_memory) {
    return absl::InvalidArgumentError(
        "--verify with --in-memory has nothing to read, want --data");
  }
  const auto store = OpenStore(config, /*create=*/false);
  if (!store.ok()) return store.status();
  const Clock clock = [] { return absl::Now(); };
  const auto catalog = Catalog::Load(store->get(), clock);
  if (!catalog.ok()) return catalog.status();
  const auto ledger = Ledger::Load(store->get(), clock);
  if (!ledger.ok()) return ledger.status();
  const engine::Specs specs = (*catalog)->specs();
  const auto engine =
      engine::Engine::Open(store->get(), specs, EngineOptionsOf(config));
  if (!engine.ok()) return engine.status();
  if (absl::Status status = (*engine)->Verify(); !status.ok()) return status;

  const engine::Engine::Stats stats = (*engine)->GetStats();
  VerifyReport report;
  report.journeys = static_cast<int64_t>(specs.journeys.size());
  for (const auto& experiment : specs.experiments) {
    const auto deleted = EventsWereDeleted(**store, *experiment);
    if (!deleted.ok()) return deleted.status();
    if (!*deleted) ++report.experiments;
  }
  report.decisions = (*ledger)->last_sequence();
  report.units = stats.units.units;
  report.snapshot_units = stats.snapshot_units;
  report.replayed_events = stats.replayed_events;
  report.snapshot_refused = stats.snapshot_refused;
  return report;
}

std::string ToText(const VerifyReport& report) {
  std::string text = absl::StrCat(
      "verified: the tallies of ", report.journeys, " journeys and ",
      report.experiments, " experiments are as computed anew (", report.units,
      " units, ", report.snapshot_units, " of them from the snapshot; ",
      report.replayed_events, " events from the log after it; ",
      report.decisions, " decisions)");
  if (!report.snapshot_refused.empty()) {
    absl::StrAppend(&text,
                    "\nthe snapshot was not used: ", report.snapshot_refused);
  }
  return text;
}

}  // namespace stagecraft::service
