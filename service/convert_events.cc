#include "service/convert_events.h"

#include "absl/strings/str_cat.h"
#include "engine/record.h"
#include "service/convert_time.h"
#include "service/wire/content_key.h"

namespace stagecraft::service {
namespace {

engine::Micros LatestTime(const EventTimeLimit& limit) {
  // The clock may stand anywhere: no arithmetic on cut times.
  const absl::Time latest = limit.now + limit.max_lead;
  if (latest >= ToTime(engine::kMaxTime)) return engine::kMaxTime;
  if (latest < absl::UnixEpoch()) return -1;
  return absl::ToUnixMicros(latest);
}

}  // namespace

absl::Status EventTimeLimit::Check(engine::Micros time) const {
  // The clock may stand anywhere: no arithmetic on cut times.
  if (ToTime(time) <= now + max_lead) return absl::OkStatus();
  const auto text = [](absl::Time moment) {
    return absl::FormatTime(absl::RFC3339_full, moment, absl::UTCTimeZone());
  };
  return absl::InvalidArgumentError(
      absl::StrCat("time is ", text(ToTime(time)), ", want at most ",
                   absl::FormatDuration(max_lead),
                   " after the server's time, which is ", text(now)));
}

KeptContent ToKept(const v1::EventContent& content) {
  KeptContent kept;
  const auto attributes = ToEngine(content.attributes());
  kept.bad = attributes.ok()
                 ? engine::ValidateContent(content.name(), *attributes)
                 : attributes.status();
  if (kept.bad.ok()) {
    engine::EncodeContent(content.name(), *attributes, &kept.encoded);
  }
  return kept;
}

EventConverter::EventConverter(const EventTimeLimit& limit,
                               engine::EventBatch* batch)
    : limit_(limit), latest_(LatestTime(limit)), batch_(batch) {}

absl::Status EventConverter::CheckTime(engine::Micros time) const {
  if (time >= 0 && time <= latest_) return absl::OkStatus();
  if (time < 0 || time > engine::kMaxTime) {
    return absl::InvalidArgumentError(
        absl::StrCat("time is ", time, " microseconds after 1970, want 0 to ",
                     engine::kMaxTime, " (2200-01-01T00:00:00Z)"));
  }
  return limit_.Check(time);
}

absl::StatusOr<uint32_t> EventConverter::AddContent(
    const std::string& name, const AttributeMap& attributes) {
  key_.clear();
  AppendContentKey(name, attributes, &key_);
  const auto known = contents_.find(key_);
  if (known != contents_.end()) return known->second;
  const auto converted = ToEngine(attributes);
  if (!converted.ok()) return converted.status();
  const auto content = batch_->AddContent(name, *converted);
  if (content.ok()) contents_.emplace(key_, *content);
  return content;
}

absl::StatusOr<uint32_t> EventConverter::AddContent(
    const KeptContent& content) {
  if (!content.bad.ok()) return content.bad;
  // However often it is referred to, it is looked at once.
  const auto [it, is_new] = kept_contents_.try_emplace(&content);
  if (is_new) it->second = batch_->AddStoredContent(content.encoded);
  return it->second;
}

absl::Status EventConverter::Add(const v1::Event& event) {
  if (!event.has_time()) {
    return absl::InvalidArgumentError(
        "time is missing, want when it happened, 1970 to 2200");
  }
  const auto time = ToMicros(event.time(), "time");
  if (!time.ok()) return time.status();
  engine::EventBatch::Item item;
  item.time = *time;
  if (event.has_value()) {
    item.has_value = true;
    if (absl::Status status =
            engine::ToMicroValue(event.value(), "value", &item.value);
        !status.ok()) {
      return status;
    }
  }
  const auto content = AddContent(event.name(), event.attributes());
  if (!content.ok()) return content.status();
  if (absl::Status status = CheckTime(*time); !status.ok()) return status;
  const auto unit = batch_->AddUnit(event.unit_id());
  if (!unit.ok()) return unit.status();
  item.unit = *unit;
  item.content = *content;
  item.event_id = event.event_id();
  return batch_->AddItem(item);
}

engine::Alias ToEngine(const v1::Alias& alias) {
  return {alias.alias_id(), alias.unit_id()};
}

}  // namespace stagecraft::service
