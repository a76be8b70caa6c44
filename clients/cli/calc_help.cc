#include "clients/cli/calc_help.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "clients/cli/calc_answer.h"
#include "clients/cli/calc_json.h"
#include "clients/cli/calc_words.h"
#include "clients/cli/nearest.h"
#include "clients/cli/table.h"
#include "google/protobuf/descriptor.h"
#include "service/statistics/methods.h"
#include "stagecraft/v1/statistics_options.pb.h"

namespace stagecraft::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr int kWidth = 78;
// No message of the contract holds itself; this is for one that would.
constexpr int kMaxDepth = 8;

std::string TypeName(const FieldDescriptor* field) {
  std::string name;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      name = "number";
      break;
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_INT32:
      name = "integer";
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      name = "true or false";
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      name = "text";
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      name = absl::StrJoin(EnumNames(field->enum_type()), " | ");
      break;
    default:
      name = "object";
  }
  return field->is_repeated() ? absl::StrCat("list of ", name) : name;
}

// `number, required`, `list of number, 1 to 100`, `number, default 0.05`.
std::string TypeText(const FieldDescriptor* field) {
  const auto& options = field->options();
  std::vector<std::string> parts = {TypeName(field)};
  if (options.GetExtension(v1::required)) parts.push_back("required");
  const int least = options.GetExtension(v1::min_items);
  if (options.HasExtension(v1::max_items)) {
    const int most = options.GetExtension(v1::max_items);
    parts.push_back(least > 0 ? absl::StrCat(least, " to ", most, " items")
                              : absl::StrCat("at most ", most, " items"));
  }
  if (options.HasExtension(v1::default_value)) {
    parts.push_back(
        absl::StrCat("default ", options.GetExtension(v1::default_value)));
  }
  if (options.GetExtension(v1::may_be_infinite)) {
    parts.push_back("may be Infinity");
  }
  return absl::StrJoin(parts, ", ");
}

void DescribeFields(const Descriptor* type, const std::string& prefix,
                    int depth, std::string* out) {
  for (int i = 0; i < type->field_count() && depth < kMaxDepth; ++i) {
    const FieldDescriptor* field = type->field(i);
    const std::string path = absl::StrCat(prefix, field->name());
    const int indent = 2 + 2 * depth;
    absl::StrAppend(out, std::string(indent, ' '), path, "  (", TypeText(field),
                    ")\n",
                    Wrap(WordsOf(field), indent + 4, kWidth - indent - 4));
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      for (int k = 0; k < field->enum_type()->value_count(); ++k) {
        const auto* value = field->enum_type()->value(k);
        if (value->number() == 0) continue;
        absl::StrAppend(
            out, Wrap(absl::StrCat("- ", EnumName(value), ": ", WordsOf(value)),
                      indent + 4, kWidth - indent - 4));
      }
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      DescribeFields(field->message_type(),
                     absl::StrCat(path, field->is_repeated() ? "[]." : "."),
                     depth + 1, out);
    }
  }
}

std::string Indented(absl::string_view text, int indent) {
  const std::string margin(indent, ' ');
  std::string out =
      absl::StrCat(margin, absl::StrReplaceAll(text, {{"\n", "\n" + margin}}));
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) {
    out.pop_back();
  }
  return out + "\n";
}

}  // namespace

std::string CalcHelp() {
  return "The statistics of experiments from numbers, without a server\n\n"
         "Usage: stagecraft calc METHOD [--FIELD VALUE]... [-f FILE] "
         "[--output table|json]\n"
         "       stagecraft calc METHOD --help   fields, answer, worked "
         "example\n"
         "       stagecraft calc --list          all methods\n\n"
         "Any field of a request is a flag: --control.n 100, --alpha=0.1,\n"
         "--alternative greater, --control.values 1,2,3 (or [1,2,3]),\n"
         "--arms[0].n 5. Flags that make a whole request are answered. Else, "
         "or\n"
         "with -f FILE (- is standard input), JSON is read and the flags are\n"
         "added to it; a flag replaces what the JSON says.\n\n"
         "One JSON object gives one answer; a list gives a list, and objects "
         "one\n"
         "after the other give one line each. Of several, one that is wrong "
         "is\n"
         "answered in its place: {\"error\": {\"code\": ..., \"message\": "
         "...}}; the\n"
         "exit code then is that of the first error.\n\n"
         "  --list         Methods by family; with --output json for programs\n"
         "  -f,--file      File with JSON; - is standard input\n"
         "  --output       table (default): 8 digits, for people; json: all\n"
         "                 digits, for programs. In JSON, what is not defined "
         "is\n"
         "                 absent, and an interval's end without limit is\n"
         "                 \"Infinity\" or \"-Infinity\"\n"
         "  -h,--help      This help, or that of METHOD\n\n"
         "Example:\n"
         "  stagecraft calc compare-means \\\n"
         "    --control.n 1000 --control.mean 20.1 --control.variance 90.5 \\\n"
         "    --treatment.n 1010 --treatment.mean 21.4 "
         "--treatment.variance 101.2\n";
}

std::string CalcListText() {
  size_t width = 0;
  for (const service::Method& method : service::AllMethods()) {
    width = std::max(width, method.name.size());
  }
  std::string out, family;
  for (const service::Method& method : service::AllMethods()) {
    if (method.family != family) {
      family = method.family;
      absl::StrAppend(&out, out.empty() ? "" : "\n", family, "\n");
    }
    absl::StrAppend(&out, "  ", method.name,
                    std::string(width - method.name.size() + 2, ' '),
                    FirstSentence(WordsOfRpc(method.rpc)), "\n");
  }
  return out;
}

std::string CalcListJson() {
  std::vector<std::string> items;
  for (const service::Method& method : service::AllMethods()) {
    items.push_back(absl::StrCat(
        "  {\"name\": ", QuoteJson(method.name), ", \"family\": ",
        QuoteJson(method.family), ", \"rpc\": ", QuoteJson(method.rpc),
        ", \"description\": ", QuoteJson(FirstSentence(WordsOfRpc(method.rpc))),
        "}"));
  }
  return absl::StrCat("[\n", absl::StrJoin(items, ",\n"), "\n]\n");
}

std::string MethodHelp(const service::Method& method) {
  std::string out = absl::StrCat("stagecraft calc ", method.name, "\n\n",
                                 Wrap(WordsOfRpc(method.rpc), 2, kWidth - 2));
  absl::StrAppend(&out, Wrap(absl::StrCat("Source: ", method.text.source, "."),
                             2, kWidth - 2));
  absl::StrAppend(&out, "  The same by gRPC: StatisticsService.", method.rpc,
                  ".\n");
  absl::StrAppend(&out, "\nFields (JSON keys; as flags --", "field",
                  " VALUE):\n");
  DescribeFields(method.request->GetDescriptor(), "", 0, &out);
  absl::StrAppend(&out, "\nAnswer (what is not defined is absent):\n");
  DescribeFields(method.response->GetDescriptor(), "", 0, &out);
  const CalcOutput answer =
      AnswerJson(method, method.text.example, {}, CalcFormat::kJson);
  absl::StrAppend(
      &out, "\nExample: stagecraft calc ", method.name,
      " --output json <<'EOF'\n", method.text.example, "\nEOF\n\n",
      "answers\n\n",
      Indented(answer.status.ok() ? answer.text
                                  : std::string(answer.status.message()),
               2));
  return out;
}

absl::Status UnknownMethod(absl::string_view name) {
  std::vector<std::string> names;
  for (const service::Method& method : service::AllMethods()) {
    names.push_back(method.name);
  }
  names = NearestFirst(name, std::move(names));
  if (names.size() > 3) names.resize(3);
  return absl::InvalidArgumentError(absl::StrCat(
      "there is no method \"", name, "\"; near it: ",
      absl::StrJoin(names, ", "), "; `stagecraft calc --list` lists all"));
}

}  // namespace stagecraft::cli
