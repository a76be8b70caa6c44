// The store that the settings ask for.
#ifndef STAGECRAFT_SERVICE_OPEN_STORE_H_
#define STAGECRAFT_SERVICE_OPEN_STORE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/store/store.h"
#include "service/config.h"

namespace stagecraft::service {

// A RocksDB store at config.data, or one in memory. `create`: makes it if it is
// missing.
// Errors: those of OpenRocksStore; kResourceExhausted if the disk has no room
// to open it.
absl::StatusOr<std::unique_ptr<engine::Store>> OpenStore(const Config& config,
                                                         bool create = true);

// What the settings say of the engine.
engine::EngineOptions EngineOptionsOf(const Config& config);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_OPEN_STORE_H_
