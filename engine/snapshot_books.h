// The books whose tallies stand in a snapshot.
#ifndef STAGECRAFT_ENGINE_SNAPSHOT_BOOKS_H_
#define STAGECRAFT_ENGINE_SNAPSHOT_BOOKS_H_

#include "engine/fingerprint.h"
#include "engine/specs.h"

namespace stagecraft::engine {

// Calls fn(name, fingerprint, book) with what is folded and not sealed.
template <typename Fn>
void ForEachBook(const FoldedSpecs& specs, const Fn& fn) {
  for (const auto& [name, folded] : specs.journeys) {
    fn(name, Fingerprint(folded.fold->journey()), folded.book);
  }
  for (const auto& [name, folded] : specs.experiments) {
    if (folded.sealed) continue;
    fn(name, Fingerprint(folded.fold->experiment()), folded.book);
  }
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SNAPSHOT_BOOKS_H_
