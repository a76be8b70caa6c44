#include "clients/report/definition_words.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/report/format.h"

namespace stagecraft::client {
namespace {

constexpr int kDeepest = 8;

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", text, "\"");
}

// The shortest of 15 and 17 significant digits that is the same number.
std::string ShortestNumber(double value) {
  const std::string text = absl::StrFormat("%.15g", value);
  double again = 0;
  if (absl::SimpleAtod(text, &again) && again == value) return text;
  return absl::StrFormat("%.17g", value);
}

std::string ValueWords(const v1::AttributeValue& value) {
  switch (value.kind_case()) {
    case v1::AttributeValue::kStringValue:
      return Quoted(value.string_value());
    case v1::AttributeValue::kNumberValue:
      return ShortestNumber(value.number_value());
    case v1::AttributeValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    default:
      return "(nothing)";
  }
}

std::string OperatorWords(v1::Condition::Operator op) {
  switch (op) {
    case v1::Condition::EQUALS:
      return "=";
    case v1::Condition::NOT_EQUALS:
      return "\xE2\x89\xA0";
    case v1::Condition::IN:
      return "is one of";
    case v1::Condition::NOT_IN:
      return "is none of";
    case v1::Condition::LESS:
      return "<";
    case v1::Condition::LESS_OR_EQUAL:
      return "\xE2\x89\xA4";
    case v1::Condition::GREATER:
      return ">";
    case v1::Condition::GREATER_OR_EQUAL:
      return "\xE2\x89\xA5";
    case v1::Condition::STARTS_WITH:
      return "begins with";
    case v1::Condition::CONTAINS:
      return "holds";
    case v1::Condition::EXISTS:
      return "is present";
    case v1::Condition::NOT_EXISTS:
      return "is absent";
    default:
      return absl::StrCat("(operator ", static_cast<int>(op), ")");
  }
}

std::string ConditionWords(const v1::Condition& condition) {
  std::string text = absl::StrCat(condition.attribute(), " ",
                                  OperatorWords(condition.operator_()));
  for (int i = 0; i < condition.values_size(); ++i) {
    absl::StrAppend(&text, i > 0 ? ", " : " ", ValueWords(condition.values(i)));
  }
  return text;
}

std::string Words(const v1::Predicate& predicate, int level);

std::string ListWords(const v1::Predicate::List& list, absl::string_view word,
                      int level) {
  if (list.predicates().empty()) return "(nothing)";
  std::string text;
  for (int i = 0; i < list.predicates_size(); ++i) {
    if (i > 0) absl::StrAppend(&text, " ", word, " ");
    const v1::Predicate& part = list.predicates(i);
    const bool nested = part.has_all_of() || part.has_any_of();
    const std::string words = Words(part, level + 1);
    absl::StrAppend(&text, nested ? "(" : "", words, nested ? ")" : "");
  }
  return text;
}

std::string Words(const v1::Predicate& predicate, int level) {
  if (level > kDeepest) return "(...)";
  switch (predicate.kind_case()) {
    case v1::Predicate::kCondition:
      return ConditionWords(predicate.condition());
    case v1::Predicate::kAllOf:
      return ListWords(predicate.all_of(), "and", level);
    case v1::Predicate::kAnyOf:
      return ListWords(predicate.any_of(), "or", level);
    case v1::Predicate::kNot:
      return absl::StrCat("not (", Words(predicate.not_(), level + 1), ")");
    default:
      return "(nothing)";
  }
}

bool IsPositive(const google::protobuf::Duration& duration) {
  return duration.seconds() > 0 || duration.nanos() > 0;
}

// `within 14 d of first exposure`.
std::string WindowWords(const v1::Kpi& kpi) {
  const bool delayed = IsPositive(kpi.delay());
  if (!kpi.has_length()) {
    return delayed ? absl::StrCat("from ", FormatDuration(kpi.delay()),
                                  " after first exposure up to the look")
                   : "from first exposure up to the look";
  }
  return delayed ? absl::StrCat("in the ", FormatDuration(kpi.length()),
                                " that begin ", FormatDuration(kpi.delay()),
                                " after first exposure")
                 : absl::StrCat("within ", FormatDuration(kpi.length()),
                                " of first exposure");
}

std::string CapWords(bool present, double cap) {
  return present ? absl::StrCat(", at most ", FormatNumber(cap), " a unit")
                 : "";
}

std::string TermWords(const v1::Kpi::Ratio::Term& term) {
  return absl::StrCat(
      term.sum_values() ? "sum of the values of " : "number of ",
      FilterWords(term.events()));
}

std::string Measure(const v1::Kpi& kpi) {
  switch (kpi.definition_case()) {
    case v1::Kpi::kConversion:
      return absl::StrCat("Share of units with at least one ",
                          FilterWords(kpi.conversion().events()));
    case v1::Kpi::kDropOff:
      return absl::StrCat("Share of units without any ",
                          FilterWords(kpi.drop_off().events()));
    case v1::Kpi::kCount:
      return absl::StrCat(
          "Number of ", FilterWords(kpi.count().events()), " per unit",
          CapWords(kpi.count().has_unit_cap(), kpi.count().unit_cap()), ",");
    case v1::Kpi::kValueSum:
      return absl::StrCat(
          "Sum of the values of ", FilterWords(kpi.value_sum().events()),
          " per unit",
          CapWords(kpi.value_sum().has_unit_cap(), kpi.value_sum().unit_cap()),
          ",");
    case v1::Kpi::kRatio:
      return absl::StrCat("Ratio: ", TermWords(kpi.ratio().numerator()),
                          ", divided by ", TermWords(kpi.ratio().denominator()),
                          ",");
    case v1::Kpi::kRetention:
      return absl::StrCat("Share of units that come back with at least one ",
                          FilterWords(kpi.retention().events()));
    case v1::Kpi::kTimeToEvent:
      return absl::StrCat("Time from first exposure to the first ",
                          FilterWords(kpi.time_to_event().events()),
                          " (units without one count as still waiting),");
    case v1::Kpi::kRatingMean:
      return absl::StrCat("Mean rating of all answers ",
                          FilterWords(kpi.rating_mean().events()));
    case v1::Kpi::kSatisfiedShare:
      return absl::StrCat(
          "Share of answers ", FilterWords(kpi.satisfied_share().events()),
          " of at least ", FormatNumber(kpi.satisfied_share().threshold()));
    case v1::Kpi::kNetPromoterScore:
      return absl::StrCat(
          "Share of promoters (9, 10) minus share of detractors (0 to 6) among "
          "the answers ",
          FilterWords(kpi.net_promoter_score().events()));
    case v1::Kpi::kCustomerLifetimeValue:
      return absl::StrCat(
          "Average purchase value, times purchases per customer, times a "
          "lifespan of ",
          FormatDuration(kpi.customer_lifetime_value().lifespan()), ", over ",
          FilterWords(kpi.customer_lifetime_value().purchases()));
    default:
      return "Not defined";
  }
}

}  // namespace

std::string PredicateWords(const v1::Predicate& predicate) {
  return Words(predicate, 1);
}

std::string FilterWords(const v1::EventFilter& filter) {
  std::string text;
  for (int i = 0; i < filter.names_size(); ++i) {
    absl::StrAppend(&text, i > 0 ? " or " : "", Quoted(filter.names(i)));
  }
  if (text.empty()) text = "(no event)";
  if (filter.has_where()) {
    absl::StrAppend(&text, " where ", PredicateWords(filter.where()));
  }
  return text;
}

std::string DefinitionWords(const v1::Kpi& kpi) {
  absl::string_view direction = " Which way is better is not set.";
  if (kpi.direction() == v1::Kpi::UP) direction = " More is better.";
  if (kpi.direction() == v1::Kpi::DOWN) direction = " Less is better.";
  return absl::StrCat(Measure(kpi), " ", WindowWords(kpi), ".", direction);
}

}  // namespace stagecraft::client
