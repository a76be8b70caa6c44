// Answers of `stagecraft calc` for people.
#ifndef STAGECRAFT_CLIENTS_CLI_CALC_TABLE_H_
#define STAGECRAFT_CLIENTS_CLI_CALC_TABLE_H_

#include <string>

#include "google/protobuf/message.h"

namespace stagecraft::cli {

// One line for each number, with its path; an interval is one line; a list of
// messages is a table of its own below. Numbers have 8 digits: JSON has all.
std::string AnswerText(const google::protobuf::Message& answer);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_CALC_TABLE_H_
