#include "clients/cli/progress.h"

#include <algorithm>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class ProgressTest : public ::testing::Test {
 protected:
  ProgressOptions Options(ProgressOptions::Style style) {
    ProgressOptions options;
    options.style = style;
    options.noun = "rows";
    options.lines_every = 1000;
    options.clock = [this] { return now_; };
    return options;
  }

  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::ostringstream out_;
};

TEST_F(ProgressTest, PrintsALineForEachTenth) {
  Progress progress(out_, Options(ProgressOptions::Style::kLines));
  for (int i = 1; i <= 1000; ++i) {
    now_ += absl::Milliseconds(1);
    progress.Update(i, 1000, 2 * i);
  }
  progress.Finish();
  const std::string text = out_.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  // 200 rows in 100 ms.
  EXPECT_THAT(text, HasSubstr("10%  200 rows, 2,000/s\n"));
  EXPECT_THAT(text, EndsWith("100%  2,000 rows, 2,000/s\n"));
}

TEST_F(ProgressTest, SkipsTenthsThatAreOverAlready) {
  Progress progress(out_, Options(ProgressOptions::Style::kLines));
  progress.Update(35, 100, 35);
  progress.Update(39, 100, 39);
  progress.Update(40, 100, 40);
  EXPECT_EQ(out_.str(), "30%  35 rows\n40%  40 rows\n");
}

TEST_F(ProgressTest, CountsItemsWithoutATotal) {
  Progress progress(out_, Options(ProgressOptions::Style::kLines));
  for (int i = 1; i <= 3500; ++i) progress.Update(i, 0, i);
  EXPECT_EQ(out_.str(), "1,000 rows\n2,000 rows\n3,000 rows\n");
}

TEST_F(ProgressTest, DrawsABarOverItself) {
  Progress progress(out_, Options(ProgressOptions::Style::kBar));
  progress.Update(0, 100, 0);
  now_ += absl::Milliseconds(50);
  progress.Update(20, 100, 20);  // Too early to draw again.
  now_ += absl::Milliseconds(50);
  progress.Update(50, 100, 50);
  now_ += absl::Seconds(1);
  progress.Update(100, 100, 100);
  progress.Finish();
  progress.Finish();
  const std::string text = out_.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.find(" 20%"), std::string::npos);
  EXPECT_THAT(text,
              HasSubstr("[###############...............]  50%  50 rows"));
  EXPECT_THAT(text, HasSubstr("100%  100 rows"));
}

TEST_F(ProgressTest, MayBeQuiet) {
  Progress progress(out_, Options(ProgressOptions::Style::kNone));
  progress.Update(50, 100, 50);
  progress.Finish();
  EXPECT_EQ(out_.str(), "");
}

}  // namespace
}  // namespace stagecraft::cli
