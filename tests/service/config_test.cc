#include "service/config.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/config_file.h"
#include "service/logging.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

absl::StatusOr<CommandLine> Parse(std::vector<std::string> args) {
  return ParseCommandLine(args);
}

// A file that goes away.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(::testing::TempDir() +
              ::testing::UnitTest::GetInstance()->current_test_info()->name() +
              ".conf") {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

TEST(ConfigTest, HasTheDocumentedDefaults) {
  const auto line = Parse({});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->action, CommandLine::Action::kRun);
  EXPECT_EQ(line->config.listen, "127.0.0.1:7400");
  EXPECT_EQ(line->config.data, "./stagecraft-data");
  EXPECT_EQ(line->config.max_message_mb, 16);
  EXPECT_EQ(line->config.ingest_memory_mb, 256);
  EXPECT_EQ(line->config.max_event_lead, absl::Hours(24));
  EXPECT_EQ(line->config.evaluate_every, absl::Minutes(1));
  EXPECT_FALSE(line->config.in_memory);
  EXPECT_EQ(line->config.threads, DefaultThreads());
  EXPECT_EQ(line->config.snapshot_check, absl::Seconds(5));
  EXPECT_EQ(line->config.keep_events, absl::ZeroDuration());
}

TEST(ConfigTest, KeepsEventsForWholeDays) {
  for (const auto& [text, days] : std::vector<std::pair<std::string, int>>{
           {"0", 0}, {"0d", 0}, {"1d", 1}, {"36500d", 36500}}) {
    const auto line = Parse({"--keep-events=" + text});
    ASSERT_THAT(line, IsOk()) << text;
    EXPECT_EQ(line->config.keep_events, days * absl::Hours(24)) << text;
  }
  for (const char* text : {"1", "-1d", "36501d", "24h", "1.5d", "d", "1 d "}) {
    EXPECT_THAT(Parse({absl::StrCat("--keep-events=", text)}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("want whole days from 0d to 36500d")))
        << text;
  }
}

TEST(ConfigTest, ReadsAllForms) {
  const auto line =
      Parse({"--listen=0.0.0.0:0", "--data", "/srv/x y", "--cache_mb=7",
             "--in-memory", "--evaluate-every=0", "--max-event-lead=90m",
             "--log-format=text", "--log-level", "warn", "--threads=3",
             "--snapshot-check=1m", "--keep-events=400d"});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->config.listen, "0.0.0.0:0");
  EXPECT_EQ(line->config.data, "/srv/x y");
  EXPECT_EQ(line->config.cache_mb, 7);
  EXPECT_TRUE(line->config.in_memory);
  EXPECT_EQ(line->config.evaluate_every, absl::ZeroDuration());
  EXPECT_EQ(line->config.max_event_lead, absl::Minutes(90));
  EXPECT_EQ(line->config.threads, 3);
  EXPECT_EQ(line->config.snapshot_check, absl::Minutes(1));
  EXPECT_EQ(line->config.keep_events, 400 * absl::Hours(24));
  EXPECT_EQ(line->config.log_format, LogFormat::kText);
  EXPECT_EQ(line->config.log_level, LogLevel::kWarn);
  const auto off = Parse({"--in-memory", "--no-in-memory"});
  ASSERT_THAT(off, IsOk());
  EXPECT_FALSE(off->config.in_memory);
}

TEST(ConfigTest, RefusesWhatIsWrongByName) {
  struct Case {
    std::vector<std::string> args;
    const char* message;
  };
  const Case cases[] = {
      {{"--lsten=x"}, "--lsten is unknown"},
      {{"listen"}, "\"listen\" is no flag"},
      {{"--"}, "is no flag"},
      {{"-x"}, "is no flag"},
      {{"--listen"}, "--listen has no value"},
      {{"--listen="}, "--listen is \"\""},
      {{"--listen=localhost"}, "listen is \"localhost\", want HOST:PORT"},
      {{"--listen=:80"}, "want HOST:PORT"},
      {{"--listen=h:65536"}, "want HOST:PORT"},
      {{"--listen=h:-1"}, "want HOST:PORT"},
      {{"--listen=unix:"}, "unix:PATH"},
      {{"--cache-mb=0"}, "--cache-mb is \"0\", want a whole number from 1"},
      {{"--cache-mb=1.5"}, "--cache-mb is \"1.5\""},
      {{"--cache-mb=9223372036854775808"}, "want a whole number"},
      {{"--max-message-mb=65"}, "from 1 to 64"},
      {{"--ingest-memory-mb=0"}, "from 1 to 1048576"},
      {{"--threads=0"}, "from 1 to 64"},
      {{"--threads=65"}, "from 1 to 64"},
      {{"--snapshot-check=25h"}, "from 0 to 24h"},
      {{"--verify=1"}, "has a value"},
      {{"--max-event-lead=-1s"}, "--max-event-lead is \"-1s\""},
      {{"--max-event-lead=inf"}, "--max-event-lead is \"inf\""},
      {{"--evaluate-every=60"}, "want a duration"},
      {{"--shutdown-grace=2h"}, "from 0 to 1h"},
      {{"--log-format=xml"}, "want one of json|text"},
      {{"--in-memory=yes"}, "want true or false"},
      {{"--no-listen"}, "--no-listen is unknown"},
      {{"--no-in-memory=true"}, "has a value"},
      {{"--help=1"}, "has a value"},
      {{"--config=a", "--config=b"}, "given twice"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.args[0]);
    EXPECT_THAT(Parse(c.args), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr(c.message)));
  }
}

TEST(ConfigTest, HelpAndVersionComeFirst) {
  auto line = Parse({"--data=x", "--help"});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->action, CommandLine::Action::kHelp);
  line = Parse({"-h"});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->action, CommandLine::Action::kHelp);
  line = Parse({"--version"});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->action, CommandLine::Action::kVersion);
  line = Parse({"--verify", "--data=x"});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->action, CommandLine::Action::kVerify);
  EXPECT_EQ(line->config.data, "x");
  for (const char* flag :
       {"--listen", "--data", "--cache-mb", "--block-cache-mb",
        "--max-message-mb", "--ingest-memory-mb", "--max-event-lead",
        "--evaluate-every", "--log-format", "--log-level", "--in-memory",
        "--threads", "--snapshot-check", "--keep-events", "--verify",
        "--config"}) {
    EXPECT_THAT(Usage(), HasSubstr(flag));
  }
}

TEST(ConfigTest, FlagsWinOverTheFileAndTheFileOverDefaults) {
  const TemporaryFile file(
      "# A comment.\n\n listen = 127.0.0.1:1 \r\ncache_mb=5\n"
      "data = \"/a = b\"\nin-memory = true\n");
  const auto line = Parse({"--cache-mb=6", "--config", file.path()});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->config.listen, "127.0.0.1:1");
  EXPECT_EQ(line->config.cache_mb, 6);
  EXPECT_EQ(line->config.data, "/a = b");
  EXPECT_TRUE(line->config.in_memory);
  EXPECT_EQ(line->config.block_cache_mb, 256);
}

TEST(ConfigTest, ReadsJson) {
  const TemporaryFile file(
      R"(  {"listen": "[::1]:0", "cache-mb": 4096, "in_memory": true,
           "evaluate-every": "5s"} )");
  const auto line = Parse({"--config=" + file.path()});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->config.listen, "[::1]:0");
  EXPECT_EQ(line->config.cache_mb, 4096);
  EXPECT_TRUE(line->config.in_memory);
  EXPECT_EQ(line->config.evaluate_every, absl::Seconds(5));
}

TEST(ConfigTest, RefusesBadFilesByLineOrKey) {
  struct Case {
    const char* content;
    const char* message;
  };
  const Case cases[] = {
      {"cache-mb = 1\nlisten\n", "line 2 is \"listen\", want name = value"},
      {"\n\ncash-mb = 1\n", "line 3: \"cash-mb\" is no setting"},
      {"config = other\n", "\"config\" is no setting"},
      {"cache-mb = x\n", "line 1: \"cache-mb\" is \"x\", want a whole number"},
      {"cache-mb = 1\ncache_mb = 2\n", "line 2: \"cache_mb\" is set twice"},
      {"{\"cash\": 1}", "\"cash\" is no setting"},
      {"{\"cache-mb\": 1.5}", "\"cache-mb\" is \"1.5\""},
      {"{\"cache-mb\": null}", "\"cache-mb\" is null"},
      {"{\"cache-mb\": [1]}", "want text, a number"},
      {"{\"cache-mb\": 1", "is no JSON object"},
      {"cache-mb = \xff\n", "want UTF-8"},
      {"listen = nowhere\n", "want HOST:PORT"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.content);
    const TemporaryFile file(c.content);
    EXPECT_THAT(
        Parse({"--config=" + file.path()}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)));
  }
  EXPECT_THAT(
      Parse({"--config=/no/such/file"}),
      StatusIs(absl::StatusCode::kNotFound,
               AllOf(HasSubstr("/no/such/file"), HasSubstr("No such file"))));
  EXPECT_THAT(Parse({"--config=/"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("directory")));
  const TemporaryFile large(std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(
      Parse({"--config=" + large.path()}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("larger than")));
}

TEST(ConfigTest, ValidatesWhatWasSetByHand) {
  EXPECT_THAT(Validate(Config{}), IsOk());
  EXPECT_THAT(Validate(Config{.cache_mb = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cache-mb is \"0\"")));
  EXPECT_THAT(Validate(Config{.max_event_lead = -absl::Seconds(1)}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("max-event-lead")));
  EXPECT_THAT(Validate(Config{.max_event_lead = absl::InfiniteDuration()}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("max-event-lead")));
}

// Logs, which the configuration shapes.
std::string LogOne(LogFormat format, std::initializer_list<LogField> fields) {
  std::string seen;
  const Log log(
      format, LogLevel::kInfo,
      [] { return absl::FromUnixMicros(1'767'225'600'000'001); },
      [&seen](absl::string_view line) { seen = std::string(line); });
  log.Debug("hidden", {});
  log.Info("start", fields);
  return seen;
}

TEST(LoggingTest, WritesJsonLines) {
  EXPECT_EQ(LogOne(LogFormat::kJson, {{"port", 7400},
                                      {"seconds", 0.25},
                                      {"ok", true},
                                      {"text", "a\"b\\c\nd\x01\xff"}}),
            "{\"time\":\"2026-01-01T00:00:00.000001Z\",\"level\":\"info\","
            "\"event\":\"start\",\"port\":7400,\"seconds\":0.25,\"ok\":true,"
            "\"text\":\"a\\\"b\\\\c\\nd\\u0001\xef\xbf\xbd\"}");
  EXPECT_THAT(LogOne(LogFormat::kJson, {{"x", 1.0 / 0.0}}),
              HasSubstr("\"x\":\"inf\""));
}

TEST(LoggingTest, WritesText) {
  EXPECT_EQ(LogOne(LogFormat::kText,
                   {{"address", "h:1"}, {"text", "two words"}, {"none", ""}}),
            "2026-01-01T00:00:00.000001Z info start address=h:1 "
            "text=\"two words\" none=\"\"");
}

}  // namespace
}  // namespace stagecraft::service
