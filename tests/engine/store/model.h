// The oracle of the store tests: a std::map per keyspace, and what a store
// says it holds, to compare with it.
#ifndef STAGECRAFT_TESTS_ENGINE_STORE_MODEL_H_
#define STAGECRAFT_TESTS_ENGINE_STORE_MODEL_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/store/store.h"

namespace stagecraft::engine {

// std::string compares bytes as unsigned, which is the store's order.
using Model = std::map<Keyspace, std::map<std::string, std::string>>;

inline void Apply(const WriteBatch& batch, Model* model) {
  batch.ForEach([&](const WriteBatch::Operation& operation) {
    auto& map = (*model)[operation.keyspace];
    if (operation.kind == WriteBatch::Kind::kPut) {
      map[std::string(operation.key)] = std::string(operation.value);
    } else {
      map.erase(std::string(operation.key));
    }
  });
}

// Everything durable in `store` but its own key; keyspaces without keys are
// left out.
inline absl::StatusOr<Model> Dump(const Store& store) {
  Model model;
  for (const Keyspace keyspace : kDurableKeyspaces) {
    const absl::Status scanned = store.Scan(
        keyspace, "", "", [&](absl::string_view key, absl::string_view value) {
          if (keyspace != Keyspace::kMeta || key != kFormatVersionKey) {
            model[keyspace][std::string(key)] = std::string(value);
          }
          return true;
        });
    if (!scanned.ok()) return scanned;
  }
  return model;
}

inline Model WithoutEmpty(Model model) {
  for (auto it = model.begin(); it != model.end();) {
    it = it->second.empty() ? model.erase(it) : std::next(it);
  }
  return model;
}

// How `got` differs from `want`: empty if it does not.
inline std::string Difference(const Model& got, const Model& want) {
  std::string difference;
  const auto compare = [&](const Model& from, const Model& to,
                           absl::string_view what) {
    for (const auto& [keyspace, map] : from) {
      const auto other = to.find(keyspace);
      for (const auto& [key, value] : map) {
        const bool there = other != to.end() && other->second.count(key) > 0;
        if (!there) {
          absl::StrAppend(&difference, what, " ", KeyspaceName(keyspace), " ",
                          absl::CHexEscape(key), "\n");
        } else if (what == "missing" && other->second.at(key) != value) {
          absl::StrAppend(&difference, "other value at ",
                          KeyspaceName(keyspace), " ", absl::CHexEscape(key),
                          "\n");
        }
      }
    }
  };
  compare(want, got, "missing");
  compare(got, want, "unexpected");
  return difference;
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_STORE_MODEL_H_
