#include "clients/cli/resource_files.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/journey.pb.h"
#include "stagecraft/v1/kpi.pb.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Names(const std::vector<Resource>& resources) {
  std::vector<std::string> names;
  for (const Resource& resource : resources) names.push_back(resource.name);
  return names;
}

TEST(ParseResourcesTest, TakesOneAnArrayAndALineEach) {
  const std::string journey = R"({"journey": {"name": "journeys/a"}})";
  const std::string kpi = R"({"kpi": {"name": "a/kpis/k"}})";
  for (const std::string& text :
       {"[" + journey + "," + kpi + "]", journey + "\n" + kpi + "\n",
        journey + kpi, std::string(R"({"journeys": [{"name": "journeys/a"}],
                        "kpis": [{"name": "a/kpis/k"}]})"),
        std::string(R"({"name": "journeys/a"} {"name": "a/kpis/k"})")}) {
    const auto resources = ParseResources(text, "x.json");
    ASSERT_THAT(resources, IsOk()) << text;
    EXPECT_THAT(Names(*resources),
                ElementsAre("journeys/a", "journeys/a/kpis/k"));
    // The message has its full name.
    EXPECT_EQ(static_cast<const v1::Kpi&>(*(*resources)[1].message).name(),
              "journeys/a/kpis/k");
  }
}

TEST(ParseResourcesTest, TakesShortNamesWhereTheKindIsSaid) {
  const auto resources = ParseResources(
      R"({"journey": {"name": "a"}} {"layer": {"name": "l"}}
         {"experiment": {"name": "a/x"}})",
      "x.json");
  ASSERT_THAT(resources, IsOk());
  EXPECT_THAT(Names(*resources), ElementsAre("journeys/a", "layers/l",
                                             "journeys/a/experiments/x"));
  EXPECT_EQ((*resources)[2].origin, "x.json: line 2, column 25");
}

TEST(ParseResourcesTest, SaysFilePlaceAndField) {
  const struct {
    const char* text;
    const char* error;
  } kBad[] = {
      {"{\"journey\": {", "x.json: line 1, column 14: found the end"},
      {"[1]", "x.json: line 1, column 2: found a number, want an object"},
      {"{\"flag\": {}}",
       "x.json: line 1, column 10: the key is \"flag\", want"},
      {"{\"decision\": {}}", "the key is \"decision\", want journey"},
      {"{\"journey\": []}", "journey is an array, want an object"},
      {"{\"journeys\": {}}", "journeys is an object, want an array"},
      {"{\"journey\": {}}",
       "the journey has no name, want \"name\": \"journeys/{journey}\""},
      {"{\"kpi\": {\"name\": \"a/experiments/b\"}}",
       "x.json: line 1, column 18: the kpi is \"a/experiments/b\", want"},
      {"{\"name\": \"a/experiments/b/decisions/1\"}",
       "a decision cannot be applied"},
      {"{\"name\": \"shop\"}", "the name is \"shop\", want"},
      {"{\"experiment\": {\"name\": \"a/x\",\n \"plan\": {\"alpha\": \"q\"}}}",
       "x.json: line 2, column 20: plan.alpha: "},
      {"{\"experiment\": {\"name\": \"a/x\",\n \"stages\": 1}}",
       "x.json: line 2, column 12: there is no field \"stages\" in Experiment "
       "(journeys/a/experiments/x)"},
  };
  for (const auto& bad : kBad) {
    EXPECT_THAT(
        ParseResources(bad.text, "x.json"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.error)))
        << bad.text;
  }
}

class LoadResourcesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/stagecraft_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  std::string folder_;
  std::istringstream in_;
};

TEST_F(LoadResourcesTest, PutsThemInTheOrderOfTheirNeeds) {
  Write("1.json",
        R"({"experiment": {"name": "a/x"}} {"kpi": {"name": "a/k"}})");
  Write("2.ndjson", R"({"journey": {"name": "b"}} {"journey": {"name": "a"}})");
  Write("3.json", R"({"layer": {"name": "l"}})");
  Write("notes.txt", "not JSON");
  const auto resources = LoadResources({folder_}, in_);
  ASSERT_THAT(resources, IsOk());
  EXPECT_THAT(Names(*resources),
              ElementsAre("layers/l", "journeys/b", "journeys/a",
                          "journeys/a/kpis/k", "journeys/a/experiments/x"));
}

TEST_F(LoadResourcesTest, ReadsTheInput) {
  in_.str(R"({"layer": {"name": "l"}})");
  const auto resources = LoadResources({"-"}, in_);
  ASSERT_THAT(resources, IsOk());
  EXPECT_EQ((*resources)[0].origin, "(input): line 1, column 11");
}

TEST_F(LoadResourcesTest, RefusesWhatIsMissingEmptyOrTwice) {
  EXPECT_THAT(LoadResources({folder_ + "/none.json"}, in_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.json")));
  EXPECT_THAT(LoadResources({folder_}, in_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("has no *.json or *.ndjson file")));
  const std::string empty = Write("empty.json", "[]");
  EXPECT_THAT(LoadResources({empty}, in_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("hold no resource")));
  const std::string one = Write("one.json", R"({"layer": {"name": "l"}})");
  const std::string two =
      Write("two.json", R"({"layer": {"name": "layers/l"}})");
  EXPECT_THAT(LoadResources({one, two}, in_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("two.json: line 1, column 11: layers/l "
                                       "was given already at "),
                             HasSubstr("one.json"))));
}

v1::Experiment Running() {
  v1::Experiment e;
  e.set_name("journeys/a/experiments/x");
  e.set_display_name("X");
  e.mutable_plan()->add_primary_kpis("journeys/a/kpis/k");
  e.mutable_plan()->set_alpha(0.05);
  e.set_state(v1::Experiment::RUNNING);
  e.set_revision(3);
  e.set_etag("3");
  return e;
}

TEST(ChangedFieldsTest, IgnoresWhatIsNotSetAndWhatTheServerSets) {
  v1::Experiment wanted;
  wanted.set_name("journeys/a/experiments/x");
  wanted.set_state(v1::Experiment::DRAFT);
  wanted.set_revision(1);
  wanted.set_etag("1");
  wanted.mutable_start_time()->set_seconds(5);
  EXPECT_THAT(ChangedFields(wanted, Running(), false), IsEmpty());
  EXPECT_THAT(ChangedFields(Running(), Running(), false), IsEmpty());
}

TEST(ChangedFieldsTest, NamesWhatDiffers) {
  v1::Experiment wanted = Running();
  wanted.set_display_name("Y");
  wanted.add_variants()->set_id("v");
  (*wanted.mutable_overrides())["u"] = "v";
  EXPECT_THAT(ChangedFields(wanted, Running(), false),
              ElementsAre("display_name", "variants", "overrides"));
}

TEST(ChangedFieldsTest, LenientlyADefaultOfTheServerIsNoChange) {
  v1::Experiment wanted;
  wanted.mutable_plan()->add_primary_kpis("journeys/a/kpis/k");
  EXPECT_THAT(ChangedFields(wanted, Running(), false), ElementsAre("plan"));
  EXPECT_THAT(ChangedFields(wanted, Running(), true), IsEmpty());
  wanted.mutable_plan()->set_alpha(0.1);
  EXPECT_THAT(ChangedFields(wanted, Running(), true), ElementsAre("plan"));
  wanted.mutable_plan()->clear_alpha();
  wanted.mutable_plan()->add_primary_kpis("journeys/a/kpis/m");
  EXPECT_THAT(ChangedFields(wanted, Running(), true), ElementsAre("plan"));
}

TEST(SameContentTest, LooksPastTheServersOwnMarks) {
  v1::Experiment later = Running();
  later.set_revision(4);
  later.set_etag("4");
  later.mutable_update_time()->set_seconds(9);
  EXPECT_TRUE(SameContent(Running(), later));
  later.set_owner("me");
  EXPECT_FALSE(SameContent(Running(), later));
}

}  // namespace
}  // namespace stagecraft::cli
