// Good input: how formats, texts, conditions and values are read.
#include "clients/importer/importer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/clients/importer/import_fixture.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ImporterTest : public ImportTest {
 protected:
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const v1::Event& event : events_) names.push_back(event.name());
    return names;
  }
};

TEST_F(ImporterTest, ReadsPlainCsv) {
  const auto stats = ReadText(
      "id,name,time\nu1,opened,2016-02-29T01:23:00Z\n"
      "u2,closed,2016-02-29T01:23:00.5Z\n");
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->rows, 2);
  EXPECT_EQ(stats->events, 2);
  EXPECT_EQ(stats->rejected_rows, 0);
  ASSERT_EQ(events_.size(), 2);
  EXPECT_EQ(events_[0].unit_id(), "u1");
  EXPECT_EQ(events_[0].name(), "opened");
  EXPECT_EQ(events_[0].time().seconds(), 1456708980);
  EXPECT_FALSE(events_[0].has_value());
  EXPECT_EQ(events_[1].time().nanos(), 500000000);
}

TEST_F(ImporterTest, QuotedFieldsAreData) {
  const auto stats = ReadText(
      "\xEF\xBB\xBF\"id\",name,time\r\n"
      "\"u,1\",\"say \"\"hi\"\"\r\nthere\",2016-02-29T01:23:00Z\r\n"
      "\r\n"
      "\"id\", spaces ,\"2016-02-29T01:23:00Z\"");
  ASSERT_THAT(stats, IsOk());
  ASSERT_EQ(events_.size(), 2);
  EXPECT_EQ(events_[0].unit_id(), "u,1");
  EXPECT_EQ(events_[0].name(), "say \"hi\"\r\nthere");
  EXPECT_EQ(events_[1].name(), " spaces ");
}

TEST_F(ImporterTest, OtherDelimitersAndTsv) {
  ImportOptions options;
  options.mapping = MappingOf(kPlainMapping);
  options.delimiter = ';';
  ASSERT_THAT(Read({Write("a.txt", "id;name;time\nu;a,b;2016-02-29 01:23:00\n"),
                    Write("b.TSV",
                          "id\tname\ttime\nu\tc;d\t"
                          "2016-02-29 01:23:00\n")},
                   options),
              IsOk());
  EXPECT_THAT(Names(), ElementsAre("a,b", "c;d"));
}

TEST_F(ImporterTest, GzipIsTransparent) {
  std::string text = "id,name,time\n";
  for (int i = 0; i < 50000; ++i) {
    absl::StrAppend(&text, "u", i, ",n,2016-02-29T01:23:00Z\n");
  }
  ASSERT_THAT(Read(Write("a.csv", text), kPlainMapping), IsOk());
  const std::vector<v1::Event> plain = std::exchange(events_, {});
  const auto stats = Read(WriteGzip("a.csv.gz", text), kPlainMapping);
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->rows, 50000);
  ASSERT_EQ(events_.size(), plain.size());
  for (size_t i = 0; i < plain.size(); ++i) {
    ASSERT_EQ(events_[i].SerializeAsString(), plain[i].SerializeAsString());
  }
}

TEST_F(ImporterTest, FlattensNdjson) {
  const auto stats = ReadText(
      "{\"user\":{\"id\":7,\"deep\":{\"plan\":\"pro\"}},\"t\":1456708980.5,"
      "\"list\":[{\"t\":1},[2]],\"ok\":true,\"amount\":1.50,\"none\":null}\n"
      "\n"
      "  {\"user\":{\"id\":\"\\u00e9\"},\"t\":1456708980}\r\n",
      R"({"unit":{"column":"user.id"},
          "attributes":[
            {"key":"plan","value":{"column":"user.deep.plan"}},
            {"key":"ok","value":{"column":"ok"},"type":"bool"},
            {"key":"text","value":{"column":"amount"}},
            {"key":"none","value":{"column":"none"}}],
          "rules":[{"name":{"constant":"n"},"time":{"column":"t"},
                    "timeFormat":"unix","value":{"column":"amount"}}]})",
      "in.jsonl");
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->rows, 2);
  ASSERT_EQ(events_.size(), 2);
  EXPECT_EQ(events_[0].unit_id(), "7");
  EXPECT_EQ(events_[0].value(), 1.5);
  EXPECT_EQ(events_[0].time().nanos(), 500000000);
  const auto& attributes = events_[0].attributes();
  EXPECT_EQ(attributes.size(), 3);
  EXPECT_EQ(attributes.at("plan").string_value(), "pro");
  EXPECT_TRUE(attributes.at("ok").bool_value());
  EXPECT_EQ(attributes.at("text").string_value(), "1.50");
  EXPECT_EQ(events_[1].unit_id(), "\xC3\xA9");
  EXPECT_TRUE(events_[1].attributes().empty());
}

TEST_F(ImporterTest, DetectsTheFormatByContent) {
  const std::string json =
      "\n{\"id\":\"u\",\"name\":\"n\",\"time\":\"2016-02-29T01:23:00Z\"}\n";
  ASSERT_THAT(ReadText(json, kPlainMapping, "export"), IsOk());
  EXPECT_EQ(events_.size(), 1);
  ASSERT_THAT(ReadText("id,name,time\nu,n,2016-02-29T01:23:00Z\n",
                       kPlainMapping, "export2"),
              IsOk());
  EXPECT_EQ(events_.size(), 1);
  // An explicit format wins over the name.
  ImportOptions options;
  options.mapping = MappingOf(kPlainMapping);
  options.format = ImportOptions::Format::kNdjson;
  ASSERT_THAT(Read({Write("odd.csv", json)}, options), IsOk());
  EXPECT_EQ(events_.size(), 1);
}

TEST_F(ImporterTest, TemplatesReplacementsAndMissingTexts) {
  const auto stats =
      ReadText("a,b\nx,1\nMens E-Mail,2\n?,3\n,4\nN/A,5\n",
               R"({"unit":{"template":"{{u}}-{#}-{b}"},"missing":["?"],
          "attributes":[
            {"key":"a","value":{"column":"a",
                "replace":{"Mens E-Mail":"mens","N/A":""}}},
            {"key":"t","value":{"template":"<{a}>","replace":{"<x>":"X"}}}],
          "rules":[{"name":{"constant":"n"},
                    "time":{"constant":"2016-02-29T01:23:00Z"}}]})");
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->rejected_rows, 0);
  ASSERT_EQ(events_.size(), 5);
  EXPECT_EQ(events_[0].unit_id(), "{u}-1-1");
  EXPECT_EQ(events_[0].attributes().at("a").string_value(), "x");
  EXPECT_EQ(events_[0].attributes().at("t").string_value(), "X");
  EXPECT_EQ(events_[1].unit_id(), "{u}-2-2");
  EXPECT_EQ(events_[1].attributes().at("a").string_value(), "mens");
  EXPECT_EQ(events_[1].attributes().at("t").string_value(), "<Mens E-Mail>");
  EXPECT_TRUE(events_[2].attributes().empty());         // Missing.
  EXPECT_TRUE(events_[3].attributes().empty());         // Empty.
  EXPECT_FALSE(events_[4].attributes().contains("a"));  // Replaced by nothing.
  EXPECT_EQ(events_[4].attributes().at("t").string_value(), "<N/A>");
}

TEST_F(ImporterTest, RowNumbersBeginAgainInEachFileAndCountRejectedRows) {
  ImportOptions options;
  options.mapping = MappingOf(
      R"({"unit":{"template":"u{#}"},
          "rules":[{"name":{"column":"n"},
                    "time":{"constant":"2016-02-29T01:23:00Z"}}]})");
  const auto stats =
      Read({Write("a.csv", "n,x\na,1\nb\nc,1\n"), Write("b.csv", "x,n\n1,d\n")},
           options);
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->rows, 4);
  EXPECT_EQ(stats->rejected_rows, 1);
  EXPECT_THAT(Names(), ElementsAre("a", "c", "d"));
  EXPECT_EQ(events_[0].unit_id(), "u1");
  EXPECT_EQ(events_[1].unit_id(), "u3");
  EXPECT_EQ(events_[2].unit_id(), "u1");
}

TEST_F(ImporterTest, EachOperatorSelectsRows) {
  const std::string rows = "id,x\n1,5\n2,10\n3,abc\n4,\n5,5.0\n6,yes\n";
  const struct {
    const char* when;
    std::vector<std::string> units;
    int rejected = 0;
  } kCases[] = {
      {R"("operator":"EQUALS","values":[{"stringValue":"5"}])", {"1"}},
      {R"("operator":"EQUALS","values":[{"numberValue":5}])", {"1", "5"}},
      {R"("operator":"EQUALS","values":[{"boolValue":true}])", {"6"}},
      {R"("operator":"NOT_EQUALS","values":[{"numberValue":5}])",
       {"2", "3", "4", "6"}},
      {R"("operator":"IN","values":[{"stringValue":"abc"},{"numberValue":10}])",
       {"2", "3"}},
      {R"("operator":"NOT_IN","values":[{"stringValue":"abc"},
                                        {"stringValue":"yes"}])",
       {"1", "2", "4", "5"}},
      // As numbers: 10 is more than 5. Texts are bad rows, absence is not.
      {R"("operator":"LESS","values":[{"numberValue":10}])", {"1", "5"}, 2},
      {R"("operator":"LESS_OR_EQUAL","values":[{"numberValue":10}])",
       {"1", "2", "5"},
       2},
      {R"("operator":"GREATER","values":[{"numberValue":5}])", {"2"}, 2},
      {R"("operator":"GREATER_OR_EQUAL","values":[{"numberValue":5}])",
       {"1", "2", "5"},
       2},
      {R"("operator":"STARTS_WITH","values":[{"stringValue":"5"}])",
       {"1", "5"}},
      {R"("operator":"CONTAINS","values":[{"stringValue":"b"}])", {"3"}},
      {R"("operator":"EXISTS")", {"1", "2", "3", "5", "6"}},
      {R"("operator":"NOT_EXISTS")", {"4"}},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.when);
    const auto stats = ReadText(
        rows, absl::StrCat(
                  R"({"unit":{"column":"id"},"rules":[{"name":{"constant":"n"},
                      "time":{"constant":"2016-02-29T01:23:00Z"},
                      "when":[{"attribute":"x",)",
                  c.when, "}]}]}"));
    ASSERT_THAT(stats, IsOk());
    std::vector<std::string> units;
    for (const v1::Event& event : events_) units.push_back(event.unit_id());
    EXPECT_EQ(units, c.units);
    EXPECT_EQ(stats->rejected_rows, c.rejected);
    EXPECT_EQ(stats->rows, 6);
  }
}

TEST_F(ImporterTest, RowsWithoutAnEventNeedNoUnit) {
  const auto stats =
      ReadText("id,name\n,skip\nu,take\n",
               R"({"unit":{"column":"id"},"rules":[{"name":{"column":"name"},
          "time":{"constant":"2016-02-29T01:23:00Z"},
          "when":[{"attribute":"name","operator":"EQUALS",
                   "values":[{"stringValue":"take"}]}]}]})");
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->rejected_rows, 0);
  EXPECT_THAT(Names(), ElementsAre("take"));
}

TEST_F(ImporterTest, ExposuresCarryExperimentAndVariant) {
  const auto stats = ReadText("id,arm\nu,A\nv,\n",
                              R"({"unit":{"column":"id"},"rules":[{
          "variant":{"column":"arm","replace":{"A":"control"}},
          "experiment":"journeys/j/experiments/e",
          "time":{"constant":"2016-02-29T01:23:00Z"}}]})");
  ASSERT_THAT(stats, IsOk());
  ASSERT_EQ(events_.size(), 1);
  EXPECT_EQ(events_[0].name(), "stagecraft.exposure");
  EXPECT_EQ(events_[0].attributes().at("experiment").string_value(),
            "journeys/j/experiments/e");
  EXPECT_EQ(events_[0].attributes().at("variant").string_value(), "control");
  EXPECT_THAT(stats->first_errors,
              ElementsAre(HasSubstr("rules[0].variant: column `arm` is "
                                    "missing, want 1 to")));
}

TEST_F(ImporterTest, ARowsEventsAreAllOrNone) {
  const auto stats = ReadText(
      "id,t1,t2\nu,2016-02-29T01:23:00Z,never\n"
      "v,2016-02-29T01:23:00Z,2016-02-29T01:23:00Z\n",
      R"({"unit":{"column":"id"},"rules":[
          {"name":{"constant":"a"},"time":{"column":"t1"}},
          {"name":{"constant":"b"},"time":{"column":"t2"}}]})");
  ASSERT_THAT(stats, IsOk());
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  EXPECT_EQ(events_[0].unit_id(), "v");
  EXPECT_THAT(stats->first_errors,
              ElementsAre(HasSubstr(
                  "in.csv:2: rules[1].time: column `t2` is \"never\", want a "
                  "time: a date that exists, like 2006-01-02T15:04:05Z")));
}

TEST_F(ImporterTest, DefaultIdsDependOnTheWholeRowAndOnNothingElse) {
  const auto ids = [this](const std::string& text, const std::string& mapping) {
    EXPECT_THAT(ReadText(text, mapping), IsOk());
    std::vector<std::string> result;
    for (const v1::Event& event : events_) result.push_back(event.event_id());
    return result;
  };
  const std::string header = "id,name,time,extra\n";
  const std::string row = "u,n,2016-02-29T01:23:00Z,";
  const auto base = ids(header + row + "1\n", kPlainMapping);
  ASSERT_EQ(base.size(), 1);
  EXPECT_EQ(base[0].size(), 32);
  EXPECT_EQ(base[0].find_first_not_of("0123456789abcdef"), std::string::npos);
  // Again, elsewhere in the file, quoted, with other line ends.
  EXPECT_THAT(
      ids(header + row + "2\n" + row + "1\n" + row + "1\n", kPlainMapping),
      ElementsAre(::testing::Ne(base[0]), base[0], base[0]));
  EXPECT_EQ(ids("id,name,time,extra\r\n\"u\",n,2016-02-29T01:23:00Z,\"1\"\r\n",
                kPlainMapping),
            base);
  // The same texts in other fields, or by another rule, are another event.
  const std::string two = absl::StrReplaceAll(
      kPlainMapping,
      {{"[{", R"([{"name":{"column":"name"},"time":{"column":"time"}},{)"}});
  const auto both = ids(header + row + "1\n", two);
  ASSERT_EQ(both.size(), 2);
  EXPECT_EQ(both[0], base[0]);
  EXPECT_NE(both[1], base[0]);
  EXPECT_NE(ids("id,name,time,e,f\n" + row + "1,\n", kPlainMapping),
            ids("id,name,time,e,f\n" + row + ",1\n", kPlainMapping));
}

TEST_F(ImporterTest, ReportsProgress) {
  std::string text = "id,name,time\n";
  for (int i = 0; i < 30000; ++i) {
    absl::StrAppend(&text, "unit", i, ",name,2016-02-29T01:23:00Z\n");
  }
  ImportOptions options;
  options.mapping = MappingOf(kPlainMapping);
  std::vector<std::pair<int64_t, int64_t>> calls;
  options.on_progress = [&](int64_t done, int64_t total) {
    calls.emplace_back(done, total);
  };
  const int64_t size = text.size();
  ASSERT_THAT(Read({Write("a.csv", text), Write("b.csv", text)}, options),
              IsOk());
  ASSERT_GE(calls.size(), 8);  // Chunks are at most 256 KiB.
  EXPECT_TRUE(std::is_sorted(calls.begin(), calls.end()));
  for (const auto& [done, total] : calls) EXPECT_EQ(total, 2 * size);
  EXPECT_EQ(calls.back().first, 2 * size);
}

TEST_F(ImporterTest, StopsWhenEmitFails) {
  ImportOptions options;
  options.mapping = MappingOf(kPlainMapping);
  std::string text = "id,name,time\n";
  for (int i = 0; i < 100; ++i) text += "u,n,2016-02-29T01:23:00Z\n";
  int calls = 0;
  EXPECT_THAT(ReadEvents({Write("a.csv", text)}, options,
                         [&](v1::Event) {
                           return ++calls == 3
                                      ? absl::UnavailableError("server is gone")
                                      : absl::OkStatus();
                         }),
              StatusIs(absl::StatusCode::kUnavailable, "server is gone"));
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace stagecraft::client
