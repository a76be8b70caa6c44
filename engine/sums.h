// Sums: the sufficient statistics of vectors of 0 to 4 components.
//
// For units u with component vectors v(u) in units of 1e-6:
//   count = number of units, sum(i) = sum v_i, product(i, j) = sum v_i v_j.
// All are 128-bit integers, so that adding and taking away are exact, in any
// order, for ever. With |v_i| <= 1e15 no sum overflows below 1e8 units, and for
// values up to 1e4 (in natural units) none below 1e18.
#ifndef STAGECRAFT_ENGINE_SUMS_H_
#define STAGECRAFT_ENGINE_SUMS_H_

#include <array>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/numeric/int128.h"
#include "absl/types/span.h"
#include "engine/event.h"

namespace stagecraft::engine {

inline constexpr int kMaxComponents = 4;
using UnitValue = std::array<MicroValue, kMaxComponents>;

// How many numbers k components have.
constexpr int NumbersOf(int k) { return 1 + k + k * (k + 1) / 2; }
inline constexpr int kMaxNumbers = NumbersOf(kMaxComponents);

// Adds a unit's numbers `sign` times: count, sums, and products row by row of
// the upper triangle.
inline void AddNumbers(const UnitValue& value, int components, int sign,
                       absl::int128* numbers) {
  *numbers++ += sign;
  for (int i = 0; i < components; ++i) *numbers++ += value[i] * sign;
  for (int i = 0; i < components; ++i) {
    // Of two 64-bit numbers, which is one instruction.
    const MicroValue signed_value = value[i] * sign;
    for (int j = i; j < components; ++j) {
      *numbers++ += absl::int128(signed_value) * absl::int128(value[j]);
    }
  }
}

class Sums {
 public:
  Sums() = default;
  explicit Sums(int components) : components_(components) {
    numbers_.resize(NumbersOf(components));
  }

  int components() const { return components_; }
  int64_t count() const {
    return numbers_.empty() ? 0 : static_cast<int64_t>(numbers_[0]);
  }
  absl::int128 sum(int i) const { return numbers_[1 + i]; }
  // i <= j.
  absl::int128 product(int i, int j) const {
    return numbers_[ProductIndex(i, j)];
  }
  void set_count(int64_t n) { numbers_[0] = n; }
  void set_sum(int i, absl::int128 value) { numbers_[1 + i] = value; }
  void set_product(int i, int j, absl::int128 value) {
    numbers_[ProductIndex(i, j)] = value;
  }
  // Count, sums, and products row by row of the upper triangle.
  absl::Span<const absl::int128> numbers() const { return numbers_; }
  absl::Span<absl::int128> numbers() { return absl::MakeSpan(numbers_); }

  // Adds a unit (sign 1) or takes one away (sign -1).
  void Add(const UnitValue& value, int sign) {
    AddNumbers(value, components_, sign, numbers_.data());
  }
  Sums& operator+=(const Sums& other) { return Combine(other, 1); }
  Sums& operator-=(const Sums& other) { return Combine(other, -1); }

  bool IsZero() const {
    for (const absl::int128& number : numbers_) {
      if (number != 0) return false;
    }
    return true;
  }
  friend bool operator==(const Sums& a, const Sums& b) {
    return a.components_ == b.components_ && a.numbers_ == b.numbers_;
  }

 private:
  // Row by row of the upper triangle.
  int ProductIndex(int i, int j) const {
    return 1 + components_ + i * components_ - i * (i - 1) / 2 + (j - i);
  }
  Sums& Combine(const Sums& other, int sign) {
    if (numbers_.empty()) *this = Sums(other.components_);
    for (size_t i = 0; i < other.numbers_.size(); ++i) {
      numbers_[i] += other.numbers_[i] * sign;
    }
    return *this;
  }

  int components_ = 0;
  absl::InlinedVector<absl::int128, 3> numbers_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SUMS_H_
