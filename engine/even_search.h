// Searching among numbers that are mostly evenly spaced: hours, pages of hours.
#ifndef STAGECRAFT_ENGINE_EVEN_SEARCH_H_
#define STAGECRAFT_ENGINE_EVEN_SEARCH_H_

#include <algorithm>
#include <cstdint>
#include <vector>

namespace stagecraft::engine {

// The first of `values`, in increasing order of number_of(value), whose number
// is not less than `number`. It is looked for first where it would stand if the
// numbers had equal distances.
template <typename T, typename NumberOf>
typename std::vector<T>::iterator EvenLowerBound(std::vector<T>& values,
                                                 int64_t number,
                                                 const NumberOf& number_of) {
  const auto before = [&](const T& value) { return number_of(value) < number; };
  if (values.empty() || before(values.back())) return values.end();
  const int64_t first = number_of(values.front());
  const int64_t last = number_of(values.back());
  if (number <= first) return values.begin();
  const auto guess =
      values.begin() + (number - first) *
                           static_cast<int64_t>(values.size() - 1) /
                           (last - first);
  if (number_of(*guess) == number) return guess;
  return std::partition_point(values.begin(), values.end(), before);
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_EVEN_SEARCH_H_
