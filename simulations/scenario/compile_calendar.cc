#include <cmath>

#include "simulations/scenario/compile_parts.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

constexpr Micros kDefaultBegin =
    1'767'571'200 * engine::kSecond;  // 2026-01-05.
constexpr Micros kLongest = 10 * 365 * engine::kDay;
constexpr double kMostPeople = 1e9;

// Day of the week, Monday 0: 1970 began with a Thursday.
int Weekday(Micros time) {
  return static_cast<int>((time / engine::kDay + 3) % 7);
}

template <typename List>
void CheckFactors(const List& factors, int wanted, absl::string_view field,
                  Fields* fields) {
  if (factors.size() != 0 && factors.size() != wanted) {
    fields->Fail(field, absl::StrCat("has ", factors.size(), " items, want ",
                                     wanted, " or none"));
  }
  for (int i = 0; i < factors.size(); ++i) {
    fields->Real(factors.Get(i), 0, 1000, At(field, i), "0 to 1000");
  }
}

void CompileArrivals(const v1::Scenario::World& world, Micros length,
                     Fields* fields, Scenario* scenario) {
  const double a_day = fields->Real(world.arrivals_per_day(), 1e-3, kMostPeople,
                                    "world.arrivals_per_day", "0.001 to 1e9");
  const double growth = world.daily_growth() == 0 ? 1 : world.daily_growth();
  fields->Real(growth, 0.5, 2, "world.daily_growth", "0.5 to 2");
  CheckFactors(world.weekday_factors(), 7, "world.weekday_factors", fields);
  CheckFactors(world.hour_factors(), 24, "world.hour_factors", fields);
  if (!fields->ok()) return;
  double people = 0;
  scenario->arrivals = {0};
  for (Micros at = 0; at < length; at += engine::kHour) {
    const Micros time = scenario->begin + at;
    double rate = a_day / 24 * std::pow(growth, at / engine::kDay);
    if (world.weekday_factors_size() > 0) {
      rate *= world.weekday_factors(Weekday(time));
    }
    if (world.hour_factors_size() > 0) {
      rate *= world.hour_factors(static_cast<int>(time / engine::kHour % 24));
    }
    people += rate;
    scenario->arrivals.push_back(people);
  }
  if (!(people >= 1 && people <= kMostPeople)) {
    fields->Fail("world",
                 absl::StrCat("has ", people,
                              " people, want 1 to 1e9 by "
                              "arrivals_per_day, arrivals and factors"));
  }
}

}  // namespace

void CompileCalendar(const v1::Scenario& source, Fields* fields,
                     Scenario* scenario) {
  const v1::Scenario::World& world = source.world();
  scenario->begin = kDefaultBegin;
  if (world.has_begin()) {
    const auto begin = service::ToMicros(world.begin(), "world.begin");
    fields->Take("scenario", begin.status());
    scenario->begin = begin.value_or(kDefaultBegin);
    if (scenario->begin % engine::kHour != 0) {
      fields->Fail("world.begin", "is not at a full hour, want a full hour");
    }
  }
  const Micros arrivals = fields->Hours(world.arrivals(), "world.arrivals");
  const Micros follow_up = fields->Hours(world.follow_up(), "world.follow_up");
  if (arrivals == 0) {
    fields->Fail("world.arrivals", "is missing, want 1 h or more");
  }
  if (arrivals > kLongest || follow_up > kLongest) {
    fields->Fail("world.arrivals",
                 "or world.follow_up is longer than 10 years, want less");
    return;
  }
  scenario->start =
      scenario->begin + fields->Hours(world.start(), "world.start");
  scenario->end = scenario->begin + arrivals + follow_up;
  if (scenario->end > engine::kMaxTime) {
    fields->Fail("world.begin",
                 "is too late, want the world to end before 2200");
    return;
  }
  if (scenario->start >= scenario->end) {
    fields->Fail("world.start",
                 "is at the end of the world, want less than "
                 "arrivals and follow_up");
  }
  CompileArrivals(world, arrivals, fields, scenario);

  if (source.looks().has_every()) {
    scenario->look_every = fields->Hours(source.looks().every(), "looks.every");
  }
  if (scenario->look_every == 0) {
    fields->Fail("looks.every", "is 0, want 1 h or more");
    return;
  }
  const Micros most = (scenario->end - scenario->start) / scenario->look_every;
  scenario->looks = source.looks().count();
  if (scenario->looks == 0) scenario->looks = static_cast<int>(most);
  if (scenario->looks < 1 || scenario->looks > most) {
    fields->Fail("looks.count", absl::StrCat(scenario->looks),
                 absl::StrCat("1 to ", most,
                              ", as many as there are until the world ends"));
  }
}

}  // namespace stagecraft::simulations
