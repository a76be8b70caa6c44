#include "tests/support/load.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "engine/uuid.h"

namespace stagecraft::testing {
namespace {

using engine::kDay;
using engine::kHour;
using engine::Micros;

constexpr const char* kChannels[] = {"web", "app", "store", "phone"};
constexpr const char* kTiers[] = {"new", "regular", "gold", "staff"};
constexpr int kPeople = 16;  // Kinds of people: a channel and a tier.
// Names: the stages, a look, and two variants of each experiment.
constexpr int kLook = kLoadStageCount;
constexpr int kFirstExposure = kLook + 1;
constexpr int kNames = kFirstExposure + 2 * kMaxLoadExperiments;

// A person acts up to eight times: each stage, and looks between them.
struct Burst {
  int stage;          // Or -1: a look.
  int after_hours;    // Since the first one.
  uint32_t looks;     // How many, on average.
  double per_person;  // Of those who began, how many get here.
};
constexpr Burst kBursts[] = {
    {0, 0, 0, 1},    {-1, 1, 2, 1},    {1, 5, 0, 0.7},  {-1, 20, 2, 0.7},
    {2, 26, 0, 0.5}, {-1, 50, 2, 0.5}, {3, 75, 0, 0.3}, {4, 120, 0, 0.15},
};
constexpr int kBurstCount = 8;
constexpr int kHours = kLoadLength / kHour;
// Anonymous people are known from their third act on.
constexpr int kKnownFrom = 2;
constexpr uint64_t kDuplicateEvery = 100;
constexpr uint64_t kLateEvery = 100;
constexpr size_t kRecent = 4096;

uint64_t Mix(uint64_t x) {  // splitmix64.
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

bool Reaches(uint64_t person_hash, double share) {
  return static_cast<double>(person_hash >> 40) < share * (1 << 24);
}

double ItemsOf(const Burst& burst, int experiments) {
  const double exposures =
      burst.stage < 0 ? 0
                      : std::clamp(experiments - 2 * burst.stage, 0, 2) / 2.0;
  return burst.per_person * (burst.stage < 0 ? burst.looks : 1 + exposures);
}

void PutUnitId(uint32_t unit, char* out) {
  const char* prefix = unit % 2 == 0 ? "unit-" : "anon-";
  std::copy_n(prefix, 5, out);
  uint32_t person = unit / 2;
  for (int i = kLoadUnitBytes - 1; i >= 5; --i, person /= 10) {
    out[i] = static_cast<char>('0' + person % 10);
  }
}

void PutEventId(const LoadItem& item, char* out) {
  char bytes[engine::kUuidBytes];
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(item.id_high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<char>(item.id_low >> (56 - 8 * i));
  }
  engine::PutUuid(bytes, out);
}

}  // namespace

Load::Load(const LoadOptions& options)
    : options_(options),
      random_(Mix(options.seed + options.first_person)),
      recent_(kRecent) {
  for (int name = 0; name < kNames; ++name) {
    for (int kind = 0; kind < kPeople; ++kind) {
      Content content;
      content.attributes["channel"] = std::string(kChannels[kind % 4]);
      content.attributes["tier"] = std::string(kTiers[kind / 4]);
      if (name < kLook) {
        content.name = kLoadStages[name];
      } else if (name == kLook) {
        content.name = "look";
      } else {
        const int exposure = name - kFirstExposure;
        content.name = std::string(engine::kExposureName);
        content.attributes[std::string(engine::kExposureExperiment)] =
            LoadExperimentName(exposure / 2);
        content.attributes[std::string(engine::kExposureVariant)] =
            std::string(exposure % 2 == 0 ? "a" : "b");
      }
      contents_.push_back(std::move(content));
    }
  }
  // So many people an hour that the events last for the whole length.
  double items = 0;
  for (const Burst& burst : kBursts) {
    items += ItemsOf(burst, options.experiments) * (kHours - burst.after_hours);
  }
  items *= 1 + 1.0 / kDuplicateEvery;
  cohort_ = static_cast<int64_t>(
      std::ceil(static_cast<double>(options.events) / items));
}

uint64_t Load::Random() { return Mix(++random_); }

bool Load::Next(int limit, LoadBatch* batch) {
  batch->items.clear();
  batch->aliases.clear();
  batch->texts.clear();
  const int64_t left =
      options_.events - totals_.events + static_cast<int64_t>(waiting_.size());
  const size_t want = static_cast<size_t>(std::min<int64_t>(limit, left));
  if (want == 0) return false;
  batch->items.reserve(want + 16);
  batch->items.swap(waiting_);
  waiting_.clear();
  while (batch->items.size() < want) {
    const int64_t cohort = hour_ - kBursts[burst_].after_hours;
    if (cohort >= 0) {
      Act(static_cast<uint32_t>(cohort * cohort_ + member_), burst_,
          kLoadBegin + hour_ * kHour + kHour / cohort_ * member_, batch);
    }
    if (++burst_ < kBurstCount) continue;
    burst_ = 0;
    if (++member_ < cohort_) continue;
    member_ = 0;
    ++hour_;
  }
  waiting_.assign(batch->items.begin() + static_cast<ptrdiff_t>(want),
                  batch->items.end());
  batch->items.resize(want);
  return true;
}

void Load::Act(uint32_t number, int burst, Micros time, LoadBatch* batch) {
  const Burst& act = kBursts[burst];
  const uint32_t person = options_.first_person + number;
  const uint64_t hash = Mix(options_.seed ^ Mix(person));
  if (burst == 0) ++totals_.people;
  const bool was_anonymous = hash % options_.anonymous_every == 0;
  if (was_anonymous && burst == kKnownFrom) {
    batch->aliases.push_back(person);
    ++totals_.aliases;
  }
  if (!Reaches(hash, act.per_person)) return;
  LoadItem item;
  item.unit = person * 2 + (was_anonymous && burst < kKnownFrom ? 1 : 0);
  const uint64_t kind = (hash >> 8) % kPeople;
  const auto content = [kind](uint64_t name) {
    return static_cast<uint16_t>(name * kPeople + kind);
  };
  item.time = time + burst * 7'000;
  if (act.stage < 0) {
    // None to twice the average.
    const int looks = static_cast<int>(Random() % (2 * act.looks + 1));
    item.content = content(kLook);
    for (int i = 0; i < looks; ++i, item.time += 3'000) Emit(item, batch);
    return;
  }
  item.content = content(act.stage);
  if (act.stage >= 2) {
    item.has_value = true;
    item.value = act.stage == 4
                     ? static_cast<int64_t>((hash >> 16) % 11) * 1'000'000
                     : static_cast<int64_t>((hash >> 16) % 20'000) * 10'000;
  }
  Emit(item, batch);
  item.has_value = false;
  item.value = 0;
  // The two experiments of a stage share its people.
  const int i = 2 * act.stage + static_cast<int>(hash >> 18 & 1);
  if (i >= options_.experiments) return;
  item.time += 1'000;
  const uint64_t variant = (hash >> (20 + i)) % 2;
  item.content = content(kFirstExposure + 2 * i + variant);
  Emit(item, batch);
}

void Load::Emit(LoadItem item, LoadBatch* batch) {
  if (totals_.events >= options_.events) return;
  const int name = item.content / kPeople;
  if (name < kLook) {
    ++totals_.entries[name];
  } else if (name >= kFirstExposure) {
    ++totals_.exposures[(name - kFirstExposure) / 2];
  }
  const uint64_t random = Random();
  const auto made = static_cast<uint64_t>(totals_.events++);
  item.id_high =
      static_cast<uint64_t>(item.time / 1000) << 16 | 0x7000 | (made & 0xfff);
  item.id_low = random >> 2 | uint64_t{1} << 63;
  if (random % kLateEvery == 1) {
    const auto by = static_cast<Micros>(Mix(random) % (2 * kDay));
    item.time = std::max(kLoadBegin, item.time - by);
    ++totals_.late;
  }
  recent_[made % kRecent] = item;
  batch->items.push_back(item);
  if (random % kDuplicateEvery == 0 && totals_.events < options_.events) {
    const uint64_t back = Mix(random) % std::min<uint64_t>(made + 1, kRecent);
    item = recent_[(made - back) % kRecent];
    recent_[static_cast<uint64_t>(totals_.events++) % kRecent] = item;
    batch->items.push_back(item);
    ++totals_.duplicates;
  }
}

std::string LoadExperimentName(int experiment) {
  return absl::StrCat(kLoadJourney, "/experiments/e", experiment);
}

std::shared_ptr<const engine::Journey> MakeLoadJourney() {
  auto journey = std::make_shared<engine::Journey>();
  journey->name = kLoadJourney;
  for (const char* id : kLoadStages) {
    engine::Stage stage;
    stage.id = id;
    stage.entry.names = {id};
    journey->stages.push_back(stage);
  }
  journey->segments = {
      {"channel", {std::begin(kChannels), std::end(kChannels)}},
      {"tier", {std::begin(kTiers), std::end(kTiers)}}};
  return journey;
}

std::vector<std::shared_ptr<const engine::Experiment>> MakeLoadExperiments(
    const std::shared_ptr<const engine::Journey>& journey, int experiments) {
  std::vector<std::shared_ptr<const engine::Experiment>> result;
  for (int i = 0; i < experiments; ++i) {
    auto experiment = std::make_shared<engine::Experiment>();
    experiment->name = LoadExperimentName(i);
    experiment->state = engine::Experiment::State::kRunning;
    experiment->stage = kLoadStages[i / 2];
    experiment->variants = {{"a", 500'000}, {"b", 500'000}};
    experiment->allocations = {{0, 0, 500'000}, {1, 500'000, 1'000'000}};
    experiment->salt = absl::StrCat("e", i);
    experiment->segments = {journey->segments[0]};
    experiment->journey = journey;
    experiment->start_time = kLoadBegin;
    for (const auto kind :
         {engine::KpiKind::kConversion, engine::KpiKind::kValueSum}) {
      engine::Kpi kpi;
      kpi.name = absl::StrCat(
          kLoadJourney, "/kpis/",
          kind == engine::KpiKind::kConversion ? "bought" : "revenue");
      kpi.kind = kind;
      kpi.events.names = {"buy"};
      kpi.length = 7 * kDay;
      experiment->kpis.push_back(kpi);
    }
    experiment->plan.primary_kpis = {experiment->kpis[0].name};
    experiment->plan.secondary_kpis = {experiment->kpis[1].name};
    result.push_back(experiment);
  }
  return result;
}

void RenderTexts(LoadBatch* batch) {
  const size_t items = batch->items.size();
  batch->texts.resize(items * (kLoadUnitBytes + kLoadIdBytes));
  char* unit = batch->texts.data();
  char* id = unit + items * kLoadUnitBytes;
  for (const LoadItem& item : batch->items) {
    PutUnitId(item.unit, unit);
    PutEventId(item, id);
    unit += kLoadUnitBytes;
    id += kLoadIdBytes;
  }
}

void AddTo(const Load& load, const LoadBatch& batch,
           engine::EventBatch* events) {
  const auto check = [](const absl::Status& status) {
    if (status.ok()) return;
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    std::abort();
  };
  events->Clear();
  events->Reserve(batch.items.size());
  // Index of a content within this batch, + 1.
  std::vector<uint32_t> known(load.contents().size());
  uint32_t unit = 0;
  for (size_t i = 0; i < batch.items.size(); ++i) {
    const LoadItem& from = batch.items[i];
    if (i == 0 || from.unit != batch.items[i - 1].unit) {
      const auto added = events->AddUnit(batch.unit_id(i));
      check(added.status());
      unit = *added;
    }
    if (known[from.content] == 0) {
      const Load::Content& content = load.contents()[from.content];
      const auto added = events->AddContent(content.name, content.attributes);
      check(added.status());
      known[from.content] = *added + 1;
    }
    check(events->AddItem({.unit = unit,
                           .content = known[from.content] - 1,
                           .time = from.time,
                           .value = from.value,
                           .has_value = from.has_value,
                           .event_id = batch.event_id(i)}));
  }
}

std::string LoadUnitId(uint32_t unit) {
  std::string text(kLoadUnitBytes, ' ');
  PutUnitId(unit, text.data());
  return text;
}

std::vector<engine::Alias> MakeAliases(const LoadBatch& batch) {
  std::vector<engine::Alias> aliases;
  aliases.reserve(batch.aliases.size());
  for (const uint32_t person : batch.aliases) {
    aliases.push_back({LoadUnitId(person * 2 + 1), LoadUnitId(person * 2)});
  }
  return aliases;
}

}  // namespace stagecraft::testing
