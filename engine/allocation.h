// Allocations: which buckets of the unit space belong to which variant, and
// which buckets of a layer to which experiment.
//
// The unit space has a million buckets (engine/hash.h). When shares change,
// only as many buckets change hands as must, so that units keep their variants.
//
// Example: shares a 50 %, b 50 % own [0, 500000) and [500000, 1000000). With
// a 40 %, b 60 % the buckets [400000, 500000) move to b, and nothing else.
#ifndef STAGECRAFT_ENGINE_ALLOCATION_H_
#define STAGECRAFT_ENGINE_ALLOCATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/experiment.h"

namespace stagecraft::engine {

// Gives each variant exactly `share_ppm` buckets and covers all of [0, 10^6).
//
// `previous` are the ranges so far, in any order; buckets in no range, and
// those of a variant that no longer exists, are free. With o_v the buckets that
// variant v had and n_v those that it gets, exactly sum_v max(0, o_v - n_v)
// owned buckets change hands: the fewest possible. A variant that shrinks gives
// up its highest buckets; free buckets go, lowest first, to the variants that
// grow, in their order. Without `previous` the variants lie in their order.
//
// The result is sorted by start; adjacent ranges of a variant are one. It
// depends on the arguments alone.
//
// Errors: kInvalidArgument if there is no variant, a share is not in [0, 10^6]
// or the shares do not sum to 10^6; if a range of `previous` is empty, not
// within [0, 10^6), overlaps another or has a negative variant.
absl::StatusOr<std::vector<Allocation>> Allocate(
    absl::Span<const Allocation> previous, absl::Span<const Variant> variants);

// Whether `allocations` are what `Allocate` makes: sorted, without gaps, each
// variant with exactly its share. Errors: kInvalidArgument names the range or
// the variant, the value seen and the value wanted.
absl::Status ValidateAllocations(absl::Span<const Allocation> allocations,
                                 absl::Span<const Variant> variants);

// Buckets [start_ppm, end_ppm) of a layer belong to an experiment.
struct LayerSlot {
  std::string experiment;  // `journeys/{journey}/experiments/{experiment}`.
  int32_t start_ppm = 0;
  int32_t end_ppm = 0;
  friend bool operator==(const LayerSlot&, const LayerSlot&) = default;
};

// Finds `ppm` contiguous free buckets of a layer for `experiment`: the lowest.
// `slots` are those that are taken, in any order; they are not changed.
//
// Errors: kInvalidArgument if `experiment` is empty, `ppm` is not in [1, 10^6],
// or a slot is empty, not within [0, 10^6) or overlaps another.
// kFailedPrecondition if the experiment has a slot already, or if no gap is
// large enough: the message says how much is free, and how much in one piece.
absl::StatusOr<LayerSlot> ReserveSlot(absl::Span<const LayerSlot> slots,
                                      absl::string_view experiment,
                                      int32_t ppm);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ALLOCATION_H_
