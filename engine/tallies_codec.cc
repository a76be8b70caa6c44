// Tallies as bytes, in the format of version 1:
//
//   version   1 byte: 1
//   shape     varints: slots, groups, columns; then a byte for each column:
//             components, or 255 for durations
//   series    slot by slot, group by group, column by column
//   checksum  8 bytes, little-endian: XXH3 of all bytes before
//
// A series of sums is the number of ticks that have numbers other than 0, as a
// varint; then for each, in increasing order, the difference to the tick before
// (the first one: to 0), zigzag, and the numbers in the order of Sums::numbers,
// zigzag, as varints of up to 128 bits. A series of durations stands in
// engine/duration_series.cc, its blocks in engine/duration_block.h.
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

constexpr char kVersion = 1;
constexpr size_t kChecksumBytes = 8;

absl::uint128 ToZigzag128(absl::int128 n) {
  return absl::uint128(n) << 1 ^ absl::uint128(n < 0 ? -1 : 0);
}

absl::int128 FromZigzag128(absl::uint128 n) {
  return absl::int128(n >> 1 ^ ((n & 1) != 0 ? ~absl::uint128(0) : 0));
}

std::string ShapeOf(int slots, int groups, absl::Span<const Column> columns) {
  std::string shape;
  AppendVarint<uint64_t>(slots, &shape);
  AppendVarint<uint64_t>(groups, &shape);
  AppendVarint<uint64_t>(columns.size(), &shape);
  for (const Column& column : columns) {
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

void SerializeSums(const SumSeries& series, std::string* out) {
  std::string ticks;
  uint64_t size = 0;
  Tick last = 0;
  series.ForEach([&](Tick tick, absl::Span<const absl::int128> numbers) {
    ++size;
    AppendVarint(ToZigzag(int64_t{tick} - last), &ticks);
    for (const absl::int128 n : numbers) AppendVarint(ToZigzag128(n), &ticks);
    last = tick;
  });
  AppendVarint(size, out);
  *out += ticks;
}

// Takes a series from the front of `in`. False if it could not have been
// written.
bool ParseSums(size_t size_of_numbers, absl::string_view* in, SumSeries* series,
               Tick* newest) {
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
    series->Add(static_cast<Tick>(tick), {numbers.data(), size_of_numbers},
                kNever);
    if (tick % 2 != 0) *newest = std::max(*newest, static_cast<Tick>(tick));
  }
  return true;
}

}  // namespace

std::string Tallies::Serialize() const {
  std::string out(1, kVersion);
  out += ShapeOf(slots_, groups_, columns_);
  for (int slot = 0; slot < slots_; ++slot) {
    for (int group = 0; group < groups_; ++group) {
      for (int column = 0; column < static_cast<int>(columns_.size());
           ++column) {
        if (columns_[column].durations) {
          DurationsOf(slot, group, column).Serialize(&out);
        } else {
          SerializeSums(SumsOf(slot, group, column), &out);
        }
      }
    }
  }
  out += ChecksumOf(out);
  return out;
}

absl::StatusOr<Tallies> Tallies::Parse(absl::string_view bytes, int slots,
                                       int groups,
                                       std::vector<Column> columns) {
  if (bytes.size() < 1 + kChecksumBytes ||
      bytes.substr(bytes.size() - kChecksumBytes) !=
          ChecksumOf(bytes.substr(0, bytes.size() - kChecksumBytes))) {
    return absl::DataLossError(
        absl::StrCat("tallies of ", bytes.size(),
                     " bytes do not agree with their checksum"));
  }
  bytes.remove_suffix(kChecksumBytes);
  if (bytes[0] != kVersion) {
    return absl::DataLossError(
        absl::StrCat("tallies have the format ", static_cast<int>(bytes[0]),
                     ", want ", static_cast<int>(kVersion)));
  }
  bytes.remove_prefix(1);
  const std::string shape = ShapeOf(slots, groups, columns);
  if (bytes.substr(0, shape.size()) != shape) {
    return absl::DataLossError(
        absl::StrCat("tallies have other slots, groups or columns, want ",
                     slots, ", ", groups, " and ", columns.size()));
  }
  bytes.remove_prefix(shape.size());
  Tallies tallies(slots, groups, std::move(columns));
  Tick newest = tallies.present_;
  for (int slot = 0; slot < slots; ++slot) {
    for (int group = 0; group < groups; ++group) {
      for (size_t c = 0; c < tallies.columns_.size(); ++c) {
        const Column& column = tallies.columns_[c];
        const int i = static_cast<int>(c);
        const bool read =
            column.durations
                ? tallies.DurationsOf(slot, group, i).Parse(&bytes, &newest)
                : ParseSums(NumbersOf(column.components), &bytes,
                            &tallies.SumsOf(slot, group, i), &newest);
        if (!read) {
          return absl::DataLossError(
              absl::StrCat("tallies of slot ", slot, ", group ", group,
                           ", column ", i, " are damaged"));
        }
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
  return a.columns_ == b.columns_ && a.Serialize() == b.Serialize();
}

}  // namespace stagecraft::engine
