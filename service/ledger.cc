#include "service/ledger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/store/key_codec.h"

namespace stagecraft::service {
namespace {

using engine::Keyspace;

constexpr uint8_t kDecisionRecord = 1;
constexpr uint8_t kAppliedRecord = 2;
constexpr absl::Duration kCancellationCheck = absl::Milliseconds(100);
// A page of decisions stays below gRPC's default limit of 4 MiB, unless one
// decision alone is larger.
constexpr size_t kMaxListBytes = size_t{3} << 20;

std::string KeyOf(uint8_t record, int64_t sequence) {
  std::string key;
  engine::AppendByte(record, &key);
  engine::AppendUint64(static_cast<uint64_t>(sequence), &key);
  return key;
}

absl::Status Damaged(absl::string_view what, int64_t sequence) {
  return absl::DataLossError(
      absl::StrCat("decision ", sequence, " of the ledger ", what));
}

absl::Status NoDecision(absl::string_view name, int64_t last) {
  return absl::NotFoundError(absl::StrCat(
      name, " does not exist; the ledger has decisions 1 to ", last));
}

std::string NameOf(absl::string_view experiment, int64_t sequence) {
  return absl::StrCat(experiment, "/decisions/", sequence);
}

}  // namespace

Ledger::Ledger(engine::Store* store, Clock clock)
    : store_(store), clock_(std::move(clock)) {}

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Load(engine::Store* store,
                                                     Clock clock) {
  std::unique_ptr<Ledger> ledger(new Ledger(store, std::move(clock)));
  const absl::Status status = ledger->ReadIndex();
  if (!status.ok()) return status;
  return ledger;
}

absl::Status Ledger::ReadIndex() {
  absl::MutexLock lock(&mutex_);
  absl::Status status;
  const auto read = [&](absl::string_view key, absl::string_view value)
                        ABSL_NO_THREAD_SAFETY_ANALYSIS {
                          status = ReadRecord(key, value);
                          return status.ok();
                        };
  for (const uint8_t record : {kDecisionRecord, kAppliedRecord}) {
    std::string begin;
    engine::AppendByte(record, &begin);
    const absl::Status scanned =
        store_->Scan(Keyspace::kLedger, begin, engine::PrefixEnd(begin), read);
    if (!scanned.ok()) return scanned;
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Ledger::ReadRecord(absl::string_view key,
                                absl::string_view value) {
  engine::KeyDecoder decoder(key);
  const auto record = decoder.ReadByte();
  if (!record.ok()) return record.status();
  const auto number = decoder.ReadUint64();
  if (!number.ok()) return number.status();
  if (absl::Status status = decoder.Finish(); !status.ok()) return status;
  const auto sequence = static_cast<int64_t>(*number);
  v1::Decision decision;
  if (!decision.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Damaged("is damaged, want a stagecraft.v1.Decision", sequence);
  }
  const auto count = static_cast<int64_t>(entries_.size());
  if (*record == kDecisionRecord) {
    if (sequence != count + 1) {
      return Damaged("is missing: its successor is there", count + 1);
    }
    if (!ParseExperimentName(decision.experiment()).ok()) {
      return Damaged("names no experiment", sequence);
    }
    AddEntry(decision.experiment(), decision.action());
    return absl::OkStatus();
  }
  if (sequence < 1 || sequence > count) {
    return Damaged("is missing, but was applied", sequence);
  }
  const auto time = ToMicros(decision.applied_time(), "applied_time");
  if (!time.ok()) return Damaged(time.status().message(), sequence);
  entries_[sequence - 1].applied = Applied{decision.applied_by(), *time};
  return absl::OkStatus();
}

void Ledger::AddEntry(const std::string& experiment,
                      v1::Decision::Action action) {
  entries_.push_back({experiment, std::nullopt});
  last_[{experiment, action}] = static_cast<int64_t>(entries_.size());
}

absl::StatusOr<v1::Decision> Ledger::Append(v1::Decision decision) {
  absl::MutexLock lock(&writer_);
  return AppendLocked(std::move(decision));
}

absl::StatusOr<std::optional<v1::Decision>> Ledger::AppendIf(
    absl::FunctionRef<absl::StatusOr<std::optional<v1::Decision>>()> make) {
  absl::MutexLock lock(&writer_);
  auto decision = make();
  if (!decision.ok() || !decision->has_value()) return decision;
  auto appended = AppendLocked(**std::move(decision));
  if (!appended.ok()) return appended.status();
  return std::optional(*std::move(appended));
}

absl::StatusOr<v1::Decision> Ledger::AppendLocked(v1::Decision decision) {
  const auto name = ParseExperimentName(decision.experiment(), "experiment");
  if (!name.ok()) return name.status();
  const int64_t sequence = last_sequence() + 1;
  *decision.mutable_create_time() = ToTimestamp(clock_());
  decision.clear_name();
  decision.clear_sequence();
  decision.clear_applied_time();
  decision.clear_applied_by();
  engine::WriteBatch batch;
  batch.Put(Keyspace::kLedger, KeyOf(kDecisionRecord, sequence),
            decision.SerializeAsString());
  const absl::Status status = store_->Write(batch);
  if (!status.ok()) return status;
  decision.set_sequence(sequence);
  decision.set_name(NameOf(decision.experiment(), sequence));
  absl::MutexLock lock(&mutex_);
  AddEntry(decision.experiment(), decision.action());
  changed_.SignalAll();
  return decision;
}

absl::StatusOr<v1::Decision> Ledger::Read(int64_t sequence) const {
  const auto value =
      store_->Get(Keyspace::kLedger, KeyOf(kDecisionRecord, sequence));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return Damaged("is missing", sequence);
  v1::Decision decision;
  if (!decision.ParseFromString(**value)) {
    return Damaged("is damaged, want a stagecraft.v1.Decision", sequence);
  }
  decision.set_sequence(sequence);
  decision.set_name(NameOf(decision.experiment(), sequence));
  absl::MutexLock lock(&mutex_);
  const std::optional<Applied>& applied = entries_[sequence - 1].applied;
  if (applied.has_value()) {
    *decision.mutable_applied_time() = ToTimestamp(applied->time);
    decision.set_applied_by(applied->by);
  }
  return decision;
}

absl::StatusOr<v1::Decision> Ledger::Get(int64_t sequence) const {
  const int64_t last = last_sequence();
  if (sequence < 1 || sequence > last) {
    return NoDecision(absl::StrCat("decision ", sequence), last);
  }
  return Read(sequence);
}

absl::StatusOr<v1::Decision> Ledger::Get(const DecisionName& name) const {
  const int64_t last = last_sequence();
  const std::string experiment =
      ToText(ExperimentName{name.journey, name.experiment});
  {
    absl::MutexLock lock(&mutex_);
    if (name.sequence < 1 || name.sequence > last ||
        entries_[name.sequence - 1].experiment != experiment) {
      return NoDecision(ToText(name), last);
    }
  }
  return Read(name.sequence);
}

absl::StatusOr<std::vector<v1::Decision>> Ledger::List(
    const ExperimentPattern& pattern, int64_t after, int limit,
    bool* more) const {
  *more = false;
  std::vector<v1::Decision> decisions;
  size_t bytes = 0;
  for (int64_t at = std::max<int64_t>(after, 0);;) {
    at = NextMatch(pattern, at);
    if (at == 0) return decisions;
    if (static_cast<int>(decisions.size()) >= limit) break;
    auto decision = Read(at);
    if (!decision.ok()) return decision.status();
    const size_t size = decision->ByteSizeLong();
    if (!decisions.empty() && bytes + size > kMaxListBytes) break;
    bytes += size;
    decisions.push_back(*std::move(decision));
  }
  *more = true;
  return decisions;
}

int64_t Ledger::NextMatch(const ExperimentPattern& pattern,
                          int64_t after) const {
  absl::MutexLock lock(&mutex_);
  for (size_t i = static_cast<size_t>(after); i < entries_.size(); ++i) {
    if (pattern.Matches(entries_[i].experiment)) {
      return static_cast<int64_t>(i) + 1;
    }
  }
  return 0;
}

absl::StatusOr<std::optional<v1::Decision>> Ledger::LastOf(
    absl::string_view experiment, v1::Decision::Action action) const {
  int64_t sequence = 0;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = last_.find({std::string(experiment), action});
    if (it == last_.end()) return std::optional<v1::Decision>();
    sequence = it->second;
  }
  auto decision = Read(sequence);
  if (!decision.ok()) return decision.status();
  return std::optional(*std::move(decision));
}

absl::StatusOr<v1::Decision> Ledger::Acknowledge(const DecisionName& name,
                                                 absl::string_view applied_by,
                                                 engine::Micros applied_time) {
  absl::MutexLock lock(&writer_);
  auto decision = Get(name);
  if (!decision.ok() || decision->has_applied_time()) return decision;
  v1::Decision record;
  record.set_applied_by(std::string(applied_by));
  *record.mutable_applied_time() = ToTimestamp(applied_time);
  engine::WriteBatch batch;
  batch.Put(Keyspace::kLedger, KeyOf(kAppliedRecord, name.sequence),
            record.SerializeAsString());
  const absl::Status status = store_->Write(batch);
  if (!status.ok()) return status;
  {
    absl::MutexLock index(&mutex_);
    entries_[name.sequence - 1].applied =
        Applied{std::string(applied_by), applied_time};
  }
  decision->MergeFrom(record);
  return decision;
}

int64_t Ledger::last_sequence() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int64_t>(entries_.size());
}

bool Ledger::WaitFor(int64_t after, absl::Time deadline,
                     absl::FunctionRef<bool()> is_cancelled) const {
  absl::MutexLock lock(&mutex_);
  while (true) {
    if (stopped_) return false;
    if (static_cast<int64_t>(entries_.size()) > after) return true;
    const absl::Time now = absl::Now();
    if (now >= deadline || is_cancelled()) return false;
    changed_.WaitWithDeadline(&mutex_,
                              std::min(deadline, now + kCancellationCheck));
  }
}

void Ledger::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  changed_.SignalAll();
}

bool Ledger::stopped() const {
  absl::MutexLock lock(&mutex_);
  return stopped_;
}

}  // namespace stagecraft::service
