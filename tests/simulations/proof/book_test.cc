// The proof book in small: every promise must be kept, with the wider intervals
// of fewer replications. A line whose promise is true fails once in 100,000;
// the seed is fixed, so that a run either always passes or never.
#include <ostream>
#include <string>

#include "gtest/gtest.h"
#include "simulations/proof/page.h"
#include "simulations/proof/proof.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::simulations {

void PrintTo(const Proof& proof, std::ostream* out) { *out << proof.title; }

namespace {

using ::stagecraft::testing::IsOk;

class BookTest : public ::testing::TestWithParam<Proof> {};

TEST_P(BookTest, PromisesAreKept) {
  ProofRun run;
  run.scale = 0.002;
  run.threads = 2;
  const auto lines = GetParam().run(run);
  ASSERT_THAT(lines, IsOk());
  int promised = 0;
  for (const Line& line : *lines) {
    SCOPED_TRACE(line.what);
    promised += IsPromised(line) ? 1 : 0;
    EXPECT_TRUE(IsKept(line))
        << ValueText(line.measured.value, line) << " (" << IntervalText(line)
        << "), promised " << PromiseText(line);
    EXPECT_LE(line.measured.lower, line.measured.value);
    EXPECT_GE(line.measured.upper, line.measured.value);
  }
  EXPECT_GE(promised, 4);
}

INSTANTIATE_TEST_SUITE_P(All, BookTest, ::testing::ValuesIn(AllProofs()),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace stagecraft::simulations
