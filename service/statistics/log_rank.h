// The always-valid log-rank test: statistics_log_rank.proto by
// stats/anytime_log_rank.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_LOG_RANK_H_
#define STAGECRAFT_SERVICE_STATISTICS_LOG_RANK_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_log_rank.pb.h"

namespace stagecraft::service {

std::vector<Method> LogRankMethods();

absl::StatusOr<v1::TestLogRankAnytimeResponse> TestLogRankAnytime(
    const v1::TestLogRankAnytimeRequest& request);
absl::StatusOr<v1::FollowLogRankResponse> FollowLogRank(
    const v1::FollowLogRankRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_LOG_RANK_H_
