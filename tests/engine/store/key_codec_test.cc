#include "engine/store/key_codec.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

std::string Hex(const std::string& bytes) {
  return absl::BytesToHexString(bytes);
}

// Bytes written by hand from the definition in the header.
TEST(KeyCodecTest, HasTheStoredForm) {
  std::string key;
  AppendByte(0xfe, &key);
  EXPECT_EQ(Hex(key), "fe");
  key.clear();
  AppendUint64(0x0102030405060708, &key);
  EXPECT_EQ(Hex(key), "0102030405060708");
  key.clear();
  AppendInt64(-1, &key);
  AppendInt64(0, &key);
  AppendInt64(std::numeric_limits<int64_t>::min(), &key);
  EXPECT_EQ(Hex(key), "7fffffffffffffff80000000000000000000000000000000");
  key.clear();
  AppendBytes(std::string("a\0b", 3), &key);
  EXPECT_EQ(Hex(key), "6100ff620001");
  key.clear();
  AppendBytes("", &key);
  EXPECT_EQ(Hex(key), "0001");
  key.clear();
  // As in FORMAT.md, time field by Python: 1709251200 * 10**6 + 2**63.
  // Unit "u1", 2024-03-01T00:00:00Z = 1709251200 s, event "e".
  AppendBytes("u1", &key);
  AppendTime(absl::FromUnixSeconds(1709251200), &key);
  AppendBytes("e", &key);
  EXPECT_EQ(Hex(key), "753100018006128e0e9ba000650001");
}

TEST(KeyCodecTest, TimesRoundDownAndSaturate) {
  const auto round_trip = [](absl::Time time) {
    std::string key;
    AppendTime(time, &key);
    KeyDecoder decoder(key);
    const auto read = decoder.ReadTime();
    EXPECT_THAT(read, IsOk());
    return *read;
  };
  EXPECT_EQ(round_trip(absl::FromUnixNanos(1999)), absl::FromUnixMicros(1));
  EXPECT_EQ(round_trip(absl::FromUnixNanos(-1)), absl::FromUnixMicros(-1));
  EXPECT_EQ(round_trip(absl::InfiniteFuture()),
            absl::FromUnixMicros(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(round_trip(absl::InfinitePast()),
            absl::FromUnixMicros(std::numeric_limits<int64_t>::min()));
}

// Order of keys == order of tuples, and each key reads back, for random tuples
// of values that are often equal, close or extreme.
TEST(KeyCodecTest, KeepsOrderAndReadsBack) {
  std::mt19937_64 random(7);
  using Tuple =
      std::tuple<std::string, int64_t, uint64_t, std::string, uint8_t>;
  const auto text = [&] {
    const std::string alphabet("\x00\x01\x61\xfe\xff", 5);
    std::string value;
    for (uint64_t n = random() % 4; n > 0; --n) {
      value.push_back(alphabet[random() % alphabet.size()]);
    }
    return value;
  };
  const auto integer = [&]() -> uint64_t {
    const uint64_t edges[] = {0,
                              1,
                              255,
                              256,
                              uint64_t{1} << 63,
                              ~uint64_t{0},
                              (uint64_t{1} << 63) - 1};
    return random() % 2 == 0 ? edges[random() % 7] : random();
  };
  std::vector<std::pair<Tuple, std::string>> all;
  for (int i = 0; i < 600; ++i) {
    const Tuple t{text(), static_cast<int64_t>(integer()), integer(), text(),
                  static_cast<uint8_t>(random())};
    std::string key;
    AppendBytes(std::get<0>(t), &key);
    AppendInt64(std::get<1>(t), &key);
    AppendUint64(std::get<2>(t), &key);
    AppendBytes(std::get<3>(t), &key);
    AppendByte(std::get<4>(t), &key);
    KeyDecoder decoder(key);
    EXPECT_EQ(*decoder.ReadBytes(), std::get<0>(t));
    EXPECT_EQ(*decoder.ReadInt64(), std::get<1>(t));
    EXPECT_EQ(*decoder.ReadUint64(), std::get<2>(t));
    EXPECT_EQ(*decoder.ReadBytes(), std::get<3>(t));
    EXPECT_EQ(*decoder.ReadByte(), std::get<4>(t));
    EXPECT_THAT(decoder.Finish(), IsOk());
    all.emplace_back(t, key);
  }
  for (const auto& a : all) {
    for (const auto& b : all) {
      ASSERT_EQ(a.first < b.first, a.second < b.second)
          << Hex(a.second) << " " << Hex(b.second);
    }
  }
}

TEST(KeyCodecTest, RefusesDamagedKeysAndStaysWhereItWas) {
  const auto damaged = [](const std::string& want) {
    return StatusIs(absl::StatusCode::kDataLoss, HasSubstr(want));
  };
  EXPECT_THAT(KeyDecoder("").ReadByte(), damaged("want a byte"));
  EXPECT_THAT(KeyDecoder("1234567").ReadUint64(), damaged("7 bytes at offset"));
  EXPECT_THAT(KeyDecoder("1234567").ReadTime(), damaged("want an integer"));
  for (const std::string& bad :
       {std::string("abc"), std::string("abc\0", 4), std::string("a\0\xff", 3),
        std::string("a\0\x02", 3)}) {
    KeyDecoder decoder(bad);
    EXPECT_THAT(decoder.ReadBytes(), damaged("want a string")) << Hex(bad);
    EXPECT_EQ(decoder.rest(), bad);
  }
  EXPECT_THAT(KeyDecoder("x").Finish(), damaged("want the end of the key"));
}

TEST(KeyCodecTest, PrefixEndIsTheFirstKeyBehind) {
  EXPECT_EQ(PrefixEnd("ab"), "ac");
  EXPECT_EQ(PrefixEnd("a\xff\xff"), "b");
  EXPECT_EQ(PrefixEnd(std::string(1, '\0')), "\x01");
  EXPECT_EQ(PrefixEnd("\x7f"), "\x80");
  EXPECT_EQ(PrefixEnd("\xff\xff"), "");
  EXPECT_EQ(PrefixEnd(""), "");
}

}  // namespace
}  // namespace stagecraft::engine
