#include "service/update_mask.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/kpi.pb.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::google::protobuf::FieldMask;
using ::google::protobuf::util::MessageDifferencer;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::string_view kOutputOnly[] = {"state", "revision"};

FieldMask Mask(const std::vector<std::string>& paths) {
  FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  return mask;
}

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

// `current` after an update with `given` and a mask.
template <typename T>
T Updated(const std::string& current, const std::string& given,
          const std::vector<std::string>& mask) {
  T target = Parse<T>(current);
  const T source = Parse<T>(given);
  const auto paths = ResolveMask(Mask(mask), source, kOutputOnly);
  EXPECT_THAT(paths, IsOk());
  if (paths.ok()) ApplyMask(*paths, source, &target);
  return target;
}

struct Case {
  const char* what;
  const char* current;
  const char* given;
  std::vector<std::string> mask;
  const char* want;
};

TEST(UpdateMaskTest, AppliesToExperiments) {
  const Case kCases[] = {
      {"an empty mask takes what is set",
       "owner: 'x' stage: 's'",
       "owner: 'y' name: 'n' etag: 'e' state: RUNNING",
       {},
       "owner: 'y' stage: 's'"},
      {"a named field that is not set is cleared",
       "owner: 'x' stage: 's'",
       "stage: 't'",
       {"owner"},
       "stage: 's'"},
      {"a list is replaced",
       "variants { id: 'a' } variants { id: 'b' }",
       "variants { id: 'c' }",
       {"variants"},
       "variants { id: 'c' }"},
      {"a list is cleared",
       "variants { id: 'a' } owner: 'x'",
       "",
       {"variants"},
       "owner: 'x'"},
      {"a map is replaced",
       "overrides { key: 'u' value: 'a' }",
       "overrides { key: 'v' value: 'b' }",
       {"overrides"},
       "overrides { key: 'v' value: 'b' }"},
      {"a message is replaced, not merged",
       "plan { alpha: 0.1 power: 0.9 }",
       "plan { alpha: 0.2 }",
       {"plan"},
       "plan { alpha: 0.2 }"},
      {"a field within",
       "plan { alpha: 0.1 power: 0.9 }",
       "plan { alpha: 0.2 }",
       {"plan.alpha"},
       "plan { alpha: 0.2 power: 0.9 }"},
      {"a field within is cleared",
       "plan { alpha: 0.1 power: 0.9 }",
       "plan {}",
       {"plan.alpha"},
       "plan { power: 0.9 }"},
      {"a field within a message that is not given",
       "plan { alpha: 0.1 power: 0.9 }",
       "",
       {"plan.alpha"},
       "plan { power: 0.9 }"},
      {"within a message that neither has",
       "owner: 'x'",
       "",
       {"plan.alpha"},
       "owner: 'x'"},
      {"two levels down",
       "",
       "plan { automatic_guardrails { time_in_stage_margin: 0.5 } }",
       {"plan.automatic_guardrails.time_in_stage_margin"},
       "plan { automatic_guardrails { time_in_stage_margin: 0.5 } }"},
      {"the star clears the rest, but for the server's",
       "owner: 'x' stage: 's' state: RUNNING revision: 7 name: 'n' etag: 'e'",
       "stage: 't' state: PAUSED",
       {"*"},
       "stage: 't' state: RUNNING revision: 7 name: 'n' etag: 'e'"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    const auto got = Updated<v1::Experiment>(c.current, c.given, c.mask);
    EXPECT_TRUE(MessageDifferencer::Equals(got, Parse<v1::Experiment>(c.want)))
        << got.ShortDebugString();
  }
}

TEST(UpdateMaskTest, ReplacesTheFieldOfAOneof) {
  // The mask may name both, in either order.
  for (const std::vector<std::string>& mask : {std::vector<std::string>{},
                                               {"count", "conversion"},
                                               {"conversion", "count"},
                                               {"*"}}) {
    const auto got =
        Updated<v1::Kpi>("conversion { events { names: 'x' } }",
                         "count { events { names: 'y' } unit_cap: 0 }", mask);
    EXPECT_TRUE(MessageDifferencer::Equals(
        got, Parse<v1::Kpi>("count { events { names: 'y' } unit_cap: 0 }")))
        << got.ShortDebugString();
  }
}

TEST(UpdateMaskTest, KeepsThePresenceOfOptionalFields) {
  const auto absent =
      Updated<v1::Kpi>("count { unit_cap: 3 }", "count {}", {"count.unit_cap"});
  EXPECT_FALSE(absent.count().has_unit_cap());
  const auto zero = Updated<v1::Kpi>(
      "count { unit_cap: 3 }", "count { unit_cap: 0 }", {"count.unit_cap"});
  EXPECT_TRUE(zero.count().has_unit_cap());
}

TEST(UpdateMaskTest, RefusesPathsThatNobodyMayWrite) {
  const v1::Experiment given = Parse<v1::Experiment>("owner: 'x'");
  struct Bad {
    const char* path;
    const char* reason;
  };
  const Bad kBad[] = {
      {"name", "which never changes"},
      {"etag", "which is set by the server"},
      {"state", "which is output only"},
      {"revision", "which is output only"},
      {"colour", "want a path to a field of Experiment"},
      {"", "want a path to a field of Experiment"},
      {"plan.colour", "want a path to a field of Experiment"},
      {"plan.", "want a path to a field of Experiment"},
      {"variants.share_ppm", "which leads into variants"},
      {"overrides.u1", "which leads into overrides"},
      {"owner.x", "which leads into owner"},
      {"displayName", "want a path to a field of Experiment"},
  };
  for (const Bad& bad : kBad) {
    SCOPED_TRACE(bad.path);
    EXPECT_THAT(ResolveMask(Mask({"owner", bad.path}), given, kOutputOnly),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("update_mask names \"" +
                                         std::string(bad.path) + "\""),
                               HasSubstr(bad.reason))));
  }
}

TEST(UpdateMaskTest, FindsDifferences) {
  const auto a = Parse<v1::Experiment>(
      "owner: 'x' plan { alpha: 0.1 } variants { id: 'a' } "
      "overrides { key: 'u' value: 'a' } overrides { key: 'v' value: 'a' }");
  EXPECT_THAT(Differences(a, a), IsEmpty());
  const auto b = Parse<v1::Experiment>(
      "owner: 'y' plan { alpha: 0.2 power: 0.9 } "
      "overrides { key: 'v' value: 'a' } overrides { key: 'u' value: 'a' } "
      "targeting { not { condition { attribute: 'x' } } }");
  EXPECT_THAT(Differences(a, b), ElementsAre("owner", "variants", "targeting",
                                             "plan.alpha", "plan.power"));
  EXPECT_THAT(Differences(b, a), ElementsAre("owner", "variants", "targeting",
                                             "plan.alpha", "plan.power"));
}

TEST(UpdateMaskTest, ClearsWhatTheServerSets) {
  auto given = Parse<v1::Experiment>(
      "name: 'n' etag: 'e' state: RUNNING revision: 3 owner: 'x'");
  ClearServerFields(kOutputOnly, &given);
  EXPECT_TRUE(
      MessageDifferencer::Equals(given, Parse<v1::Experiment>("owner: 'x'")));
}

}  // namespace
}  // namespace stagecraft::service
