#include <algorithm>
#include <limits>
#include <vector>

#include "engine/block_bytes.h"
#include "engine/block_texts.h"
#include "engine/event_block.h"

namespace stagecraft::engine {
namespace {

constexpr uint32_t kUnused = std::numeric_limits<uint32_t>::max();

using Item = EventBatch::Item;

// The listed items, those of one unit together.
struct Grouped {
  std::vector<const Item*> items;
  std::vector<absl::string_view> units;
  std::vector<uint32_t> counts;  // Items by unit.
};

Grouped GroupByUnit(const EventBatch& batch, absl::Span<const uint32_t> items) {
  const std::vector<Item>& all = batch.items();
  std::vector<uint32_t> ends(batch.units().size(), 0);
  for (const uint32_t i : items) ++ends[all[i].unit];
  Grouped grouped;
  uint32_t end = 0;
  for (size_t unit = 0; unit < ends.size(); ++unit) {
    if (ends[unit] > 0) {
      grouped.units.push_back(batch.units()[unit]);
      grouped.counts.push_back(ends[unit]);
    }
    end += ends[unit];
    ends[unit] = end - ends[unit];  // Where the unit begins, for now.
  }
  grouped.items.resize(items.size());
  for (const uint32_t i : items) {
    grouped.items[ends[all[i].unit]++] = &all[i];
  }
  return grouped;
}

void PutContents(const EventBatch& batch, const std::vector<const Item*>& items,
                 std::string* out) {
  // Contents in the order in which they are met.
  std::vector<uint32_t> index_of(batch.contents().size(), kUnused);
  std::vector<uint32_t> used;
  std::string indexes;
  for (const Item* item : items) {
    uint32_t& index = index_of[item->content];
    if (index == kUnused) {
      index = static_cast<uint32_t>(used.size());
      used.push_back(item->content);
    }
  }
  AppendVarint<uint64_t>(used.size(), out);
  for (const uint32_t content : used) {
    AppendVarint<uint64_t>(batch.contents()[content].size(), out);
  }
  for (const uint32_t content : used) {
    const absl::string_view text = batch.contents()[content];
    out->append(text.data(), text.size());
  }
  const int width = used.empty() ? 0 : WidthOf(used.size() - 1);
  FixedWriter writer(items.size(), width, out);
  for (const Item* item : items) writer.Put(index_of[item->content]);
}

void PutTimes(const std::vector<const Item*>& items, Micros min, Micros max,
              std::string* out) {
  uint8_t unit = 2;
  for (const Item* item : items) {
    while ((item->time - min) % kTimeUnits[unit] != 0) --unit;
    if (unit == 0) break;
  }
  const int width = WidthOf(static_cast<uint64_t>((max - min)) /
                            static_cast<uint64_t>(kTimeUnits[unit]));
  out->push_back(static_cast<char>(unit));
  out->push_back(static_cast<char>(width));
  FixedWriter writer(items.size(), width, out);
  const auto put = [&](auto divide) {
    for (const Item* item : items) {
      writer.Put(divide(static_cast<uint64_t>(item->time - min)));
    }
  };
  // Divisions by constants are multiplications.
  if (unit == 0) put([](uint64_t time) { return time; });
  if (unit == 1) put([](uint64_t time) { return time / 1'000; });
  if (unit == 2) put([](uint64_t time) { return time / 1'000'000; });
}

void PutValues(const std::vector<const Item*>& items, std::string* out) {
  const size_t start = out->size();
  out->resize(start + (items.size() + 7) / 8, '\0');
  std::vector<MicroValue> values;
  uint8_t unit = 6;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i]->has_value) continue;
    (*out)[start + i / 8] |= static_cast<char>(1 << (i % 8));
    const MicroValue value = items[i]->value;
    values.push_back(value);
    while (value % kValueUnits[unit] != 0) --unit;
  }
  if (values.empty()) return;
  out->push_back(static_cast<char>(unit));
  for (const MicroValue value : values) {
    AppendVarint(ToZigzag(value / kValueUnits[unit]), out);
  }
}

}  // namespace

std::string EncodeBlock(const EventBatch& batch,
                        absl::Span<const uint32_t> items) {
  const Grouped grouped = GroupByUnit(batch, items);
  Micros min = 0, max = 0;
  if (!grouped.items.empty()) min = max = grouped.items[0]->time;
  std::vector<absl::string_view> event_ids;
  event_ids.reserve(items.size());
  std::vector<uint64_t> millis;
  millis.reserve(items.size());
  for (const Item* item : grouped.items) {
    min = std::min(min, item->time);
    max = std::max(max, item->time);
    event_ids.push_back(item->event_id);
    millis.push_back(MillisOf(item->time));
  }
  std::string out;
  out.reserve(64 + 48 * items.size());
  out.push_back(kBlockVersion);
  AppendVarint<uint64_t>(items.size(), &out);
  AppendVarint<uint64_t>(static_cast<uint64_t>(min), &out);
  AppendVarint<uint64_t>(static_cast<uint64_t>(max - min), &out);
  AppendVarint<uint64_t>(grouped.units.size(), &out);
  PutTexts(grouped.units, {}, &out);
  for (const uint32_t count : grouped.counts)
    AppendVarint<uint64_t>(count, &out);
  PutContents(batch, grouped.items, &out);
  PutTimes(grouped.items, min, max, &out);
  PutValues(grouped.items, &out);
  PutTexts(event_ids, millis, &out);
  const uint64_t checksum = BlockChecksum(out);
  FixedWriter(1, kChecksumBytes, &out).Put(checksum);
  return out;
}

}  // namespace stagecraft::engine
