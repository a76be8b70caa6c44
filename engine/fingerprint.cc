#include "engine/fingerprint.h"

#include <bit>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/hash.h"

namespace stagecraft::engine {
namespace {

// Bytes that begin alike only for the same values: texts and lists begin with
// their size. The structured bindings below name every field, so that a new one
// does not compile until it is thought of here.
class Printer {
 public:
  Printer() { Put(SourceHash()); }

  void Put(uint64_t number) {
    for (int i = 0; i < 64; i += 8) {
      bytes_.push_back(static_cast<char>(number >> i));
    }
  }
  void Put(int64_t number) { Put(static_cast<uint64_t>(number)); }
  void Put(int32_t number) { Put(int64_t{number}); }
  void Put(bool value) { Put(uint64_t{value}); }
  void Put(double number) { Put(std::bit_cast<uint64_t>(number)); }
  void Put(const std::string& text) {
    Put(uint64_t{text.size()});
    bytes_ += text;
  }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  void Put(Enum value) { Put(static_cast<int64_t>(value)); }
  template <typename T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value.has_value()) Put(*value);
  }
  template <typename T>
  void Put(const std::vector<T>& values) {
    Put(uint64_t{values.size()});
    for (const T& value : values) Put(value);
  }
  void Put(const AttributeValue& value) {
    Put(uint64_t{value.index()});
    std::visit([&](const auto& held) { Put(held); }, value);
  }
  void Put(const Condition& condition) {
    const auto& [attribute, op, values] = condition;
    Put(attribute);
    Put(op);
    Put(values);
  }
  void Put(const Predicate& predicate) {
    const auto& [kind, condition, children] = predicate;
    Put(kind);
    Put(condition);
    Put(children);
  }
  void Put(const EventFilter& filter) {
    const auto& [names, where] = filter;
    Put(names);
    Put(where);
  }
  void Put(const SegmentDimension& dimension) {
    const auto& [attribute, values] = dimension;
    Put(attribute);
    Put(values);
  }
  void Put(const Stage& stage) {
    const auto& [id, entry, exit, dropout_after] = stage;
    Put(id);
    Put(entry);
    Put(exit);
    Put(dropout_after);
  }
  void Put(const Journey& journey) {
    const auto& [name, stages, ordering, holdout_ppm, segments,
                 time_resolution] = journey;
    Put(name);
    Put(stages);
    Put(ordering);
    Put(holdout_ppm);
    Put(segments);
    Put(time_resolution);
  }
  void Put(const Kpi& kpi) {
    const auto& [name, kind, higher_is_better, events, denominator,
                 sum_numerator_values, sum_denominator_values, delay, length,
                 unit_cap, threshold, lifespan] = kpi;
    Put(name);
    Put(kind);
    Put(higher_is_better);
    Put(events);
    Put(denominator);
    Put(sum_numerator_values);
    Put(sum_denominator_values);
    Put(delay);
    Put(length);
    Put(unit_cap);
    Put(threshold);
    Put(lifespan);
  }
  // The fields that SameContributions (specs.h) compares.
  void Put(const Experiment& experiment) {
    Put(experiment.name);
    Put(experiment.stage);
    Put(uint64_t{experiment.variants.size()});
    for (const Variant& variant : experiment.variants) Put(variant.id);
    Put(experiment.start_time);
    Put(experiment.end_time);
    Put(*experiment.journey);
    Put(experiment.kpis);
    Put(experiment.segments);
    Put(GuardrailWindow(experiment));
    Put(experiment.plan.pre_exposure_window);
  }

  uint64_t Hash() const { return HashBytes(bytes_); }

 private:
  std::string bytes_;
};

template <typename Spec>
uint64_t Print(const Spec& spec) {
  Printer printer;
  printer.Put(spec);
  return printer.Hash();
}

}  // namespace

uint64_t Fingerprint(const Journey& journey) { return Print(journey); }

uint64_t Fingerprint(const Experiment& experiment) { return Print(experiment); }

}  // namespace stagecraft::engine
