// Definitions in words: what a KPI measures, which events count.
#ifndef STAGECRAFT_CLIENTS_REPORT_DEFINITION_WORDS_H_
#define STAGECRAFT_CLIENTS_REPORT_DEFINITION_WORDS_H_

#include <string>

#include "stagecraft/v1/common.pb.h"
#include "stagecraft/v1/kpi.pb.h"

namespace stagecraft::client {

// `plan = "pro" and not (country in "DE", "FR")`. Plain text, not escaped. What
// is not set is `(nothing)`; what is nested deeper than 8 levels, the most that
// the contract allows, is `(...)`.
std::string PredicateWords(const v1::Predicate& predicate);

// `"trial_started" or "trial_resumed" where plan = "pro"`.
std::string FilterWords(const v1::EventFilter& filter);

// A sentence: `Share of units with at least one "trial_started" within 14 d of
// first exposure. More is better.`
std::string DefinitionWords(const v1::Kpi& kpi);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_DEFINITION_WORDS_H_
