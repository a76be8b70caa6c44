// What holds for every method of StatisticsService, those to come too.
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "clients/cli/calc_flags.h"
#include "clients/cli/calc_words.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/statistics/methods.h"
#include "stagecraft/v1/statistics_options.pb.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::DescriptorPool;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;
using ::google::protobuf::ServiceDescriptor;
using ::google::protobuf::util::MessageDifferencer;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const ServiceDescriptor* Contract() {
  return DescriptorPool::generated_pool()->FindServiceByName(
      "stagecraft.v1.StatisticsService");
}

// The fields of a type and of the types in it.
void ForEachField(const Descriptor* type, int depth,
                  const std::function<void(const FieldDescriptor*)>& use) {
  ASSERT_LT(depth, 8) << type->full_name() << " holds itself";
  for (int i = 0; i < type->field_count(); ++i) {
    use(type->field(i));
    if (const Descriptor* inner = type->field(i)->message_type()) {
      ForEachField(inner, depth + 1, use);
    }
  }
}

std::unique_ptr<Message> Example(const Method& method) {
  return MessageOf(*method.request, method.text.example);
}

std::unique_ptr<Message> Clone(const Message& message) {
  std::unique_ptr<Message> clone(message.New());
  clone->CopyFrom(message);
  return clone;
}

// A field of an example or of a message in it.
struct Place {
  std::string path;
  const FieldDescriptor* field;
  // The message that holds the field, in a request of the example's shape.
  std::function<Message*(Message*)> holder;
};

void CollectPlaces(const Message& message, const std::string& prefix,
                   const std::function<Message*(Message*)>& holder,
                   std::vector<Place>* places) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    const std::string path = absl::StrCat(prefix, field->name());
    places->push_back({path, field, holder});
    if (field->message_type() == nullptr) continue;
    const Reflection* reflection = message.GetReflection();
    if (field->is_repeated()) {
      for (int k = 0; k < reflection->FieldSize(message, field); ++k) {
        CollectPlaces(
            reflection->GetRepeatedMessage(message, field, k),
            absl::StrCat(path, "[", k, "]."),
            [=](Message* root) {
              Message* at = holder(root);
              return at->GetReflection()->MutableRepeatedMessage(at, field, k);
            },
            places);
      }
    } else if (reflection->HasField(message, field)) {
      CollectPlaces(
          reflection->GetMessage(message, field), path + ".",
          [=](Message* root) {
            Message* at = holder(root);
            return at->GetReflection()->MutableMessage(at, field);
          },
          places);
    }
  }
}

std::vector<Place> PlacesOf(const Message& request) {
  std::vector<Place> places;
  CollectPlaces(
      request, "", [](Message* root) { return root; }, &places);
  return places;
}

bool IsSet(const Message& message, const FieldDescriptor* field) {
  return field->is_repeated()
             ? message.GetReflection()->FieldSize(message, field) > 0
             : message.GetReflection()->HasField(message, field);
}

TEST(StatisticsMethodsTest, EveryRpcIsAMethodAndEveryMethodAnRpc) {
  ASSERT_NE(Contract(), nullptr);
  std::set<std::string> rpcs, methods;
  for (int i = 0; i < Contract()->method_count(); ++i) {
    const auto* rpc = Contract()->method(i);
    rpcs.insert(rpc->name());
    const Method* method = FindMethod(rpc->input_type());
    ASSERT_NE(method, nullptr)
        << rpc->name() << " is in no list of service/statistics/methods.cc";
    EXPECT_EQ(method->rpc, rpc->name());
    EXPECT_EQ(method->response->GetDescriptor(), rpc->output_type());
    EXPECT_EQ(rpc->input_type()->name(), rpc->name() + "Request");
    EXPECT_EQ(rpc->output_type()->name(), rpc->name() + "Response");
  }
  for (const Method& method : AllMethods()) {
    EXPECT_TRUE(methods.insert(method.rpc).second) << method.rpc;
  }
  EXPECT_EQ(methods, rpcs);
}

TEST(StatisticsMethodsTest, NamesAreUniqueAndFound) {
  std::set<std::string> names;
  for (const Method& method : AllMethods()) {
    EXPECT_TRUE(names.insert(method.name).second) << method.name;
    EXPECT_EQ(FindMethod(method.name), &method);
    EXPECT_EQ(FindMethod(method.rpc), &method);
    EXPECT_FALSE(method.family.empty());
    EXPECT_FALSE(method.text.source.empty()) << method.name;
    EXPECT_THAT(method.text.source, Not(HasSubstr("\n"))) << method.name;
    const std::string words = cli::WordsOfRpc(method.rpc);
    EXPECT_FALSE(words.empty()) << method.name;
    // The comment that marks the family is not one of the method.
    EXPECT_THAT(words, Not(::testing::StartsWith("Family"))) << method.name;
  }
  EXPECT_EQ(FindMethod("compare"), nullptr);
  EXPECT_EQ(KebabCase("CompareMeans"), "compare-means");
}

TEST(StatisticsMethodsTest, RequestsAreBoundedAndSayWhatIsAbsent) {
  const std::set<std::string> flags = {"file", "help", "list", "output",
                                       "quiet"};
  for (const Method& method : AllMethods()) {
    const Descriptor* type = method.request->GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      EXPECT_EQ(flags.count(type->field(i)->name()), 0)
          << type->field(i)->full_name() << " is a flag of calc";
    }
    ForEachField(type, 0, [](const FieldDescriptor* field) {
      SCOPED_TRACE(field->full_name());
      const auto& options = field->options();
      EXPECT_FALSE(cli::WordsOf(field).empty()) << "has no comment";
      EXPECT_FALSE(field->is_map());
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_DOUBLE:
        case FieldDescriptor::CPPTYPE_INT64:
        case FieldDescriptor::CPPTYPE_INT32:
        case FieldDescriptor::CPPTYPE_BOOL:
          EXPECT_TRUE(field->is_repeated() || field->has_presence())
              << "want it optional: absent is not 0";
          break;
        case FieldDescriptor::CPPTYPE_STRING:
          EXPECT_EQ(field->type(), FieldDescriptor::TYPE_STRING);
          EXPECT_GT(options.GetExtension(v1::max_bytes), 0);
          break;
        case FieldDescriptor::CPPTYPE_ENUM:
          EXPECT_TRUE(::testing::Matches(::testing::EndsWith("UNSPECIFIED"))(
              field->enum_type()->value(0)->name()));
          break;
        default:
          EXPECT_EQ(field->cpp_type(), FieldDescriptor::CPPTYPE_MESSAGE);
      }
      EXPECT_EQ(field->is_repeated(), options.HasExtension(v1::max_items));
      if (field->is_repeated()) {
        EXPECT_GT(options.GetExtension(v1::max_items), 0);
        EXPECT_LE(options.GetExtension(v1::max_items), 1'000'000);
        EXPECT_LE(options.GetExtension(v1::min_items),
                  options.GetExtension(v1::max_items));
      }
      EXPECT_FALSE(options.GetExtension(v1::required) &&
                   options.HasExtension(v1::default_value));
    });
  }
}

TEST(StatisticsMethodsTest, AnswersAreOfTypesThatHaveAJson) {
  for (const Method& method : AllMethods()) {
    ForEachField(method.response->GetDescriptor(), 0,
                 [](const FieldDescriptor* field) {
                   EXPECT_FALSE(field->is_map()) << field->full_name();
                   const auto type = field->cpp_type();
                   EXPECT_TRUE(type == FieldDescriptor::CPPTYPE_DOUBLE ||
                               type == FieldDescriptor::CPPTYPE_INT64 ||
                               type == FieldDescriptor::CPPTYPE_INT32 ||
                               type == FieldDescriptor::CPPTYPE_BOOL ||
                               type == FieldDescriptor::CPPTYPE_ENUM ||
                               type == FieldDescriptor::CPPTYPE_STRING ||
                               type == FieldDescriptor::CPPTYPE_MESSAGE)
                       << field->full_name();
                   EXPECT_NE(field->type(), FieldDescriptor::TYPE_BYTES);
                 });
  }
}

TEST(StatisticsMethodsTest, EveryExampleIsAnswered) {
  for (const Method& method : AllMethods()) {
    SCOPED_TRACE(method.name);
    const auto request = Example(method);
    const std::unique_ptr<Message> answer(method.response->New());
    EXPECT_THAT(Call(method, *request, answer.get()), IsOk());
    EXPECT_GT(answer->ByteSizeLong(), 0);
    // Once more: nothing is kept from call to call.
    const std::unique_ptr<Message> again(method.response->New());
    EXPECT_THAT(Call(method, *request, again.get()), IsOk());
    EXPECT_TRUE(MessageDifferencer::Equals(*answer, *again));
  }
}

TEST(StatisticsMethodsTest, DefaultsAreThoseThatTheContractNames) {
  for (const Method& method : AllMethods()) {
    const auto example = Example(method);
    const std::unique_ptr<Message> answer(method.response->New());
    ASSERT_THAT(Call(method, *example, answer.get()), IsOk()) << method.name;
    for (const Place& place : PlacesOf(*example)) {
      const auto& options = place.field->options();
      if (!options.HasExtension(v1::default_value)) continue;
      SCOPED_TRACE(absl::StrCat(method.name, " ", place.path));
      // Without it, and with what it stands for.
      const auto without = Clone(*example);
      Message* holder = place.holder(without.get());
      holder->GetReflection()->ClearField(holder, place.field);
      const auto with = Clone(*without);
      ASSERT_THAT(cli::ApplyFields(
                      {{place.path, options.GetExtension(v1::default_value)}},
                      with.get()),
                  IsOk());
      EXPECT_FALSE(MessageDifferencer::Equals(*with, *without));
      const std::unique_ptr<Message> a(method.response->New());
      const std::unique_ptr<Message> b(method.response->New());
      const absl::Status a_status = Call(method, *without, a.get());
      const absl::Status b_status = Call(method, *with, b.get());
      EXPECT_EQ(a_status, b_status);
      EXPECT_TRUE(MessageDifferencer::Equals(*a, *b))
          << "absent: " << a->DebugString() << "default: " << b->DebugString();
    }
  }
}

TEST(StatisticsMethodsTest, WhatIsRequiredIsMissed) {
  for (const Method& method : AllMethods()) {
    const auto example = Example(method);
    for (const Place& place : PlacesOf(*example)) {
      if (!place.field->options().GetExtension(v1::required)) continue;
      const auto request = Clone(*example);
      Message* holder = place.holder(request.get());
      holder->GetReflection()->ClearField(holder, place.field);
      const std::unique_ptr<Message> answer(method.response->New());
      EXPECT_THAT(
          Call(method, *request, answer.get()),
          StatusIs(absl::StatusCode::kInvalidArgument,
                   HasSubstr(absl::StrCat(place.path, " is missing, want"))))
          << method.name;
    }
  }
}

TEST(StatisticsMethodsTest, NoNumberMayBeNan) {
  for (const Method& method : AllMethods()) {
    const auto example = Example(method);
    for (const Place& place : PlacesOf(*example)) {
      if (place.field->cpp_type() != FieldDescriptor::CPPTYPE_DOUBLE) continue;
      for (const double bad : {std::numeric_limits<double>::quiet_NaN(),
                               std::numeric_limits<double>::infinity(),
                               -std::numeric_limits<double>::infinity()}) {
        if (std::isinf(bad) &&
            place.field->options().GetExtension(v1::may_be_infinite)) {
          continue;
        }
        const auto request = Clone(*example);
        Message* holder = place.holder(request.get());
        const Reflection* reflection = holder->GetReflection();
        std::string path = place.path;
        if (!place.field->is_repeated()) {
          reflection->SetDouble(holder, place.field, bad);
        } else if (IsSet(*holder, place.field)) {
          reflection->SetRepeatedDouble(holder, place.field, 0, bad);
          path += "[0]";
        } else {
          continue;
        }
        const std::unique_ptr<Message> answer(method.response->New());
        EXPECT_THAT(Call(method, *request, answer.get()),
                    StatusIs(absl::StatusCode::kInvalidArgument,
                             AllOf(HasSubstr(absl::StrCat(path, " is ")),
                                   HasSubstr("want a finite number"))))
            << method.name;
      }
    }
  }
}

// Numbers that nobody checked before: an answer or an error, but no crash, no
// NaN (Call sees to that) and no error of ours.
TEST(StatisticsMethodsTest, SurvivesAnyNumber) {
  for (const Method& method : AllMethods()) {
    const auto example = Example(method);
    for (const Place& place : PlacesOf(*example)) {
      for (const double number : {0.0, -1.0, 1.0, 2.0, 1e-300, 1e300, -1e300}) {
        const auto request = Clone(*example);
        Message* holder = place.holder(request.get());
        const Reflection* reflection = holder->GetReflection();
        const bool list = place.field->is_repeated();
        if (list && !IsSet(*holder, place.field)) continue;
        const int64_t whole = std::fabs(number) > 1e15
                                  ? (number > 0 ? int64_t{2'000'000'000}
                                                : int64_t{-2'000'000'000})
                                  : static_cast<int64_t>(number);
        switch (place.field->cpp_type()) {
          case FieldDescriptor::CPPTYPE_DOUBLE:
            list ? reflection->SetRepeatedDouble(holder, place.field, 0, number)
                 : reflection->SetDouble(holder, place.field, number);
            break;
          case FieldDescriptor::CPPTYPE_INT64:
            list ? reflection->SetRepeatedInt64(holder, place.field, 0, whole)
                 : reflection->SetInt64(holder, place.field, whole);
            break;
          case FieldDescriptor::CPPTYPE_INT32:
            list ? reflection->SetRepeatedInt32(holder, place.field, 0,
                                                static_cast<int32_t>(whole))
                 : reflection->SetInt32(holder, place.field,
                                        static_cast<int32_t>(whole));
            break;
          default:
            continue;
        }
        const std::unique_ptr<Message> answer(method.response->New());
        const absl::Status status = Call(method, *request, answer.get());
        EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status) ||
                    absl::IsFailedPrecondition(status))
            << method.name << " " << place.path << " = " << number << ": "
            << status;
        EXPECT_EQ(status.ok(), status.message().empty());
      }
    }
  }
}

// Each enum value of each field of an example is taken and has an answer or an
// error of the data, but is known.
TEST(StatisticsMethodsTest, KnowsEveryEnumValue) {
  for (const Method& method : AllMethods()) {
    const auto example = Example(method);
    for (const Place& place : PlacesOf(*example)) {
      if (place.field->cpp_type() != FieldDescriptor::CPPTYPE_ENUM ||
          place.field->is_repeated()) {
        continue;
      }
      const auto* type = place.field->enum_type();
      for (int i = 1; i < type->value_count(); ++i) {
        const auto request = Clone(*example);
        Message* holder = place.holder(request.get());
        holder->GetReflection()->SetEnum(holder, place.field, type->value(i));
        const std::unique_ptr<Message> answer(method.response->New());
        const absl::Status status = Call(method, *request, answer.get());
        EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status) ||
                    absl::IsFailedPrecondition(status))
            << method.name << " " << type->value(i)->name() << ": " << status;
      }
    }
  }
}

}  // namespace
}  // namespace stagecraft::service
