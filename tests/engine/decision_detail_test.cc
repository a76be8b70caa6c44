// The decision alone is the decision: random looks of plans of all methods and
// KPI kinds get the same verdict whether everything or just what decides is
// worked out.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/assessment.h"
#include "engine/random.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

constexpr KpiKind kKinds[] = {KpiKind::kConversion,
                              KpiKind::kDropOff,
                              KpiKind::kCount,
                              KpiKind::kValueSum,
                              KpiKind::kRatio,
                              KpiKind::kRetention,
                              KpiKind::kTimeToEvent,
                              KpiKind::kRatingMean,
                              KpiKind::kSatisfiedShare,
                              KpiKind::kNetPromoterScore,
                              KpiKind::kCustomerLifetimeValue};

int Draw(Random* random, int n) { return static_cast<int>(random->Below(n)); }

Experiment RandomExperiment(Random* random) {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/j";
  const int stages = 1 + Draw(random, 3);
  for (int i = 0; i < stages; ++i) {
    journey->stages.push_back({.id = absl::StrCat("s", i)});
  }
  Experiment experiment;
  experiment.journey = journey;
  experiment.stage = "s0";
  const int variants = 2 + Draw(random, 3);
  for (int v = 0; v < variants; ++v) {
    experiment.variants.push_back(
        {absl::StrCat("v", v),
         kMillion / variants + (v == 0 ? kMillion % variants : 0)});
  }
  experiment.start_time = 0;
  Plan& plan = experiment.plan;
  plan.method = static_cast<Plan::Method>(Draw(random, 3));
  plan.correction = static_cast<Plan::Correction>(Draw(random, 8));
  plan.planned_units = 400 + 200 * Draw(random, 6);
  plan.minimum_units = 50;
  plan.minimum_conversions = Draw(random, 20);
  plan.minimum_duration = Draw(random, 8) == 0 ? 30 * kDay : 0;
  plan.minimum_detectable_effect = Draw(random, 2) == 0 ? 0.05 : 0.8;
  plan.automatic_guardrails.stage_conversion_margin = 0.3;
  plan.automatic_guardrails.time_in_stage_margin = 0.3;
  plan.group_sequential.futility = Draw(random, 2) == 0;
  plan.sample_ratio_alpha = 0.001;
  if (Draw(random, 3) == 0) plan.pre_exposure_window = kDay;
  const int kpis = 1 + Draw(random, 5);
  for (int i = 0; i < kpis; ++i) {
    Kpi kpi;
    kpi.name = absl::StrCat("k", i);
    kpi.kind = kKinds[Draw(random, std::size(kKinds))];
    kpi.higher_is_better = Draw(random, 2) == 0;
    kpi.length = kDay;
    kpi.lifespan = 3 * kDay;
    experiment.kpis.push_back(kpi);
    const int role = i == 0 ? 0 : Draw(random, 3);
    if (role == 0) {
      plan.primary_kpis.push_back(kpi.name);
    } else if (role == 1) {
      plan.guardrails.push_back({.kpi = kpi.name, .relative_margin = 0.3});
    } else {
      plan.secondary_kpis.push_back(kpi.name);
    }
  }
  if (Draw(random, 4) == 0) experiment.end_time = 5 * kDay;
  return experiment;
}

// Times of `units`, of which a share ends.
std::vector<DurationBin> RandomTimes(int units, double share, Random* random) {
  std::map<Micros, DurationBin> bins;
  for (int i = 0; i < units; ++i) {
    const bool event = random->Uniform() < share;
    const Micros time = event ? (1 + Draw(random, 20)) * kHour : kDay;
    ++(event ? bins[time].events : bins[time].censored);
    bins[time].duration = time;
  }
  std::vector<DurationBin> result;
  for (const auto& [time, bin] : bins) result.push_back(bin);
  return result;
}

KpiTally RandomTally(const Plan& plan, const Kpi& kpi, int units, double lift,
                     Random* random) {
  KpiTally tally;
  const double share = std::min(0.95, 0.3 * (1 + lift));
  if (kpi.kind == KpiKind::kTimeToEvent) {
    tally.bins = RandomTimes(units, share, random);
    return tally;
  }
  const int own = Components(kpi.kind);
  const int all = own + Covariates(plan, kpi);
  tally.sums = Sums(all);
  for (int i = 0; i < units; ++i) {
    UnitValue value = {};
    for (int c = 0; c < all; ++c) {
      // Both sides of a ratio, and shares, are 0 or 1; counts are larger.
      const bool hit = random->Uniform() < (c == 0 ? share : 0.5);
      const bool large = c == 0 && FamilyOf(kpi.kind) == KpiFamily::kMean;
      value[c] = !hit ? 0 : (large ? 1 + Draw(random, 5) : 1) * 1'000'000;
    }
    tally.sums.Add(value, 1);
  }
  return tally;
}

ExperimentLook RandomLook(const Experiment& experiment, Random* random) {
  ExperimentLook look;
  look.as_of = 10 * kDay;
  const size_t variants = experiment.variants.size();
  const int stages = static_cast<int>(experiment.journey->stages.size());
  const int typical = Draw(random, 10) == 0 ? 5 : 200 + 100 * Draw(random, 4);
  const bool is_degenerate = Draw(random, 20) == 0;
  look.kpis.resize(experiment.kpis.size());
  look.stage_conversions.resize(stages - 1);
  for (size_t v = 0; v < variants; ++v) {
    const int units = typical + Draw(random, 10) +
                      (v == 1 && Draw(random, 15) == 0 ? typical : 0);
    look.units.push_back(units + (Draw(random, 2) == 0 ? 0 : 7));
    look.matched_units += look.units.back();
    const double lifts[] = {0, 0, 0.25, 0.8, -0.5};
    const auto lift = [&] {
      return is_degenerate ? -1.0 : v == 0 ? 0.0 : lifts[Draw(random, 5)];
    };
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      look.kpis[i].push_back(RandomTally(experiment.plan, experiment.kpis[i],
                                         units, lift(), random));
    }
    for (auto& tallies : look.stage_conversions) {
      tallies.push_back(RandomTally({}, {}, units, lift(), random));
    }
    if (stages > 1) {
      look.time_in_stage.push_back(
          {{}, RandomTimes(units, 0.5 + 0.2 * lift(), random)});
    }
  }
  look.stages_reached.assign(stages - 1, std::vector<int64_t>(variants));
  if (experiment.plan.method == Plan::Method::kGroupSequential &&
      Draw(random, 2) == 0) {
    look.past_looks = {{kDay, 1, 100}};
  }
  return look;
}

using ReasonKey = std::tuple<Reason::Code, std::string, std::string>;
std::vector<ReasonKey> KeysOf(const Verdict& verdict) {
  std::vector<ReasonKey> keys;
  for (const Reason& reason : verdict.reasons) {
    keys.emplace_back(reason.code, reason.variant, reason.kpi);
  }
  return keys;
}

TEST(DecisionDetailTest, VerdictsAreTheSame) {
  Random random(2026);
  std::map<VerdictKind, int> kinds;
  std::map<Reason::Code, int> codes;
  int several_winners = 0;
  for (int i = 0; i < 400; ++i) {
    SCOPED_TRACE(i);
    const Experiment experiment = RandomExperiment(&random);
    const ExperimentLook look = RandomLook(experiment, &random);
    const Verdict full = AssessLook(experiment, look).verdict;
    const Verdict decision =
        AssessLook(experiment, look, Detail::kDecision).verdict;
    ASSERT_EQ(decision.kind, full.kind);
    ASSERT_EQ(decision.variant, full.variant);
    ASSERT_EQ(decision.treatments, full.treatments);
    ASSERT_EQ(KeysOf(decision), KeysOf(full));
    ++kinds[full.kind];
    for (const Reason& reason : full.reasons) ++codes[reason.code];
    several_winners +=
        std::count_if(full.treatments.begin(), full.treatments.end(),
                      [](const Verdict::Treatment& treatment) {
                        return treatment.kind == VerdictKind::kWinner;
                      }) > 1;
  }
  // The looks are of all sorts, or this shows little.
  EXPECT_EQ(kinds.size(), 5);
  for (const auto& [kind, count] : kinds) {
    EXPECT_GE(count, 8) << ToText(kind);
  }
  for (const auto code :
       {Reason::Code::kSuperior, Reason::Code::kInferior,
        Reason::Code::kInconclusive, Reason::Code::kEquivalent,
        Reason::Code::kFutile, Reason::Code::kPlanEnded,
        Reason::Code::kNotComputable, Reason::Code::kGuardrailKept,
        Reason::Code::kGuardrailHarmed, Reason::Code::kGuardrailUncertain,
        Reason::Code::kTooFewUnits, Reason::Code::kHorizonNotReached,
        Reason::Code::kSampleRatioMismatch}) {
    EXPECT_GT(codes[code], 0) << static_cast<int>(code);
  }
  EXPECT_GT(several_winners, 0);
}

TEST(DecisionDetailTest, SentencesAreOnlyOfTheFull) {
  Random random(3);
  const Experiment experiment = RandomExperiment(&random);
  const ExperimentLook look = RandomLook(experiment, &random);
  const Verdict verdict =
      Decide(experiment, look, Analyze(experiment, look, Detail::kDecision),
             Detail::kDecision);
  ASSERT_FALSE(verdict.reasons.empty());
  for (const Reason& reason : verdict.reasons) EXPECT_EQ(reason.message, "");
}

}  // namespace
}  // namespace stagecraft::engine
