// The decisions that looks append to the ledger, and how they are verified.
#include <functional>
#include <string>
#include <vector>

#include "engine/store/key_codec.h"
#include "service/looks.h"
#include "tests/service/looks_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class DecisionsTest : public LooksFixture {
 protected:
  DecisionsTest() {
    Put(VisitsExperiment());
    IngestMails(kFewMails);
  }

  std::string StoredKey(uint64_t sequence) {
    std::string key;
    engine::AppendByte(1, &key);
    engine::AppendUint64(sequence, &key);
    return key;
  }
  // Changes a stored decision behind the ledger's back.
  void Tamper(uint64_t sequence,
              const std::function<void(v1::Decision*)>& change) {
    const auto bytes =
        store_->Get(engine::Keyspace::kLedger, StoredKey(sequence));
    ASSERT_THAT(bytes, IsOk());
    v1::Decision decision;
    ASSERT_TRUE(decision.ParseFromString(**bytes));
    change(&decision);
    engine::WriteBatch batch;
    batch.Put(engine::Keyspace::kLedger, StoredKey(sequence),
              decision.SerializeAsString());
    ASSERT_THAT(store_->Write(batch), IsOk());
    LoadLedger();
  }
};

TEST_F(DecisionsTest, ANewVerdictIsAppendedOnce) {
  const auto first = looks_->Evaluate(kMailName);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->verdict().kind(), v1::Verdict::WINNER);
  EXPECT_EQ(first->as_of().seconds(), now_ / engine::kSecond);
  ASSERT_TRUE(first->has_decision());
  EXPECT_EQ(first->decision().name(),
            "journeys/mail/experiments/men/decisions/1");
  EXPECT_EQ(first->decision().action(), v1::Decision::VERDICT_REACHED);
  EXPECT_EQ(first->decision().revision(), 2);
  EXPECT_EQ(first->decision().verdict().SerializeAsString(),
            first->verdict().SerializeAsString());
  now_ += engine::kDay;
  const auto again = looks_->Evaluate(kMailName);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->verdict().kind(), v1::Verdict::WINNER);
  EXPECT_FALSE(again->has_decision());
  // Also after a restart.
  LoadLedger();
  EXPECT_FALSE(looks_->Evaluate(kMailName)->has_decision());
  EXPECT_EQ(ledger_->last_sequence(), 1);
}

TEST_F(DecisionsTest, AChangedVerdictIsAppended) {
  ASSERT_TRUE(looks_->Evaluate(kMailName)->has_decision());
  // Another 300 units without a mail: a mismatch of the sample ratio.
  std::vector<engine::Event> events;
  for (int i = 0; i < 300; ++i) {
    events.push_back(engine::MakeExposure(absl::StrCat("late", i), kMailName,
                                          "none", kStart + engine::kDay, {}));
  }
  Ingest(events);
  const auto changed = looks_->Evaluate(kMailName);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->verdict().kind(), v1::Verdict::INVALID);
  EXPECT_EQ(changed->verdict().reasons(0).code(),
            v1::Reason::SAMPLE_RATIO_MISMATCH);
  EXPECT_EQ(changed->decision().sequence(), 2);
}

TEST_F(DecisionsTest, NothingIsAppendedWhileCollectingOrAfterTheEnd) {
  const auto early = looks_->Evaluate(kMailName, kStart + engine::kDay);
  ASSERT_THAT(early, IsOk());
  EXPECT_EQ(early->verdict().kind(), v1::Verdict::COLLECTING);
  EXPECT_FALSE(early->has_decision());
  v1::Experiment concluded = VisitsExperiment();
  concluded.set_state(v1::Experiment::CONCLUDED);
  *concluded.mutable_end_time() = ToTimestamp(now_);
  Put(concluded);
  const auto late = looks_->Evaluate(kMailName);
  ASSERT_THAT(late, IsOk());
  EXPECT_EQ(late->verdict().kind(), v1::Verdict::WINNER);
  EXPECT_FALSE(late->has_decision());
  EXPECT_EQ(ledger_->last_sequence(), 0);
}

TEST_F(DecisionsTest, AnotherExperimentOfTheSameNameBeginsAnew) {
  ASSERT_TRUE(looks_->Evaluate(kMailName)->has_decision());
  v1::Experiment again = VisitsExperiment();
  *again.mutable_create_time() = ToTimestamp(kStart);
  Put(again);
  EXPECT_TRUE(looks_->Evaluate(kMailName)->has_decision());
}

TEST_F(DecisionsTest, AFullDiskIsSaidAndTheNextLookAppends) {
  store_->FailWrites({.status = absl::ResourceExhaustedError("disk full")});
  EXPECT_THAT(
      looks_->Evaluate(kMailName),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("disk full")));
  EXPECT_TRUE(looks_->Evaluate(kMailName)->has_decision());
}

TEST_F(DecisionsTest, VerdictsAreDerivedAgainBitForBit) {
  ASSERT_TRUE(looks_->Evaluate(kMailName)->has_decision());
  v1::Experiment concluded = VisitsExperiment();
  concluded.set_state(v1::Experiment::CONCLUDED);
  concluded.set_layer("layers/mail");  // Its buckets are not in the evidence.
  *concluded.mutable_end_time() = ToTimestamp(now_);
  const auto record =
      looks_->Record(v1::Decision::CONCLUDED, concluded, now_, "done", "");
  ASSERT_THAT(record, IsOk());
  EXPECT_EQ(record->comment(), "done");
  EXPECT_EQ(record->action(), v1::Decision::CONCLUDED);
  const auto roll_out =
      looks_->Record(v1::Decision::ROLLED_OUT, concluded, now_, "", "mens");
  ASSERT_THAT(roll_out, IsOk());
  EXPECT_EQ(roll_out->rolled_out_variant(), "mens");
  // Whatever is ingested later does not matter.
  Ingest({engine::MakeExposure("late", kMailName, "none", kStart, {})});
  LoadLedger();
  for (int sequence = 1; sequence <= 3; ++sequence) {
    const auto verified = looks_->VerifyDecision(
        absl::StrCat(kMailName, "/decisions/", sequence));
    ASSERT_THAT(verified, IsOk());
    EXPECT_TRUE(verified->matches()) << sequence;
    EXPECT_EQ(verified->derived().kind(), v1::Verdict::WINNER);
  }
  EXPECT_THAT(looks_->VerifyDecision(absl::StrCat(kMailName, "/decisions/4")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("exist")));
  EXPECT_THAT(looks_->VerifyDecision("4"),
              StatusIs(kInvalid, HasSubstr("name is \"4\"")));
}

TEST_F(DecisionsTest, TamperingIsNoticed) {
  ASSERT_TRUE(looks_->Evaluate(kMailName)->has_decision());
  const std::string name = absl::StrCat(kMailName, "/decisions/1");
  const v1::Decision original = *ledger_->Get(1);
  const auto verify_after =
      [&](const std::function<void(v1::Decision*)>& change) {
        Tamper(1, [&](v1::Decision* decision) {
          *decision = original;
          decision->clear_name();
          decision->clear_sequence();
          change(decision);
        });
        return looks_->VerifyDecision(name);
      };
  EXPECT_TRUE(verify_after([](v1::Decision*) {})->matches());
  // A word, a number of a sentence, the order of reasons.
  EXPECT_FALSE(
      verify_after([](v1::Decision* d) {
        d->mutable_verdict()->mutable_reasons(0)->mutable_message()->append(
            " ");
      })->matches());
  EXPECT_FALSE(verify_after([](v1::Decision* d) {
                 d->mutable_verdict()->set_variant("none");
               })->matches());
  // Fewer visits of the treatment than were counted, so that it no longer wins.
  const auto fewer = verify_after([](v1::Decision* d) {
    v1::TallyRecord* tally = d->mutable_evidence()->mutable_tallies(1);
    ASSERT_EQ(tally->variant(), "mens");
    tally->mutable_sums(0)->set_low(80u * 1'000'000u);
  });
  ASSERT_THAT(fewer, IsOk());
  EXPECT_FALSE(fewer->matches());
  EXPECT_NE(fewer->derived().kind(), v1::Verdict::WINNER);
  EXPECT_FALSE(verify_after([](v1::Decision* d) {
                 d->mutable_evidence()->set_units(0, 500);
               })->matches());
  EXPECT_FALSE(verify_after([](v1::Decision* d) {
                 d->mutable_evidence()
                     ->mutable_experiment()
                     ->mutable_plan()
                     ->set_minimum_units(900);
               })->matches());
  // What does not fit together has no verdict.
  EXPECT_THAT(verify_after([](v1::Decision* d) {
                d->mutable_evidence()->mutable_tallies()->RemoveLast();
              }),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is missing")));
  EXPECT_THAT(
      verify_after([](v1::Decision* d) { d->clear_evidence(); }),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("evidence.experiment")));
}

}  // namespace
}  // namespace stagecraft::service
