#include "simulations/demo/shop.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace stagecraft::simulations {
namespace {

constexpr int64_t kDaySeconds = 24 * 60 * 60;

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t micros = absl::ToUnixMicros(time);
  out->set_seconds(micros / 1'000'000);
  out->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
}

void AddStage(const std::string& id, const std::string& display_name,
              const std::string& event, const std::string& goal,
              int64_t dropout_days, v1::Journey* journey) {
  v1::Stage* stage = journey->add_stages();
  stage->set_id(id);
  stage->set_display_name(display_name);
  stage->set_customer_goal(goal);
  stage->mutable_entry()->add_names(event);
  if (dropout_days > 0) {
    stage->mutable_dropout_after()->set_seconds(dropout_days * kDaySeconds);
  }
}

void AddSegment(const std::string& attribute,
                const std::vector<std::string>& values,
                google::protobuf::RepeatedPtrField<v1::SegmentDimension>* out) {
  v1::SegmentDimension* dimension = out->Add();
  dimension->set_attribute(attribute);
  for (const std::string& value : values) dimension->add_values(value);
}

v1::Kpi MakeKpi(const std::string& id, const std::string& display_name,
                const std::string& stage, int64_t days) {
  v1::Kpi kpi;
  kpi.set_name(absl::StrCat("journeys/shop/kpis/", id));
  kpi.set_display_name(display_name);
  kpi.set_stage(stage);
  kpi.set_direction(v1::Kpi::UP);
  if (days > 0) kpi.mutable_length()->set_seconds(days * kDaySeconds);
  return kpi;
}

v1::Experiment MakeExperiment(const char* name, const std::string& display,
                              const std::string& hypothesis,
                              const std::string& stage,
                              const std::string& treatment,
                              const std::string& primary_kpi) {
  v1::Experiment experiment;
  experiment.set_name(name);
  experiment.set_display_name(display);
  experiment.set_hypothesis(hypothesis);
  experiment.set_owner("growth team");
  experiment.set_stage(stage);
  for (const std::string& id : {std::string("control"), treatment}) {
    v1::Variant* variant = experiment.add_variants();
    variant->set_id(id);
    variant->set_share_ppm(500'000);
  }
  AddSegment("device", {"phone", "desktop"}, experiment.mutable_segments());
  v1::Plan* plan = experiment.mutable_plan();
  plan->add_primary_kpis(absl::StrCat("journeys/shop/kpis/", primary_kpi));
  plan->add_secondary_kpis("journeys/shop/kpis/revenue");
  plan->set_method(v1::Plan::ALWAYS_VALID);
  plan->set_planned_units(40'000);
  plan->mutable_minimum_duration()->set_seconds(7 * kDaySeconds);
  plan->mutable_automatic_guardrails()->mutable_window()->set_seconds(
      7 * kDaySeconds);
  return experiment;
}

}  // namespace

v1::Journey ShopJourney() {
  v1::Journey journey;
  journey.set_name("journeys/shop");
  journey.set_display_name("Web shop");
  journey.set_owner("growth team");
  journey.set_priority(1);
  journey.set_business_outcome("revenue from returning customers");
  journey.set_customer_outcome("the right product, without regret");
  AddStage("awareness", "Awareness", "visit", "find out what there is", 14,
           &journey);
  AddStage("consideration", "Consideration", "view_product",
           "understand what fits", 14, &journey);
  AddStage("cart", "Cart", "add_to_cart", "know the whole price", 7, &journey);
  AddStage("purchase", "Purchase", "purchase", "pay in a minute", 30, &journey);
  AddStage("advocacy", "Advocacy", "recommend", "tell a friend", 0, &journey);
  AddSegment("device", {"phone", "desktop"}, journey.mutable_segments());
  AddSegment("channel", {"ads", "search", "mail"}, journey.mutable_segments());
  return journey;
}

std::vector<v1::Kpi> ShopKpis() {
  std::vector<v1::Kpi> kpis;
  kpis.push_back(MakeKpi("view-rate", "Views a product", "awareness", 3));
  kpis.back().mutable_conversion()->mutable_events()->add_names("view_product");
  kpis.push_back(MakeKpi("cart-rate", "Fills a cart", "consideration", 3));
  kpis.back().mutable_conversion()->mutable_events()->add_names("add_to_cart");
  kpis.push_back(MakeKpi("purchase-rate", "Purchases", "cart", 3));
  kpis.back().mutable_conversion()->mutable_events()->add_names("purchase");
  kpis.push_back(MakeKpi("revenue", "Revenue per person", "purchase", 7));
  kpis.back().set_unit("EUR");
  kpis.back().mutable_value_sum()->mutable_events()->add_names("purchase");
  kpis.back().mutable_value_sum()->set_unit_cap(2000);
  return kpis;
}

std::vector<v1::Experiment> ShopExperiments() {
  std::vector<v1::Experiment> experiments;
  experiments.push_back(MakeExperiment(
      kOnePage, "One-page checkout",
      "Fewer steps between cart and payment: more people finish.", "cart",
      "one-page", "purchase-rate"));
  experiments.push_back(MakeExperiment(
      kHeroImage, "Hero image (A/A)",
      "None: both variants are the same. It shows that nothing is found where "
      "there is nothing.",
      "awareness", "same-image", "view-rate"));
  experiments.push_back(MakeExperiment(
      kScarcity, "Only two left!",
      "A scarcity banner on the product page puts more into the cart.",
      "consideration", "banner", "cart-rate"));
  return experiments;
}

Shopper::Shopper(uint64_t seed, int64_t number, absl::Time arrival)
    : random_(seed * 0x2545f4914f6cdd1d + static_cast<uint64_t>(number)),
      number_(number),
      now_(arrival) {
  known_id_ = absl::StrCat("shopper-", number);
  anonymous_id_ =
      random_.Chance(0.02) ? absl::StrCat("cookie-", number) : known_id_;
  device_ = random_.Chance(0.6) ? "phone" : "desktop";
  const double channel = random_.Uniform();
  channel_ = channel < 0.5 ? "search" : channel < 0.8 ? "ads" : "mail";
}

v1::Event Shopper::MakeEvent(const std::string& unit, absl::string_view name) {
  v1::Event event;
  event.set_event_id(absl::StrCat(number_, "-", next_event_++));
  event.set_unit_id(unit);
  event.set_name(std::string(name));
  SetTime(now_, event.mutable_time());
  auto& attributes = *event.mutable_attributes();
  attributes["device"].set_string_value(device_);
  attributes["channel"].set_string_value(channel_);
  return event;
}

void Shopper::Wait(absl::Duration median, double sigma) {
  const double seconds =
      random_.LogNormal(absl::ToDoubleSeconds(median), sigma);
  now_ += absl::Microseconds(static_cast<int64_t>(seconds * 1e6) + 1);
}

bool Shopper::See(absl::string_view, std::vector<v1::Event>* events) {
  events->push_back(MakeEvent(anonymous_id_, "visit"));
  if (!random_.Chance(device_ == "phone" ? 0.56 : 0.66)) return false;
  Wait(absl::Minutes(4), 1.2);
  return true;
}

bool Shopper::Consider(absl::string_view variant,
                       std::vector<v1::Event>* events) {
  for (int views = 1 + random_.Below(3); views > 0; --views) {
    events->push_back(MakeEvent(known_id_, "view_product"));
    now_ += absl::Seconds(20);
  }
  const bool wants = random_.Chance(0.36);
  bool pressed = false;
  if (variant == "banner") {
    // Some are pressed into the cart and regret it at the checkout; the others
    // trust the shop less.
    pressed = !wants && random_.Chance(0.085);
    trust_ = pressed ? 0.1 : 0.86;
  }
  if (!wants && !pressed) return false;
  Wait(absl::Minutes(20), 1.4);
  return true;
}

bool Shopper::FillCart(absl::string_view variant,
                       std::vector<v1::Event>* events) {
  v1::Event event = MakeEvent(known_id_, "add_to_cart");
  event.set_value(std::round(random_.LogNormal(45, 0.6) * 100) / 100);
  events->push_back(event);
  double purchase = 0.5 * trust_;
  if (variant == "one-page") purchase *= 1.08;
  if (!random_.Chance(purchase)) return false;
  Wait(variant == "one-page" ? absl::Hours(2) : absl::Hours(3), 1.3);
  v1::Event order = MakeEvent(known_id_, "purchase");
  order.set_value(event.value());
  events->push_back(order);
  return true;
}

void Shopper::Advocate(std::vector<v1::Event>* events) {
  if (!random_.Chance(0.25)) return;
  Wait(absl::Hours(30), 0.8);
  v1::Event event = MakeEvent(known_id_, "recommend");
  event.set_value(random_.Below(11));
  events->push_back(event);
}

}  // namespace stagecraft::simulations
