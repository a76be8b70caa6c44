// Without contraction of a * b + c the same sums come out on every machine.
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#include "stats/peeking_simulation.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

#define STAGECRAFT_INLINE inline __attribute__((always_inline))

namespace stagecraft::stats {
namespace {

constexpr int kLanes = 16;            // Paths side by side.
constexpr int kStreams = kLanes / 2;  // Each gives 64 bits: two lanes.
constexpr int64_t kChunk = 1 << 14;   // Paths per seeding.

// What a chunk is to do.
struct Work {
  int looks = 0;
  const float* bounds = nullptr;  // Of the sum, per look.
  float step = 0;                 // Mean of an increment.
  uint32_t sign_mask = 0;         // 0x7fffffff takes absolute values.
  uint64_t states[4][kStreams] = {};
  int64_t paths = 0;
  int32_t* counts = nullptr;  // [looks][kLanes], added to.
  int32_t* last = nullptr;    // [kLanes], added to.
};

// Spelled out for each width: g++ 12 forgets a vector_size that depends on a
// template parameter.
template <int kBytes>
struct Vectors;
#define STAGECRAFT_VECTORS(bytes)                                \
  template <>                                                    \
  struct Vectors<bytes> {                                        \
    typedef float Real __attribute__((vector_size(bytes)));      \
    typedef int32_t Integer __attribute__((vector_size(bytes))); \
    typedef uint64_t Bits __attribute__((vector_size(bytes)));   \
  };
STAGECRAFT_VECTORS(16)
STAGECRAFT_VECTORS(32)
STAGECRAFT_VECTORS(64)
#undef STAGECRAFT_VECTORS

template <int kBytes>
struct Wide {
  using Real = typename Vectors<kBytes>::Real;
  using Integer = typename Vectors<kBytes>::Integer;
  using Bits = typename Vectors<kBytes>::Bits;

  template <typename V>
  static STAGECRAFT_INLINE void Load(const void* from, V& value) {
    std::memcpy(&value, from, sizeof(V));
  }
  template <typename V>
  static STAGECRAFT_INLINE void Store(void* to, const V& value) {
    std::memcpy(to, &value, sizeof(V));
  }

  // xoshiro256++ in every 64-bit lane.
  static STAGECRAFT_INLINE void Draw(Bits (&s)[4], Integer& out) {
    const Bits sum = s[0] + s[3];
    const Bits result = ((sum << 23) | (sum >> 41)) + s[0];
    const Bits shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    out = (Integer)result;
  }

  // Box and Muller. ln by a polynomial on [sqrt(1/2), sqrt 2], the square root
  // by Newton's method from its bits, the angle in (-pi/4, pi/4) with a random
  // sign and exchange of the coordinates.
  static STAGECRAFT_INLINE void Normals(const Integer& radius,
                                        const Integer& angle, Real& x,
                                        Real& y) {
    const Integer positive = (radius >> 1) & 0x7fffffff;
    const Real u = (__builtin_convertvector(positive, Real) + 0.5f) *
                   4.656612873077393e-10f;  // 2^-31
    const Integer shifted = (Integer)u + (0x3f800000 - 0x3f3504f3);
    const Integer exponent = (shifted >> 23) - 127;
    // Near 1 from its distance to 1, which has more digits than u.
    const Real near =
        (__builtin_convertvector(0x7fffffff - positive, Real) + 0.5f) *
        -4.656612873077393e-10f;
    const Real far = (Real)((shifted & 0x007fffff) + 0x3f3504f3) - 1.0f;
    const Real f = exponent == 0 ? near : far;
    // Short chains (Estrin's scheme): the latency of the steps is what bounds.
    const Real square = f * f;
    const Real fourth = square * square;
    const Real p01 = f * -2.4999993993e-1f + 3.3333331174e-1f;
    const Real p23 = f * -1.6668057665e-1f + 2.0000714765e-1f;
    const Real p45 = f * -1.2420140846e-1f + 1.4249322787e-1f;
    const Real p67 = f * -1.1514610310e-1f + 1.1676998740e-1f;
    const Real p03 = p23 * square + p01;
    const Real p47 = p67 * square + p45;
    const Real p = p03 + fourth * (p47 + fourth * 7.0376836292e-2f);
    const Real log = __builtin_convertvector(exponent, Real) * 0.69314718056f +
                     (f + square * (f * p - 0.5f));
    const Real r2 = log * -2.0f;  // > 0.
    Real inverse = (Real)(0x5f375a86 - ((Integer)r2 >> 1));
    const Real half = r2 * 0.5f;
    inverse = inverse * (1.5f - half * inverse * inverse);
    inverse = inverse * (1.5f - half * inverse * inverse);
    inverse = inverse * (1.5f - half * inverse * inverse);
    const Real r = r2 * inverse;

    const Real a =
        __builtin_convertvector(angle, Real) * 3.6572951982e-10f;  // pi/4 2^-31
    const Real a2 = a * a;
    Real s = a2 * -1.9515295891e-4f + 8.3321608736e-3f;
    s = s * a2 - 1.6666654611e-1f;
    s = (s * a2 * a + a) * r;
    Real c = a2 * 2.443315711809948e-5f - 1.388731625493765e-3f;
    c = c * a2 + 4.166664568298827e-2f;
    c = (c * a2 * a2 - a2 * 0.5f + 1.0f) * r;
    // The lowest bits of the angle, below the precision of `a`.
    const Integer large = (Integer)c ^ (angle << 31);
    const Integer swap = (angle << 30) >> 31;
    const Integer both = (large ^ (Integer)s) & swap;
    x = (Real)(large ^ both);
    y = (Real)((Integer)s ^ both);
  }

  static STAGECRAFT_INLINE void Transform(const uint32_t* radius,
                                          const uint32_t* angle, size_t n,
                                          float* x, float* y) {
    for (size_t i = 0; i < n; i += kBytes / 4) {
      Integer first, second;
      Load(radius + i, first);
      Load(angle + i, second);
      Real left, right;
      Normals(first, second, left, right);
      Store(x + i, left);
      Store(y + i, right);
    }
  }

  // One look: adds the increment, marks those that cross.
  static STAGECRAFT_INLINE void Look(const Real& increment, float bound,
                                     float step, const Integer& mask,
                                     int32_t* counts, Real& sum, Integer& alive,
                                     Integer& crossing) {
    sum = sum + (increment + step);
    crossing = (Integer)((Real)((Integer)sum & mask) >= bound);
    const Integer first = crossing & alive;
    alive = alive & ~crossing;
    Integer count;
    Load(counts, count);
    Store(counts, count - first);
  }

  static STAGECRAFT_INLINE void Run(const Work& work) {
    constexpr int kPart = kBytes / 4;
    for (int lane = 0; lane < kLanes; lane += kPart) {
      Bits states[4];
      for (int i = 0; i < 4; ++i) Load(&work.states[i][lane / 2], states[i]);
      const Integer mask = Integer{} + static_cast<int32_t>(work.sign_mask);
      for (int64_t from = 0; from < work.paths; from += kLanes) {
        Real sum = {};
        Integer alive;
        int32_t begins[kPart];
        for (int i = 0; i < kPart; ++i) {
          begins[i] = from + lane + i < work.paths ? -1 : 0;
        }
        Load(begins, alive);
        const Integer counted = alive;
        Integer crossing = {};
        int32_t* counts = work.counts + lane;
        int k = 0;
        for (; k + 2 <= work.looks; k += 2) {
          Integer radius, angle;
          Draw(states, radius);
          Draw(states, angle);
          Real x, y;
          Normals(radius, angle, x, y);
          Look(x, work.bounds[k], work.step, mask, counts + k * kLanes, sum,
               alive, crossing);
          Look(y, work.bounds[k + 1], work.step, mask,
               counts + (k + 1) * kLanes, sum, alive, crossing);
        }
        if (k < work.looks) {
          Integer radius, angle;
          Draw(states, radius);
          Draw(states, angle);
          Real x, y;
          Normals(radius, angle, x, y);
          Look(x, work.bounds[k], work.step, mask, counts + k * kLanes, sum,
               alive, crossing);
        }
        Integer last;
        Load(work.last + lane, last);
        Store(work.last + lane, last - (crossing & counted));
      }
    }
  }
};

void RunBaseline(const Work& work) { Wide<16>::Run(work); }
#if defined(__x86_64__)
__attribute__((target("avx2"))) void RunAvx2(const Work& work) {
  Wide<32>::Run(work);
}
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) void RunAvx512(
    const Work& work) {
  Wide<64>::Run(work);
}
#endif

using Runner = void (*)(const Work&);

// Null if the machine does not have it.
Runner RunnerFor(InstructionSet set) {
#if defined(__x86_64__)
  const bool wide =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool middle = __builtin_cpu_supports("avx2");
  if (set == InstructionSet::kAutomatic) {
    return wide ? RunAvx512 : middle ? RunAvx2 : RunBaseline;
  }
  if (set == InstructionSet::kAvx512) return wide ? RunAvx512 : nullptr;
  if (set == InstructionSet::kAvx2) return middle ? RunAvx2 : nullptr;
#else
  if (set == InstructionSet::kAvx512 || set == InstructionSet::kAvx2) {
    return nullptr;
  }
#endif
  return RunBaseline;
}

uint64_t SplitMix64(uint64_t& state) {
  state += 0x9e3779b97f4a7c15u;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void Seed(uint64_t seed, int64_t chunk, Work& work) {
  // Two rounds keep neighbouring seeds and chunks apart.
  uint64_t mix = seed;
  uint64_t state =
      SplitMix64(mix) ^ (static_cast<uint64_t>(chunk) * 0xd1342543de82ef95u);
  state = SplitMix64(state);
  for (int stream = 0; stream < kStreams; ++stream) {
    for (int i = 0; i < 4; ++i) work.states[i][stream] = SplitMix64(state);
  }
}

absl::Status Check(const PeekingSimulationOptions& options) {
  if (options.experiments < 1 || options.experiments > 1000000000000) {
    return absl::InvalidArgumentError(
        absl::StrCat("experiments is ", options.experiments,
                     ", want a number in [1, 1e12]"));
  }
  if (options.looks < 1 || options.looks > 10000) {
    return absl::InvalidArgumentError(absl::StrCat(
        "looks is ", options.looks, ", want a number in [1, 10000]"));
  }
  if (options.threads < 1 || options.threads > 256) {
    return absl::InvalidArgumentError(absl::StrCat(
        "threads is ", options.threads, ", want a number in [1, 256]"));
  }
  if (!(std::abs(options.drift) <= 100)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "drift is ", options.drift, ", want a number in [-100, 100]"));
  }
  if (RunnerFor(options.instruction_set) == nullptr) {
    return absl::InvalidArgumentError(
        "instruction_set is not on this machine, want kAutomatic");
  }
  if (options.bounds.empty()) {
    return CheckBetween(options.alpha, 0, options.one_sided ? 0.5 : 1, "alpha");
  }
  if (options.bounds.size() != static_cast<size_t>(options.looks)) {
    return absl::InvalidArgumentError(
        absl::StrCat("bounds has ", options.bounds.size(), " entries, want ",
                     options.looks, ", one per look"));
  }
  for (size_t k = 0; k < options.bounds.size(); ++k) {
    if (std::isnan(options.bounds[k])) {
      return absl::InvalidArgumentError(
          absl::StrCat("bounds[", k, "] is not a number, want one"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PeekingSimulation> SimulatePeeking(
    const PeekingSimulationOptions& options) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  const int looks = options.looks;
  const double z =
      options.bounds.empty()
          ? NormalUpperQuantile(options.alpha / (options.one_sided ? 1 : 2))
          : 0;
  std::vector<float> bounds(looks);
  for (int k = 0; k < looks; ++k) {
    const double bound = options.bounds.empty() ? z : options.bounds[k];
    bounds[k] = static_cast<float>(bound * std::sqrt(k + 1.0));
  }
  const int64_t chunks = (options.experiments + kChunk - 1) / kChunk;
  const Runner run = RunnerFor(options.instruction_set);
  const int threads =
      static_cast<int>(std::min<int64_t>(options.threads, chunks));
  std::atomic<int64_t> next{0};
  std::vector<std::vector<int64_t>> totals(threads,
                                           std::vector<int64_t>(looks + 1));
  const auto work_on = [&](int thread) {
    std::vector<int32_t> counts((looks + 1) * kLanes);
    std::vector<int64_t>& total = totals[thread];
    for (int64_t chunk = next++; chunk < chunks; chunk = next++) {
      Work work{.looks = looks,
                .bounds = bounds.data(),
                .step = static_cast<float>(options.drift / std::sqrt(looks)),
                .sign_mask = options.one_sided ? 0xffffffffu : 0x7fffffffu,
                .paths = std::min(kChunk, options.experiments - chunk * kChunk),
                .counts = counts.data(),
                .last = counts.data() + looks * kLanes};
      Seed(options.seed, chunk, work);
      std::fill(counts.begin(), counts.end(), 0);
      run(work);
      for (int k = 0; k <= looks; ++k) {
        for (int lane = 0; lane < kLanes; ++lane) {
          total[k] += counts[k * kLanes + lane];
        }
      }
    }
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) {
    others.emplace_back(work_on, thread);
  }
  work_on(0);
  for (std::thread& thread : others) thread.join();

  PeekingSimulation answer{.experiments = options.experiments};
  answer.first_crossings.resize(looks);
  for (const std::vector<int64_t>& total : totals) {
    for (int k = 0; k < looks; ++k) answer.first_crossings[k] += total[k];
    answer.crossed_last += total[looks];
  }
  for (int64_t count : answer.first_crossings) answer.crossed += count;
  const double n = static_cast<double>(options.experiments);
  answer.rate = static_cast<double>(answer.crossed) / n;
  answer.standard_error = std::sqrt(answer.rate * (1 - answer.rate) / n);
  return answer;
}

void NormalsOfBits(const uint32_t* radius, const uint32_t* angle, size_t n,
                   float* x, float* y) {
  Wide<16>::Transform(radius, angle, n, x, y);
}

}  // namespace stagecraft::stats
