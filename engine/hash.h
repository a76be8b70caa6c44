// Hashes of units, and the buckets that they fall into.
//
// This is a published rule: every client library computes the same numbers bit
// for bit, in every version. All arithmetic is on unsigned 64-bit integers,
// modulo 2^64; rotl is a rotation to the left; >> is a logical shift.
//
//   unit hash   u = XXH3_64bits(bytes of the unit's id), seed 0, default secret
//   salt hash   s = XXH3_64bits(bytes of the salt's text), the same
//   mix         x = u ^ s
//               x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd
//               x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53
//               x = (x ^ (x >> 33)) + rotl(s, 32)
//               x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
//               x = (x ^ (x >> 27)) * 0x94d049bb133111eb
//               x =  x ^ (x >> 31)
//   bucket      floor(x * 1000000 / 2^64), in [0, 999999]; without 128-bit
//               numbers ((x >> 32) * 1000000 +
//                        ((x & 0xffffffff) * 1000000 >> 32)) >> 32
//
// Ids and texts are hashed as the bytes that were sent, UTF-8 without
// normalisation, case folding or trimming. The salt's text says what the bucket
// is for:
//
//   purpose    text                             a unit passes if its bucket is
//   split      experiment's salt + `/split`     in a range of the variant
//   coverage   experiment's salt + `/coverage`  less than coverage_ppm
//   layer      layer's name + `/layer`          in [layer_start, layer_end)
//   holdout    journey's name + `/holdout`      not less than holdout_ppm
//
// The names are the full ones: `layers/checkout/layer`. An experiment's salt is
// its full name unless it was given another one.
//
//   example                                    value
//   u of `user-1`                              0x7c7615c11438e5c9
//   s of `exp-1/split`                         0xf4b584c12bff4dec
//   their mix                                  0xa25aa77c6279d0dd
//   their bucket                               634195
//
// For a fixed salt the mix is a bijection: it is two rounds of well-known
// finalisers (MurmurHash3's fmix64 by A. Appleby; splitmix64's, variant 13 by
// D. Stafford), the second one keyed again, so that buckets of different salts
// are independent. It keeps no secret: who knows a salt can find a unit's
// variant.
#ifndef STAGECRAFT_ENGINE_HASH_H_
#define STAGECRAFT_ENGINE_HASH_H_

#include <bit>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace stagecraft::engine {

// XXH3_64bits of the bytes, seed 0.
uint64_t HashBytes(absl::string_view bytes);

// The hash of a unit's id: once for any number of experiments.
inline uint64_t UnitHash(absl::string_view unit_id) {
  return HashBytes(unit_id);
}

// Salt hashes for the four purposes.
uint64_t SplitSaltHash(absl::string_view experiment_salt);
uint64_t CoverageSaltHash(absl::string_view experiment_salt);
uint64_t LayerSaltHash(absl::string_view layer_name);
uint64_t HoldoutSaltHash(absl::string_view journey_name);

// Joins a unit hash and a salt hash.
constexpr uint64_t Mix(uint64_t unit_hash, uint64_t salt_hash) {
  uint64_t x = unit_hash ^ salt_hash;
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  x = (x ^ (x >> 33)) + std::rotl(salt_hash, 32);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// The bucket of a mixed hash, in [0, 999999].
constexpr int32_t ToPpm(uint64_t mixed) {
  // The high 64 bits of the 128-bit product, by halves.
  const uint64_t high = (mixed >> 32) * 1'000'000;
  const uint64_t low = (mixed & 0xffffffff) * 1'000'000;
  return static_cast<int32_t>((high + (low >> 32)) >> 32);
}

// The bucket of a unit for a purpose.
constexpr int32_t BucketPpm(uint64_t unit_hash, uint64_t salt_hash) {
  return ToPpm(Mix(unit_hash, salt_hash));
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_HASH_H_
