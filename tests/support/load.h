// A load of events to measure ingestion with: people who move through a journey
// of five stages over 30 days, and meet experiments on the way.
//
//   Load load({.events = 2'000'000});
//   LoadBatch batch;
//   engine::EventBatch events;
//   while (load.Next(10'000, &batch)) {
//     RenderTexts(&batch);
//     AddTo(load, batch, &events);           // Or to columns of the contract.
//     engine->Ingest(events, MakeAliases(batch));
//   }
//
// Everything follows from the options: the same options make the same events.
// Of each hundred events one is a duplicate and one is late, by up to two days;
// of each thousand one comes with an alias: the person was anonymous until
// then. A person makes about ten events within five days; events come nearly in
// the order of time, so that about a sixth of all people are active at a time.
#ifndef STAGECRAFT_TESTS_SUPPORT_LOAD_H_
#define STAGECRAFT_TESTS_SUPPORT_LOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/event.h"
#include "engine/event_batch.h"
#include "engine/experiment.h"

namespace stagecraft::testing {

// A full hour in 2026.
inline constexpr engine::Micros kLoadBegin = 1'767'225'600 * engine::kSecond;
inline constexpr engine::Micros kLoadLength = 30 * engine::kDay;
inline constexpr const char* kLoadJourney = "journeys/load";
inline constexpr const char* kLoadStages[] = {"see", "want", "cart", "buy",
                                              "tell"};
inline constexpr int kLoadStageCount = 5;
// Two experiments at each of the first four stages, with variants `a` and `b`;
// each has half of the people who come there.
inline constexpr int kMaxLoadExperiments = 8;

struct LoadOptions {
  int64_t events = 2'000'000;  // At least 1; aliases come on top.
  uint64_t seed = 1;
  int experiments = kMaxLoadExperiments;  // 0 to 8.
  // Number of the first person, below 2^30. Loads with ranges that do not meet
  // have no person in common: for several producers. A load has about events /
  // 10 people, surely no more than events / 5.
  uint32_t first_person = 0;
  // One person in so many is anonymous at first.
  uint64_t anonymous_every = 100;
};

// Plain data of one event.
struct LoadItem {
  uint64_t id_high = 0;  // A UUIDv7, in the order of its text.
  uint64_t id_low = 0;
  engine::Micros time = 0;
  engine::MicroValue value = 0;  // 0 if there is none.
  uint32_t unit = 0;             // Person * 2, + 1 while anonymous.
  uint16_t content = 0;          // See Load::contents().
  bool has_value = false;
};

inline constexpr size_t kLoadUnitBytes = 14;
inline constexpr size_t kLoadIdBytes = 36;

struct LoadBatch {
  std::vector<LoadItem> items;
  // Persons who are known from here on.
  std::vector<uint32_t> aliases;
  // See RenderTexts: ids of units, then of events, item by item.
  std::string texts;

  absl::string_view unit_id(size_t i) const {
    return absl::string_view(texts).substr(i * kLoadUnitBytes, kLoadUnitBytes);
  }
  absl::string_view event_id(size_t i) const {
    return absl::string_view(texts).substr(
        items.size() * kLoadUnitBytes + i * kLoadIdBytes, kLoadIdBytes);
  }
};

// What was made so far.
struct LoadTotals {
  int64_t events = 0;  // Duplicates and late ones included.
  int64_t duplicates = 0;
  int64_t late = 0;
  int64_t aliases = 0;
  int64_t people = 0;  // Who made an event.
  // Without duplicates.
  int64_t entries[kLoadStageCount] = {};
  int64_t exposures[kMaxLoadExperiments] = {};
};

// Not thread-safe. Makes more than ten million items a second.
class Load {
 public:
  struct Content {
    std::string name;
    engine::Attributes attributes;
  };

  explicit Load(const LoadOptions& options);

  // The next events, at most `limit` (1 or more), and the aliases among them.
  // Takes back the memory of `batch`. False: that was all.
  bool Next(int limit, LoadBatch* batch);

  const std::vector<Content>& contents() const { return contents_; }
  const LoadTotals& totals() const { return totals_; }

 private:
  // What a person does at a time: one stage and its exposures, or a look.
  void Act(uint32_t person, int burst, engine::Micros time, LoadBatch* batch);
  void Emit(LoadItem item, LoadBatch* batch);
  uint64_t Random();

  LoadOptions options_;
  std::vector<Content> contents_;
  int64_t cohort_ = 1;  // Persons who begin within the same hour.
  // Where it stands.
  int64_t hour_ = 0;
  int64_t member_ = 0;
  int burst_ = 0;
  uint64_t random_ = 0;
  std::vector<LoadItem> recent_;   // A ring: what duplicates are taken from.
  std::vector<LoadItem> waiting_;  // Made already, for the batch after.
  LoadTotals totals_;
};

// The journey, with two segment dimensions of four values, and running
// experiments with one of them and two KPIs each, that the load is for: what
// engine::Specs takes.
std::shared_ptr<const engine::Journey> MakeLoadJourney();
std::vector<std::shared_ptr<const engine::Experiment>> MakeLoadExperiments(
    const std::shared_ptr<const engine::Journey>& journey,
    int experiments = kMaxLoadExperiments);
std::string LoadExperimentName(int experiment);

// Makes the texts of ids, more than ten million a second.
void RenderTexts(LoadBatch* batch);

// Clears `events` and adds all items, checking them as ingestion does.
// The texts of `batch` must be there, and stay. Ends the process if an item is
// refused.
void AddTo(const Load& load, const LoadBatch& batch,
           engine::EventBatch* events);

std::string LoadUnitId(uint32_t unit);
std::vector<engine::Alias> MakeAliases(const LoadBatch& batch);

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_SUPPORT_LOAD_H_
