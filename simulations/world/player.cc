#include "simulations/world/player.h"

#include <algorithm>
#include <cmath>

#include "engine/hash.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

constexpr Micros kShortest = engine::kSecond / 1000;  // From one event to one.
constexpr double kMostCount = 1000;

Micros ToTime(double hours) {
  constexpr double kMost =
      static_cast<double>(engine::kMaxTime) / engine::kHour;
  return std::max(kShortest,
                  static_cast<Micros>(std::min(hours, kMost) * engine::kHour));
}

engine::MicroValue ToValue(double value) {
  const double micros = std::nearbyint(value * engine::kMicroPerUnit);
  constexpr auto kMost = static_cast<double>(engine::kMaxMicroValue);
  return static_cast<engine::MicroValue>(std::clamp(micros, -kMost, kMost));
}

double ApplyOdds(double share, double log_factor) {
  if (log_factor == 0 || share <= 0 || share >= 1) return share;
  const double odds = share / (1 - share) * std::exp(log_factor);
  return odds / (1 + odds);
}

double FactorOf(double log_factor) {
  // Finite, whatever many effects have together.
  constexpr double kMost = 300;
  return log_factor == 0 ? 1 : std::exp(std::clamp(log_factor, -kMost, kMost));
}

}  // namespace

void World::Player::Play(int64_t unit) {
  life_.events.clear();
  life_.copies.clear();
  life_.met.assign(scenario_.experiments.size(), {});
  BeBorn(unit);
  std::optional<Step> step = Step{0, life_.arrival};
  for (int visits = 0; step.has_value() && visits < kMaxVisits; ++visits) {
    if (step->time >= scenario_.end) break;
    step = Visit(step->stage, step->time);
  }
  Arrive();
}

void World::Player::BeBorn(int64_t unit) {
  const uint64_t of_run = Random::Mix(draw_.seed, draw_.replication);
  life_.key = Random::Mix(of_run, static_cast<uint64_t>(unit));
  life_.arrival = world_.ArrivalOf(unit, Random(life_.key, kArrival).Uniform());
  life_.group = 0;
  Random random(life_.key, kGroup);
  for (const PeopleAttribute& attribute : scenario_.attributes) {
    const auto& shares = attribute.cumulative;
    const auto at =
        std::upper_bound(shares.begin(), shares.end() - 1, random.Uniform());
    life_.group = life_.group * static_cast<int>(shares.size()) +
                  static_cast<int>(at - shares.begin());
  }
  life_.known_from = Life::kNever;
  life_.alias_received = Life::kNever;
  if (scenario_.identity.share <= 0) return;
  Random identity(life_.key, kIdentity);
  if (!identity.Chance(scenario_.identity.share)) return;
  life_.known_from =
      life_.arrival + ToTime(scenario_.identity.known_after.Draw(identity));
  life_.alias_received = life_.known_from;
  if (scenario_.faults.alias_delay.has_value()) {
    life_.alias_received +=
        ToTime(scenario_.faults.alias_delay->Draw(identity));
  }
}

std::optional<World::Player::Step> World::Player::Visit(int stage,
                                                        Micros time) {
  const StageLife& life = scenario_.stages[stage];
  const uint64_t purpose =
      kVisits +
      (static_cast<uint64_t>(stage) * 128 + visits_[stage]++) * kPerVisit;
  Factors factors = FactorsAt(stage, time);
  Random entry(life_.key, purpose + kEntryValue);
  Emit(life.entry, time, ValueFactor(factors, 0), entry);
  // They meet the variants of the stage as soon as they have entered it.
  for (const int experiment : life.experiments) Expose(experiment, time);
  if (!life.experiments.empty()) factors = FactorsAt(stage, time);
  const double time_factor = FactorOf(factors.time);
  for (size_t i = 0; i < life.events.size(); ++i) {
    const Happening& happening = life.events[i];
    const int bit = static_cast<int>(i) + 2;
    Random random(life_.key, purpose + kHappening + i);
    if (random.Uniform() >= happening.share * ShareFactor(bit)) continue;
    const double count =
        happening.count.has_value()
            ? std::min(std::round(happening.count->Draw(random)), kMostCount)
            : 1;
    const double factor = ValueFactor(factors, bit);
    for (int k = 0; k < count; ++k) {
      const Micros at =
          time + ToTime(happening.after.Draw(random) * time_factor);
      Emit(happening, at, factor, random);
    }
  }

  Random path(life_.key, purpose + kPath);
  const double advance =
      std::min(1.0, ApplyOdds(life.advance, factors.advance_odds) *
                        FactorOf(factors.advance));
  const double advances = path.Uniform();
  const double exits = path.Uniform();
  const double reenters = path.Uniform();
  const auto later = [&](const Distribution& after, VisitPurpose of) {
    Random random(life_.key, purpose + of);
    return time + ToTime(after.Draw(random) * time_factor);
  };
  if (advances < advance) {
    return Step{stage + 1, later(life.advance_after, kAdvanceTime)};
  }
  if (exits < life.exit) {
    Random random(life_.key, purpose + kExitValue);
    Emit(life.exit_event, later(life.exit_after, kExitTime),
         ValueFactor(factors, 1), random);
    return std::nullopt;
  }
  if (reenters < life.reenter) {
    return Step{life.reenter_at, later(life.reenter_after, kReenterTime)};
  }
  return std::nullopt;
}

void World::Player::Expose(int x, Micros time) {
  if (time < scenario_.start) return;
  Life::Met& met = life_.met[x];
  const bool known = time >= life_.known_from;
  // The same id gets the same answer again.
  if (met.variant >= 0 && (!life_.has_two_ids() || !known)) return;
  const IdText id =
      life_.has_two_ids() && !known ? life_.anonymous_id() : life_.known_id();
  engine::ResolvedUnit unit(*world_.snapshot_, id.text(),
                            world_.attributes_[life_.group]);
  const engine::Assignment assignment =
      world_.snapshot_->Assign(*world_.experiments_[x], unit);
  if (assignment.reason != engine::AssignmentReason::kSplit) return;
  int variant = assignment.variant;
  const Faults& faults = scenario_.faults;
  for (size_t i = 0; i < faults.broken_splits.size(); ++i) {
    const Faults::Broken& broken = faults.broken_splits[i];
    if (broken.arm == Arm{x, variant} &&
        Random(life_.key, kBroken + i).Chance(broken.share)) {
      variant = broken.variant;
      break;
    }
  }
  if (draw_.forced_experiment == x) variant = draw_.forced_variant;
  const bool first = met.variant < 0;
  if (first) met = {variant, false, time};
  // Its content is the same, and so is its id: the first one counts.
  if (!first && variant == met.variant) return;
  for (size_t i = 0; i < faults.lost_exposures.size(); ++i) {
    const Faults::Lost& lost = faults.lost_exposures[i];
    if (lost.arm == Arm{x, variant} &&
        Random(life_.key, kLost + i).Chance(lost.share)) {
      if (first) met.lost = true;
      return;
    }
  }
  LifeEvent& event = Add(scenario_.exposures[x][variant], time);
  event.exposure = static_cast<int16_t>(x);
  event.variant = static_cast<int16_t>(variant);
}

double World::Player::StrengthOf(const Effect& effect, Micros time) const {
  if (effect.attribute >= 0 &&
      scenario_.groups[life_.group].values[effect.attribute] != effect.value) {
    return 0;
  }
  Micros since = scenario_.start;
  for (const Arm& arm : effect.arms) {
    const Life::Met& met = life_.met[arm.experiment];
    if (met.variant != arm.variant) return 0;
    if (!effect.from_start) since = std::max(since, met.time);
  }
  const Micros age = time - since - effect.onset;
  if (age < 0) return 0;
  if (!effect.half_life.has_value()) return 1;
  return effect.residual +
         (1 - effect.residual) *
             std::exp2(-static_cast<double>(age) /
                       static_cast<double>(*effect.half_life));
}

Factors World::Player::FactorsAt(int stage, Micros time) {
  Factors sum = scenario_.groups[life_.group].factors[stage];
  acting_count_ = 0;
  for (const int index : scenario_.stages[stage].effects) {
    const Effect& effect = scenario_.effects[index];
    const double strength = StrengthOf(effect, time);
    if (strength <= 0) continue;
    sum.advance_odds += strength * effect.factors.advance_odds;
    sum.advance += strength * effect.factors.advance;
    sum.time += strength * effect.factors.time;
    acting_[acting_count_++] = {&effect, strength};
  }
  return sum;
}

double World::Player::ValueFactor(const Factors& factors, int happening) const {
  double sum = factors.value;
  for (int i = 0; i < acting_count_; ++i) {
    const auto [effect, strength] = acting_[i];
    if ((effect->happenings >> happening & 1) != 0) {
      sum += strength * effect->factors.value;
    }
  }
  return FactorOf(sum);
}

double World::Player::ShareFactor(int happening) const {
  double sum = 0;
  for (int i = 0; i < acting_count_; ++i) {
    const auto [effect, strength] = acting_[i];
    if ((effect->happenings >> happening & 1) != 0) {
      sum += strength * effect->factors.share;
    }
  }
  return FactorOf(sum);
}

LifeEvent& World::Player::Add(int content, Micros time) {
  LifeEvent& event = life_.events.emplace_back();
  event.time = time;
  event.content =
      world_.numbers_[content * scenario_.groups.size() + life_.group];
  return event;
}

void World::Player::Emit(const Happening& happening, Micros time, double factor,
                         Random& random) {
  // Drawn in any case: those after it stay what they are.
  const double value =
      happening.value.has_value() ? happening.value->Draw(random) * factor : 0;
  if (time >= scenario_.end) return;
  LifeEvent& event = Add(happening.content, time);
  if (!happening.value.has_value()) return;
  event.has_value = true;
  event.value = ToValue(value);
}

void World::Player::Arrive() {
  std::vector<LifeEvent>& events = life_.events;
  life_.on_time = !life_.has_two_ids();
  const auto earlier = [](const LifeEvent& a, const LifeEvent& b) {
    return a.time < b.time;
  };
  constexpr size_t kFew = 64;
  if (events.size() > kFew) {
    std::stable_sort(events.begin(), events.end(), earlier);
  }
  // Few, and nearly in order.
  for (size_t i = 1; i < events.size(); ++i) {
    for (size_t k = i; k > 0 && events[k].time < events[k - 1].time; --k) {
      std::swap(events[k], events[k - 1]);
    }
  }
  for (size_t i = 0; i < events.size(); ++i) {
    LifeEvent& event = events[i];
    if (i > 0) event.time = std::max(event.time, events[i - 1].time + 1);
    event.known = event.time >= life_.known_from || !life_.has_two_ids();
    event.id = Random::Mix(life_.key + i, kEvents);
    event.received = event.time;
    ArriveOne(i);
    if (event.received != event.time) life_.on_time = false;
  }
}

void World::Player::ArriveOne(size_t i) {
  const Faults& faults = scenario_.faults;
  if (faults.late_share <= 0 && faults.reordering <= 0 &&
      (faults.duplicate_share <= 0 || !draw_.copies)) {
    return;
  }
  LifeEvent& event = life_.events[i];
  Random random(event.id);
  const double moment = random.Uniform();
  const bool late = random.Chance(faults.late_share);
  const bool again = random.Chance(faults.duplicate_share);
  const bool restamped = random.Chance(faults.restamped_share);
  if (faults.reordering > 0) {
    event.received +=
        static_cast<Micros>(moment * faults.reordering * engine::kHour);
  }
  if (late) event.received += ToTime(faults.late_delay.Draw(random));
  if (!again || !draw_.copies) return;
  Copy copy = {i, event.time, 0};
  const Micros delay = ToTime(faults.duplicate_delay.Draw(random));
  copy.received = event.received + delay;
  if (restamped) copy.time = event.time + delay;
  life_.copies.push_back(copy);
}

}  // namespace stagecraft::simulations
