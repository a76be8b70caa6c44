#!/usr/bin/env python3
"""Writes assignment_golden.csv: assignments that must never change.

Written from the published rule in engine/hash.h alone, with Python's integers;
only XXH3_64bits comes from libxxhash. The file is frozen: a difference between
it and the service is a fault of the service. To check the file itself:

    tests/engine/testdata/assignment_golden.py | diff - assignment_golden.csv

Columns: the unit's id as hexadecimal UTF-8; the experiment's salt; shares of
the variants, in order, in ppm; coverage in ppm; the layer's name (empty: none)
and the experiment's part of it; the journey's name and its holdout in ppm;
XXH3_64bits of the unit's id; the bucket of the split; the variant's index, -1
for none; the reason.
"""
import ctypes
import ctypes.util

XXHASH = ctypes.CDLL(ctypes.util.find_library("xxhash"))
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
XXHASH.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def xxh3(data):
    return XXHASH.XXH3_64bits(data, len(data))


def mix(unit, salt):
    wrap = 2**64
    x = unit ^ salt
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
        x = (x ^ x // 2**shift) * factor % wrap
    x ^= x // 2**33
    x = (x + (salt % 2**32 * 2**32 + salt // 2**32)) % wrap
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ x // 2**shift) * factor % wrap
    return x ^ x // 2**31


def bucket(unit_id, text):
    return mix(xxh3(unit_id), xxh3(text.encode())) * 1000000 // 2**64


def assign(unit_id, salt, shares, coverage, layer, start, end, journey, holdout):
    if bucket(unit_id, journey + "/holdout") < holdout:
        return -1, "HOLDOUT"
    if layer and not start <= bucket(unit_id, layer + "/layer") < end:
        return -1, "NOT_IN_LAYER"
    if bucket(unit_id, salt + "/coverage") >= coverage:
        return -1, "NOT_COVERED"
    place = bucket(unit_id, salt + "/split")
    for variant, share in enumerate(shares):
        if place < share:
            return variant, "SPLIT"
        place -= share


UNITS = [
    "u", "0", " ", "-1", "user-1", "user-2", "User-1", "user-1 ", "a,b\"c;d", "\t",
    "jos\u00e9", "jose\u0301", "\u00df", "\u4f60\u597d", "\U0001f600", "\u200b", "\ufeffuser-1",
    "018f3b1c-7e2a-7c44-9a1b-0123456789ab", "00000000-0000-0000-0000-000000000000",
    "person@example.com", "12345678", "123456789", "x" * 16, "x" * 17, "x" * 128,
    "x" * 129, "y" * 240, "y" * 241, "\u00e9" * 128,
] + ["customer/%d" % n for n in range(1000, 1013)]
LONG = "journeys/onboarding/experiments/welcome-series"
EXPERIMENTS = [
    # salt, shares, coverage, layer, start, end, journey, holdout
    (LONG, [500000, 500000], 1000000, "", 0, 0, "journeys/onboarding", 0),
    ("s", [500000, 500000], 1000000, "", 0, 0, "journeys/onboarding", 0),
    ("s", [900000, 100000], 1000000, "", 0, 0, "journeys/onboarding", 50000),
    ("\u00fc/split", [333334, 333333, 333333], 1000000, "", 0, 0, "journeys/a", 0),
    ("price", [0, 1000000], 500000, "", 0, 0, "journeys/checkout", 0),
    ("price", [1, 999999], 100000, "", 0, 0, "journeys/checkout", 500000),
    ("banner", [250000] * 4, 1000000, "layers/home", 0, 400000, "journeys/home", 0),
    ("banner-2", [250000] * 4, 800000, "layers/home", 400000, 1000000, "journeys/home", 100000),
    ("twenty", [50000] * 20, 1000000, "layers/all", 0, 1000000, "journeys/a", 10000),
]


def main():
    print("unit_id_hex,salt,shares_ppm,coverage_ppm,layer,layer_start_ppm,"
          "layer_end_ppm,journey,holdout_ppm,unit_hash,split_bucket,variant,reason")
    for experiment in EXPERIMENTS:
        salt, shares, coverage, layer, start, end, journey, holdout = experiment
        for text in UNITS:
            unit = text.encode()
            assert 1 <= len(unit) <= 256
            variant, reason = assign(unit, *experiment)
            print(unit.hex(), salt, ";".join(map(str, shares)), coverage, layer,
                  start, end, journey, holdout, "%016x" % xxh3(unit),
                  bucket(unit, salt + "/split"), variant, reason, sep=",")


if __name__ == "__main__":
    main()
