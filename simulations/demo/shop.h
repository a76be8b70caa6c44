// The shop of the demonstration: a journey of five stages, three experiments
// with known truth, and the people who move through it.
//
//   experiment     stage           truth
//   one-page       cart            a winner: purchases +8 % of themselves
//   hero-image     awareness       an A/A: no effect at all
//   scarcity       consideration   carts +15 %, but purchases -12 %
#ifndef STAGECRAFT_SIMULATIONS_DEMO_SHOP_H_
#define STAGECRAFT_SIMULATIONS_DEMO_SHOP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "simulations/random.h"
#include "stagecraft/v1/event.pb.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/journey.pb.h"
#include "stagecraft/v1/kpi.pb.h"

namespace stagecraft::simulations {

v1::Journey ShopJourney();
std::vector<v1::Kpi> ShopKpis();
std::vector<v1::Experiment> ShopExperiments();

inline constexpr char kOnePage[] = "journeys/shop/experiments/one-page";
inline constexpr char kHeroImage[] = "journeys/shop/experiments/hero-image";
inline constexpr char kScarcity[] = "journeys/shop/experiments/scarcity";

// A person, and where they are. The same seed and the same variants give the
// same life.
class Shopper {
 public:
  Shopper(uint64_t seed, int64_t number, absl::Time arrival);

  // Who they are before and after they log in; the same for most.
  const std::string& anonymous_id() const { return anonymous_id_; }
  const std::string& known_id() const { return known_id_; }
  bool logs_in() const { return anonymous_id_ != known_id_; }
  const std::string& device() const { return device_; }
  const std::string& channel() const { return channel_; }

  // Each step happens under the variant met at that stage, adds its events and
  // says whether the person goes on; `now` is then the time of the next stage.
  absl::Time now() const { return now_; }
  bool See(absl::string_view hero_variant, std::vector<v1::Event>* events);
  bool Consider(absl::string_view scarcity_variant,
                std::vector<v1::Event>* events);
  bool FillCart(absl::string_view one_page_variant,
                std::vector<v1::Event>* events);
  void Advocate(std::vector<v1::Event>* events);

 private:
  v1::Event MakeEvent(const std::string& unit, absl::string_view name);
  // Goes on to the next stage after a waiting time with a heavy tail.
  void Wait(absl::Duration median, double sigma);

  Random random_;
  int64_t number_;
  int next_event_ = 0;
  std::string anonymous_id_;
  std::string known_id_;
  std::string device_;
  std::string channel_;
  double trust_ = 1;  // In the shop, at the checkout.
  absl::Time now_;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_DEMO_SHOP_H_
