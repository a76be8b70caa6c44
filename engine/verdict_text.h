// Parts of the sentences in which a verdict gives its reasons.
#ifndef STAGECRAFT_ENGINE_VERDICT_TEXT_H_
#define STAGECRAFT_ENGINE_VERDICT_TEXT_H_

#include <string>

#include "engine/analysis.h"

namespace stagecraft::engine {

std::string Percent(double fraction);        // `1.20 %`.
std::string SignedPercent(double fraction);  // `+1.20 %`.
std::string Days(Micros duration);           // `3.5 days`.

// `+1.20 %`, or the difference if there is no relative one. There is a
// difference.
std::string ChangeText(const ComparisonAnalysis& comparison);

// `look 2 of 5: `, or nothing.
std::string LookText(const ComparisonAnalysis& comparison);

// How a guardrail stands. There is an answer of it.
std::string GuardrailText(const ComparisonAnalysis& comparison);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_VERDICT_TEXT_H_
