// Any text that is written by the rules of RFC 4180 or RFC 8259 is read back as
// it was, wherever the chunks of the reader end.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/clients/importer/import_fixture.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::IsOk;

constexpr char kMapping[] = R"({
  "unit": {"template": "u{#}"},
  "attributes": [{"key": "a", "value": {"template": "<{a}>"}},
                 {"key": "b", "value": {"template": "<{b}>"}}],
  "rules": [{"name": {"constant": "n"},
             "time": {"constant": "2016-02-29T01:23:00Z"}}]
})";

class RoundTripTest : public ImportTest {
 protected:
  static constexpr int kRows = 20000;

  // 1 to 60 characters, mostly those that CSV treats in a special way.
  std::string RandomText() {
    static const std::vector<std::string> kPieces = {"a",
                                                     "b",
                                                     " ",
                                                     ",",
                                                     "\"",
                                                     "\n",
                                                     "\r\n",
                                                     "\t",
                                                     "?",
                                                     "{",
                                                     "}",
                                                     "\xC3\xA9",
                                                     "\xF0\x9F\x98\x80",
                                                     "word"};
    std::string text;
    const int length = 1 + random_() % 60;
    for (int i = 0; i < length; ++i) {
      text += kPieces[random_() % kPieces.size()];
    }
    return text;
  }

  static std::string Csv(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}),
                        "\"");
  }

  void ExpectRead(const std::string& path,
                  const std::vector<std::vector<std::string>>& rows) {
    const auto stats = Read(path, kMapping);
    ASSERT_THAT(stats, IsOk());
    EXPECT_EQ(stats->rows, rows.size());
    EXPECT_EQ(stats->rejected_rows, 0);
    ASSERT_EQ(events_.size(), rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(events_[i].unit_id(), absl::StrCat("u", i + 1));
      const auto& attributes = events_[i].attributes();
      ASSERT_EQ(attributes.at("a").string_value(), "<" + rows[i][0] + ">");
      ASSERT_EQ(attributes.at("b").string_value(), "<" + rows[i][1] + ">");
    }
  }

  std::mt19937_64 random_{20160229};
};

TEST_F(RoundTripTest, CsvAndNdjson) {
  std::vector<std::vector<std::string>> rows;
  std::string csv = "b,unused,a\r\n";
  std::string ndjson;
  for (int i = 0; i < kRows; ++i) {
    rows.push_back({RandomText(), RandomText()});
    absl::StrAppend(&csv, Csv(rows[i][1]), ",", Csv(RandomText()), ",",
                    Csv(rows[i][0]), i % 2 == 0 ? "\n" : "\r\n");
    nlohmann::json object;
    object["a"] = rows[i][0];
    object["b"] = rows[i][1];
    object["unused"] = {{"a", RandomText()}, {"list", {1, {{"a", 2}}}}};
    absl::StrAppend(&ndjson, object.dump(), "\n");
  }
  ASSERT_GT(csv.size(), 4 * (256 << 10));  // Several chunks.
  ExpectRead(Write("in.csv", csv), rows);
  ExpectRead(WriteGzip("in.csv.gz", csv), rows);
  ExpectRead(Write("in.ndjson", ndjson), rows);
  ExpectRead(WriteGzip("in.ndjson.gz", ndjson), rows);
}

// Whatever bytes come, reading ends, and each row is counted once.
TEST_F(RoundTripTest, AnyBytesAreReadOrRefused) {
  ImportOptions options;
  options.mapping = MappingOf(kMapping);
  options.max_errors = INT64_MAX;
  int64_t read = 0;
  int64_t refused = 0;
  for (int i = 0; i < 500; ++i) {
    std::string text = "a,b\n";
    const int length = random_() % 200;
    for (int j = 0; j < length; ++j) {
      static constexpr char kBytes[] = "ab,,\"\n\n\r\xC3\xA9\xFF{}:[]";
      text.push_back(kBytes[random_() % sizeof(kBytes)]);  // NUL, too.
    }
    for (const char* name : {"x.csv", "x.ndjson"}) {
      const auto stats = Read({Write(name, text)}, options);
      if (!stats.ok()) {
        // Only a quote that is never closed.
        EXPECT_NE(stats.status().message().find("is not closed"),
                  absl::string_view::npos)
            << stats.status();
        ++refused;
        continue;
      }
      ASSERT_EQ(stats->rows, stats->events + stats->rejected_rows);
      ASSERT_EQ(stats->events, events_.size());
      read += stats->events;
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace stagecraft::client
