// Blocks of the log: what an event costs to encode and decode, and its bytes.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <deque>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "engine/event_batch.h"
#include "engine/event_block.h"

namespace stagecraft::engine {
namespace {

// What a service gets within a second: ids are UUIDs of version 7, unit ids
// have 14 characters, one event in ten has a value.
struct Load {
  explicit Load(int64_t events) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 12; ++i) {
      batch.AddStoredContent(texts.emplace_back(
          absl::StrFormat("\1\x0a%010d with an attribute or two", i)));
    }
    const Micros start = 1'709'251'200 * kSecond;
    for (int64_t i = 0; i < events; ++i) {
      EventBatch::Item item;
      item.unit = batch.AddStoredUnit(texts.emplace_back(
          absl::StrFormat("user-%09d", random() % 5'000'000)));
      item.content = static_cast<uint32_t>(random() % 12);
      item.time = start + static_cast<Micros>(random() % kSecond);
      item.has_value = random() % 10 == 0;
      if (item.has_value) {
        item.value = static_cast<MicroValue>(random() % 100'000) * 10'000;
      }
      const uint64_t tail = random();
      item.event_id = texts.emplace_back(absl::StrFormat(
          "%08x-%04x-7%03x-%04x-%012x", (item.time / 1000) >> 16,
          (item.time / 1000) & 0xffff, tail & 0xfff, 0x8000 | (tail >> 52),
          random() & 0xffff'ffff'ffff));
      batch.AddStoredItem(item);
    }
    items.resize(events);
    std::iota(items.begin(), items.end(), 0);
  }

  std::deque<std::string> texts;
  EventBatch batch;
  std::vector<uint32_t> items;
};

void Count(benchmark::State& state, const std::string& block) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_per_event"] =
      static_cast<double>(block.size()) / static_cast<double>(state.range(0));
}

void BM_EncodeBlock(benchmark::State& state) {
  const Load load(state.range(0));
  std::string block;
  for (auto _ : state) {
    block = EncodeBlock(load.batch, load.items);
    benchmark::DoNotOptimize(block.data());
  }
  Count(state, block);
}
BENCHMARK(BM_EncodeBlock)->Arg(1000)->Arg(10'000);

void BM_DecodeBlock(benchmark::State& state) {
  const Load load(state.range(0));
  const std::string block = EncodeBlock(load.batch, load.items);
  EventBatch batch;
  for (auto _ : state) {
    if (!DecodeBlock(block, &batch).ok()) state.SkipWithError("refused");
    benchmark::DoNotOptimize(batch.items().data());
  }
  Count(state, block);
}
BENCHMARK(BM_DecodeBlock)->Arg(1000)->Arg(10'000);

void BM_ForEachUnitId(benchmark::State& state) {
  const Load load(state.range(0));
  const std::string block = EncodeBlock(load.batch, load.items);
  size_t bytes = 0;
  for (auto _ : state) {
    const absl::Status read =
        ForEachUnitId(block, [&](absl::string_view id) { bytes += id.size(); });
    if (!read.ok()) state.SkipWithError("refused");
  }
  benchmark::DoNotOptimize(bytes);
  Count(state, block);
}
BENCHMARK(BM_ForEachUnitId)->Arg(10'000);

}  // namespace
}  // namespace stagecraft::engine
