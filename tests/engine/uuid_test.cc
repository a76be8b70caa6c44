#include "engine/uuid.h"

#include <cctype>
#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

std::string Bytes(std::mt19937_64* random) {
  std::string bytes;
  while (bytes.size() < kUuidBytes) {
    bytes.push_back(static_cast<char>((*random)()));
  }
  return bytes;
}

// By the library's own hexadecimal digits, with the dashes of RFC 9562.
std::string Naive(const std::string& bytes) {
  std::string text = absl::BytesToHexString(bytes);
  for (const size_t dash : {8, 13, 18, 23}) text.insert(dash, "-");
  return text;
}

TEST(UuidTest, TextIsTheHexadecimalDigits) {
  std::mt19937_64 random(20261122);
  for (int i = 0; i < 10'000; ++i) {
    const std::string bytes = Bytes(&random);
    std::string text(kUuidChars, '\0');
    PutUuid(bytes.data(), text.data());
    ASSERT_EQ(text, Naive(bytes));
    std::string parsed(kUuidBytes, '\0');
    ASSERT_TRUE(ParseUuid(text, parsed.data())) << text;
    ASSERT_EQ(parsed, bytes) << text;
  }
}

// Each character of a UUID replaced by each other one.
TEST(UuidTest, AnythingElseIsNone) {
  std::mt19937_64 random(1);
  const std::string good = Naive(Bytes(&random));
  char to[kUuidBytes];
  for (size_t i = 0; i < good.size(); ++i) {
    for (int c = 0; c < 256; ++c) {
      std::string text = good;
      text[i] = static_cast<char>(c);
      const bool is_digit = std::isdigit(c) != 0 || (c >= 'a' && c <= 'f');
      const bool want = good[i] == '-' ? c == '-' : is_digit;
      EXPECT_EQ(ParseUuid(text, to), want) << i << " " << c;
    }
  }
  EXPECT_FALSE(ParseUuid("", to));
  EXPECT_FALSE(ParseUuid(good.substr(1), to));
  EXPECT_FALSE(ParseUuid(good + "0", to));
}

}  // namespace
}  // namespace stagecraft::engine
