// What the contract of the statistics says in words: the comments of its files,
// which are part of this program.
#ifndef STAGECRAFT_CLIENTS_CLI_CALC_WORDS_H_
#define STAGECRAFT_CLIENTS_CLI_CALC_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace stagecraft::cli {

// The comment as one paragraph; empty if there is none.
std::string WordsOf(const google::protobuf::FieldDescriptor* field);
std::string WordsOf(const google::protobuf::EnumValueDescriptor* value);
std::string WordsOfRpc(absl::string_view rpc);

// Up to the first full stop, colon excepted.
std::string FirstSentence(absl::string_view words);

// `words` in lines of at most `width` characters (longer words excepted), each
// after `indent` spaces and with a line end.
std::string Wrap(absl::string_view words, int indent, int width);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_CALC_WORDS_H_
