#include "service/etag.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/layer.pb.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(EtagTest, FollowsContentAndRevision) {
  v1::Layer layer;
  layer.set_name("layers/ui");
  layer.set_revision(1);
  const std::string first = MakeEtag(layer);
  EXPECT_THAT(first, MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(MakeEtag(layer), first);
  layer.set_revision(2);
  EXPECT_NE(MakeEtag(layer), first);
  layer.set_revision(1);
  layer.set_display_name("UI");
  EXPECT_NE(MakeEtag(layer), first);
}

TEST(EtagTest, DoesNotDependOnTheOrderOfMaps) {
  v1::Experiment forwards;
  v1::Experiment backwards;
  for (int i = 0; i < 100; ++i) {
    (*forwards.mutable_overrides())["u" + std::to_string(i)] = "a";
    (*backwards.mutable_overrides())["u" + std::to_string(99 - i)] = "a";
  }
  EXPECT_EQ(MakeEtag(forwards), MakeEtag(backwards));
}

TEST(EtagTest, ChecksAgainstTheCurrentOne) {
  EXPECT_THAT(CheckEtag("layers/ui", "", "abc"), IsOk());
  EXPECT_THAT(CheckEtag("layers/ui", "abc", "abc"), IsOk());
  EXPECT_THAT(CheckEtag("layers/ui", "old", "new"),
              StatusIs(absl::StatusCode::kAborted,
                       AllOf(HasSubstr("etag is \"old\", want \"new\""),
                             HasSubstr("layers/ui"))));
}

}  // namespace
}  // namespace stagecraft::service
