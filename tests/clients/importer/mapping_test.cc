// Mapping files: what LoadMapping takes, and what it says about the others.
#include "clients/importer/mapping.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/clients/importer/import_fixture.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class MappingTest : public ImportTest {
 protected:
  absl::StatusOr<v1::ImportMapping> Load(const std::string& json) {
    return LoadMapping(Write("mapping.json", json));
  }
  // A mapping of one rule with name and time and `part`.
  absl::StatusOr<v1::ImportMapping> LoadRule(const std::string& part) {
    return Load(absl::StrCat(
        R"({"unit":{"column":"id"},"attributes":[{"key":"shared",
            "value":{"column":"s"}}],"rules":[{"name":{"constant":"n"},
            "time":{"column":"t"})",
        part, "}]}"));
  }
};

TEST_F(MappingTest, LoadsTheExamples) {
  for (const char* name : {"hillstrom", "incident"}) {
    EXPECT_THAT(LoadMapping(absl::StrCat("tests/clients/importer/testdata/",
                                         name, "_mapping.json")),
                IsOk());
  }
  const auto mapping = Load(kPlainMapping);
  ASSERT_THAT(mapping, IsOk());
  EXPECT_EQ(mapping->unit().column(), "id");
}

TEST_F(MappingTest, NamesFileAndUnknownField) {
  EXPECT_THAT(Load(R"({"unit":{"column":"id"},"rulez":[]})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("mapping.json is not a mapping"),
                             HasSubstr("rulez"))));
  EXPECT_THAT(
      LoadRule(R"(,"when":[{"colunm":"x"}])"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("colunm")));
  EXPECT_THAT(LoadMapping((folder_ / "none.json").string()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.json")));
  EXPECT_THAT(Load("unit: id"), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("is not a mapping")));
  EXPECT_THAT(Load(""), StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("mapping.json")));
}

TEST_F(MappingTest, SaysWhatIsWrongWithTheWhole) {
  const std::string unit = R"("unit":{"column":"id"})";
  const std::string rule = R"({"name":{"constant":"n"},"time":{"column":"t"}})";
  std::string rules = rule;
  for (int i = 0; i < 50; ++i) rules += "," + rule;
  std::string attributes = R"({"key":"k","value":{"column":"c"}})";
  for (int i = 0; i < 64; ++i) {
    absl::StrAppend(&attributes, R"(,{"key":"k)", i,
                    R"(","value":{"column":"c"}})");
  }
  const std::pair<std::string, const char*> kCases[] = {
      {"{}", "unit is not set"},
      {absl::StrCat("{", unit, "}"), "rules has 0 elements, want 1 to 50"},
      {absl::StrCat("{", unit, R"(,"rules":[)", rules, "]}"),
       "rules has 51 elements, want 1 to 50"},
      {R"({"unit":{},"rules":[{}]})",
       "unit.source is not set, want one of column, constant and template"},
      {R"({"unit":{"column":""}})", "unit.column is \"\""},
      {absl::StrCat(R"({"unit":{"constant":")", std::string(257, 'x'), "\"}}"),
       "want 1 to 256 bytes"},
      {absl::StrCat("{", unit, R"(,"attributes":[)", attributes,
                    R"(],"rules":[)", rule, "]}"),
       "has 65 attributes with the mapping's, want at most 64"},
  };
  for (const auto& [json, want] : kCases) {
    EXPECT_THAT(Load(json),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(want)))
        << json;
  }
}

TEST_F(MappingTest, SaysWhatIsWrongWithARule) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"(,"timeFormat":"%H:%M")", "rules[0].time_format is \"%H:%M\""},
      {R"(,"eventId":{"template":"a{b"})",
       "rules[0].event_id.template is \"a{b\", want `}` for the `{` at byte 1"},
      {R"(,"eventId":{"template":"a}b"})", "want `}}` for a brace"},
      {R"(,"eventId":{"template":"{}"})", "want `{column}` or `{#}`"},
      {R"(,"eventId":{"template":""})", "want a text at byte 0"},
      {R"(,"value":{"constant":"x"})",
       "rules[0].value: constant is \"x\", want a number"},
      {R"(,"value":{"constant":"1","replace":{"1":"2"}})",
       "rules[0].value.replace is set for a constant"},
      {R"(,"variant":{"column":"v"},"experiment":"journeys/j/experiments/e")",
       "rules[0].name is set together with variant"},
      {R"(,"experiment":"journeys/j/experiments/e")", "without variant"},
      {R"(,"attributes":[{"key":"","value":{"column":"c"}}])",
       "rules[0].attributes[0].key is \"\""},
      {R"(,"attributes":[{"key":"k","value":{"column":"c"},"type":"int"}])",
       "rules[0].attributes[0].type is \"int\", want string, number or bool"},
      {R"(,"attributes":[{"key":"k"}])",
       "rules[0].attributes[0].value.source is not set"},
      {R"(,"attributes":[{"key":"k","value":{"constant":"x"},"type":"bool"}])",
       "rules[0].attributes[0].value: constant is \"x\", want true or false"},
      {R"(,"attributes":[{"key":"shared","value":{"column":"c"}}])",
       "rules[0] has the attribute \"shared\" twice"},
      {R"(,"when":[{"operator":"EXISTS"}])",
       "rules[0].when[0].attribute is \"\""},
      {R"(,"when":[{"attribute":"a"}])", "rules[0].when[0].operator is 0"},
      {R"(,"when":[{"attribute":"a","operator":"EQUALS"}])",
       "rules[0].when[0].values has 0 elements, want 1 for EQUALS"},
      {R"(,"when":[{"attribute":"a","operator":"IN"}])",
       "values has 0 elements, want 1 to 1000 for IN"},
      {R"(,"when":[{"attribute":"a","operator":"EXISTS",
                    "values":[{"boolValue":true}]}])",
       "values has 1 elements, want 0 for EXISTS"},
      {R"(,"when":[{"attribute":"a","operator":"LESS",
                    "values":[{"stringValue":"1"}]}])",
       "values[0] is a text, want a number for LESS"},
      {R"(,"when":[{"attribute":"a","operator":"CONTAINS",
                    "values":[{"numberValue":1}]}])",
       "values[0] is a number, want a text for CONTAINS"},
      {R"(,"when":[{"attribute":"a","operator":"EQUALS","values":[{}]}])",
       "values[0] is not set, want a value for EQUALS"},
      {R"(,"when":[{"attribute":"a","operator":"EQUALS",
                    "values":[{"numberValue":"NaN"}]}])",
       "want a finite number for EQUALS"},
  };
  for (const auto& [part, want] : kCases) {
    EXPECT_THAT(LoadRule(part),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(want)))
        << part;
  }
}

TEST_F(MappingTest, SaysWhatARuleLacks) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"("name":{"constant":"n"})", "rules[0].time is not set"},
      {R"("time":{"column":"t"})", "rules[0].name is not set"},
      {R"("time":{"column":"t"},"variant":{"column":"v"})",
       "rules[0].experiment is \"\", want journeys/{journey}/experiments"},
      {R"("time":{"column":"t"},"variant":{"column":"v"},"experiment":"e")",
       "rules[0].experiment is \"e\", want journeys/"},
      {R"("time":{"constant":"today"},"name":{"constant":"n"})",
       "rules[0].time: constant is \"today\", want a time"},
      {R"("time":{"column":"t"},"name":{"constant":"stagecraft.x"})",
       "rules[0].name: constant is \"stagecraft.x\", want a name that"},
      {R"("time":{"column":"t"},"variant":{"column":"v"},
          "experiment":"journeys/j/experiments/e",
          "attributes":[{"key":"variant","value":{"column":"v"}}])",
       "rules[0] has the attribute \"variant\" twice"},
  };
  for (const auto& [rule, want] : kCases) {
    EXPECT_THAT(Load(absl::StrCat(R"({"unit":{"column":"id"},"rules":[{)", rule,
                                  "}]}")),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(want)))
        << rule;
  }
}

}  // namespace
}  // namespace stagecraft::client
