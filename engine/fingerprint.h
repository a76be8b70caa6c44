// Fingerprints: whether tallies that were kept in a file are what this program
// would fold for a specification.
#ifndef STAGECRAFT_ENGINE_FINGERPRINT_H_
#define STAGECRAFT_ENGINE_FINGERPRINT_H_

#include <cstdint>

#include "engine/experiment.h"
#include "engine/journey.h"

namespace stagecraft::engine {

// Differs, but for a chance of 2^-64, between specifications that may make
// different contributions, and between versions of the engine's sources.
uint64_t Fingerprint(const Journey& journey);
uint64_t Fingerprint(const Experiment& experiment);

// Changes with the sources of this folder; made by source_hash.cmake.
uint64_t SourceHash();

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_FINGERPRINT_H_
