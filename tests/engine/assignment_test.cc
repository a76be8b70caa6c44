#include "engine/assignment.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/allocation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using enum AssignmentReason;
using stagecraft::testing::IsOk;
using stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using State = Experiment::State;

std::shared_ptr<const Journey> MakeJourney(std::string name,
                                           int32_t holdout_ppm) {
  auto journey = std::make_shared<Journey>();
  journey->name = std::move(name);
  journey->holdout_ppm = holdout_ppm;
  return journey;
}

std::vector<Variant> Shares(const std::vector<int32_t>& shares) {
  std::vector<Variant> variants;
  for (size_t i = 0; i < shares.size(); ++i) {
    variants.push_back({absl::StrCat("v", i), shares[i]});
  }
  return variants;
}

Experiment Running(absl::string_view id,
                   const std::vector<int32_t>& shares = {500'000, 500'000}) {
  Experiment experiment;
  experiment.name = absl::StrCat("journeys/onboarding/experiments/", id);
  experiment.state = State::kRunning;
  experiment.salt = experiment.name;
  experiment.variants = Shares(shares);
  experiment.allocations = *Allocate({}, experiment.variants);
  experiment.journey = MakeJourney("journeys/onboarding", 0);
  return experiment;
}

CompiledExperiment Compile(Experiment experiment) {
  return CompiledExperiment(
      std::make_shared<const Experiment>(std::move(experiment)));
}

Assignment Ask(const CompiledExperiment& experiment, absl::string_view unit,
               const Attributes& attributes = {},
               std::optional<int> previous = std::nullopt) {
  return experiment.Assign(UnitHash(unit), unit, attributes, previous);
}

Predicate ChannelIs(std::string channel) {
  Predicate predicate;
  predicate.condition = {"channel", Condition::Operator::kEquals, {channel}};
  return predicate;
}
const Attributes kWeb = {{"channel", std::string("web")}};

std::string UnitName(int i) { return absl::StrCat("user-", i); }

// The frozen file was written by another implementation: see
// testdata/assignment_golden.py.
TEST(AssignmentGoldenTest, NeverChanges) {
  std::ifstream file("tests/engine/testdata/assignment_golden.csv");
  ASSERT_TRUE(file.good()) << "run in the root of the repository";
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  int rows = 0;
  std::map<std::string, int> reasons;
  while (std::getline(file, line)) {
    SCOPED_TRACE(line);
    const std::vector<std::string> cells = absl::StrSplit(line, ',');
    ASSERT_EQ(cells.size(), 13);
    const std::string unit = absl::HexStringToBytes(cells[0]);
    std::vector<int32_t> shares;
    for (const absl::string_view share : absl::StrSplit(cells[2], ';')) {
      ASSERT_TRUE(absl::SimpleAtoi(share, &shares.emplace_back()));
    }
    Experiment experiment = Running("golden", shares);
    experiment.salt = cells[1];
    ASSERT_TRUE(absl::SimpleAtoi(cells[3], &experiment.coverage_ppm));
    experiment.layer = cells[4];
    ASSERT_TRUE(absl::SimpleAtoi(cells[5], &experiment.layer_start_ppm));
    ASSERT_TRUE(absl::SimpleAtoi(cells[6], &experiment.layer_end_ppm));
    int32_t holdout = 0;
    ASSERT_TRUE(absl::SimpleAtoi(cells[8], &holdout));
    experiment.journey = MakeJourney(cells[7], holdout);
    int bucket = 0;
    ASSERT_TRUE(absl::SimpleAtoi(cells[10], &bucket));
    int variant = 0;
    ASSERT_TRUE(absl::SimpleAtoi(cells[11], &variant));

    EXPECT_EQ(absl::StrCat(absl::Hex(UnitHash(unit), absl::kZeroPad16)),
              cells[9]);
    EXPECT_EQ(BucketPpm(UnitHash(unit), SplitSaltHash(experiment.salt)),
              bucket);
    const Assignment assignment = Ask(Compile(experiment), unit);
    EXPECT_EQ(assignment.variant, variant);
    EXPECT_EQ(ToText(assignment.reason), cells[12]);
    ++rows;
    ++reasons[cells[12]];
  }
  EXPECT_EQ(rows, 378);
  EXPECT_EQ(reasons.size(), 4);
}

TEST(AssignTest, OnlyRunningExperimentsSplit) {
  for (const State state :
       {State::kDraft, State::kPaused, State::kConcluded, State::kArchived}) {
    Experiment experiment = Running("a");
    experiment.state = state;
    experiment.overrides["user-1"] = "v1";
    EXPECT_EQ(Ask(Compile(experiment), "user-1"),
              (Assignment{-1, kNotRunning}));
  }
  EXPECT_EQ(Ask(Compile(Running("a")), "user-1").reason, kSplit);
}

TEST(AssignTest, RolledOutGivesItsVariantToAllThatAreTargeted) {
  Experiment experiment = Running("a", {1'000'000, 0});
  experiment.state = State::kRolledOut;
  experiment.rolled_out_variant = "v1";
  experiment.targeting = ChannelIs("web");
  experiment.coverage_ppm = 1;
  experiment.overrides["user-1"] = "v0";
  experiment.journey = MakeJourney("journeys/onboarding", 500'000);
  const CompiledExperiment compiled = Compile(experiment);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Ask(compiled, UnitName(i), kWeb), (Assignment{1, kRolledOut}));
    EXPECT_EQ(Ask(compiled, UnitName(i), {}), (Assignment{-1, kNotTargeted}));
  }
}

// All obstacles at once, taken away one by one in the documented order.
TEST(AssignTest, ChecksInTheDocumentedOrder) {
  Experiment experiment = Running("a");
  experiment.sticky = true;
  experiment.targeting = ChannelIs("web");
  experiment.layer = "layers/home";
  // A unit that is in the holdout, and far from the layer's part and coverage.
  const uint64_t hash = UnitHash("user-1");
  const int32_t holdout_bucket =
      BucketPpm(hash, HoldoutSaltHash("journeys/onboarding"));
  ASSERT_LT(holdout_bucket, 500'000);
  const int32_t layer_bucket = BucketPpm(hash, LayerSaltHash("layers/home"));
  const int32_t coverage_bucket =
      BucketPpm(hash, CoverageSaltHash(experiment.salt));
  const int32_t split_bucket = BucketPpm(hash, SplitSaltHash(experiment.salt));
  experiment.journey = MakeJourney("journeys/onboarding", holdout_bucket + 1);
  experiment.layer_start_ppm = layer_bucket + 1;
  experiment.layer_end_ppm = layer_bucket + 2;
  experiment.coverage_ppm = coverage_bucket;
  experiment.overrides["user-1"] = "v1";
  const auto ask = [&experiment](const Attributes& attributes,
                                 std::optional<int> previous) {
    return Ask(Compile(experiment), "user-1", attributes, previous);
  };

  EXPECT_EQ(ask({}, 0), (Assignment{1, kOverride}));
  experiment.overrides.clear();
  EXPECT_EQ(ask({}, 0), (Assignment{-1, kNotTargeted}));
  EXPECT_EQ(ask(kWeb, 0), (Assignment{-1, kHoldout}));
  experiment.journey = MakeJourney("journeys/onboarding", holdout_bucket);
  EXPECT_EQ(ask(kWeb, 0), (Assignment{-1, kNotInLayer}));
  experiment.layer_start_ppm = layer_bucket - 1;
  experiment.layer_end_ppm = layer_bucket;
  EXPECT_EQ(ask(kWeb, 0), (Assignment{-1, kNotInLayer}));
  experiment.layer_start_ppm = layer_bucket;
  experiment.layer_end_ppm = layer_bucket + 1;
  EXPECT_EQ(ask(kWeb, 0), (Assignment{-1, kNotCovered}));
  experiment.coverage_ppm = coverage_bucket + 1;
  const int owner = split_bucket < 500'000 ? 0 : 1;
  EXPECT_EQ(ask(kWeb, 1 - owner), (Assignment{1 - owner, kSticky}));
  EXPECT_EQ(ask(kWeb, std::nullopt), (Assignment{owner, kSplit}));
  experiment.sticky = false;
  EXPECT_EQ(ask(kWeb, 1 - owner), (Assignment{owner, kSplit}));
}

TEST(AssignTest, PreviousVariantsThatDoNotExistAreIgnored) {
  Experiment experiment = Running("a");
  experiment.sticky = true;
  const CompiledExperiment compiled = Compile(experiment);
  for (const int previous : {-1, 2, 100}) {
    EXPECT_EQ(Ask(compiled, "user-1", {}, previous).reason, kSplit);
  }
}

TEST(AssignTest, PausedExperimentsKeepStickyUnits) {
  Experiment experiment = Running("a");
  experiment.state = State::kPaused;
  experiment.targeting = ChannelIs("web");
  EXPECT_EQ(Ask(Compile(experiment), "user-1", kWeb, 1),
            (Assignment{-1, kNotRunning}));
  experiment.sticky = true;
  const CompiledExperiment compiled = Compile(experiment);
  EXPECT_EQ(Ask(compiled, "user-1", kWeb, 1), (Assignment{1, kSticky}));
  EXPECT_EQ(Ask(compiled, "user-1", kWeb), (Assignment{-1, kNotRunning}));
  EXPECT_EQ(Ask(compiled, "user-1", {}, 1), (Assignment{-1, kNotTargeted}));
}

TEST(AssignTest, OverridesPinNamedUnitsOnly) {
  Experiment experiment = Running("a", {1'000'000, 0});
  for (int i = 0; i < 1000; ++i) experiment.overrides[UnitName(2 * i)] = "v1";
  const CompiledExperiment compiled = Compile(experiment);
  for (int i = 0; i < 2000; ++i) {
    EXPECT_EQ(Ask(compiled, UnitName(i)), i % 2 == 0
                                              ? (Assignment{1, kOverride})
                                              : (Assignment{0, kSplit}));
  }
  // The id decides, not only its hash.
  EXPECT_EQ(compiled.Assign(UnitHash("user-2"), "someone", Attributes()),
            (Assignment{0, kSplit}));
}

TEST(AssignTest, ManyRangesAreSearchedRight) {
  Experiment experiment = Running("a");
  experiment.allocations.clear();
  for (int i = 0; i < 1000; ++i) {
    experiment.allocations.push_back({i % 2, i * 1000, (i + 1) * 1000});
  }
  const CompiledExperiment compiled = Compile(experiment);
  const uint64_t salt = SplitSaltHash(experiment.salt);
  for (int i = 0; i < 20'000; ++i) {
    const int bucket = BucketPpm(UnitHash(UnitName(i)), salt);
    ASSERT_EQ(Ask(compiled, UnitName(i)).variant, bucket / 1000 % 2);
  }
}

// Units per variant lie within 6.2 standard deviations of n * share (two-sided
// normal tail 6e-10, 12 comparisons: by chance once in 1e8).
TEST(AssignTest, SharesAreKept) {
  constexpr int kUnits = 200'000;
  for (const std::vector<int32_t>& shares :
       {std::vector<int32_t>{500'000, 500'000},
        std::vector<int32_t>{900'000, 90'000, 10'000},
        std::vector<int32_t>{100'000, 200'000, 300'000, 150'000, 250'000},
        std::vector<int32_t>{999'000, 1'000}}) {
    const CompiledExperiment compiled = Compile(Running("a", shares));
    std::vector<int> counts(shares.size());
    for (int i = 0; i < kUnits; ++i) {
      ++counts[Ask(compiled, UnitName(i)).variant];
    }
    for (size_t v = 0; v < shares.size(); ++v) {
      const double p = shares[v] * 1e-6;
      EXPECT_LT(std::abs(counts[v] - kUnits * p),
                6.2 * std::sqrt(kUnits * p * (1 - p)));
    }
  }
}

// From a 50, b 30, c 20 to a 40, b 25, c 35: only units of a and b move, all of
// them to c, and their share is the least possible, 15 %.
TEST(AssignTest, NewSharesMoveAsFewUnitsAsPossible) {
  constexpr int kUnits = 200'000;
  Experiment experiment = Running("a", {500'000, 300'000, 200'000});
  const CompiledExperiment before = Compile(experiment);
  experiment.variants = Shares({400'000, 250'000, 350'000});
  experiment.allocations =
      *Allocate(experiment.allocations, experiment.variants);
  const CompiledExperiment after = Compile(experiment);
  int moved = 0;
  for (int i = 0; i < kUnits; ++i) {
    const int old_variant = Ask(before, UnitName(i)).variant;
    const int new_variant = Ask(after, UnitName(i)).variant;
    if (old_variant == new_variant) continue;
    ++moved;
    ASSERT_EQ(new_variant, 2);
  }
  EXPECT_NEAR(moved, kUnits * 0.15, 6 * std::sqrt(kUnits * 0.15 * 0.85));
}

TEST(AssignTest, MoreCoverageOnlyAddsUnits) {
  Experiment experiment = Running("a");
  experiment.coverage_ppm = 200'000;
  const CompiledExperiment narrow = Compile(experiment);
  experiment.coverage_ppm = 300'000;
  const CompiledExperiment wide = Compile(experiment);
  int added = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Assignment before = Ask(narrow, UnitName(i));
    const Assignment after = Ask(wide, UnitName(i));
    if (before.reason == kSplit) {
      ASSERT_EQ(after, before);
    } else {
      added += after.reason == kSplit;
    }
  }
  EXPECT_NEAR(added, 2000, 6 * std::sqrt(20'000 * 0.1 * 0.9));
}

TEST(AssignTest, ExperimentsOfALayerExcludeEachOther) {
  constexpr int kUnits = 50'000;
  std::vector<LayerSlot> slots;
  std::vector<CompiledExperiment> experiments;
  const std::vector<int32_t> parts = {100'000, 350'000, 1, 300'000};
  for (size_t i = 0; i < parts.size(); ++i) {
    Experiment experiment = Running(absl::StrCat("e", i));
    const auto slot = ReserveSlot(slots, experiment.name, parts[i]);
    ASSERT_THAT(slot, IsOk());
    slots.push_back(*slot);
    experiment.layer = "layers/home";
    experiment.layer_start_ppm = slot->start_ppm;
    experiment.layer_end_ppm = slot->end_ppm;
    experiments.push_back(Compile(experiment));
  }
  std::vector<int> counts(parts.size());
  std::vector<int> first_variant(parts.size());
  for (int i = 0; i < kUnits; ++i) {
    int in = 0;
    for (size_t e = 0; e < experiments.size(); ++e) {
      const Assignment assignment = Ask(experiments[e], UnitName(i));
      if (assignment.variant < 0) {
        ASSERT_EQ(assignment.reason, kNotInLayer);
        continue;
      }
      ++in;
      ++counts[e];
      first_variant[e] += assignment.variant == 0;
    }
    ASSERT_LE(in, 1);
  }
  for (size_t e = 0; e < parts.size(); ++e) {
    const double p = parts[e] * 1e-6;
    EXPECT_NEAR(counts[e], kUnits * p, 6 * std::sqrt(kUnits * p * (1 - p)) + 1);
    // The layer's hash says nothing about the split.
    EXPECT_NEAR(first_variant[e], counts[e] / 2.0,
                3 * std::sqrt(counts[e]) + 1);
  }
}

TEST(AssignTest, HoldoutIsTheSameInAllExperimentsOfAJourney) {
  constexpr int kUnits = 20'000;
  const auto journey = MakeJourney("journeys/onboarding", 100'000);
  std::vector<CompiledExperiment> experiments;
  for (int i = 0; i < 5; ++i) {
    Experiment experiment = Running(absl::StrCat("e", i));
    experiment.journey = journey;
    experiments.push_back(Compile(experiment));
  }
  Experiment foreign = Running("f");
  foreign.journey = MakeJourney("journeys/checkout", 100'000);
  const CompiledExperiment other = Compile(foreign);
  int held = 0;
  int held_by_both = 0;
  for (int i = 0; i < kUnits; ++i) {
    const bool is_held = Ask(experiments[0], UnitName(i)).reason == kHoldout;
    for (const CompiledExperiment& experiment : experiments) {
      ASSERT_EQ(Ask(experiment, UnitName(i)).reason == kHoldout, is_held);
    }
    held += is_held;
    held_by_both += is_held && Ask(other, UnitName(i)).reason == kHoldout;
  }
  EXPECT_NEAR(held, kUnits * 0.1, 6 * std::sqrt(kUnits * 0.1 * 0.9));
  EXPECT_NEAR(held_by_both, kUnits * 0.01, 6 * std::sqrt(kUnits * 0.01 * 0.99));
}

std::shared_ptr<const Experiment> Share(Experiment experiment) {
  return std::make_shared<const Experiment>(std::move(experiment));
}

TEST(AssignmentSnapshotTest, ListsInTheOrderOfNamesAndByJourney) {
  Experiment b = Running("b");
  Experiment a = Running("a");
  Experiment other = Running("x");
  other.name = "journeys/onboarding-2/experiments/a";
  Experiment first = Running("y");
  first.name = "journeys/a/experiments/z";
  const auto snapshot = AssignmentSnapshot::Create(
      {Share(b), Share(other), Share(a), Share(first)});
  ASSERT_THAT(snapshot, IsOk());
  const auto names = [](absl::Span<const CompiledExperiment> experiments) {
    std::vector<std::string> result;
    for (const auto& each : experiments)
      result.push_back(each.experiment().name);
    return result;
  };
  const std::vector<std::string> all = names((*snapshot)->experiments());
  EXPECT_EQ(all.size(), 4);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_THAT(names((*snapshot)->OfJourney("journeys/onboarding")),
              ElementsAre(a.name, b.name));
  EXPECT_THAT(names((*snapshot)->OfJourney("journeys/onboarding-2")),
              ElementsAre(other.name));
  EXPECT_THAT(names((*snapshot)->OfJourney("journeys/a")),
              ElementsAre(first.name));
  EXPECT_THAT(names((*snapshot)->OfJourney("journeys/zzz")), ElementsAre());
  for (const std::string& name : all) {
    ASSERT_NE((*snapshot)->FindByName(name), nullptr);
    EXPECT_EQ((*snapshot)->FindByName(name)->experiment().name, name);
  }
  EXPECT_EQ((*snapshot)->FindByName("journeys/a/experiments/b"), nullptr);

  const auto empty = AssignmentSnapshot::Create({});
  ASSERT_THAT(empty, IsOk());
  EXPECT_TRUE((*empty)->experiments().empty());
  EXPECT_TRUE((*empty)->OfJourney("journeys/a").empty());
  EXPECT_EQ((*empty)->FindByName("x"), nullptr);
}

TEST(AssignmentSnapshotTest, RefusesWhatCannotAnswer) {
  const auto code = absl::StatusCode::kInvalidArgument;
  const auto create = [](Experiment experiment) {
    return AssignmentSnapshot::Create({Share(std::move(experiment))});
  };
  EXPECT_THAT(AssignmentSnapshot::Create({Share(Running("a")), nullptr}),
              StatusIs(code, HasSubstr("experiments[1] is null")));
  EXPECT_THAT(
      AssignmentSnapshot::Create({Share(Running("a")), Share(Running("a"))}),
      StatusIs(absl::StatusCode::kAlreadyExists,
               HasSubstr("\"journeys/onboarding/experiments/a\"")));
  Experiment gap = Running("a");
  gap.allocations.pop_back();
  EXPECT_THAT(create(gap), StatusIs(code, HasSubstr("end at 500000, want")));
  gap.state = State::kDraft;
  EXPECT_THAT(create(gap), IsOk());
  Experiment lost = Running("a");
  lost.state = State::kRolledOut;
  lost.rolled_out_variant = "v9";
  EXPECT_THAT(create(lost),
              StatusIs(code, HasSubstr("rolled_out_variant is \"v9\"")));
  Experiment pinned = Running("a");
  pinned.overrides["u"] = "v9";
  EXPECT_THAT(create(pinned),
              StatusIs(code, HasSubstr("overrides[\"u\"] is \"v9\"")));
  Experiment homeless = Running("a");
  homeless.journey = nullptr;
  EXPECT_THAT(create(homeless),
              StatusIs(code, HasSubstr("journey is missing")));
}

}  // namespace
}  // namespace stagecraft::engine
