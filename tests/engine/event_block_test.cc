#include "engine/event_block.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One event, all texts its own.
using Row = std::tuple<std::string, Micros, bool, MicroValue, std::string>;
// Events of each unit, in order.
using Rows = std::map<std::string, std::vector<Row>>;

std::vector<uint32_t> All(const EventBatch& batch) {
  std::vector<uint32_t> items(batch.items().size());
  std::iota(items.begin(), items.end(), 0);
  return items;
}

// By unit index, as that is the order that a block keeps.
Rows RowsOf(const EventBatch& batch, std::vector<uint32_t> items) {
  std::stable_sort(items.begin(), items.end(), [&](uint32_t a, uint32_t b) {
    return batch.items()[a].unit < batch.items()[b].unit;
  });
  Rows rows;
  for (const uint32_t i : items) {
    const EventBatch::Item& item = batch.items()[i];
    rows[std::string(batch.units()[item.unit])].emplace_back(
        std::string(batch.contents()[item.content]), item.time, item.has_value,
        item.value, std::string(item.event_id));
  }
  return rows;
}

std::string Encode(const EventBatch& batch) {
  return EncodeBlock(batch, All(batch));
}

// Bytes with the checksum that they would have.
std::string Sealed(std::string bytes) {
  const uint64_t checksum = XXH3_64bits(bytes.data(), bytes.size());
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  return bytes;
}

std::string Unsealed(const std::string& block) {
  return block.substr(0, block.size() - 8);
}

// A batch that owns its texts.
struct Owned {
  std::deque<std::string> texts;
  EventBatch batch;

  absl::string_view Keep(std::string text) {
    return texts.emplace_back(std::move(text));
  }
  void AddUnit(std::string id) { batch.AddStoredUnit(Keep(std::move(id))); }
  void AddContent(std::string content) {
    batch.AddStoredContent(Keep(std::move(content)));
  }
  void AddItem(uint32_t unit, uint32_t content, Micros time, std::string id) {
    batch.AddStoredItem({.unit = unit,
                         .content = content,
                         .time = time,
                         .event_id = Keep(std::move(id))});
  }
};

std::string Uuid(std::mt19937_64* random) {
  const uint64_t a = (*random)(), b = (*random)();
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", a >> 32,
                         (a >> 16) & 0xffff, a & 0xffff, b >> 48,
                         b & 0xffff'ffff'ffff);
}

// A UUID as version 7 has it, made about when the event happened, or long
// before or after.
std::string TimedUuid(Micros time, std::mt19937_64* random) {
  constexpr int64_t kAway[] = {0,           0,           1,
                               -1,          -700,        172'800'000,
                               -172800000,  17179869183, -(1 << 30),
                               17179869184, 1ll << 40,   -(1ll << 40)};
  const uint64_t millis =
      static_cast<uint64_t>(time / 1000 + kAway[(*random)() % 12]) &
      0xffff'ffff'ffff;
  const uint64_t a = (*random)(), b = (*random)();
  return absl::StrFormat("%08x-%04x-7%03x-%04x-%012x", millis >> 16,
                         millis & 0xffff, a & 0xfff, b >> 48,
                         b & 0xffff'ffff'ffff);
}

// An id of one of the forms that blocks tell apart, or close to one.
std::string RandomId(int kind, std::mt19937_64* random) {
  const uint64_t number = (*random)();
  switch (kind) {
    case 0:
      return Uuid(random);
    case 1:
      return absl::StrCat("order-", number % 100000);
    case 2:
      return absl::StrFormat("u%09d", number % 1000000000);
    case 3:
      return absl::StrCat(number, number);  // More than 18 digits.
    case 4: {
      std::string uuid = Uuid(random);
      uuid[number % 36] = "AG-0f"[number / 36 % 5];
      return uuid;
    }
    case 5:
      return std::string(number % 300, static_cast<char>('a' + number % 7));
    case 6:
      return absl::StrCat("größe-", number % 3 == 0 ? "0" : "", number % 50);
    default: {
      std::string bytes(number % 8, '\0');
      for (char& c : bytes) c = static_cast<char>((*random)());
      return bytes;
    }
  }
}

Owned RandomBatch(std::mt19937_64* random) {
  const auto below = [&](uint64_t n) { return (*random)() % n; };
  Owned owned;
  const int unit_kind = static_cast<int>(below(9));
  const int id_kind = static_cast<int>(below(11));  // 9, 10: by time.
  const uint64_t units = 1 + below(50);
  const uint64_t contents = 1 + below(below(4) == 0 ? 400 : 6);
  const uint64_t items = below(300);
  const auto kind = [&](int k) {
    return k == 8 ? static_cast<int>(below(8)) : k;
  };
  while (owned.batch.units().size() < units) {
    owned.AddUnit(RandomId(kind(unit_kind), random));
    if (below(100) == 0) break;  // Some kinds have few ids.
  }
  for (uint64_t i = 0; i < contents; ++i) {
    owned.AddContent(std::string(below(40), static_cast<char>(below(256))));
  }
  const Micros unit = std::vector<Micros>{1, 1000, kSecond}[below(3)];
  const Micros base = below(3) == 0 ? 0 : below(kMaxTime / 2);
  const Micros span =
      std::vector<Micros>{1, kSecond, kDay, kMaxTime / 2}[below(4)];
  const MicroValue scale = std::vector<MicroValue>{1, 10000, 1000000}[below(3)];
  for (uint64_t i = 0; i < items; ++i) {
    EventBatch::Item item;
    item.unit = below(owned.batch.units().size());
    item.content = below(owned.batch.contents().size());
    item.time = base + static_cast<Micros>(below(span)) / unit * unit;
    item.has_value = below(10) < 3;
    if (item.has_value) {
      item.value = static_cast<MicroValue>(below(2 * kMaxMicroValue + 1)) -
                   kMaxMicroValue;
      item.value = item.value / scale * scale;
    }
    item.event_id = owned.Keep(id_kind == 9 || (id_kind == 10 && below(2) == 0)
                                   ? TimedUuid(item.time, random)
                                   : RandomId(kind(id_kind % 9), random));
    owned.batch.AddStoredItem(item);
  }
  return owned;
}

TEST(EventBlockTest, RandomBatchesComeBack) {
  for (uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937_64 random(seed);
    const Owned owned = RandomBatch(&random);
    // All of it, or every other item in another order.
    std::vector<uint32_t> items = All(owned.batch);
    if (seed % 2 == 1) {
      std::shuffle(items.begin(), items.end(), random);
      items.resize(items.size() / 2);
    }
    const std::string block = EncodeBlock(owned.batch, items);
    EventBatch decoded;
    decoded.AddStoredUnit("left over");
    ASSERT_THAT(DecodeBlock(block, &decoded), IsOk());
    ASSERT_EQ(RowsOf(decoded, All(decoded)), RowsOf(owned.batch, items));

    const auto bounds = ReadBounds(block);
    ASSERT_THAT(bounds, IsOk());
    EXPECT_EQ(bounds->events, items.size());
    Micros min = kMaxTime, max = 0;
    for (const EventBatch::Item& item : decoded.items()) {
      min = std::min(min, item.time);
      max = std::max(max, item.time);
    }
    EXPECT_EQ(bounds->min_time, items.empty() ? 0 : min);
    EXPECT_EQ(bounds->max_time, max);

    std::vector<std::string> ids, want;
    ASSERT_THAT(ForEachUnitId(
                    block, [&](absl::string_view id) { ids.emplace_back(id); }),
                IsOk());
    EXPECT_EQ(ids.size(), bounds->units);
    // Neighbours with one id become one unit when they are read.
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (const absl::string_view id : decoded.units()) want.emplace_back(id);
    EXPECT_EQ(ids, want);
    // Written again, what was read gives the same block, but for units that
    // became one.
    if (decoded.units().size() == bounds->units) {
      EXPECT_EQ(Encode(decoded), block);
    }
  }
}

TEST(EventBlockTest, LimitsComeBack) {
  Owned owned;
  owned.AddUnit(std::string(kMaxUnitIdBytes, 'u'));
  owned.AddUnit("");
  owned.AddContent("");
  owned.AddContent(std::string(70000, 'c'));
  const std::string nines(18, '9');
  for (const std::string& id :
       {std::string(), nines, "0" + nines.substr(1), std::string(18, '0'),
        "1" + nines, std::string(kMaxEventIdBytes, '7'), std::string(252, 'x'),
        std::string(253, 'x'), std::string(251, 'x'),
        std::string("00000000-0000-0000-0000-000000000000"),
        std::string("ffffffff-ffff-ffff-ffff-ffffffffffff")}) {
    owned.AddItem(0, 1, 0, id);
    owned.AddItem(1, 0, kMaxTime, id);
  }
  for (const MicroValue value : {kMaxMicroValue, -kMaxMicroValue, int64_t{0}}) {
    owned.batch.AddStoredItem({.unit = 0,
                               .content = 0,
                               .time = kMaxTime - 1,
                               .value = value,
                               .has_value = true,
                               .event_id = "v"});
  }
  EventBatch decoded;
  const std::string block = Encode(owned.batch);
  ASSERT_THAT(DecodeBlock(block, &decoded), IsOk());
  EXPECT_EQ(RowsOf(decoded, All(decoded)),
            RowsOf(owned.batch, All(owned.batch)));

  const std::string nothing = EncodeBlock(owned.batch, {});
  ASSERT_THAT(DecodeBlock(nothing, &decoded), IsOk());
  EXPECT_TRUE(decoded.items().empty());
  EXPECT_TRUE(decoded.units().empty());
}

// The forms pay: what an event takes, by kind of id.
TEST(EventBlockTest, IsSmall) {
  const auto bytes_per_event = [](int unit_kind, int id_kind) {
    std::mt19937_64 random(1);
    Owned owned;
    owned.AddContent("order");
    owned.AddContent("page");
    for (uint32_t i = 0; i < 1000; ++i) {
      const Micros time = 1'700'000'000 * kSecond + random() % kHour;
      owned.AddUnit(RandomId(unit_kind, &random));
      // Of version 7, made up to a second before.
      const std::string id =
          id_kind < 0 ? absl::StrFormat("%012x", time / 1000 - random() % 1000)
                                .insert(8, "-") +
                            "-7" + Uuid(&random).substr(15)
                      : RandomId(id_kind, &random);
      const size_t unit = owned.batch.units().size() - 1;  // Perhaps one again.
      owned.AddItem(static_cast<uint32_t>(unit), random() % 2, time, id);
    }
    return Encode(owned.batch).size() / 1000.0;
  };
  // Time 4, content 1, events of the unit 1, value flag 1/8: 6.1, and ids.
  EXPECT_LT(bytes_per_event(2, 0), 6.2 + 4 + 16);
  EXPECT_LT(bytes_per_event(2, -1), 6.2 + 4 + 12);
  EXPECT_LT(bytes_per_event(2, 2), 6.2 + 4 + 4);
  EXPECT_LT(bytes_per_event(1, 1), 6.2 + 3 + 3);
  EXPECT_LT(bytes_per_event(0, 0), 6.2 + 16 + 16);
}

// The worked example of FORMAT.md, written by hand.
Owned Example() {
  Owned owned;
  owned.AddUnit("u1");
  owned.AddUnit("u2");
  owned.AddContent("A");
  owned.AddContent("B");
  const Micros start = 1'709'251'200 * kSecond;  // 2024-03-01T00:00:00Z
  owned.AddItem(1, 0, start + 2000, "018df6f2-3c00-7abc-8def-0123456789ab");
  owned.batch.AddStoredItem({.unit = 0,
                             .content = 1,
                             .time = start,
                             .value = 12'500'000,
                             .has_value = true,
                             .event_id = "e1"});
  owned.AddItem(0, 0, start + 1000, "x");
  return owned;
}

// Up to the event ids, which versions write differently.
constexpr char kExampleColumns[] =
    "03"                // events
    "80c0eef4e0d18403"  // the earliest at 1709251200000000 us
    "d00f"              // the latest 2000 us after it
    "02"                // unit ids
    "0001"              // all are numbers
    "017501"            // after the prefix "u", at least 1 digit
    "0101"              // from 1, in 1 byte each
    "0001"              // 1 + 0, 1 + 1
    "0201"              // events of u1, of u2
    "02"                // contents
    "01014241"          // of 1 and 1 byte: "B", "A"
    "000101"            // of each event
    "0101000102"        // times: in ms, 1 byte each, after the earliest
    "01"                // the first event has a value
    "05fa01";           // in units of 0.1: 125, as 250

TEST(EventBlockTest, HasTheStoredForm) {
  const std::string want =
      absl::StrCat("02", kExampleColumns,
                   "01010503"  // event ids: a number, 1 byte, a UUID by time
                   "016501"  // numbers: after the prefix "e", at least 1 digit
                   "0100"    // from 1, in 0 bytes each
                   "83a0ea05"              // made 6113.282 s before the event
                   "7abc8def0123456789ab"  // the rest of it
                   "78"                    // "x"
                   "c5db71d943001fa7"      // XXH3_64bits of all before
      );
  EXPECT_EQ(absl::BytesToHexString(Encode(Example().batch)), want);
}

TEST(EventBlockTest, ReadsVersion1) {
  const std::string block = absl::HexStringToBytes(
      absl::StrCat("01", kExampleColumns,
                   "01010400"  // event ids: a number, a text of 1 byte, a UUID
                   "016501"
                   "0100"
                   "018df6f23c007abc8def0123456789ab"
                   "78"
                   "f45615caa681a62d"));
  const Owned example = Example();
  EventBatch batch;
  ASSERT_THAT(DecodeBlock(block, &batch), IsOk());
  EXPECT_EQ(RowsOf(batch, All(batch)),
            RowsOf(example.batch, All(example.batch)));
  const auto bounds = ReadBounds(block);
  ASSERT_THAT(bounds, IsOk());
  EXPECT_EQ(bounds->events, 3u);
  std::vector<std::string> ids;
  ASSERT_THAT(
      ForEachUnitId(block, [&](absl::string_view id) { ids.emplace_back(id); }),
      IsOk());
  EXPECT_THAT(ids, ElementsAre("u1", "u2"));
  for (const char version : {'\0', '\3', '\xff'}) {
    std::string other = Unsealed(block);
    other[0] = version;
    EXPECT_THAT(
        DecodeBlock(Sealed(other), &batch),
        StatusIs(absl::StatusCode::kDataLoss, HasSubstr("unknown version")));
  }
}

// Whatever is cut off or changed is noticed.
TEST(EventBlockTest, EveryTruncationAndFlipIsRefused) {
  const std::string block = Encode(Example().batch);
  EventBatch batch;
  const auto ignore = [](absl::string_view) {};
  for (size_t size = 0; size < block.size(); ++size) {
    const std::string cut = block.substr(0, size);
    EXPECT_THAT(DecodeBlock(cut, &batch),
                StatusIs(absl::StatusCode::kDataLoss,
                         AllOf(HasSubstr("is damaged"), HasSubstr("at byte"))))
        << size;
    EXPECT_TRUE(batch.units().empty());
    EXPECT_FALSE(ForEachUnitId(cut, ignore).ok()) << size;
  }
  for (size_t i = 0; i < block.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = block;
      flipped[i] ^= static_cast<char>(1 << bit);
      EXPECT_THAT(DecodeBlock(flipped, &batch),
                  StatusIs(absl::StatusCode::kDataLoss, HasSubstr("at byte")));
      EXPECT_FALSE(ForEachUnitId(flipped, ignore).ok());
    }
  }
  EXPECT_THAT(DecodeBlock(block + '\0', &batch),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("checksum")));
}

// With a checksum that is right, so that it is the reading that must hold.
TEST(EventBlockTest, SealedTruncationsAreRefused) {
  const std::string bytes = Unsealed(Encode(Example().batch));
  EventBatch batch;
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(DecodeBlock(Sealed(bytes.substr(0, size)), &batch),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("at byte")))
        << size;
  }
  EXPECT_THAT(
      DecodeBlock(Sealed(bytes + '\0'), &batch),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("more than the events")));
}

// What is read of damaged bytes stays within the limits of events, or is
// refused.
TEST(EventBlockTest, HostileBytesAreSafe) {
  std::mt19937_64 random(3);
  EventBatch batch;
  int accepted = 0, refused = 0;
  const auto check = [&](const std::string& bytes) {
    const std::string block = Sealed(bytes);
    const absl::Status status = DecodeBlock(block, &batch);
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
      ++refused;
      return;
    }
    ++accepted;
    size_t text = 0;
    for (const EventBatch::Item& item : batch.items()) {
      ASSERT_LT(item.unit, batch.units().size());
      ASSERT_LT(item.content, batch.contents().size());
      ASSERT_GE(item.time, 0);
      ASSERT_LE(item.time, kMaxTime);
      ASSERT_LE(std::abs(item.value), kMaxMicroValue);
      for (const char c : item.event_id) text += static_cast<uint8_t>(c);
    }
    for (const absl::string_view id : batch.units()) text += id.size();
    EXPECT_GE(text, 0u);
  };
  for (int i = 0; i < 3000; ++i) {
    std::string bytes(1 + random() % 100, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    bytes[0] = static_cast<char>(1 + i % 2);
    check(bytes);
  }
  for (int i = 0; i < 30000; ++i) {
    std::mt19937_64 seeded(i % 40);
    std::string bytes =
        Unsealed(i % 4 == 0 ? Encode(Example().batch)
                            : Encode(RandomBatch(&seeded).batch));
    for (uint64_t n = 1 + random() % 3; n > 0; --n) {
      bytes[random() % std::min<size_t>(bytes.size(), 60)] =
          static_cast<char>(random() % 2 == 0 ? random() : random() % 4);
    }
    check(bytes);
  }
  EXPECT_GT(accepted, 100);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace stagecraft::engine
