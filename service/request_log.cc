#include "service/request_log.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/hash.h"
#include "engine/store/key_codec.h"
#include "engine/text.h"
#include "service/etag.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::engine::KeyDecoder;
using ::stagecraft::engine::Keyspace;
using ::stagecraft::engine::Quote;

constexpr uint8_t kVersion = 1;

std::string KeyPrefix(absl::string_view service) {
  return absl::StrCat(kRequestKeyPrefix, service, "/");
}

std::string KeyOf(absl::string_view service, uint64_t sequence) {
  std::string key = KeyPrefix(service);
  engine::AppendUint64(sequence, &key);
  return key;
}

uint64_t FingerprintOf(const Call& call) {
  // The method belongs to it: requests of several methods look alike.
  const uint64_t request = Fingerprint(*call.request);
  return engine::HashBytes(absl::StrCat(call.method, "\n", request));
}

struct Decoded {
  std::string request_id;
  uint64_t fingerprint = 0;
  std::string answer;
};

absl::StatusOr<Decoded> Decode(absl::string_view key, absl::string_view value) {
  KeyDecoder decoder(value);
  const absl::StatusOr<uint8_t> version = decoder.ReadByte();
  if (version.ok() && *version > kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the document at ", Quote(key), " is of version ",
                     int{*version}, ", want at most ", int{kVersion},
                     ": it was written by a newer program"));
  }
  if (version.ok() && *version == kVersion) {
    absl::StatusOr<std::string> request_id = decoder.ReadBytes();
    const absl::StatusOr<uint64_t> fingerprint = decoder.ReadUint64();
    if (request_id.ok() && fingerprint.ok()) {
      return Decoded{*std::move(request_id), *fingerprint,
                     std::string(decoder.rest())};
    }
  }
  return absl::DataLossError(absl::StrCat("the document at ", Quote(key),
                                          " is damaged, want the record of a "
                                          "request"));
}

}  // namespace

absl::Status RequestLog::Load(absl::string_view key, absl::string_view value) {
  const absl::string_view rest = key.substr(kRequestKeyPrefix.size());
  const size_t slash = rest.find('/');
  if (slash != absl::string_view::npos) {
    KeyDecoder decoder(rest.substr(slash + 1));
    const absl::StatusOr<uint64_t> sequence = decoder.ReadUint64();
    if (sequence.ok() && decoder.done()) {
      absl::StatusOr<Decoded> decoded = Decode(key, value);
      if (!decoded.ok()) return decoded.status();
      OfService& service = services_[std::string(rest.substr(0, slash))];
      service.entries[decoded->request_id] = {*sequence, decoded->fingerprint};
      service.by_sequence[*sequence] = decoded->request_id;
      service.next_sequence = *sequence + 1;
      return absl::OkStatus();
    }
  }
  return absl::DataLossError(
      absl::StrCat("the key ", Quote(key),
                   " is damaged, want requests/{service}/{sequence}"));
}

absl::StatusOr<std::optional<std::string>> RequestLog::Find(
    const Call& call, const engine::Store& store) const {
  if (call.request_id.empty()) return std::nullopt;
  absl::Status status = engine::ValidateText(call.request_id, "request_id", 1,
                                             kMaxRequestIdBytes);
  if (!status.ok()) return status;
  const auto service = services_.find(std::string(call.service));
  if (service == services_.end()) return std::nullopt;
  const auto entry = service->second.entries.find(std::string(call.request_id));
  if (entry == service->second.entries.end()) return std::nullopt;
  if (entry->second.fingerprint != FingerprintOf(call)) {
    return absl::InvalidArgumentError(
        absl::StrCat("request_id is ", Quote(call.request_id),
                     ", which another request of this service had, want a new "
                     "one for each request that is not a repetition"));
  }
  const std::string key = KeyOf(call.service, entry->second.sequence);
  const absl::StatusOr<std::optional<std::string>> value =
      store.Get(Keyspace::kDocuments, key);
  if (!value.ok()) return value.status();
  if (!value->has_value()) {
    return absl::DataLossError(absl::StrCat("the document at ", Quote(key),
                                            " is missing, want the record of "
                                            "a request"));
  }
  absl::StatusOr<Decoded> decoded = Decode(key, **value);
  if (!decoded.ok()) return decoded.status();
  return std::move(decoded->answer);
}

void RequestLog::Store(const Call& call, absl::string_view answer,
                       engine::WriteBatch* batch) const {
  if (call.request_id.empty()) return;
  uint64_t sequence = 1;
  const auto service = services_.find(std::string(call.service));
  if (service != services_.end()) {
    sequence = service->second.next_sequence;
    size_t count = service->second.by_sequence.size();
    for (const auto& [old, request_id] : service->second.by_sequence) {
      if (count < capacity_) break;
      batch->Delete(Keyspace::kDocuments, KeyOf(call.service, old));
      --count;
    }
  }
  std::string value;
  engine::AppendByte(kVersion, &value);
  engine::AppendBytes(call.request_id, &value);
  engine::AppendUint64(FingerprintOf(call), &value);
  absl::StrAppend(&value, answer);
  batch->Put(Keyspace::kDocuments, KeyOf(call.service, sequence), value);
}

void RequestLog::Remember(const Call& call) {
  if (call.request_id.empty()) return;
  OfService& service = services_[std::string(call.service)];
  while (!service.by_sequence.empty() &&
         service.by_sequence.size() >= capacity_) {
    service.entries.erase(service.by_sequence.begin()->second);
    service.by_sequence.erase(service.by_sequence.begin());
  }
  const uint64_t sequence = service.next_sequence++;
  service.entries[std::string(call.request_id)] = {sequence,
                                                   FingerprintOf(call)};
  service.by_sequence[sequence] = std::string(call.request_id);
}

}  // namespace stagecraft::service
