// Real data, end to end: the figures that others published or computed from the
// raw files. The folder is the environment variable STAGECRAFT_DATA, by default
// ../shared/data; without it these tests are skipped. The files are read
// through `gzip -dc`.
//
// incident_log: C. Amaral et al., UCI Machine Learning Repository no. 498;
//   expected figures by R, survival (survfit, survdiff).
// asos: C. Liu et al., "Datasets for Online Controlled Experiments", NeurIPS
//   2021; the counts are table 2 of the paper.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "stats/confidence_sequence.h"
#include "stats/log_rank.h"
#include "stats/mean.h"
#include "stats/survival.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;

// The lines of a packed file, without the header; empty if it is absent.
std::vector<std::string> Lines(const std::string& file) {
  const char* folder = std::getenv("STAGECRAFT_DATA");
  const std::string path =
      absl::StrCat(folder == nullptr ? "../shared/data" : folder, "/", file);
  std::vector<std::string> lines;
  if (FILE* probe = std::fopen(path.c_str(), "rb")) {
    std::fclose(probe);
  } else {
    return lines;
  }
  FILE* pipe = popen(absl::StrCat("gzip -dc '", path, "'").c_str(), "r");
  if (pipe == nullptr) return lines;
  std::array<char, 4096> buffer;
  std::string line;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) {
    line += buffer.data();
    if (line.back() != '\n') continue;
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
      line.pop_back();
    }
    lines.push_back(std::move(line));
    line.clear();
  }
  pclose(pipe);
  if (!lines.empty()) lines.erase(lines.begin());
  return lines;
}

double Number(absl::string_view text) {
  double value = 0;
  EXPECT_TRUE(absl::SimpleAtod(text, &value)) << text;
  return value;
}

// Minutes since 1970 of "29/2/2016 01:16" (civil days by the usual shift of the
// year to March).
int64_t Minutes(const std::string& text) {
  int day = 0, month = 0, year = 0, hour = 0, minute = 0;
  EXPECT_EQ(std::sscanf(text.c_str(), "%d/%d/%d %d:%d", &day, &month, &year,
                        &hour, &minute),
            5)
      << text;
  const int y = month <= 2 ? year - 1 : year;
  const int m = month <= 2 ? month + 9 : month - 3;
  const int64_t days = 365LL * y + y / 4 - y / 100 + y / 400 +
                       (153 * m + 2) / 5 + day - 1 - 719468;
  return (days * 24 + hour) * 60 + minute;
}

TEST(ReferenceDataTest, IncidentsAsOfMay2016) {
  const std::vector<std::string> lines =
      Lines("incident_log/incident_event_log.csv.gz");
  if (lines.empty()) GTEST_SKIP() << "no incident_event_log.csv.gz";
  ASSERT_EQ(lines.size(), 141712u);
  const int64_t now = Minutes("1/5/2016 00:00");
  // The last row of a unit counts; its opened_at and closed_at do not change.
  std::map<std::string, std::vector<std::string>> units;
  for (const std::string& line : lines) {
    std::vector<std::string> fields = absl::StrSplit(line, ',');
    ASSERT_EQ(fields.size(), 36u);
    units[fields[0]] = std::move(fields);
  }
  ASSERT_EQ(units.size(), 24918u);
  std::vector<DurationBin> all;
  std::map<std::string, std::vector<DurationBin>> by_priority;
  for (const auto& [number, fields] : units) {
    const int64_t opened = Minutes(fields[9]), closed = Minutes(fields[35]);
    if (opened >= now) continue;
    const double days =
        static_cast<double>(std::min(closed, now) - opened) / 1440;
    const bool event = closed <= now;
    const DurationBin bin{days, event ? 1 : 0, event ? 0 : 1};
    all.push_back(bin);
    by_priority[fields[22]].push_back(bin);
  }
  const auto curve = KaplanMeier(all);
  ASSERT_THAT(curve, IsOk());
  EXPECT_EQ(curve->units, 17136);
  EXPECT_EQ(curve->events, 14175);
  EXPECT_EQ(curve->censored, 2961);

  struct Quantile {
    double share, value, lower, upper;
  };
  constexpr Quantile kQuantiles[] = {
      {0.25, 5.05833333333333, 5.05555555555556, 5.06319444444444},
      {0.50, 8.01875, 7.88958333333333, 8.13888888888889},
      {0.75, 16.3083333333333, 16.1652777777778, 16.3986111111111}};
  for (const Quantile& row : kQuantiles) {
    const auto quantile = DurationQuantile(*curve, row.share);
    ASSERT_THAT(quantile, IsOk());
    EXPECT_NEAR(quantile->value.value_or(-1), row.value, 1e-10);
    EXPECT_NEAR(quantile->lower.value_or(-1), row.lower, 1e-10);
    EXPECT_NEAR(quantile->upper.value_or(-1), row.upper, 1e-10);
  }
  struct Point {
    double time, survival, lower, upper;
  };
  constexpr Point kPoints[] = {
      {1, 0.998481831643123, 0.997898890219614, 0.999065113602839},
      {5, 0.993837180817822, 0.992632744783594, 0.99504307828496},
      {7, 0.547430484070402, 0.539657231797295, 0.55531570269426},
      {30, 0.0693518475335169, 0.0651617199133439, 0.0738114150870848}};
  for (const Point& row : kPoints) {
    const auto point = SurvivalAt(*curve, row.time);
    ASSERT_THAT(point, IsOk());
    EXPECT_NEAR(point->value, row.survival, 1e-12);
    EXPECT_NEAR(point->interval.lower, row.lower, 1e-12);
    EXPECT_NEAR(point->interval.upper, row.upper, 1e-12);
  }
  const auto mean = RestrictedMean(all, 30);
  ASSERT_THAT(mean, IsOk());
  EXPECT_NEAR(mean->value, 11.4245593616144, 1e-10);
  EXPECT_NEAR(mean->standard_error, 0.0627837840442128, 1e-12);

  std::vector<std::vector<DurationBin>> groups;
  for (const auto& [priority, bins] : by_priority) groups.push_back(bins);
  ASSERT_EQ(groups.size(), 4u);
  const auto test = LogRankTest(groups);
  ASSERT_THAT(test, IsOk());
  EXPECT_NEAR(test->statistic, 48.5763634067991, 1e-8);
  EXPECT_EQ(test->degrees_of_freedom, 3);
  EXPECT_NEAR(test->p_value / 1.60549404919154e-10, 1, 1e-7);
}

TEST(ReferenceDataTest, AsosFinalTestsAgreeWithTheirPaper) {
  const std::vector<std::string> lines =
      Lines("asos/asos_digital_experiments_dataset.csv.gz");
  if (lines.empty())
    GTEST_SKIP() << "no asos_digital_experiments_dataset.csv.gz";
  ASSERT_EQ(lines.size(), 24153u);
  struct Look {
    double time;
    Moments control, treatment;
    bool has_variance;
  };
  // By (experiment, variant, metric).
  std::map<std::array<std::string, 3>, std::vector<Look>> series;
  for (const std::string& line : lines) {
    const std::vector<std::string> f = absl::StrSplit(line, ',');
    ASSERT_EQ(f.size(), 10u);
    Look look{.time = Number(f[3]),
              .has_variance = !f[8].empty() && !f[9].empty()};
    look.control = {static_cast<int64_t>(Number(f[4])), Number(f[6]),
                    look.has_variance ? Number(f[8]) : 0};
    look.treatment = {static_cast<int64_t>(Number(f[5])), Number(f[7]),
                      look.has_variance ? Number(f[9]) : 0};
    series[{f[0], f[1], f[2]}].push_back(look);
  }
  // Per metric: both, only mSPRT, neither, only t test.
  std::map<std::string, std::array<int, 4>> counts;
  const std::map<std::string, double> k = {
      {"1", 1.30e-05}, {"2", 1.07e-05}, {"3", 6.48e-06}, {"4", 5.92e-06}};
  for (auto& [key, looks] : series) {
    std::stable_sort(
        looks.begin(), looks.end(),
        [](const Look& a, const Look& b) { return a.time < b.time; });
    // The paper leaves out the five per metric without a final variance.
    if (!looks.back().has_variance) continue;
    double running = 1;
    for (size_t i = 0; i < looks.size(); ++i) {
      const Look& look = looks[i];
      double p = 1;
      if (look.has_variance && look.control.variance > 0) {
        const auto test = TestMixtureSprt(look.control, look.treatment,
                                          k.at(key[2]) * look.control.variance);
        ASSERT_THAT(test, IsOk());
        p = test->p_value;
      }
      running = std::min(running, p);
      // Their running minimum needs two looks: the first one alone counts as 1.
      if (looks.size() == 1) running = 1;
    }
    const auto welch =
        CompareMeans(looks.back().control, looks.back().treatment);
    ASSERT_THAT(welch, IsOk());
    const bool t = welch->p_value < 0.05, m = running < 0.05;
    ++counts[key[2]][t ? (m ? 0 : 3) : (m ? 1 : 2)];
    if (key[0] == "a4386f" && key[2] == "1") {
      EXPECT_EQ(looks.back().control.n, 4982696);
      EXPECT_NEAR(welch->p_value, 0.0006105302612158256, 1e-12);
      // tau^2 is published with three digits.
      EXPECT_NEAR(running / 4.068810161839291e-09, 1, 0.01);
    }
    if (key[0] == "08bcc2" && key[2] == "2") {
      EXPECT_NEAR(welch->p_value, 0.018321988162631572, 1e-12);
      EXPECT_NEAR(running, 0.25015909480836634, 1e-3);
    }
  }
  EXPECT_EQ(counts["1"], (std::array<int, 4>{19, 2, 71, 7}));
  EXPECT_EQ(counts["2"], (std::array<int, 4>{20, 18, 49, 7}));
  EXPECT_EQ(counts["3"], (std::array<int, 4>{16, 6, 63, 9}));
  EXPECT_EQ(counts["4"], (std::array<int, 4>{16, 4, 63, 11}));
}

}  // namespace
}  // namespace stagecraft::stats
