#include "clients/cli/exit_code.h"

#include "absl/strings/str_cat.h"

namespace stagecraft::cli {

ExitCode ExitCodeFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitUsage;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kResourceExhausted:
      return kExitRefused;
    default:
      return kExitOther;
  }
}

std::string ExitCodeHelp() {
  return "Exit codes:\n"
         "  0  done\n"
         "  1  any other error\n"
         "  2  usage: a flag, a name or the content of a file is not valid\n"
         "  3  the server cannot be reached or did not answer in time\n"
         "  4  not found\n"
         "  5  refused: the state does not allow it, it exists already, or "
         "the\n"
         "     caller may not\n"
         "  6  sent, but some items were rejected\n";
}

std::string ErrorText(const absl::Status& status, absl::string_view server) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return absl::StrCat("cannot reach ", server,
                          ": start it with ./dev serve or set --server (",
                          message, ")");
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrCat("no answer from ", server,
                          " in time: raise --timeout or look at the server (",
                          message, ")");
    case absl::StatusCode::kUnauthenticated:
      return absl::StrCat(
          message,
          ": set --token or STAGECRAFT_TOKEN to a token of the server");
    case absl::StatusCode::kUnimplemented:
      return absl::StrCat(server,
                          " does not know this call: is it a stagecraft server "
                          "of this version? (",
                          message, ")");
    case absl::StatusCode::kAborted:
      return absl::StrCat(
          message, ": somebody else changed it; read it again and repeat");
    case absl::StatusCode::kResourceExhausted:
      return absl::StrCat(message, ": wait and repeat");
    default:
      return message.empty() ? status.ToString() : message;
  }
}

}  // namespace stagecraft::cli
