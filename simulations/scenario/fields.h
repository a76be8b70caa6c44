// Fields of a scenario's file: what is wrong with them is said once, the first
// of all that is found.
#ifndef STAGECRAFT_SIMULATIONS_SCENARIO_FIELDS_H_
#define STAGECRAFT_SIMULATIONS_SCENARIO_FIELDS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/event.h"
#include "engine/text.h"
#include "google/protobuf/duration.pb.h"
#include "service/convert_time.h"

namespace stagecraft::simulations {

// Keeps the first error; readers go on with what they have.
class Fields {
 public:
  const absl::Status& status() const { return status_; }
  bool ok() const { return status_.ok(); }

  void Fail(absl::string_view field, absl::string_view what) {
    if (ok()) {
      status_ = absl::InvalidArgumentError(absl::StrCat(field, " ", what));
    }
  }
  void Fail(absl::string_view field, absl::string_view seen,
            absl::string_view wanted) {
    Fail(field, absl::StrCat("is ", seen, ", want ", wanted));
  }
  // An error that names a place below `field`.
  void Take(absl::string_view field, const absl::Status& status) {
    if (ok() && !status.ok()) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat(field, ": ", status.message()));
    }
  }

  // Not in [lower, upper], or not a number: an error.
  double Real(double value, double lower, double upper, absl::string_view field,
              absl::string_view wanted) {
    if (!(value >= lower && value <= upper)) {
      Fail(field, absl::StrCat(value), wanted);
    }
    return value;
  }
  double Share(double value, absl::string_view field) {
    return Real(value, 0, 1, field, "0 to 1");
  }
  // A factor, with its default of 1.
  double Factor(bool has, double value, absl::string_view field) {
    if (!has) return 1;
    return Real(value, 1e-6, 1e6, field, "0.000001 to 1000000");
  }
  void Size(size_t size, size_t most, absl::string_view field) {
    if (size > most) {
      Fail(field, absl::StrCat("has ", size, " items, want at most ", most));
    }
  }
  engine::Micros Time(const google::protobuf::Duration& duration,
                      absl::string_view field) {
    const auto micros = service::ToMicros(duration, field);
    if (micros.ok()) return *micros;
    if (ok()) status_ = micros.status();
    return 0;
  }
  engine::Micros Hours(const google::protobuf::Duration& duration,
                       absl::string_view field) {
    const engine::Micros micros = Time(duration, field);
    if (micros % engine::kHour != 0) {
      Fail(field,
           absl::StrCat(static_cast<double>(micros) / engine::kSecond, " s"),
           "full hours");
    }
    return micros;
  }

 private:
  absl::Status status_;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_SCENARIO_FIELDS_H_
