#include "stats/recursive_integration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

// Gauss-Legendre rules of the orders 8, 16, ... kLargestOrder.
constexpr int kOrderStep = 8;
constexpr int kLargestOrder = 96;

struct Rule {
  std::vector<double> nodes, weights;  // Ascending in (-1, 1).
};

Rule MakeRule(int n) {
  Rule rule;
  rule.nodes.resize(n);
  rule.weights.resize(n);
  for (int i = 0; i < n; ++i) {
    double x = -std::cos(M_PI * (i + 0.75) / (n + 0.5));
    double slope = 1;
    for (int step = 0; step < 100; ++step) {
      double before = 1, here = x;
      for (int k = 2; k <= n; ++k) {
        const double next = ((2 * k - 1) * x * here - (k - 1) * before) / k;
        before = here;
        here = next;
      }
      slope = n * (x * here - before) / (x * x - 1);
      const double move = here / slope;
      x -= move;
      if (std::abs(move) < 1e-16) break;
    }
    rule.nodes[i] = x;
    rule.weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  return rule;
}

const Rule& RuleOf(int order) {
  static const auto* rules = [] {
    auto* all = new std::array<Rule, kLargestOrder / kOrderStep>;
    for (int i = 0; i < kLargestOrder / kOrderStep; ++i) {
      (*all)[i] = MakeRule((i + 1) * kOrderStep);
    }
    return all;
  }();
  return (*rules)[order / kOrderStep - 1];
}

// Pads to the stride of the kernels with points without weight.
void Pad(std::vector<double>& nodes, std::vector<double>& weights) {
  while (nodes.size() % kKernelStride != 0) {
    nodes.push_back(nodes.empty() ? 0 : nodes.back());
    weights.push_back(0);
  }
}

}  // namespace

ExitRecursion::ExitRecursion(double theta_low, double theta_high, double far)
    : theta_low_(std::min(theta_low, 0.0)),
      theta_high_(std::max(theta_high, 0.0)),
      far_(far),
      nodes_{0},
      mass_{1} {
  Pad(nodes_, mass_);
}

// Nodes on (from, to) for functions as smooth as a normal density of standard
// deviation `spread`. A Gaussian wants 1.9 nodes per standard deviation in the
// middle of the rule for 1e-12; the rest is for the ends.
void ExitRecursion::AddNodes(double from, double to, double spread) {
  if (!(to > from)) return;
  constexpr double kPerSpread = 1.9;
  constexpr double kExtra = 9;
  const double wanted = kPerSpread * (to - from) / spread;
  constexpr double kMostPanels = 4096;
  const int panels = static_cast<int>(std::clamp(
      std::ceil(wanted / (kLargestOrder - kExtra)), 1.0, kMostPanels));
  const int order = std::min(
      kLargestOrder,
      kOrderStep *
          static_cast<int>(std::ceil((wanted / panels + kExtra) / kOrderStep)));
  const Rule& rule = RuleOf(order);
  const double half = (to - from) / panels / 2;
  for (int panel = 0; panel < panels; ++panel) {
    const double center = from + (2 * panel + 1) * half;
    for (int i = 0; i < order; ++i) {
      next_nodes_.push_back(center + half * rule.nodes[i]);
      next_weights_.push_back(half * rule.weights[i]);
    }
  }
}

void ExitRecursion::Continue(const Continuation& region) { region_ = region; }

void ExitRecursion::Next(double information) {
  const double step = information - information_;
  if (information_ > 0) {
    // The density at this look, on nodes that suit it and the next increment.
    const double root = std::sqrt(information_);
    const double low =
        std::max(region_.lower, std::isfinite(region_.lower)
                                    ? -kFarthest * root
                                    : theta_low_ * information_ - far_ * root);
    const double high =
        std::min(region_.upper, std::isfinite(region_.upper)
                                    ? kFarthest * root
                                    : theta_high_ * information_ + far_ * root);
    const double spread =
        std::sqrt(increment_) * std::sqrt(step / (increment_ + step));
    next_nodes_.clear();
    next_weights_.clear();
    if (region_.hole_low <= region_.hole_high) {
      AddNodes(low, std::min(high, region_.hole_low), spread);
      AddNodes(std::max(low, region_.hole_high), high, spread);
    } else {
      AddNodes(low, high, spread);
    }
    Pad(next_nodes_, next_weights_);
    std::vector<double> density(next_nodes_.size());
    // Far steps matter only where tiny tails do; leaving them out pays only if
    // there are many nodes.
    const bool near = low > -10 * root && high < 10 * root;
    const double reach = near && next_nodes_.size() > 192 ? 9.0 : 38.0;
    SpreadDensity(nodes_.data(), mass_.data(), nodes_.size(),
                  next_nodes_.data(), next_nodes_.size(), std::sqrt(increment_),
                  reach, density.data());
    for (size_t i = 0; i < density.size(); ++i) density[i] *= next_weights_[i];
    nodes_.swap(next_nodes_);
    mass_.swap(density);
  }
  tilted_.clear();
  increment_ = step;
  information_ = information;
  region_ = {};
}

const double* ExitRecursion::Weights(double theta) const {
  if (theta == 0) return mass_.data();
  if (tilted_.size() != mass_.size() || tilted_theta_ != theta) {
    tilted_.resize(mass_.size());
    tilted_theta_ = theta;
    TiltWeights(nodes_.data(), mass_.data(), mass_.size(), theta,
                0.5 * theta * theta * (information_ - increment_),
                tilted_.data());
  }
  return tilted_.data();
}

TailAndDensity ExitRecursion::AboveAndDensity(double s, double theta) const {
  if (s == kInfinity) return {};
  if (s == -kInfinity) return {.tail = Reached(theta)};
  return WeighTails(nodes_.data(), Weights(theta), nodes_.size(),
                    s - theta * increment_, std::sqrt(increment_));
}

double ExitRecursion::Above(double s, double theta) const {
  return AboveAndDensity(s, theta).tail;
}

double ExitRecursion::Below(double s, double theta) const {
  if (s == -kInfinity) return 0;
  if (s == kInfinity) return Reached(theta);
  // P(x + sd N <= s) = P(sd N - x >= -s): the kernel with all signs turned.
  const double* weights = Weights(theta);
  std::vector<double> turned(nodes_.size());
  for (size_t i = 0; i < turned.size(); ++i) turned[i] = -nodes_[i];
  return WeighTails(turned.data(), weights, turned.size(),
                    theta * increment_ - s, std::sqrt(increment_))
      .tail;
}

double ExitRecursion::Between(double low, double high, double theta) const {
  if (!(low < high)) return 0;
  // The difference of the smaller tails.
  const double middle = theta * information_;
  const double difference = 0.5 * (low + high) > middle
                                ? Above(low, theta) - Above(high, theta)
                                : Below(high, theta) - Below(low, theta);
  return std::max(0.0, difference);
}

double ExitRecursion::Reached(double theta) const {
  const double* weights = Weights(theta);
  double sum = 0;
  for (size_t i = 0; i < nodes_.size(); ++i) sum += weights[i];
  return sum;
}

double ExitRecursion::MomentAbove(double s, double theta) const {
  if (s == kInfinity) return 0;
  const double* weights = Weights(theta);
  std::vector<double> moment(nodes_.size());
  double whole = 0;
  for (size_t i = 0; i < moment.size(); ++i) {
    moment[i] = weights[i] * (nodes_[i] + theta * increment_);
    whole += moment[i];
  }
  if (s == -kInfinity) return whole;
  const double sd = std::sqrt(increment_);
  const double c = s - theta * increment_;
  return WeighTails(nodes_.data(), moment.data(), moment.size(), c, sd).tail +
         increment_ *
             WeighTails(nodes_.data(), weights, nodes_.size(), c, sd).density;
}

double ExitRecursion::MomentBelow(double s, double theta) const {
  if (s == -kInfinity) return 0;
  return MomentAbove(-kInfinity, theta) - MomentAbove(s, theta);
}

double ExitRecursion::UpperScore(double tail) const {
  const double reached = Reached(0);
  if (tail >= reached) return -kInfinity;
  // ln Above is concave and its root is not above that of the unstopped
  // process: Newton's method comes down to it without overshooting.
  const double root = std::sqrt(information_);
  double s = tail < 0.5 ? NormalUpperQuantile(tail) * root : root;
  for (int step = 0; step < 200; ++step) {
    const TailAndDensity here = AboveAndDensity(s, 0);
    if (!(here.tail > 0) || !(here.density > 0)) {
      s -= 0.25 * root;  // Underflow: too far out.
      continue;
    }
    const double move = here.tail * std::log(here.tail / tail) / here.density;
    s += move;
    if (std::abs(move) < 1e-11 * root) break;
  }
  return s;
}

}  // namespace stagecraft::stats
