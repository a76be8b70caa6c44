#include "simulations/live/lanes.h"

#include <functional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace stagecraft::simulations {
namespace {

// Calls `fn` with 0 to `count` - 1 from as many threads. The first error.
absl::Status AtOnce(size_t count, const std::function<absl::Status(int)>& fn) {
  std::vector<absl::Status> statuses(count);
  std::vector<std::thread> others;
  for (size_t i = 1; i < count; ++i) {
    others.emplace_back([&, i] { statuses[i] = fn(static_cast<int>(i)); });
  }
  statuses[0] = fn(0);
  for (std::thread& other : others) other.join();
  absl::Status status;
  for (const absl::Status& one : statuses) status.Update(one);
  return status;
}

}  // namespace

absl::StatusOr<Lanes> Lanes::Create(client::Client& client, const World& world,
                                    const Draw& draw,
                                    const LanesOptions& options) {
  constexpr int kMostStreams = 64;
  if (options.streams < 1 || options.streams > kMostStreams) {
    return absl::InvalidArgumentError(absl::StrCat(
        "streams is ", options.streams, ", want 1 to ", kMostStreams));
  }
  Lanes lanes;
  lanes.lanes_.resize(options.streams);
  const absl::Status status = AtOnce(options.streams, [&](int i) {
    const UnitPart part = {i, options.streams};
    std::unique_ptr<Messages> messages;
    if (options.beforehand) {
      messages = std::make_unique<Recording>(world, draw, part);
    } else {
      messages = std::make_unique<Delivery>(&world, draw, part);
    }
    auto lane = Lane::Create(client, world, std::move(messages), options.lane);
    if (lane.ok()) lanes.lanes_[i] = *std::move(lane);
    return lane.status();
  });
  if (!status.ok()) return status;
  return lanes;
}

absl::Status Lanes::SendUntil(engine::Micros time) {
  const absl::Time begin = absl::Now();
  const absl::Status status =
      AtOnce(lanes_.size(), [&](int i) { return lanes_[i]->SendUntil(time); });
  busy_ += absl::Now() - begin;
  return status;
}

LaneTotals Lanes::totals() const {
  LaneTotals sum;
  for (const auto& lane : lanes_) sum.Merge(lane->totals());
  return sum;
}

}  // namespace stagecraft::simulations
