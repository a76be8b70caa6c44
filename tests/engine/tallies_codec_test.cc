#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "engine/hash.h"
#include "engine/tallies.h"
#include "gtest/gtest.h"
#include "tests/engine/random_contributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {

void PrintTo(const SlotRange& parts, std::ostream* out) {
  *out << "slots " << parts.begin << " to " << parts.end;
}

namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::_;

TEST(TalliesCodecTest, WhatIsWrittenIsRead) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const TalliesShape shape = TestShape(seed % 2 == 0 ? kParts : SlotRange());
    const Tallies tallies = RandomTallies(seed, 400, shape);
    const std::string bytes = tallies.Serialize();
    auto parsed = Tallies::Parse(bytes, shape);
    ASSERT_THAT(parsed, IsOk());
    EXPECT_TRUE(*parsed == tallies);
    EXPECT_EQ(parsed->Serialize(), bytes);
    Random random(seed);
    for (int i = 0; i < 300; ++i) {
      const int slot = static_cast<int>(random.Below(kSlots));
      const int column = static_cast<int>(random.Below(TestColumns().size()));
      const Tick tick = kBegin - 70 + static_cast<Tick>(random.Below(900));
      if (TestColumns()[column].durations) {
        ASSERT_EQ(parsed->ReadDurations(slot, 1, column, tick),
                  tallies.ReadDurations(slot, 1, column, tick));
      } else {
        ASSERT_EQ(parsed->ReadSums(slot, 1, column, tick),
                  tallies.ReadSums(slot, 1, column, tick));
      }
    }
    // And they go on.
    const Contribution unit = random.MakeContribution();
    Tallies other = tallies;
    other.Apply(unit, 1);
    parsed->Apply(unit, 1);
    EXPECT_TRUE(*parsed == other);
  }
}

TEST(TalliesCodecTest, TheSameTalliesAreTheSameBytes) {
  // Whatever the order, and whatever was there in between.
  Random random(11);
  std::vector<Contribution> units;
  for (int i = 0; i < 300; ++i) units.push_back(random.MakeContribution());
  Tallies a = Zero();
  for (const Contribution& unit : units) a.Apply(unit, 1);
  Tallies b = Zero();
  BookDelta delta(TestColumns());
  const Contribution passing = random.MakeContribution();
  delta.Add(passing, 1);
  b.Apply(delta);
  delta.Clear();
  std::reverse(units.begin(), units.end());
  for (const Contribution& unit : units) delta.Add(unit, 1);
  b.Apply(delta);
  b.Apply(passing, -1);
  EXPECT_EQ(a.Serialize(), b.Serialize());
}

TEST(TalliesCodecTest, WhatIsCutOrDamagedIsRefused) {
  const std::string bytes = RandomTallies(21, 8).Serialize();
  ASSERT_THAT(Tallies::Parse(bytes, TestShape()), IsOk());
  const auto expect_refused = [](const std::string& damaged) {
    ASSERT_THAT(Tallies::Parse(damaged, TestShape()),
                StatusIs(absl::StatusCode::kDataLoss, _));
  };
  for (size_t i = 0; i < bytes.size(); ++i) {
    expect_refused(bytes.substr(0, i));
    expect_refused(bytes.substr(i + 1));
    for (const int flip : {1, 0xff}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      expect_refused(damaged);
    }
  }
  expect_refused(bytes + '\0');
}

// The bytes with a checksum that agrees.
std::string Signed(std::string bytes) {
  const uint64_t hash = HashBytes(bytes);
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(hash >> 8 * i));
  return bytes;
}

class HostileTalliesTest : public ::testing::TestWithParam<SlotRange> {};
INSTANTIATE_TEST_SUITE_P(Shapes, HostileTalliesTest,
                         ::testing::Values(SlotRange(), kParts),
                         [](const auto& info) {
                           return info.param.empty() ? "All" : "Parts";
                         });

TEST_P(HostileTalliesTest, HostileBytesAreRefusedOrMeanSomething) {
  const TalliesShape shape = TestShape(GetParam());
  const std::string good = RandomTallies(22, 2, shape).Serialize();
  const std::string body = good.substr(0, good.size() - 8);
  ASSERT_EQ(Signed(body), good);
  Random random(23);
  int refused = 0;
  const auto probe = [&](const std::string& hostile) {
    const auto parsed = Tallies::Parse(Signed(hostile), shape);
    if (parsed.ok()) {
      const std::string again = parsed->Serialize();
      const auto same = Tallies::Parse(again, shape);
      ASSERT_THAT(same, IsOk());
      EXPECT_EQ(same->Serialize(), again);
      // Whatever ticks there are, they can be read from any.
      for (const Tick tick : {kBegin - 900, kBegin + 30, kBegin + 900}) {
        for (const int column : {1, 4}) {
          EXPECT_EQ(same->ReadSums(1, 0, column, tick),
                    parsed->ReadSums(1, 0, column, tick));
        }
        EXPECT_EQ(same->ReadDurations(0, 0, 5, tick),
                  parsed->ReadDurations(0, 0, 5, tick));
      }
    } else {
      EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kDataLoss, _));
      ++refused;
    }
  };
  for (size_t i = 0; i < body.size(); ++i) {
    probe(body.substr(0, i));
    for (int n = 0; n < 4; ++n) {
      std::string hostile = body;
      hostile[i] = static_cast<char>(random.Below(256));
      if (n == 1) hostile[random.Below(hostile.size())] ^= 0x80;
      if (n == 2) hostile.insert(i, 10, '\xff');
      if (n == 3) hostile.erase(i, 1 + random.Below(4));
      probe(hostile);
    }
  }
  // No proper part can be read, since later series are missing.
  EXPECT_GE(refused, static_cast<int>(body.size()));
}

// Half of the units wait until the horizon: one bin at one tick, whatever
// segments they are of.
TEST(TalliesCodecTest, ManyCombinationsInOneBinAreInOrder) {
  TalliesShape shape = TestShape();
  shape.slots = 401;
  const auto unit_of = [](int i) {
    Contribution unit;
    unit.slots = {0, 1 + i * 37 % 200, 201 + i / 200 % 200};
    Change change;
    change.column = 2;
    change.tick = kBegin;
    change.kind = DurationKind::kHorizon;
    change.value[0] = kDay;
    unit.changes = {change};
    return unit;
  };
  constexpr int kUnits = 20'000;
  Tallies tallies(shape);
  for (int i = 0; i < kUnits; ++i) tallies.Apply(unit_of(i), 1);
  Tallies reversed(shape);
  for (int i = kUnits; i-- > 0;) reversed.Apply(unit_of(i), 1);
  const std::string bytes = tallies.Serialize();
  EXPECT_EQ(bytes, reversed.Serialize());
  const auto parsed = Tallies::Parse(bytes, shape);
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(
      parsed->ReadDurations(0, 0, 2, kBegin).Total(DurationKind::kHorizon),
      kUnits);
  EXPECT_EQ(
      parsed->ReadDurations(38, 0, 2, kBegin).Total(DurationKind::kHorizon),
      kUnits / 200);
  EXPECT_EQ(parsed->Serialize(), bytes);
}

// So many changes that who entered and went is left out at once when they are
// read; the tallies that they are compared with grew change by change.
TEST(TalliesCodecTest, LongSeriesAreReadAgain) {
  constexpr std::array<int16_t, 3> kColumns = {2, 5, 7};
  Random random(41);
  Tallies tallies = Zero();
  for (int i = 0; i < 90'000; ++i) {
    Contribution unit;
    unit.slots = {0, 1 + i % 3};
    const int16_t column = kColumns[i / 3 % 3];
    const auto add = [&](Tick tick, int sign, DurationKind kind, Micros bin) {
      Change change;
      change.column = column;
      change.tick = tick;
      change.sign = static_cast<int8_t>(sign);
      change.kind = kind;
      change.value[0] = bin;
      unit.changes.push_back(change);
    };
    const Tick entered = kBegin + 2 * static_cast<Tick>(random.Below(300));
    const Micros entry = entered / 2 * kHour + random.Below(60) * kMinute;
    add(entered, 1, DurationKind::kOpen, entry);
    if (!random.OneIn(5)) {
      const Tick left = entered + 2 * static_cast<Tick>(random.Below(50));
      add(left, -1, DurationKind::kOpen, entry);
      add(left, 1, DurationKind::kEvent, random.Below(1000) * kMinute);
    }
    tallies.Apply(unit, 1);
  }
  const auto parsed = Tallies::Parse(tallies.Serialize(), TestShape());
  ASSERT_THAT(parsed, IsOk());
  for (const Tick tick : {kBegin + 20, kBegin + 301, kBegin + 700}) {
    for (int slot = 0; slot < 4; ++slot) {
      for (const int column : kColumns) {
        const auto counts = tallies.ReadDurations(slot, 0, column, tick);
        EXPECT_GT(counts.Total(DurationKind::kOpen), 0);
        EXPECT_EQ(parsed->ReadDurations(slot, 0, column, tick), counts);
      }
    }
  }
}

// What was summed up is read at every tick, and goes on.
TEST(TalliesCodecTest, TotalsAreTakenInsteadOfSummingUp) {
  Random random(51);
  Tallies tallies = RandomTallies(52, 4000);
  const std::string bytes = tallies.Serialize();
  auto parsed = Tallies::Parse(bytes, TestShape(), tallies.SerializeTotals());
  ASSERT_THAT(parsed, IsOk());
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(*parsed == tallies);
    for (int i = 0; i < 300; ++i) {
      const int slot = static_cast<int>(random.Below(kSlots));
      const int column = random.OneIn(3) ? 2 : random.OneIn(2) ? 5 : 7;
      const Tick tick = kBegin - 70 + static_cast<Tick>(random.Below(900));
      ASSERT_EQ(parsed->ReadDurations(slot, 1, column, tick),
                tallies.ReadDurations(slot, 1, column, tick));
      const Micros as_of = 19'999 * kDay + random.Below(20 * kDay);
      ASSERT_EQ(parsed->ReadBins(slot, 1, column, as_of),
                tallies.ReadBins(slot, 1, column, as_of));
    }
    for (int i = 0; i < 3000; ++i) {
      const Contribution unit = random.MakeContribution();
      const int sign = random.OneIn(2) ? 1 : -1;
      tallies.Apply(unit, sign);
      parsed->Apply(unit, sign);
    }
  }
}

// So that a proof by recomputation sees it, should they ever be wrong.
TEST(TalliesCodecTest, TalliesWithTotalsOfOthersAreNotTheSame) {
  Tallies tallies = RandomTallies(53, 400);
  Tallies others = tallies;
  Contribution unit;
  unit.slots = {0, 2, 5};
  unit.changes.push_back({.column = 5, .tick = kBegin});
  others.Apply(unit, 1);
  const auto parsed = Tallies::Parse(tallies.Serialize(), TestShape(),
                                     others.SerializeTotals());
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->Serialize(), tallies.Serialize());
  EXPECT_FALSE(*parsed == tallies);
}

// Two in and two out that stand together: their group has as many units as
// before, and the same mean.
TEST(TalliesCodecTest, TotalsOfOthersInTheSameGroupsAreNotTheSame) {
  Tallies tallies = RandomTallies(53, 4000);
  Tallies others = tallies;
  Contribution unit;
  unit.slots = {0, 2, 5};
  Change change = {.column = 7, .tick = kBegin};
  change.value[0] = 16 * kDay;
  unit.changes.push_back(change);
  change.value[0] += 2 * kMinute;
  unit.changes.push_back(change);
  change.value[0] -= kMinute;
  change.sign = -1;
  unit.changes.push_back(change);
  unit.changes.push_back(change);
  others.Apply(unit, 1);
  const Micros later = 20'040 * kDay;
  ASSERT_EQ(others.ReadBins(2, 0, 7, later), tallies.ReadBins(2, 0, 7, later));
  const auto parsed = Tallies::Parse(tallies.Serialize(), TestShape(),
                                     others.SerializeTotals());
  ASSERT_THAT(parsed, IsOk());
  EXPECT_FALSE(*parsed == tallies);
}

TEST(TalliesCodecTest, DamagedTotalsAreLeftOut) {
  Tallies tallies = RandomTallies(54, 8);
  const std::string bytes = tallies.Serialize();
  const std::string totals = tallies.SerializeTotals();
  const auto expect_left_out = [&](const std::string& damaged) {
    const auto parsed = Tallies::Parse(bytes, TestShape(), damaged);
    ASSERT_THAT(parsed, IsOk());
    EXPECT_TRUE(*parsed == tallies);
  };
  for (size_t i = 0; i < totals.size(); ++i) {
    std::string damaged = totals;
    damaged[i] ^= static_cast<char>(1 << i % 8);
    expect_left_out(damaged);
    expect_left_out(totals.substr(0, i));
  }
  // With a checksum that says they are sound.
  const std::string body = totals.substr(0, totals.size() - 8);
  for (size_t i = 0; i < body.size(); ++i) {
    expect_left_out(Signed(body.substr(0, i)));
  }
  expect_left_out(Signed(body + '\0'));
  std::string other_version = body;
  other_version[0] = 1;
  expect_left_out(Signed(other_version));
}

TEST(TalliesCodecTest, DamagedTicksAreRefused) {
  Tallies tallies = RandomTallies(55, 20);
  const Tallies::Saved whole = {tallies.Serialize(), tallies.SerializeTotals()};
  tallies.SetSaved();
  tallies.Apply(Random(1).MakeContribution(), 1);
  const Tallies changed = tallies.Unsaved();
  const Tallies::Saved sound = {changed.Serialize(), changed.SerializeTicks()};
  ASSERT_THAT(Tallies::ReadChain({whole, sound}, TestShape()), IsOk());
  EXPECT_LT(2 * sound.more.size(), tallies.SerializeTicks().size());
  const auto expect_refused = [&](const Tallies::Saved& saved) {
    EXPECT_THAT(Tallies::ReadChain({whole, saved}, TestShape()),
                StatusIs(absl::StatusCode::kDataLoss, _));
  };
  for (size_t i = 0; i < sound.more.size(); ++i) {
    Tallies::Saved damaged = sound;
    damaged.more[i] ^= static_cast<char>(1 << i % 8);
    expect_refused(damaged);
    expect_refused({sound.bytes, sound.more.substr(0, i)});
  }
  // With a checksum that says they are sound.
  const std::string body = sound.more.substr(0, sound.more.size() - 8);
  for (size_t i = 0; i < body.size(); ++i) {
    expect_refused({sound.bytes, Signed(body.substr(0, i))});
  }
  expect_refused({sound.bytes, Signed(body + '\0')});
  expect_refused({sound.bytes.substr(1), sound.more});
  EXPECT_THAT(Tallies::ReadChain({{"", ""}}, TestShape()),
              StatusIs(absl::StatusCode::kDataLoss, _));
}

// A slot that is named twice would count twice.
TEST(TalliesCodecTest, CombinationsAreOfDifferentSlots) {
  Contribution unit;
  Change change;
  change.column = 2;
  change.tick = kBegin;
  unit.changes = {change};
  for (const Slots& slots :
       {Slots{0, 0}, Slots{3, 1}, Slots{0, 1, 2, 3, 4, 5, 6}}) {
    unit.slots = slots;
    Tallies tallies = Zero();
    tallies.Apply(unit, 1);
    EXPECT_THAT(Tallies::Parse(tallies.Serialize(), TestShape()),
                StatusIs(absl::StatusCode::kDataLoss, _));
  }
}

TEST(TalliesCodecTest, OtherShapesAreRefused) {
  const std::string bytes = RandomTallies(24, 8).Serialize();
  const auto code = absl::StatusCode::kDataLoss;
  const auto expect_refused = [&](const auto& change) {
    TalliesShape shape = TestShape();
    change(&shape);
    EXPECT_THAT(Tallies::Parse(bytes, shape), StatusIs(code, _));
  };
  expect_refused([](TalliesShape* shape) { ++shape->slots; });
  expect_refused(
      [](TalliesShape* shape) { std::swap(shape->slots, shape->groups); });
  expect_refused([](TalliesShape* shape) { shape->columns[1].components = 2; });
  expect_refused([](TalliesShape* shape) { *shape = TestShape(kParts); });
  std::string other_version = bytes.substr(0, bytes.size() - 8);
  other_version[0] = 3;
  EXPECT_THAT(Tallies::Parse(Signed(other_version), TestShape()),
              StatusIs(code, ::testing::HasSubstr("want 1 or 2")));
}

std::string FromHex(const std::string& path) {
  std::ifstream file(path);
  std::string bytes;
  std::string line;
  while (std::getline(file, line)) bytes += absl::HexStringToBytes(line);
  return bytes;
}

// testdata/tallies_version1.hex is what version 1 wrote of these tallies, which
// had seven columns.
TEST(TalliesCodecTest, Version1IsRead) {
  const std::string bytes =
      FromHex("tests/engine/testdata/tallies_version1.hex");
  ASSERT_EQ(bytes.size(), 7665u);
  TalliesShape shape = TestShape();
  shape.columns.resize(7);
  const Tallies expected = RandomTallies(31, 6, shape);
  for (const SlotRange& parts : {SlotRange(), kParts}) {
    shape.parts = parts;
    const auto parsed = Tallies::Parse(bytes, shape);
    ASSERT_THAT(parsed, IsOk());
    int changes = 0;
    for (int slot = 0; slot < kSlots; ++slot) {
      for (int group = 0; group < kGroups; ++group) {
        for (int column = 0; column < 7; ++column) {
          for (Tick tick = kBegin - 1; tick <= kBegin + kTicks; tick += 7) {
            if (TestColumns()[column].durations) {
              const auto counts =
                  expected.ReadDurations(slot, group, column, tick);
              ASSERT_EQ(parsed->ReadDurations(slot, group, column, tick),
                        counts);
              changes += counts.IsZero() ? 0 : 1;
            } else {
              ASSERT_EQ(parsed->ReadSums(slot, group, column, tick),
                        expected.ReadSums(slot, group, column, tick));
            }
          }
        }
      }
    }
    EXPECT_GT(changes, 100);
  }
  std::string damaged = bytes;
  damaged[damaged.size() / 2] ^= 1;
  EXPECT_THAT(Tallies::Parse(damaged, shape),
              StatusIs(absl::StatusCode::kDataLoss, _));
}

}  // namespace
}  // namespace stagecraft::engine
