// A small world whose truth is a closed form.
#ifndef STAGECRAFT_TESTS_SIMULATIONS_SMALL_SHOP_H_
#define STAGECRAFT_TESTS_SIMULATIONS_SMALL_SHOP_H_

#include <string>

#include "absl/strings/str_cat.h"

namespace stagecraft::testing {

// As protobuf text: 200 people a day come to the cart for eight days, and meet
// `a` or `b` at once. Of those with `a` a share of 0.3 pays, just two hours
// later; of those with `b` `factor` times as many. One look each day, also on
// the day after the last people came. The plan wants a change of 20 % of
// `buy`, whose window is one day.
inline std::string SmallShop(double factor) {
  return absl::StrCat(
      R"pb(
        id: "small-shop"
        description: "A small shop."
        journey {
          name: "journeys/shop"
          stages {
            id: "cart"
            entry { names: "cart_filled" }
          }
          stages {
            id: "paid"
            entry { names: "paid" }
          }
        }
        kpis {
          name: "journeys/shop/kpis/buy"
          direction: UP
          length { seconds: 86400 }
          conversion { events { names: "paid" } }
        }
        experiments {
          name: "journeys/shop/experiments/button"
          stage: "cart"
          variants { id: "a" share_ppm: 500000 }
          variants { id: "b" share_ppm: 500000 }
          plan {
            primary_kpis: "journeys/shop/kpis/buy"
            method: ALWAYS_VALID
            minimum_detectable_effect: 0.2
            planned_units: 1500
          }
        }
        world {
          arrivals { seconds: 691200 }
          follow_up { seconds: 86400 }
          arrivals_per_day: 200
          stages {
            stage: "cart"
            advance: 0.3
            advance_after { constant: 2 }
          }
          stages { stage: "paid" }
        }
        effects {
          arms { experiment: "journeys/shop/experiments/button" variant: "b" }
          advance_factor:)pb",
      factor, "}\n");
}

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_SIMULATIONS_SMALL_SHOP_H_
