#include "engine/record.h"

#include <xxhash.h>

#include <bit>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "engine/store/key_codec.h"
#include "engine/varint.h"

namespace stagecraft::engine {
namespace {

enum : char { kText = 0, kNumber = 1, kFalse = 2, kTrue = 3 };

void PutText(absl::string_view text, std::string* out) {
  AppendVarint<uint64_t>(text.size(), out);
  out->append(text.data(), text.size());
}

void PutFixed64(uint64_t value, std::string* out) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  out->append(bytes, 8);
}

// Reads from the front of `*in`; false if it ends too early.
bool GetText(absl::string_view* in, absl::string_view* text) {
  uint64_t size = 0;
  if (!TakeVarint(in, &size) || size > in->size()) return false;
  *text = in->substr(0, size);
  in->remove_prefix(size);
  return true;
}

bool GetFixed64(absl::string_view* in, uint64_t* value) {
  if (in->size() < 8) return false;
  *value = 0;
  for (int i = 0; i < 8; ++i) {
    *value |= static_cast<uint64_t>(static_cast<unsigned char>((*in)[i]))
              << (8 * i);
  }
  in->remove_prefix(8);
  return true;
}

// Reads one attribute from the front of `*in`.
bool GetAttribute(absl::string_view* in, absl::string_view* key,
                  AttributeView* value) {
  if (!GetText(in, key) || in->empty()) return false;
  const char type = in->front();
  in->remove_prefix(1);
  if (type == kText) {
    absl::string_view text;
    if (!GetText(in, &text)) return false;
    *value = text;
    return true;
  }
  if (type == kNumber) {
    uint64_t bits = 0;
    if (!GetFixed64(in, &bits)) return false;
    *value = std::bit_cast<double>(bits);
    return true;
  }
  *value = type == kTrue;
  return type == kTrue || type == kFalse;
}

}  // namespace

std::optional<AttributeView> ContentView::Find(absl::string_view key) const {
  absl::string_view rest = attributes;
  absl::string_view found;
  AttributeView value;
  while (!rest.empty() && GetAttribute(&rest, &found, &value)) {
    if (found == key) return value;
  }
  return std::nullopt;
}

void EncodeContent(absl::string_view name, const Attributes& attributes,
                   std::string* out) {
  PutText(name, out);
  for (const auto& [key, value] : attributes) {
    PutText(key, out);
    if (const auto* text = std::get_if<std::string>(&value)) {
      out->push_back(kText);
      PutText(*text, out);
    } else if (const auto* number = std::get_if<double>(&value)) {
      out->push_back(kNumber);
      PutFixed64(std::bit_cast<uint64_t>(*number), out);
    } else {
      out->push_back(std::get<bool>(value) ? kTrue : kFalse);
    }
  }
}

absl::Status DecodeContent(absl::string_view encoded, ContentView* view) {
  absl::string_view rest = encoded;
  const auto damaged = [&](absl::string_view what) {
    return absl::DataLossError(
        absl::StrCat("content of an event is damaged: ", what, " at byte ",
                     encoded.size() - rest.size(), " of ", encoded.size()));
  };
  if (!GetText(&rest, &view->name)) return damaged("no name");
  view->attributes = rest;
  absl::string_view key;
  AttributeView value;
  while (!rest.empty()) {
    if (!GetAttribute(&rest, &key, &value)) return damaged("bad attribute");
  }
  return absl::OkStatus();
}

uint64_t HashText(absl::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

std::string AliasKey(const Alias& alias) {
  const bool ordered = alias.alias_id < alias.unit_id;
  std::string key;
  AppendBytes(ordered ? alias.alias_id : alias.unit_id, &key);
  AppendBytes(ordered ? alias.unit_id : alias.alias_id, &key);
  return key;
}

absl::StatusOr<Alias> DecodeAliasKey(absl::string_view key) {
  KeyDecoder decoder(key);
  auto first = decoder.ReadBytes();
  if (!first.ok()) return first.status();
  auto second = decoder.ReadBytes();
  if (!second.ok()) return second.status();
  if (absl::Status status = decoder.Finish(); !status.ok()) return status;
  return Alias{*std::move(first), *std::move(second)};
}

}  // namespace stagecraft::engine
