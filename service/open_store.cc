#include "service/open_store.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/store/memory_store.h"
#include "engine/store/rocks_store.h"
#include "engine/text.h"

namespace stagecraft::service {
namespace {

// RocksDB writes a few small files whenever it opens a database; version 7.8
// ends the process with an assertion if there is no room for them.
constexpr uintmax_t kMinFreeBytesToOpen = uintmax_t{1} << 20;

absl::Status CheckRoomToOpen(const std::string& data) {
  std::error_code error;
  const std::filesystem::space_info disk = std::filesystem::space(data, error);
  // A missing folder, or a disk that cannot say: opening it will tell.
  if (error || disk.available >= kMinFreeBytesToOpen) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "cannot open data directory ", engine::Quote(data), ": ", disk.available,
      " bytes are free on its disk, want at least ", kMinFreeBytesToOpen,
      "; free space and start again"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<engine::Store>> OpenStore(const Config& config,
                                                         bool create) {
  if (config.in_memory) return engine::MakeMemoryStore();
  if (absl::Status room = CheckRoomToOpen(config.data); !room.ok()) return room;
  absl::StatusOr<std::unique_ptr<engine::Store>> store =
      engine::OpenRocksStore({
          .path = config.data,
          .create_if_missing = create,
          .block_cache_bytes = config.block_cache_mb << 20,
      });
  if (store.ok()) return store;
  return absl::Status(
      store.status().code(),
      absl::StrCat("cannot open data directory ", engine::Quote(config.data),
                   ": ", store.status().message()));
}

engine::EngineOptions EngineOptionsOf(const Config& config) {
  return {.unit_bytes = config.cache_mb << 20, .threads = config.threads};
}

}  // namespace stagecraft::service
