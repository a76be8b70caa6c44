#include "engine/allocation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/text.h"

namespace stagecraft::engine {
namespace {

bool StartsBefore(const Allocation& a, const Allocation& b) {
  return a.start_ppm < b.start_ppm;
}

std::string RangeText(int32_t start, int32_t end) {
  return absl::StrCat("[", start, ", ", end, ")");
}

absl::Status ValidateRange(int32_t start, int32_t end,
                           absl::string_view field) {
  if (start >= 0 && start < end && end <= kMillion) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", RangeText(start, end),
                   ", want a range of at least 1 within [0, ", kMillion, ")"));
}

absl::Status ValidateShares(absl::Span<const Variant> variants) {
  if (variants.empty()) {
    return absl::InvalidArgumentError("variants has 0 items, want at least 1");
  }
  int64_t sum = 0;
  for (size_t i = 0; i < variants.size(); ++i) {
    const int32_t share = variants[i].share_ppm;
    if (share < 0 || share > kMillion) {
      return absl::InvalidArgumentError(absl::StrCat(
          "variants[", i, "].share_ppm is ", share, ", want 0 to ", kMillion));
    }
    sum += share;
  }
  if (sum != kMillion) {
    return absl::InvalidArgumentError(
        absl::StrCat("variants: share_ppm sum to ", sum, ", want ", kMillion));
  }
  return absl::OkStatus();
}

// The ranges in order. Errors as `Allocate`.
absl::StatusOr<std::vector<Allocation>> Sorted(
    absl::Span<const Allocation> previous) {
  for (size_t i = 0; i < previous.size(); ++i) {
    const std::string field = absl::StrCat("previous[", i, "]");
    absl::Status status =
        ValidateRange(previous[i].start_ppm, previous[i].end_ppm, field);
    if (!status.ok()) return status;
    if (previous[i].variant < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".variant is ", previous[i].variant,
                       ", want an index of at least 0"));
    }
  }
  std::vector<Allocation> ranges(previous.begin(), previous.end());
  std::sort(ranges.begin(), ranges.end(), StartsBefore);
  for (size_t i = 1; i < ranges.size(); ++i) {
    const Allocation& a = ranges[i - 1];
    const Allocation& b = ranges[i];
    if (b.start_ppm < a.end_ppm) {
      return absl::InvalidArgumentError(
          absl::StrCat("previous: ", RangeText(a.start_ppm, a.end_ppm), " and ",
                       RangeText(b.start_ppm, b.end_ppm),
                       " overlap, want ranges apart from each other"));
    }
  }
  return ranges;
}

}  // namespace

absl::StatusOr<std::vector<Allocation>> Allocate(
    absl::Span<const Allocation> previous, absl::Span<const Variant> variants) {
  absl::Status status = ValidateShares(variants);
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<Allocation>> sorted = Sorted(previous);
  if (!sorted.ok()) return sorted.status();

  // What each variant still wants; negative: has too much.
  std::vector<int32_t> wants(variants.size());
  for (size_t v = 0; v < variants.size(); ++v) wants[v] = variants[v].share_ppm;
  for (const Allocation& range : *sorted) {
    if (static_cast<size_t>(range.variant) < wants.size()) {
      wants[range.variant] -= range.end_ppm - range.start_ppm;
    }
  }

  // Keep what may stay: cut from the highest bucket down.
  std::vector<Allocation> result;
  for (auto range = sorted->rbegin(); range != sorted->rend(); ++range) {
    if (static_cast<size_t>(range->variant) >= wants.size()) continue;
    int32_t& want = wants[range->variant];
    const int32_t cut = std::clamp(-want, 0, range->end_ppm - range->start_ppm);
    want += cut;
    Allocation kept = *range;
    kept.end_ppm -= cut;
    if (kept.start_ppm < kept.end_ppm) result.push_back(kept);
  }
  std::reverse(result.begin(), result.end());

  // Hand out the gaps from the lowest bucket up.
  const size_t kept_count = result.size();
  size_t taker = 0;
  int32_t gap_start = 0;
  for (size_t i = 0; i <= kept_count; ++i) {
    const int32_t gap_end = i < kept_count ? result[i].start_ppm : kMillion;
    const int32_t next_start = i < kept_count ? result[i].end_ppm : kMillion;
    while (gap_start < gap_end) {
      while (wants[taker] == 0) ++taker;
      const int32_t given = std::min(wants[taker], gap_end - gap_start);
      result.push_back({static_cast<int>(taker), gap_start, gap_start + given});
      wants[taker] -= given;
      gap_start += given;
    }
    gap_start = next_start;
  }

  std::sort(result.begin(), result.end(), StartsBefore);
  std::vector<Allocation> merged;
  for (const Allocation& range : result) {
    if (!merged.empty() && merged.back().variant == range.variant) {
      merged.back().end_ppm = range.end_ppm;
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

absl::Status ValidateAllocations(absl::Span<const Allocation> allocations,
                                 absl::Span<const Variant> variants) {
  absl::Status status = ValidateShares(variants);
  if (!status.ok()) return status;
  std::vector<int64_t> owned(variants.size());
  int32_t next = 0;
  for (size_t i = 0; i < allocations.size(); ++i) {
    const Allocation& range = allocations[i];
    const std::string field = absl::StrCat("allocations[", i, "]");
    status = ValidateRange(range.start_ppm, range.end_ppm, field);
    if (!status.ok()) return status;
    if (range.start_ppm != next) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, ".start_ppm is ", range.start_ppm, ", want ", next));
    }
    if (range.variant < 0 ||
        static_cast<size_t>(range.variant) >= variants.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".variant is ", range.variant, ", want 0 to ",
                       variants.size() - 1));
    }
    owned[range.variant] += range.end_ppm - range.start_ppm;
    next = range.end_ppm;
  }
  if (next != kMillion) {
    return absl::InvalidArgumentError(
        absl::StrCat("allocations end at ", next, ", want ", kMillion));
  }
  for (size_t v = 0; v < variants.size(); ++v) {
    if (owned[v] != variants[v].share_ppm) {
      return absl::InvalidArgumentError(absl::StrCat(
          "allocations give ", owned[v], " ppm to variant ",
          Quote(variants[v].id), ", want ", variants[v].share_ppm));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<LayerSlot> ReserveSlot(absl::Span<const LayerSlot> slots,
                                      absl::string_view experiment,
                                      int32_t ppm) {
  if (experiment.empty()) {
    return absl::InvalidArgumentError(
        "experiment is empty, want the experiment's name");
  }
  if (ppm < 1 || ppm > kMillion) {
    return absl::InvalidArgumentError(
        absl::StrCat("layer_ppm is ", ppm, ", want 1 to ", kMillion));
  }
  std::vector<const LayerSlot*> sorted;
  for (size_t i = 0; i < slots.size(); ++i) {
    absl::Status status = ValidateRange(slots[i].start_ppm, slots[i].end_ppm,
                                        absl::StrCat("slots[", i, "]"));
    if (!status.ok()) return status;
    if (slots[i].experiment == experiment) {
      return absl::FailedPreconditionError(
          absl::StrCat("experiment ", Quote(experiment), " has the slot ",
                       RangeText(slots[i].start_ppm, slots[i].end_ppm),
                       " in the layer already, want none"));
    }
    sorted.push_back(&slots[i]);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const LayerSlot* a, const LayerSlot* b) {
              return a->start_ppm < b->start_ppm;
            });

  int32_t free = 0;
  int32_t largest = 0;
  int32_t found = -1;
  int32_t gap_start = 0;
  for (size_t i = 0; i <= sorted.size(); ++i) {
    const int32_t gap_end = i < sorted.size() ? sorted[i]->start_ppm : kMillion;
    if (gap_end < gap_start) {
      return absl::InvalidArgumentError(
          absl::StrCat("slots of ", Quote(sorted[i - 1]->experiment), " and ",
                       Quote(sorted[i]->experiment),
                       " overlap, want slots apart from each other"));
    }
    const int32_t gap = gap_end - gap_start;
    free += gap;
    largest = std::max(largest, gap);
    if (found < 0 && gap >= ppm) found = gap_start;
    if (i < sorted.size()) gap_start = sorted[i]->end_ppm;
  }
  if (found < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the layer has ", free, " ppm free, ", largest,
                     " of them in one piece, want ", ppm, " in one piece"));
  }
  return LayerSlot{std::string(experiment), found, found + ppm};
}

}  // namespace stagecraft::engine
