// The specifications that are folded: journeys and started experiments, each
// with its book.
#ifndef STAGECRAFT_ENGINE_SPECS_H_
#define STAGECRAFT_ENGINE_SPECS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "engine/book.h"
#include "engine/experiment_fold.h"
#include "engine/journey_fold.h"

namespace stagecraft::engine {

// A fold and the book that it fills. The fold may be replaced by one that makes
// the same contributions (a later revision); the book stays.
template <typename Fold>
struct Folded {
  std::shared_ptr<const Fold> fold;
  std::shared_ptr<Book> book;
  // Its events are gone, and its book changes no more.
  bool sealed = false;
};

// What is to be folded.
struct Specs {
  std::vector<std::shared_ptr<const Journey>> journeys;
  // Started ones: their journeys and KPIs are frozen.
  std::vector<std::shared_ptr<const Experiment>> experiments;
};

// What is folded. Immutable but for the books' content.
struct FoldedSpecs {
  std::map<std::string, Folded<JourneyFold>, std::less<>> journeys;
  std::map<std::string, Folded<ExperimentFold>, std::less<>> experiments;

  bool empty() const { return journeys.empty() && experiments.empty(); }
};

// Whether both make the same contribution of every unit whose events are all
// before `newest` or at it.
bool SameContributions(const Experiment& a, const Experiment& b, Micros newest);

// The folds of `specs`. Books whose specification is in `current` and makes the
// same contributions are shared with it; the others are empty, and named in
// `fresh`.
FoldedSpecs Compile(const Specs& specs, const FoldedSpecs& current,
                    Micros newest, FoldedSpecs* fresh);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SPECS_H_
