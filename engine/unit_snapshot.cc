#include "engine/unit_snapshot.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace stagecraft::engine {
namespace {

void Put(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = 0; i < bytes; ++i) {
    out->push_back(static_cast<char>(value >> (8 * i)));
  }
}

bool Get(absl::string_view* in, size_t bytes, uint64_t* value) {
  if (in->size() < bytes) return false;
  *value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    *value |= static_cast<uint64_t>(static_cast<unsigned char>((*in)[i]))
              << (8 * i);
  }
  in->remove_prefix(bytes);
  return true;
}

bool GetText(absl::string_view* in, uint64_t size, absl::string_view* text) {
  if (size > in->size()) return false;
  *text = in->substr(0, size);
  in->remove_prefix(size);
  return true;
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("snapshot is damaged: ", what, " ends too early"));
}

}  // namespace

std::string EncodeHead(const SnapshotHead& head) {
  std::string out;
  Put(kSnapshotVersion, 4, &out);
  Put(head.file, 8, &out);
  Put(head.follows, 8, &out);
  Put(head.position, 8, &out);
  Put(head.anchor, 8, &out);
  Put(head.anchor_hash, 8, &out);
  Put(static_cast<uint64_t>(head.newest), 8, &out);
  Put(static_cast<uint64_t>(head.events), 8, &out);
  Put(static_cast<uint64_t>(head.cutoff), 8, &out);
  Put(head.exact ? 1 : 0, 1, &out);
  return out;
}

absl::StatusOr<SnapshotHead> DecodeHead(absl::string_view bytes) {
  SnapshotHead head;
  uint64_t version = 0;
  uint64_t newest = 0;
  uint64_t events = 0;
  uint64_t cutoff = 0;
  uint64_t exact = 0;
  if (!Get(&bytes, 4, &version)) return Damaged("its head");
  if (version != kSnapshotVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "snapshot has version ", version, ", want ", kSnapshotVersion));
  }
  if (!Get(&bytes, 8, &head.file) || !Get(&bytes, 8, &head.follows) ||
      !Get(&bytes, 8, &head.position) || !Get(&bytes, 8, &head.anchor) ||
      !Get(&bytes, 8, &head.anchor_hash) || !Get(&bytes, 8, &newest) ||
      !Get(&bytes, 8, &events) || !Get(&bytes, 8, &cutoff) ||
      !Get(&bytes, 1, &exact) || exact > 1 || !bytes.empty()) {
    return Damaged("its head");
  }
  head.newest = static_cast<Micros>(newest);
  head.events = static_cast<int64_t>(events);
  head.cutoff = static_cast<Micros>(cutoff);
  head.exact = exact == 1;
  return head;
}

std::string EncodeTalliesHead(const TalliesHead& head) {
  std::string out;
  Put(head.fingerprint, 8, &out);
  Put(head.bytes, 8, &out);
  Put(head.whole ? 1 : 0, 1, &out);
  return out + head.name;
}

absl::StatusOr<TalliesHead> DecodeTalliesHead(absl::string_view bytes) {
  TalliesHead head;
  uint64_t whole = 0;
  if (!Get(&bytes, 8, &head.fingerprint) || !Get(&bytes, 8, &head.bytes) ||
      !Get(&bytes, 1, &whole) || whole > 1) {
    return Damaged("a head of tallies");
  }
  head.whole = whole == 1;
  head.name = std::string(bytes);
  return head;
}

void AppendText(absl::string_view text, std::string* frame) {
  Put(text.size(), 4, frame);
  frame->append(text.data(), text.size());
}

absl::Status ForEachTextOf(
    absl::string_view frame,
    absl::FunctionRef<absl::Status(absl::string_view text)> fn) {
  while (!frame.empty()) {
    uint64_t size = 0;
    absl::string_view text;
    if (!Get(&frame, 4, &size) || !GetText(&frame, size, &text)) {
      return Damaged("a text");
    }
    if (absl::Status status = fn(text); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::engine
