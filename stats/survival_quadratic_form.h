// x' V^- x, the statistic of tests of k groups.
#ifndef STAGECRAFT_STATS_SURVIVAL_QUADRATIC_FORM_H_
#define STAGECRAFT_STATS_SURVIVAL_QUADRATIC_FORM_H_

#include <vector>

namespace stagecraft::stats {

struct QuadraticForm {
  double value = 0;
  int rank = 0;
};

// For a positive semidefinite V, by Gaussian elimination with the largest
// remaining diagonal element as pivot. Exact for x in the range of V; what is
// below 1e-12 of the largest variance counts as 0.
QuadraticForm InverseForm(std::vector<std::vector<double>> v,
                          std::vector<double> x);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SURVIVAL_QUADRATIC_FORM_H_
