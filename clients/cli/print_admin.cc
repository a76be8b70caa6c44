#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/print.h"
#include "clients/cli/table.h"
#include "clients/report/format.h"

namespace stagecraft::cli {
namespace {

// `1.2 GiB`.
std::string Bytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " bytes");
  double size = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", size, kUnits[unit]);
}

}  // namespace

std::string StorageText(const v1::Storage& storage) {
  Table table({{"WHAT"}, {"HOW MUCH", Align::kRight}, {""}});
  table.AddRow({"units in memory", client::FormatCount(storage.units()),
                Bytes(storage.unit_bytes())});
  table.AddRow({"contents of events", client::FormatCount(storage.contents()),
                Bytes(storage.content_bytes())});
  table.AddRow({"buffers and caches", "", Bytes(storage.store_bytes())});
  table.AddRow({"files", "", Bytes(storage.disk_bytes())});
  if (storage.has_free_disk_bytes()) {
    table.AddRow({"free on disk", "", Bytes(storage.free_disk_bytes())});
  }
  table.AddRow({"events stored since the start",
                client::FormatCount(storage.stored_events()), ""});
  table.AddRow(
      {"  sent again", client::FormatCount(storage.duplicate_events()), ""});
  table.AddRow(
      {"  refused", client::FormatCount(storage.rejected_events()), ""});
  std::string out = table.Render();
  if (storage.has_newest_event_time()) {
    absl::StrAppend(&out, "newest event ",
                    client::FormatTime(storage.newest_event_time()), "\n");
  }
  if (storage.has_cutoff_time()) {
    absl::StrAppend(&out, "events before ",
                    client::FormatTime(storage.cutoff_time()),
                    " were deleted\n");
  }
  const v1::Storage::Start& start = storage.start();
  absl::StrAppend(
      &out, "started in ",
      client::FormatSeconds(static_cast<double>(start.elapsed().seconds()) +
                            start.elapsed().nanos() * 1e-9),
      ": ", client::FormatCount(start.snapshot_units()),
      " units from the snapshot, ",
      client::FormatCount(start.replayed_events()),
      " events from the log after it\n");
  if (!start.snapshot_refused().empty()) {
    absl::StrAppend(&out, "the snapshot was not used: ",
                    Printable(start.snapshot_refused()), "\n");
  }
  if (storage.units_spilled()) {
    absl::StrAppend(&out, "NOT ALL UNITS FIT INTO MEMORY: ",
                    client::FormatCount(storage.unit_misses()),
                    " were read from disk; raise --cache-mb of the server\n");
  }
  if (!storage.write_error().empty()) {
    absl::StrAppend(
        &out, "WRITES ARE REFUSED: ", Printable(storage.write_error()), "\n");
  }
  return out;
}

}  // namespace stagecraft::cli
