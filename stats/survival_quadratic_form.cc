#include "stats/survival_quadratic_form.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace stagecraft::stats {

QuadraticForm InverseForm(std::vector<std::vector<double>> v,
                          std::vector<double> x) {
  QuadraticForm form;
  const size_t n = x.size();
  double largest = 0;
  for (size_t i = 0; i < n; ++i) largest = std::max(largest, v[i][i]);
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; ++i) {
      if (v[i][i] > v[pivot][pivot]) pivot = i;
    }
    if (!(v[pivot][pivot] > 1e-12 * largest)) break;
    std::swap(v[k], v[pivot]);
    for (auto& row : v) std::swap(row[k], row[pivot]);
    std::swap(x[k], x[pivot]);
    form.value += x[k] * (x[k] / v[k][k]);
    ++form.rank;
    for (size_t i = k + 1; i < n; ++i) {
      const double factor = v[i][k] / v[k][k];
      for (size_t j = k + 1; j < n; ++j) v[i][j] -= factor * v[k][j];
      x[i] -= factor * x[k];
    }
  }
  return form;
}

}  // namespace stagecraft::stats
