// On a contract that is made here, so that it has every option.
#include <limits>
#include <memory>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "service/statistics/check_request.h"
#include "stagecraft/v1/statistics_options.pb.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::google::protobuf::DescriptorPool;
using ::google::protobuf::DynamicMessageFactory;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::FileDescriptorProto;
using ::google::protobuf::Message;
using ::google::protobuf::TextFormat;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// `proto3_optional` fields need a oneof of their own, in this order.
constexpr char kFile[] = R"pb(
  name: "made.proto"
  package: "made"
  syntax: "proto3"
  dependency: "stagecraft/v1/statistics_options.proto"
  enum_type {
    name: "Way"
    value { name: "WAY_UNSPECIFIED" number: 0 }
    value { name: "WAY_UP" number: 1 }
  }
  message_type {
    name: "Arm"
    field {
      name: "n"
      number: 1
      type: TYPE_INT64
      label: LABEL_OPTIONAL
      proto3_optional: true
      oneof_index: 0
      options {
        [stagecraft.v1.required]: true
      }
    }
    field {
      name: "x"
      number: 2
      type: TYPE_DOUBLE
      label: LABEL_OPTIONAL
      proto3_optional: true
      oneof_index: 1
    }
    oneof_decl { name: "_n" }
    oneof_decl { name: "_x" }
  }
  message_type {
    name: "Request"
    field {
      name: "arm"
      number: 1
      type: TYPE_MESSAGE
      type_name: ".made.Arm"
      label: LABEL_OPTIONAL
      options {
        [stagecraft.v1.required]: true
      }
    }
    field {
      name: "arms"
      number: 2
      type: TYPE_MESSAGE
      type_name: ".made.Arm"
      label: LABEL_REPEATED
      options {
        [stagecraft.v1.min_items]: 2
        [stagecraft.v1.max_items]: 3
      }
    }
    field {
      name: "values"
      number: 3
      type: TYPE_DOUBLE
      label: LABEL_REPEATED
      options {
        [stagecraft.v1.max_items]: 3
      }
    }
    field {
      name: "limit"
      number: 4
      type: TYPE_DOUBLE
      label: LABEL_OPTIONAL
      proto3_optional: true
      oneof_index: 0
      options {
        [stagecraft.v1.may_be_infinite]: true
      }
    }
    field {
      name: "way"
      number: 5
      type: TYPE_ENUM
      type_name: ".made.Way"
      label: LABEL_OPTIONAL
    }
    field {
      name: "name"
      number: 6
      type: TYPE_STRING
      label: LABEL_OPTIONAL
      options {
        [stagecraft.v1.max_bytes]: 4
      }
    }
    field {
      name: "ways"
      number: 7
      type: TYPE_ENUM
      type_name: ".made.Way"
      label: LABEL_REPEATED
      options {
        [stagecraft.v1.max_items]: 3
      }
    }
    field {
      name: "names"
      number: 8
      type: TYPE_STRING
      label: LABEL_REPEATED
      options {
        [stagecraft.v1.max_items]: 3
        [stagecraft.v1.max_bytes]: 4
      }
    }
    field {
      name: "counts"
      number: 9
      type: TYPE_INT64
      label: LABEL_REPEATED
      options {
        [stagecraft.v1.required]: true
        [stagecraft.v1.max_items]: 3
      }
    }
    field {
      name: "must"
      number: 10
      type: TYPE_ENUM
      type_name: ".made.Way"
      label: LABEL_OPTIONAL
      options {
        [stagecraft.v1.required]: true
      }
    }
    oneof_decl { name: "_limit" }
  }
)pb";

class CheckRequestTest : public ::testing::Test {
 protected:
  CheckRequestTest() : pool_(DescriptorPool::generated_pool()) {
    // Registers the options in the pool that the file is built on.
    v1::required.number();
    FileDescriptorProto file;
    EXPECT_TRUE(TextFormat::ParseFromString(kFile, &file));
    const auto* built = pool_.BuildFile(file);
    EXPECT_NE(built, nullptr);
    type_ = built->FindMessageTypeByName("Request");
  }

  // What is asked for is there, and then `text`.
  absl::Status Check(const std::string& text, bool whole = true) {
    const std::unique_ptr<Message> message(factory_.GetPrototype(type_)->New());
    EXPECT_TRUE(TextFormat::ParseFromString(
        (whole ? "arm { n: 0 } counts: 0 must: WAY_UP " : "") + text,
        message.get()))
        << text;
    return CheckRequest(*message);
  }

  DescriptorPool pool_;
  DynamicMessageFactory factory_{&pool_};
  const google::protobuf::Descriptor* type_ = nullptr;
};

TEST_F(CheckRequestTest, TakesWhatIsWhole) {
  EXPECT_THAT(Check(""), IsOk());
  EXPECT_THAT(Check(R"pb(arms { n: 1 }
                         arms { n: 2 x: 1 }
                         values: 1
                         limit: inf
                         way: WAY_UP
                         name: "abcd"
                         ways: WAY_UP
                         names: "abcd")pb"),
              IsOk());
}

TEST_F(CheckRequestTest, ZeroIsGivenAndAbsentIsNot) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Check("counts: 0 must: WAY_UP", false),
              StatusIs(kInvalid, "arm is missing, want an object with n, x"));
  EXPECT_THAT(Check("arm {} counts: 0 must: WAY_UP", false),
              StatusIs(kInvalid, "arm.n is missing, want an integer"));
  EXPECT_THAT(Check("arm { n: 0 } must: WAY_UP", false),
              StatusIs(kInvalid,
                       "counts is missing, want at least 1 in a "
                       "list"));
  EXPECT_THAT(Check("arm { n: 0 } counts: 0", false),
              StatusIs(kInvalid, "must is missing, want a value of Way"));
  EXPECT_THAT(Check("arms { n: 1 } arms { x: 2 }"),
              StatusIs(kInvalid, "arms[1].n is missing, want an integer"));
}

TEST_F(CheckRequestTest, BoundsListsAndTexts) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Check("arms { n: 1 }"),
              StatusIs(kInvalid, "arms has 1 items, want at least 2"));
  EXPECT_THAT(Check("values: [1, 2, 3, 4]"),
              StatusIs(kInvalid, "values has 4 items, want at most 3"));
  EXPECT_THAT(Check("name: 'abcde'"),
              StatusIs(kInvalid, "name has 5 bytes, want at most 4"));
  EXPECT_THAT(Check("names: 'a' names: 'abcde'"),
              StatusIs(kInvalid, "names[1] has 5 bytes, want at most 4"));
}

TEST_F(CheckRequestTest, WantsNumbers) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(
      Check("values: [1, nan]"),
      StatusIs(kInvalid,
               MatchesRegex("values\\[1\\] is -?nan, want a finite number")));
  EXPECT_THAT(Check("values: [inf]"),
              StatusIs(kInvalid, "values[0] is inf, want a finite number"));
  EXPECT_THAT(Check("arms { n: 1 } arms { n: 2 x: -inf }"),
              StatusIs(kInvalid, "arms[1].x is -inf, want a finite number"));
  EXPECT_THAT(Check("limit: -inf"), IsOk());
  EXPECT_THAT(Check("limit: nan"), StatusIs(kInvalid, HasSubstr("limit is ")));
}

TEST_F(CheckRequestTest, WantsKnownValues) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(
      Check("way: 7"),
      StatusIs(kInvalid, "way is 7, want one of WAY_UNSPECIFIED, WAY_UP"));
  EXPECT_THAT(
      Check("ways: [1, 9]"),
      StatusIs(kInvalid, "ways[1] is 9, want one of WAY_UNSPECIFIED, WAY_UP"));
}

TEST_F(CheckRequestTest, AnswersHaveNoNan) {
  const auto check = [&](const std::string& text) {
    const std::unique_ptr<Message> message(factory_.GetPrototype(type_)->New());
    EXPECT_TRUE(TextFormat::ParseFromString(text, message.get()));
    return CheckAnswer(*message);
  };
  EXPECT_THAT(check("values: [1, inf] arms { x: -inf }"), IsOk());
  constexpr auto kInternal = absl::StatusCode::kInternal;
  EXPECT_THAT(check("values: [1, nan]"),
              StatusIs(kInternal, HasSubstr("values of the answer")));
  EXPECT_THAT(check("arms { n: 1 } arms { x: nan }"),
              StatusIs(kInternal, HasSubstr("arms.x of the answer")));
  EXPECT_THAT(check("limit: nan"), StatusIs(kInternal, HasSubstr("limit")));
}

}  // namespace
}  // namespace stagecraft::service
