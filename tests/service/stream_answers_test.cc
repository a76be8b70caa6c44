#include "service/stream_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::_;

EventBatch::Result Stored(int64_t stored, int rejected = 0) {
  EventBatch::Result result;
  result.stored = stored;
  result.duplicates = 10 * stored;
  result.rejected = rejected;
  for (int i = 0; i < rejected; ++i) {
    v1::IngestOutcome& outcome = result.outcomes.emplace_back();
    outcome.set_index(i);
    outcome.set_status(v1::IngestOutcome::REJECTED);
  }
  result.outcomes.emplace_back().set_status(v1::IngestOutcome::DUPLICATE);
  return result;
}

GroupAnswer Answer(std::vector<int64_t> sequences,
                   std::vector<EventBatch::Result> results,
                   absl::Status failed = absl::OkStatus()) {
  return {MakeAnswers(sequences, std::move(results)), std::move(failed)};
}

void ExpectFirst(StreamAnswers* answers, int64_t acknowledged, int64_t stored,
                 int64_t rejected, int rejections) {
  ASSERT_GT(answers->ready(), 0);
  const v1::StreamEventsResponse first = answers->TakeFirst();
  EXPECT_EQ(first.acknowledged_sequence(), acknowledged);
  EXPECT_EQ(first.stored_count(), stored);
  EXPECT_EQ(first.duplicate_count(), 10 * stored);
  EXPECT_EQ(first.rejected_count(), rejected);
  EXPECT_EQ(first.rejections_size(), rejections);
}

TEST(StreamAnswersTest, CountsFromTheBeginningInOrder) {
  StreamAnswers answers;
  const int64_t first = answers.Begin();
  answers.End(first, Answer({1}, {Stored(5, 1)}));
  ExpectFirst(&answers, 1, 5, 1, 1);
  const int64_t second = answers.Begin();
  const int64_t third = answers.Begin();
  const int64_t fourth = answers.Begin();
  answers.End(third, Answer({4}, {Stored(100, 3)}));
  EXPECT_EQ(answers.ready(), 0);
  EXPECT_EQ(answers.open(), 3);
  answers.End(second, Answer({2, 3}, {Stored(10), Stored(20, 2)}));
  EXPECT_EQ(answers.open(), 1);
  ASSERT_EQ(answers.ready(), 1);  // Nobody has taken the first of them yet.
  ExpectFirst(&answers, 4, 135, 6, 5);
  answers.End(fourth, Answer({5}, {Stored(1)}));
  ExpectFirst(&answers, 5, 136, 6, 0);
  EXPECT_EQ(answers.open() + answers.ready(), 0);
}

TEST(StreamAnswersTest, BoundsRejectionsAndAcknowledgesWithTheLastOfABatch) {
  StreamAnswers answers;
  answers.End(answers.Begin(), Answer({1}, {Stored(7)}));
  ExpectFirst(&answers, 1, 7, 0, 0);
  const int64_t group = answers.Begin();
  answers.End(group, Answer({2, 3}, {Stored(1, 6'000), Stored(2, 18'000)}));
  ASSERT_EQ(answers.ready(), 3);
  ExpectFirst(&answers, 2, 8, 6'000, 10'000);
  ExpectFirst(&answers, 2, 8, 6'000, 10'000);
  ExpectFirst(&answers, 3, 10, 24'000, 4'000);
  answers.End(answers.Begin(), Answer({4}, {Stored(1, 6'000)}));
  answers.End(answers.Begin(), Answer({5}, {Stored(1, 4'000)}));
  answers.End(answers.Begin(), Answer({6}, {Stored(1, 1)}));
  ASSERT_EQ(answers.ready(), 2);
  ExpectFirst(&answers, 5, 12, 34'000, 10'000);
  ExpectFirst(&answers, 6, 13, 34'001, 1);
}

// A batch whose first message acknowledges nothing keeps what was acknowledged.
TEST(StreamAnswersTest, KeepsWhatWasAcknowledged) {
  StreamAnswers answers;
  answers.End(answers.Begin(), Answer({1}, {Stored(7)}));
  answers.TakeFirst();
  answers.End(answers.Begin(), Answer({2}, {Stored(1, 10'001)}));
  ASSERT_EQ(answers.ready(), 2);
  ExpectFirst(&answers, 1, 7, 0, 10'000);
  ExpectFirst(&answers, 2, 8, 10'001, 1);
}

TEST(StreamAnswersTest, SaysNothingOfWhatComesAfterAFailure) {
  StreamAnswers answers;
  const int64_t first = answers.Begin();
  const int64_t second = answers.Begin();
  const int64_t third = answers.Begin();
  answers.End(third, Answer({4}, {Stored(100)}));
  answers.End(second, Answer({3}, {Stored(10)},
                             absl::InvalidArgumentError("batch 4 is wrong")));
  EXPECT_THAT(answers.failed(), IsOk());
  EXPECT_EQ(answers.ready(), 0);
  answers.End(first, Answer({1, 2}, {Stored(1), Stored(2)}));
  EXPECT_THAT(answers.failed(),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_EQ(answers.open(), 0);
  ASSERT_EQ(answers.ready(), 1);
  ExpectFirst(&answers, 3, 13, 0, 0);
  answers.End(answers.Begin(), Answer({5}, {Stored(1)}));
  EXPECT_EQ(answers.ready(), 0);
}

TEST(StreamAnswersTest, AFailureWithoutMessages) {
  StreamAnswers answers;
  answers.End(answers.Begin(), {{}, absl::UnavailableError("no disk")});
  EXPECT_THAT(answers.failed(), StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(answers.ready() + answers.open(), 0);
}

}  // namespace
}  // namespace stagecraft::service
