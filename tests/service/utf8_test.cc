#include "service/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace stagecraft::service {
namespace {

TEST(Utf8Test, ReplacesWhatIsMalformed) {
  const std::string r = "\xef\xbf\xbd";
  for (const char* good : {"", "abc", "ü", "€", "\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(ToValidUtf8(good), good);
  }
  EXPECT_EQ(ToValidUtf8("\x80"), r);
  EXPECT_EQ(ToValidUtf8("\xc3"), r);
  EXPECT_EQ(ToValidUtf8("\xc0\xaf"), r + r);          // Overlong.
  EXPECT_EQ(ToValidUtf8("\xed\xa0\x80"), r + r + r);  // Surrogate.
  EXPECT_EQ(ToValidUtf8("\xf4\x90\x80\x80"), r + r + r + r);
  EXPECT_EQ(ToValidUtf8("\xe2\x82z"), r + r + "z");
}

}  // namespace
}  // namespace stagecraft::service
