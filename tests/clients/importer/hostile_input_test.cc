// Bad input: each row is rejected by itself with place, text seen and text
// wanted; a file that cannot be trusted is an error.
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/clients/importer/import_fixture.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kHeader[] = "id,name,time\n";
constexpr char kGood[] = "u,n,2016-02-29T01:23:00Z\n";

class HostileInputTest : public ImportTest {
 protected:
  // `bad` between two good rows: rejected with one message that has `want`.
  void ExpectRejected(const std::string& bad, const std::string& want,
                      const std::string& mapping = kPlainMapping) {
    SCOPED_TRACE(want);
    const auto stats =
        ReadText(absl::StrCat(kHeader, kGood, bad, kGood), mapping);
    ASSERT_THAT(stats, IsOk());
    EXPECT_EQ(stats->rows, 3);
    EXPECT_EQ(stats->rejected_rows, 1);
    EXPECT_EQ(stats->events, 2);
    EXPECT_EQ(events_.size(), 2);
    EXPECT_THAT(stats->first_errors,
                ElementsAre(AllOf(HasSubstr("in.csv:3: "), HasSubstr(want))));
  }
};

TEST_F(HostileInputTest, BadRowsAreRejectedByThemselves) {
  ExpectRejected("u,n\n", "row has 2 fields, want 3 as the header has");
  ExpectRejected("u,n,2016-02-29T01:23:00Z,x\n", "row has 4 fields, want 3");
  ExpectRejected(",n,2016-02-29T01:23:00Z\n",
                 "unit: column `id` is missing, want 1 to 256 bytes");
  ExpectRejected(std::string(257, 'i') + ",n,2016-02-29T01:23:00Z\n",
                 "(257 bytes), want 1 to 256 bytes");
  ExpectRejected("u,,2016-02-29T01:23:00Z\n",
                 "rules[0].name: column `name` is missing");
  ExpectRejected("u," + std::string(129, 'n') + ",2016-02-29T01:23:00Z\n",
                 "(129 bytes), want 1 to 128 bytes");
  ExpectRejected("u,stagecraft.exposure,2016-02-29T01:23:00Z\n",
                 "rules[0].name: column `name` is \"stagecraft.exposure\", "
                 "want a name that does not begin with stagecraft.");
  ExpectRejected("u,n,\n", "rules[0].time: column `time` is missing");
  ExpectRejected("u,n,2015-02-29T01:23:00Z\n",
                 "column `time` is \"2015-02-29T01:23:00Z\", want a time: a "
                 "date that exists");
}

TEST_F(HostileInputTest, BadValuesAreRejectedByThemselves) {
  const auto mapping = [](const std::string& part) {
    return absl::StrCat(R"({"unit":{"column":"id"},"rules":[{
        "time":{"constant":"2016-02-29T01:23:00Z"},"name":{"constant":"c"},)",
                        part, "}]}");
  };
  const std::string value =
      mapping(R"("value":{"column":"name","replace":{"n":"1"}})");
  for (const char* text : {"abc", "1e10", "-1000000001", "nan", "inf", "0x10",
                           "1,5", "1 2", "1e999"}) {
    ExpectRejected(absl::StrCat("u,\"", text, "\",t\n"),
                   absl::StrCat("rules[0].value: column `name` is \"", text,
                                "\", want a number between -1e9 and 1e9"),
                   value);
  }
  ExpectRejected("u,x,t\n",
                 "rules[0].attributes[0].value: column `name` is \"x\", want a "
                 "finite number",
                 mapping(R"("attributes":[{"key":"k","type":"number",
                     "value":{"column":"name","replace":{"n":"1e3"}}}])"));
  ExpectRejected("u,maybe,t\n", "is \"maybe\", want true or false",
                 mapping(R"("attributes":[{"key":"k","type":"bool",
                     "value":{"column":"name","replace":{"n":"TRUE"}}}])"));
  ExpectRejected("u," + std::string(1025, 'x') + ",t\n",
                 "(1025 bytes), want at most 1024 bytes",
                 mapping(R"("attributes":[{"key":"k",
                     "value":{"column":"name"}}])"));
  ExpectRejected("u," + std::string(129, 'x') + ",t\n",
                 "rules[0].event_id: column `name`",
                 mapping(R"("eventId":{"column":"name"})"));
  ExpectRejected("u,x,t\n",
                 "rules[0].when[0]: column `name` is \"x\", want a finite "
                 "number for LESS",
                 R"({"unit":{"column":"id"},"rules":[{"name":{"constant":"c"},
                     "time":{"constant":"2016-02-29T01:23:00Z"},
                     "when":[{"attribute":"name","operator":"LESS",
                              "values":[{"numberValue":1}]}]},
                    {"name":{"constant":"d"},
                     "time":{"constant":"2016-02-29T01:23:00Z"}}],
                     "missing":["n"]})");
}

TEST_F(HostileInputTest, BytesThatAreNoText) {
  ExpectRejected(
      std::string("u,a\0b,2016-02-29T01:23:00Z\n", 27),
      "column `name` is \"a\\x00\\x62\", want text without NUL bytes");
  ExpectRejected("u,caf\xE9,2016-02-29T01:23:00Z\n",
                 "column `name` is \"caf\\xe9\", want UTF-8");
  // An overlong slash, a surrogate, above U+10FFFF, cut short, a lone tail.
  for (const char* bytes : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                            "\xE2\x82", "\x80", "\xFF"}) {
    ExpectRejected(absl::StrCat("u,", bytes, ",2016-02-29T01:23:00Z\n"),
                   "want UTF-8");
  }
  // Tails in the next field do not complete a character.
  ExpectRejected("\xE2\x82,\xAC,2016-02-29T01:23:00Z\n", "column `id`");
  ASSERT_THAT(
      ReadText(absl::StrCat(
          kHeader, "\xE2\x82\xAC,\xF0\x9F\x98\x80,2016-02-29 01:23:00")),
      IsOk());
  EXPECT_EQ(events_.size(), 1);
}

TEST_F(HostileInputTest, MisplacedQuotesRejectTheirRowOnly) {
  ExpectRejected("u,5\" pipe,2016-02-29T01:23:00Z\n",
                 "field 2 begins with \"5\" and holds a quote");
  ExpectRejected("u,\"a\" b,2016-02-29T01:23:00Z\n",
                 "field 2 goes on after its closing quote");
  // Line numbers stay right after quoted line ends and resumed lines.
  const auto stats = ReadText(
      absl::StrCat(kHeader, "u,\"a\nb\nc\",2016-02-29T01:23:00Z\n",
                   "u,\"x\ny\"z,t\n", "u,n,bad\n", "\n\r\n", "u,n,worse\r\n"));
  ASSERT_THAT(stats, IsOk());
  EXPECT_THAT(stats->first_errors,
              ElementsAre(AllOf(HasSubstr("in.csv:5: "),
                                HasSubstr("reaches to line 6")),
                          HasSubstr("in.csv:7: "), HasSubstr("in.csv:10: ")));
}

TEST_F(HostileInputTest, AQuoteThatIsNeverClosedIsAnErrorOfTheFile) {
  EXPECT_THAT(ReadText(absl::StrCat(kHeader, kGood, "u,\"n,", kGood, kGood)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("in.csv:3: the quote that opens field 2 of "
                                 "this row is not closed to the end")));
  EXPECT_EQ(events_.size(), 1);
  // It is noticed after a bounded number of bytes.
  std::string rest;
  while (rest.size() < (3 << 20)) rest += kGood;
  EXPECT_THAT(ReadText(absl::StrCat(kHeader, kGood, "u,\"n,", rest)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("in.csv:3: the quote that opens field 2 of "
                                 "this row is not closed for 1048576 bytes")));
}

TEST_F(HostileInputTest, HugeRowsAreRejected) {
  const std::string huge(5 << 20, 'x');
  ExpectRejected(absl::StrCat("u,", huge, ",t\n"),
                 "row is longer than 1048576 bytes");
  std::string fields;
  while (fields.size() < (2 << 20)) fields += "x,";
  ExpectRejected(fields + "\n", "row is longer than 1048576 bytes");
  const std::string good =
      "{\"id\":\"u\",\"name\":\"n\",\"time\":\"2016-02-29T01:23:00Z\"}\n";
  const auto stats =
      ReadText(absl::StrCat(good, "{\"id\":\"", huge, "\"}\n", good, huge),
               kPlainMapping, "in.ndjson");
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->events, 2);
  EXPECT_THAT(stats->first_errors,
              ElementsAre(HasSubstr("in.ndjson:2: row is longer than"),
                          HasSubstr("in.ndjson:4: row is longer than")));
}

TEST_F(HostileInputTest, BadNdjsonLines) {
  const struct {
    std::string line;
    const char* want;
  } kCases[] = {
      {"{\"id\":", "line is not a JSON object: at byte"},
      {"{\"id\":\"u\"} x", "line is not a JSON object"},
      {"{'id':1}", "line is not a JSON object"},
      {"[1]", "line is an array, want an object"},
      {"7", "line is a single JSON value, want an object"},
      {"{\"id\":[1]}", "column `id` is an array, want a text"},
      {"{\"id\":{\"x\":1}}", "column `id` is an object, want a text"},
      {"{\"id\":1,\"id\":2}", "column `id` is in the line twice"},
      {"{\"id\":\"a\\u0000b\"}", "want text without NUL bytes"},
      {"{\"id\":\"\xE9\"}", "line is not a JSON object"},
      {"{\"id\":\"\\ud800\"}", "line is not a JSON object"},
      {"{\"id\":1e999}", "line is not a JSON object"},
      {"{\"name\":\"n\"}", "unit: column `id` is missing"},
      {std::string(100000, '['), "line is an array"},
      {"{\"x\":" + std::string(100000, '['), "line is not a JSON object"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.line.substr(0, 60));
    const auto stats = ReadText(c.line + "\n", kPlainMapping, "in.ndjson");
    ASSERT_THAT(stats, IsOk());
    EXPECT_EQ(stats->rows, 1);
    EXPECT_EQ(stats->events, 0);
    EXPECT_THAT(
        stats->first_errors,
        ElementsAre(AllOf(HasSubstr("in.ndjson:1: "), HasSubstr(c.want))));
  }
}

TEST_F(HostileInputTest, HeadersMustFitTheMapping) {
  EXPECT_THAT(ReadText("Id,name,\"odd one\"\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("has no column `id`, `time`, which the "
                                 "mapping names; it has `Id`, `name`, `odd "
                                 "one`")));
  EXPECT_THAT(ReadText("id,name,time,id\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("column `id` is in the header twice")));
  EXPECT_THAT(ReadText("id,na\"me,time\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("in.csv:1: header: field 2")));
  EXPECT_THAT(ReadText(std::string(2 << 20, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("header: row is longer than")));
  // Columns that the mapping does not name may repeat.
  EXPECT_THAT(ReadText("id,name,time,,\n"), IsOk());
}

TEST_F(HostileInputTest, EmptyFiles) {
  for (const char* text : {"", "\n\r\n", "\xEF\xBB\xBF"}) {
    EXPECT_THAT(ReadText(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("is empty, want a header row")));
  }
  for (const char* text : {kHeader, "id,name,time"}) {
    const auto stats = ReadText(text);
    ASSERT_THAT(stats, IsOk());
    EXPECT_EQ(stats->rows, 0);
  }
  const auto stats = ReadText("", kPlainMapping, "in.ndjson");
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->rows, 0);
}

TEST_F(HostileInputTest, FilesThatAreNoText) {
  EXPECT_THAT(Read((folder_ / "none.csv").string(), kPlainMapping),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.csv")));
  EXPECT_THAT(Read(folder_.string(), kPlainMapping),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is a directory, want a file")));
  EXPECT_THAT(ReadText("\xFF\xFEi"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is UTF-16 text, want UTF-8")));
  EXPECT_THAT(
      ReadText("PK\x03\x04"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("zip archive")));
}

TEST_F(HostileInputTest, DamagedGzip) {
  std::string text = kHeader;
  for (int i = 0; i < 5000; ++i) {
    absl::StrAppend(&text, "u", i * 7919 % 5003, ",n,2016-02-29T01:23:00Z\n");
  }
  const std::string path = WriteGzip("whole.csv.gz", text);
  std::ifstream file(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  ASSERT_GT(whole.size(), 1000);
  for (const size_t size : {whole.size() / 2, whole.size() - 4}) {
    EXPECT_THAT(ReadText(whole.substr(0, size), kPlainMapping, "cut.csv.gz"),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr("cut.csv.gz: gzip data is damaged")))
        << size;
  }
  std::string flipped = whole;
  flipped[whole.size() - 6] ^= 1;  // In the checksum.
  EXPECT_THAT(ReadText(flipped, kPlainMapping, "bad.csv.gz"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("bad.csv.gz")));
}

TEST_F(HostileInputTest, StopsAfterTooManyErrors) {
  std::string text = absl::StrCat(kHeader, kGood);
  for (int i = 0; i < 30; ++i) text += "u,n,never\n";
  ImportOptions options;
  options.mapping = MappingOf(kPlainMapping);
  options.max_errors = 30;
  const std::string path = Write("in.csv", text);
  const auto stats = Read({path}, options);
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->rejected_rows, 30);
  EXPECT_EQ(stats->first_errors.size(), 20);
  options.max_errors = 29;
  EXPECT_THAT(
      Read({path}, options),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("30 of 31 rows are bad, want at most 29"),
                     HasSubstr("in.csv:32: "), HasSubstr("the first "),
                     HasSubstr("in.csv:3: "))));
  options.max_errors = 0;
  EXPECT_THAT(
      Read({path}, options),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stopped at")));
}

TEST_F(HostileInputTest, BadOptions) {
  ImportOptions options;
  options.mapping = MappingOf(kPlainMapping);
  EXPECT_THAT(Read(std::vector<std::string>(), options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("paths is empty")));
  const std::string path = Write("in.csv", kHeader);
  for (const char delimiter : {'"', '\n', '\r', '\0', '\xE9'}) {
    options.delimiter = delimiter;
    EXPECT_THAT(Read({path}, options),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("delimiter is ")));
  }
  options.delimiter = ',';
  options.max_errors = -1;
  EXPECT_THAT(Read({path}, options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("max_errors is -1, want 0 or more")));
  options.max_errors = 0;
  options.mapping.clear_unit();
  EXPECT_THAT(Read({path}, options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("mapping: unit is not set")));
}

}  // namespace
}  // namespace stagecraft::client
