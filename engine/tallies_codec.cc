// Tallies as bytes, in the format of version 2:
//
//   version   1 byte: 2
//   shape     varints: the first slot that has sums (1 if those of slot 0 are
//             the sums of others), slots, groups, columns; then a byte for each
//             column: components, or 255 for durations
//   sums      slot by slot, group by group, column by column
//   durations group by group, column by column
//   checksum  8 bytes, little-endian: XXH3 of all bytes before
//
// A series of sums is the number of ticks that have numbers other than 0, as a
// varint; then for each, in increasing order, the difference to the tick before
// (the first one: to 0), zigzag, and the numbers in the order of Sums::numbers,
// zigzag, as varints of up to 128 bits. A series of durations stands in
// engine/duration_series_codec.cc. Tallies of earlier builds have changes at
// horizons: units go from those who are open to a kind of their own.
//
// Version 1 had sums of slot 0, always, did not say so, and had durations by
// slot, between the sums in the order of columns. It is read, for the tallies
// of finished experiments are stored.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/hash.h"
#include "engine/tallies.h"
#include "engine/varint.h"

namespace stagecraft::engine {
namespace {

constexpr char kVersion = 2;
constexpr size_t kChecksumBytes = 8;

absl::uint128 ToZigzag128(absl::int128 n) {
  return absl::uint128(n) << 1 ^ absl::uint128(n < 0 ? -1 : 0);
}

absl::int128 FromZigzag128(absl::uint128 n) {
  return absl::int128(n >> 1 ^ ((n & 1) != 0 ? ~absl::uint128(0) : 0));
}

std::string ShapeOf(char version, const TalliesShape& of) {
  std::string shape;
  if (version != 1) AppendVarint<uint64_t>(of.parts.empty() ? 0 : 1, &shape);
  AppendVarint<uint64_t>(of.slots, &shape);
  AppendVarint<uint64_t>(of.groups, &shape);
  AppendVarint<uint64_t>(of.columns.size(), &shape);
  for (const Column& column : of.columns) {
    shape.push_back(
        static_cast<char>(column.durations ? 255 : column.components));
  }
  return shape;
}

std::string ChecksumOf(absl::string_view bytes) {
  const uint64_t hash = HashBytes(bytes);
  std::string checksum;
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    checksum.push_back(static_cast<char>(hash >> 8 * i));
  }
  return checksum;
}

// Takes the checksum from the end of `bytes`; false if it is not theirs, or if
// there is nothing else.
bool TakeChecksum(absl::string_view* bytes) {
  if (bytes->size() < 1 + kChecksumBytes) return false;
  const absl::string_view rest =
      bytes->substr(0, bytes->size() - kChecksumBytes);
  if (bytes->substr(rest.size()) != ChecksumOf(rest)) return false;
  *bytes = rest;
  return true;
}

void SerializeSums(const SumSeries& series, int first, int components,
                   std::string* out) {
  std::string ticks;
  uint64_t size = 0;
  Tick last = 0;
  series.ForEach(first, components,
                 [&](Tick tick, absl::Span<const absl::int128> numbers) {
                   ++size;
                   AppendVarint(ToZigzag(int64_t{tick} - last), &ticks);
                   for (const absl::int128 n : numbers) {
                     AppendVarint(ToZigzag128(n), &ticks);
                   }
                   last = tick;
                 });
  AppendVarint(size, out);
  *out += ticks;
}

// Takes a series from the front of `in`, into `series` if it is not null. False
// if it could not have been written.
bool ParseSums(int first, size_t size_of_numbers, absl::string_view* in,
               SumSeries* series, Tick* newest) {
  constexpr Tick kNever = std::numeric_limits<Tick>::min();
  uint64_t size;
  if (!TakeVarint(in, &size)) return false;
  int64_t tick = 0;
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t step;
    if (!TakeVarint(in, &step)) return false;
    const int64_t difference = FromZigzag(step);
    constexpr int64_t kLimit = std::numeric_limits<Tick>::max();
    if (difference > 2 * kLimit || difference < -kLimit ||
        (i > 0 && difference <= 0) || tick + difference > kLimit) {
      return false;
    }
    tick += difference;
    std::array<absl::int128, kMaxNumbers> numbers = {};
    bool any = false;
    for (size_t k = 0; k < size_of_numbers; ++k) {
      absl::uint128 number;
      if (!TakeVarint(in, &number)) return false;
      numbers[k] = FromZigzag128(number);
      any = any || numbers[k] != 0;
    }
    if (!any) return false;
    if (series != nullptr) {
      series->Add(static_cast<Tick>(tick), first,
                  {numbers.data(), size_of_numbers}, kNever);
    }
    if (tick % 2 != 0) *newest = std::max(*newest, static_cast<Tick>(tick));
  }
  return true;
}

}  // namespace

std::string Tallies::Serialize() const {
  std::string out(1, kVersion);
  out += ShapeOf(kVersion, shape_);
  const int columns = static_cast<int>(this->columns().size());
  for (int slot = first_slot(); slot < shape_.slots; ++slot) {
    for (int group = 0; group < shape_.groups; ++group) {
      for (int column = 0; column < columns; ++column) {
        if (shape_.columns[column].durations) continue;
        SerializeSums(SumsOf(slot, group, column), place_[column],
                      shape_.columns[column].components, &out);
      }
    }
  }
  for (int group = 0; group < shape_.groups; ++group) {
    for (int column = 0; column < columns; ++column) {
      if (!shape_.columns[column].durations) continue;
      DurationsOf(group, column).Serialize(combinations_, &out);
    }
  }
  out += ChecksumOf(out);
  return out;
}

// A byte: the version; the present, zigzag; the totals of the series of
// durations, group by group, column by column; the checksum of these bytes.
std::string Tallies::SerializeTotals() {
  std::string out(1, kVersion);
  AppendVarint(ToZigzag(present_), &out);
  for (DurationSeries& series : durations_) {
    series.Settle(combinations_, present_);
    series.SerializeTotals(&out);
  }
  out += ChecksumOf(out);
  return out;
}

bool Tallies::ParseTotals(absl::string_view bytes) {
  if (!TakeChecksum(&bytes) || bytes[0] != kVersion) return false;
  bytes.remove_prefix(1);
  uint64_t zigzag;
  if (!TakeVarint(&bytes, &zigzag)) return false;
  const int64_t present = FromZigzag(zigzag);
  if (present < present_ || present > std::numeric_limits<Tick>::max()) {
    return false;
  }
  Advance(static_cast<Tick>(present));
  return std::all_of(durations_.begin(), durations_.end(),
                     [&](DurationSeries& series) {
                       return series.ParseTotals(shape_.slots, present_,
                                                 &bytes);
                     }) &&
         bytes.empty();
}

// A byte: the version; the ticks of the series of durations, group by group,
// column by column; the checksum of these bytes.
std::string Tallies::SerializeTicks() const {
  std::string out(1, kVersion);
  for (const DurationSeries& series : durations_) series.SerializeTicks(&out);
  out += ChecksumOf(out);
  return out;
}

bool Tallies::ParseTicks(absl::string_view bytes) {
  if (!TakeChecksum(&bytes) || bytes[0] != kVersion) return false;
  bytes.remove_prefix(1);
  return std::all_of(durations_.begin(), durations_.end(),
                     [&](DurationSeries& series) {
                       return series.ParseTicks(&bytes);
                     }) &&
         bytes.empty();
}

absl::StatusOr<Tallies> Tallies::ReadChain(absl::Span<const Saved> chain,
                                           TalliesShape shape) {
  if (chain.empty()) return Tallies(std::move(shape));
  absl::StatusOr<Tallies> tallies = ParseChanges(chain[0].bytes, shape);
  if (!tallies.ok()) return tallies.status();
  // Without sound ones all is summed up by Settle.
  tallies->ParseTotals(chain[0].more);
  for (const Saved& saved : chain.subspan(1)) {
    absl::StatusOr<Tallies> changed = ParseChanges(saved.bytes, shape);
    if (!changed.ok()) return changed.status();
    if (!changed->ParseTicks(saved.more)) {
      return absl::DataLossError(
          "ticks of changed tallies do not agree with their checksum");
    }
    tallies->Replace(*std::move(changed));
  }
  tallies->SetSaved();
  return tallies;
}

absl::StatusOr<Tallies> Tallies::Parse(absl::string_view bytes,
                                       TalliesShape shape,
                                       absl::string_view totals) {
  absl::StatusOr<Tallies> tallies = ParseChanges(bytes, std::move(shape));
  if (!tallies.ok() || tallies->ParseTotals(totals)) return tallies;
  for (int i = 0; i < tallies->series(); ++i) tallies->Settle(i);
  return tallies;
}

absl::StatusOr<Tallies> Tallies::ParseChanges(absl::string_view bytes,
                                              TalliesShape wanted) {
  const size_t size = bytes.size();
  if (!TakeChecksum(&bytes)) {
    return absl::DataLossError(absl::StrCat(
        "tallies of ", size, " bytes do not agree with their checksum"));
  }
  const char version = bytes[0];
  if (version != 1 && version != kVersion) {
    return absl::DataLossError(
        absl::StrCat("tallies have the format ", static_cast<int>(version),
                     ", want 1 or ", static_cast<int>(kVersion)));
  }
  bytes.remove_prefix(1);
  const std::string shape = ShapeOf(version, wanted);
  if (bytes.substr(0, shape.size()) != shape) {
    return absl::DataLossError(absl::StrCat(
        "tallies have other slots, groups or columns, want ", wanted.slots,
        ", ", wanted.groups, " and ", wanted.columns.size()));
  }
  bytes.remove_prefix(shape.size());
  Tallies tallies(std::move(wanted));
  Tick newest = tallies.present_;
  const auto damaged = [&](int slot, int group, int column) {
    return absl::DataLossError(absl::StrCat("tallies of slot ", slot,
                                            ", group ", group, ", column ",
                                            column, " are damaged"));
  };
  const int slots = tallies.shape_.slots;
  const int groups = tallies.shape_.groups;
  const int count = static_cast<int>(tallies.columns().size());
  for (int slot = version == 1 ? 0 : tallies.first_slot(); slot < slots;
       ++slot) {
    for (int group = 0; group < groups; ++group) {
      for (int i = 0; i < count; ++i) {
        const Column& column = tallies.columns()[i];
        if (column.durations && version != 1) continue;
        const bool read =
            column.durations
                ? tallies.DurationsOf(group, i).ParseVersion1(
                      slot, &bytes, &tallies.combinations_, &newest)
                : ParseSums(tallies.place_[i], NumbersOf(column.components),
                            &bytes,
                            slot < tallies.first_slot()
                                ? nullptr
                                : &tallies.SumsOf(slot, group, i),
                            &newest);
        if (!read) return damaged(slot, group, i);
      }
    }
  }
  for (int group = 0; group < groups && version != 1; ++group) {
    for (int i = 0; i < count; ++i) {
      if (!tallies.columns()[i].durations) continue;
      if (!tallies.DurationsOf(group, i).Parse(
              slots, &bytes, &tallies.combinations_, &newest)) {
        return damaged(0, group, i);
      }
    }
  }
  if (!bytes.empty()) {
    return absl::DataLossError(absl::StrCat("tallies are followed by ",
                                            bytes.size(), " bytes, want 0"));
  }
  tallies.Advance(newest);
  return tallies;
}

bool operator==(const Tallies& a, const Tallies& b) {
  return a.columns() == b.columns() && a.SameDurations(b) &&
         a.SumsAreConsistent() && b.SumsAreConsistent() &&
         a.Serialize() == b.Serialize();
}

}  // namespace stagecraft::engine
