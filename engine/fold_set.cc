#include "engine/fold_set.h"

#include <utility>

#include "engine/record.h"

namespace stagecraft::engine {

FoldSet::FoldSet(FoldedSpecs specs, const ContentTable* contents)
    : specs_(std::move(specs)),
      contents_(contents),
      journey_set_(specs_.journeys.size() + specs_.experiments.size()) {
  for (const auto& [name, folded] : specs_.journeys) {
    journey_set_.Add(books_.size());
    journeys_.push_back(folded.fold.get());
    books_.push_back(folded.book.get());
  }
  for (const auto& [name, folded] : specs_.experiments) {
    experiments_.push_back(folded.fold.get());
    sealed_.push_back(folded.sealed);
    books_.push_back(folded.book.get());
  }
}

std::optional<size_t> FoldSet::ExperimentNumber(absl::string_view name) const {
  const auto it =
      specs_.experiments.find(std::string_view(name.data(), name.size()));
  if (it == specs_.experiments.end()) return std::nullopt;
  return journeys_.size() + std::distance(specs_.experiments.begin(), it);
}

ContentFacts FoldSet::Judge(absl::string_view encoded) const {
  ContentFacts facts;
  facts.exposes = SpecSet(size());
  facts.concerns = SpecSet(size());
  facts.matches = SpecSet(size());
  facts.specs.resize(size());
  ContentView view;
  if (!DecodeContent(encoded, &view).ok()) return facts;  // Checked before.
  facts.is_exposure = view.name == kExposureName;
  for (size_t spec = 0; spec < size(); ++spec) {
    if (spec >= journeys_.size() && sealed_[spec - journeys_.size()]) continue;
    SpecFacts& of_spec = facts.specs[spec];
    const bool concerns =
        spec < journeys_.size()
            ? journeys_[spec]->Classify(view, &of_spec)
            : experiments_[spec - journeys_.size()]->Classify(view, &of_spec);
    if (concerns) facts.concerns.Add(spec);
    if (of_spec.variant >= 0) facts.exposes.Add(spec);
    if (!of_spec.filters.empty()) facts.matches.Add(spec);
  }
  return facts;
}

void FoldSet::Extend() const {
  absl::MutexLock lock(&mutex_);
  while (facts_.size() < contents_->size()) {
    facts_.push_back(Judge((*contents_)[facts_.size()]));
  }
}

bool FoldSet::Concerned() const {
  Extend();
  for (size_t i = 0; i < facts_.size(); ++i) {
    const ContentFacts& facts = facts_[i];
    bool found = false;
    facts.exposes.ForEach([&](size_t) { found = true; });
    SpecSet of_journeys = facts.concerns;
    of_journeys &= journey_set_;
    of_journeys.ForEach([&](size_t) { found = true; });
    if (found) return true;
  }
  return false;
}

}  // namespace stagecraft::engine
