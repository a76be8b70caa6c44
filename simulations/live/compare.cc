#include "simulations/live/compare.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"

namespace stagecraft::simulations {
namespace {

class Comparison {
 public:
  Comparison(const engine::Experiment& experiment,
             const v1::ExperimentResults& server)
      : experiment_(experiment), server_(server) {}

  template <typename Value>
  void Expect(const Value& run, const Value& server, absl::string_view what) {
    ++numbers_;
    if (run == server || !status_.ok()) return;
    status_ = absl::DataLossError(absl::StrCat(
        experiment_.name, " as of ",
        google::protobuf::util::TimeUtil::ToString(server_.as_of()), ": ", what,
        " is ", server, " on the server, want ", run));
  }

  absl::StatusOr<int64_t> Result() const {
    if (!status_.ok()) return status_;
    return numbers_;
  }

 private:
  const engine::Experiment& experiment_;
  const v1::ExperimentResults& server_;
  int64_t numbers_ = 0;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<int64_t> CompareLook(const engine::Experiment& experiment,
                                    const engine::Assessment& run,
                                    const v1::ExperimentResults& server) {
  Comparison comparison(experiment, server);
  comparison.Expect(std::string(engine::ToText(run.verdict.kind)),
                    v1::Verdict::Kind_Name(server.verdict().kind()), "verdict");
  comparison.Expect(run.verdict.variant, server.verdict().variant(),
                    "verdict.variant");
  comparison.Expect(run.look.crossed_over_units,
                    int64_t{server.trust().crossed_over_units()},
                    "trust.crossed_over_units");
  const int64_t variants = static_cast<int64_t>(experiment.variants.size());
  comparison.Expect(variants, int64_t{server.trust().arms_size()},
                    "the number of variants");
  comparison.Expect(static_cast<int64_t>(run.analyses.size()),
                    int64_t{server.kpis_size()}, "the number of KPIs");
  if (!comparison.Result().ok()) return comparison.Result();
  for (int v = 0; v < variants; ++v) {
    comparison.Expect(run.look.units[v],
                      int64_t{server.trust().arms(v).units()},
                      absl::StrCat("trust.arms[", v, "].units"));
  }
  for (int k = 0; k < server.kpis_size(); ++k) {
    const engine::KpiAnalysis& ours = run.analyses[k];
    const v1::KpiResult& theirs = server.kpis(k);
    comparison.Expect(ours.kpi, theirs.kpi(),
                      absl::StrCat("kpis[", k, "].kpi"));
    comparison.Expect(variants, int64_t{theirs.variants_size()},
                      absl::StrCat("the number of variants of ", ours.kpi));
    if (!comparison.Result().ok()) return comparison.Result();
    for (int v = 0; v < variants; ++v) {
      const engine::VariantAnalysis& a = ours.variants[v];
      const v1::KpiVariantResult& b = theirs.variants(v);
      const auto expect = [&](const auto& want, const auto& seen,
                              absl::string_view field) {
        comparison.Expect(want, seen,
                          absl::StrCat(field, " of ", ours.kpi, " under ",
                                       experiment.variants[v].id));
      };
      expect(a.units, int64_t{b.units()}, "units");
      expect(a.immature, int64_t{b.immature_units()}, "immature_units");
      expect(a.numerator, b.numerator(), "numerator");
      expect(a.denominator, b.denominator(), "denominator");
      expect(a.events, int64_t{b.events()}, "events");
    }
  }
  return comparison.Result();
}

}  // namespace stagecraft::simulations
