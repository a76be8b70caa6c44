#include "engine/unit_rows.h"

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/record.h"
#include "engine/unit_fold.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

uint32_t ContentHash(absl::string_view content) {
  return static_cast<uint32_t>(HashText(content)) & kContentHashMask;
}

class UnitRowsTest : public ::testing::Test {
 protected:
  UnitRowsTest() {
    for (uint32_t i = 0; i < 300; ++i) {
      EXPECT_EQ(contents_.Intern(Content(static_cast<int>(i))), i);
    }
  }

  static std::string Content(int i) {
    std::string content;
    EncodeContent(absl::StrCat("content", i), {}, &content);
    return content;
  }
  static UnitEvent Numbered(int content) {
    UnitEvent event;
    event.content = static_cast<uint32_t>(content);
    event.content_hash = ContentHash(Content(content));
    return event;
  }

  // Units of all shapes, whose texts live as long as the test.
  std::vector<SavedUnit> RandomUnits(int count, std::mt19937_64* random) {
    const auto below = [random](uint64_t n) { return (*random)() % n; };
    std::vector<SavedUnit> units;
    for (int i = 0; i < count; ++i) {
      const Micros unit = std::vector<Micros>{1, 1000, kSecond}[below(3)];
      const uint64_t span = std::vector<Micros>{1, kDay, kMaxTime}[below(3)];
      std::vector<UnitEvent> events(below(4) == 0 ? 0 : below(20));
      for (UnitEvent& event : events) {
        event = Numbered(static_cast<int>(below(300)));
        if (below(8) == 0) {
          event.text = texts_.emplace_back(below(300), 'x');
          event.content = ContentTable::kNotInterned;
          event.content_hash = ContentHash(event.text);
        }
        event.time =
            static_cast<Micros>((kMaxTime - below(span)) / unit) * unit;
        event.id_hash = (*random)();
        event.has_value = below(3) == 0;
        if (event.has_value) {
          event.value = static_cast<MicroValue>((*random)() >> below(64));
          if (below(2) == 0) event.value = -event.value;
        }
      }
      std::sort(events.begin(), events.end(),
                [](const UnitEvent& a, const UnitEvent& b) {
                  return std::tie(a.time, a.id_hash) <
                         std::tie(b.time, b.id_hash);
                });
      units.push_back({.id = texts_.emplace_back(below(40), 'u'),
                       .keep = static_cast<uint32_t>((*random)() >> below(64)),
                       .packed = texts_.emplace_back(PackAll(events))});
    }
    return units;
  }

  ContentTable contents_;
  std::deque<std::string> texts_;
};

std::string Frame(const std::vector<SavedUnit>& units) {
  std::string frame;
  for (const SavedUnit& unit : units) AppendUnit(unit, &frame);
  return frame;
}

TEST_F(UnitRowsTest, UnitsComeBack) {
  UnitRows rows(contents_);
  for (int seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    const std::vector<SavedUnit> units = RandomUnits(1 + seed % 50, &random);
    const std::string frame = Frame(units);
    ASSERT_THAT(rows.Read(frame), IsOk()) << seed;
    ASSERT_EQ(rows.units().size(), units.size());
    for (size_t i = 0; i < units.size(); ++i) {
      EXPECT_EQ(rows.units()[i].id, units[i].id);
      EXPECT_EQ(rows.units()[i].keep, units[i].keep);
      EXPECT_EQ(rows.units()[i].packed, units[i].packed) << seed << " " << i;
    }
  }
}

// The grammar of FORMAT.md, by hand.
TEST_F(UnitRowsTest, HasTheStoredForm) {
  UnitEvent first = Numbered(5);
  first.time = 1'709'251'200 * kSecond;
  first.id_hash = 0x0102030405060708;
  UnitEvent second = first;
  second.time += 3000;
  second.has_value = true;
  second.value = -2;
  second.content = ContentTable::kNotInterned;
  second.text = "ab";
  second.content_hash = ContentHash("ab");
  const std::string packed = PackAll({first, second});
  ASSERT_EQ(packed.size(), 20 + 34);
  EXPECT_EQ(absl::BytesToHexString(
                Frame({{.id = "u1", .keep = 300, .packed = packed}})),
            "3600000000000000"  // 54 bytes of packed events
            "02ac023601"        // an id of 2 bytes; 300; 54; milliseconds
            "7531"              // u1
            "8088bebadf31"      // 1 709 251 200 000
            "14"                // content 5, no value
            "0807060504030201"  // the id's hash
            "03"                // 3 ms later
            "0b"                // a text of 2 bytes, a value
            "0807060504030201"
            "03"      // -2
            "6162");  // ab
}

TEST_F(UnitRowsTest, IsSmall) {
  std::mt19937_64 random(1);
  std::vector<UnitEvent> events;
  Micros time = 1'700'000'000 * kSecond;
  for (int i = 0; i < 10; ++i) {
    UnitEvent event = Numbered(static_cast<int>(random() % 300));
    time += static_cast<Micros>(random() % (24 * 3600 * 1000)) * 1000;
    event.time = time;
    event.id_hash = random();
    events.push_back(event);
  }
  const std::string packed = PackAll(events);
  const std::string frame = Frame({{.id = "unit", .packed = packed}});
  // Hash 8, time 4, content 2; the first time 2 more; heads 12 and id 4.
  EXPECT_LE(frame.size(), 10 * 14 + 2 + 16);
}

TEST_F(UnitRowsTest, SeesContentsThatCameSince) {
  UnitRows rows(contents_);
  UnitEvent event = Numbered(300);
  const std::string packed = PackAll({event});
  const std::string frame = Frame({{.id = "u", .packed = packed}});
  EXPECT_THAT(rows.Read(frame), StatusIs(absl::StatusCode::kDataLoss,
                                         HasSubstr("a frame of units")));
  contents_.Intern(Content(300));
  ASSERT_THAT(rows.Read(frame), IsOk());
  EXPECT_EQ(rows.units()[0].packed, packed);
}

// Whatever the bytes are, reading stays within them, and what is read is
// events.
TEST_F(UnitRowsTest, HostileBytesAreSafe) {
  UnitRows rows(contents_);
  std::mt19937_64 random(7);
  int accepted = 0;
  int refused = 0;
  const auto check = [&](const std::string& bytes) {
    // Of its very size, so that a sanitizer sees who reads behind it.
    const std::vector<char> frame(bytes.begin(), bytes.end());
    const absl::Status status = rows.Read({frame.data(), frame.size()});
    ++(status.ok() ? accepted : refused);
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
      return;
    }
    for (const SavedUnit& unit : rows.units()) {
      const std::vector<UnitEvent> events = UnpackAll(unit.packed);
      Micros last = 0;
      for (const UnitEvent& event : events) {
        EXPECT_GE(event.time, last);
        EXPECT_LE(event.time, kMaxTime);
        last = event.time;
      }
    }
  };
  const std::string good = Frame(RandomUnits(6, &random));
  for (size_t size = 0; size < good.size(); ++size) check(good.substr(0, size));
  EXPECT_EQ(accepted, 0) << "the sum of the sizes is told first";
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (uint64_t n = 1 + random() % 3; n > 0; --n) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    check(bytes);
  }
  for (int i = 0; i < 3000; ++i) {
    std::string bytes(random() % 60, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (bytes.size() > 8) bytes.replace(1, 7, 7, '\0');
    check(bytes);
  }
  EXPECT_GT(accepted, 100);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace stagecraft::engine
