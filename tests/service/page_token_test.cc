#include "service/page_token.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PageTokenTest, SizesHaveADefaultAndAMaximum) {
  EXPECT_EQ(*CheckPageSize(0), 100);
  EXPECT_EQ(*CheckPageSize(1), 1);
  EXPECT_EQ(*CheckPageSize(1000), 1000);
  EXPECT_EQ(*CheckPageSize(1001), 1000);
  EXPECT_THAT(CheckPageSize(-1), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("page_size is -1")));
}

TEST(PageTokenTest, ComesBackAsItWas) {
  const std::string token = MakePageToken("scope", "layers/ui");
  EXPECT_EQ(*ParsePageToken(token, "scope"), "layers/ui");
  EXPECT_EQ(*ParsePageToken("", "scope"), "");
}

TEST(PageTokenTest, IsRefusedInAnotherList) {
  EXPECT_THAT(ParsePageToken(MakePageToken("a", "layers/ui"), "b"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("page_token belongs to another list")));
}

TEST(PageTokenTest, IsRefusedWhereverItIsDamaged) {
  const std::string token = MakePageToken("scope", "layers/ui");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_THAT(
        ParsePageToken(damaged, "scope"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")))
        << i;
    EXPECT_THAT(ParsePageToken(token.substr(0, i), "scope"),
                i == 0 ? ::testing::Matcher<absl::StatusOr<std::string>>(IsOk())
                       : ::testing::Matcher<absl::StatusOr<std::string>>(
                             StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("page_token"))))
        << i;
  }
  EXPECT_THAT(ParsePageToken("not base64!", "scope"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want the next_page_token")));
}

class ListPageTest : public ::testing::Test {
 protected:
  void Add(const std::string& name, size_t bytes = 0) {
    auto layer = std::make_shared<v1::Layer>();
    layer->set_name(name);
    layer->set_description(std::string(bytes, 'x'));
    layers_[name] = std::move(layer);
  }
  // All pages of `page_size`, names joined.
  std::vector<std::string> Pages(int page_size, const std::string& prefix,
                                 const std::string& without = "") {
    std::vector<std::string> pages;
    std::string token;
    do {
      std::string page;
      const auto next = ListPage<v1::Layer>(
          layers_, {page_size, token, "s", prefix},
          [&](const v1::Layer& layer) { return layer.name() != without; },
          [&](const v1::Layer& layer) {
            absl::StrAppend(&page, page.empty() ? "" : " ", layer.name());
          });
      EXPECT_THAT(next, IsOk());
      if (!next.ok()) return pages;
      pages.push_back(page);
      token = *next;
    } while (!token.empty() && pages.size() < 100);
    return pages;
  }

  Documents<v1::Layer> layers_;
};

TEST_F(ListPageTest, HasEachNameOnceInOrder) {
  for (const char* name : {"a/3", "a/1", "b/1", "a/2", "a-b/1", "a"}) {
    Add(name);
  }
  EXPECT_THAT(Pages(2, "a/"), ElementsAre("a/1 a/2", "a/3"));
  EXPECT_THAT(Pages(3, "a/"), ElementsAre("a/1 a/2 a/3"));
  EXPECT_THAT(Pages(100, ""), ElementsAre("a a-b/1 a/1 a/2 a/3 b/1"));
  EXPECT_THAT(Pages(1, "b/"), ElementsAre("b/1"));
  EXPECT_THAT(Pages(5, "c/"), ElementsAre(""));
}

TEST_F(ListPageTest, DoesNotCountWhatIsFilteredOut) {
  for (const char* name : {"a/1", "a/2", "a/3"}) Add(name);
  EXPECT_THAT(Pages(1, "a/", "a/2"), ElementsAre("a/1", "a/3"));
  EXPECT_THAT(Pages(2, "a/", "a/3"), ElementsAre("a/1 a/2"));
}

TEST_F(ListPageTest, EndsPagesBeforeTheyGetTooLargeButNeverEmpty) {
  Add("a/1", kMaxPageBytes * 2);
  Add("a/2", kMaxPageBytes / 2);
  Add("a/3", kMaxPageBytes / 3);
  Add("a/4", kMaxPageBytes / 3);
  EXPECT_THAT(Pages(100, "a/"), ElementsAre("a/1", "a/2 a/3", "a/4"));
}

TEST_F(ListPageTest, GoesOnWhereTheNameWasThatIsGone) {
  for (const char* name : {"a/1", "a/2", "a/3"}) Add(name);
  const std::string token = MakePageToken("s", "a/2");
  layers_.erase("a/2");
  std::string page;
  ASSERT_THAT(ListPage<v1::Layer>(
                  layers_, {10, token, "s", "a/"},
                  [](const v1::Layer&) { return true; },
                  [&](const v1::Layer& layer) { page += layer.name(); }),
              IsOk());
  EXPECT_EQ(page, "a/3");
}

}  // namespace
}  // namespace stagecraft::service
