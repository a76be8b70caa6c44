#include <cerrno>
#include <filesystem>
#include <fstream>
#include <istream>
#include <memory>
#include <ostream>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "clients/cli/add_command.h"
#include "clients/cli/commands.h"
#include "clients/cli/event_json.h"
#include "clients/cli/send.h"

namespace stagecraft::cli {
namespace {

struct Flags {
  std::vector<std::string> files;
  bool allow_rejected = false;
};

// 0 if it is not known (the input, a pipe).
int64_t FileSize(const std::string& path) {
  std::error_code error;
  if (path == "-" || !std::filesystem::is_regular_file(path, error)) return 0;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

class Ingest {
 public:
  Ingest(Context& context, const Flags& flags)
      : context_(context),
        flags_(flags),
        progress_(context.MakeProgress("lines")) {
    for (const std::string& file : flags.files) {
      const int64_t size = FileSize(file);
      if (size == 0) known_ = false;
      total_ += size;
    }
  }

  absl::StatusOr<ExitCode> Run() {
    // A file that is missing shows before anything is sent.
    for (const std::string& file : flags_.files) {
      if (absl::Status s = Check(file); !s.ok()) return s;
    }
    auto sender = OpenSender(context_);
    if (!sender.ok()) return sender.status();
    sender_ = std::move(*sender);
    summary_.noun = "lines";
    absl::Status status;
    for (file_ = 0; file_ < flags_.files.size() && status.ok(); ++file_) {
      status = SendFile(flags_.files[file_]);
    }
    if (status.ok()) status = sender_->Flush();
    progress_.Finish();
    summary_.totals = sender_->totals();
    summary_.elapsed = progress_.elapsed();
    for (const client::Rejection& rejection : sender_->rejections()) {
      // The tag is the file's number and the line's.
      const int64_t file = rejection.tag >> kLineBits;
      const int64_t line = rejection.tag & ((int64_t{1} << kLineBits) - 1);
      summary_.rejected_reasons.push_back(RejectionText(
          rejection, absl::StrCat(flags_.files[file], ":", line)));
    }
    if (!status.ok()) {
      return absl::Status(
          status.code(),
          absl::StrCat(status.message(), "; ", summary_.totals.acknowledged,
                       " events are stored, and sending all again is safe"));
    }
    return PrintSummary(context_, summary_, flags_.allow_rejected);
  }

 private:
  static constexpr int kLineBits = 44;

  static absl::Status Check(const std::string& path) {
    if (path == "-") return absl::OkStatus();
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is a folder, want a file or -"));
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      return absl::ErrnoToStatus(errno == 0 ? EIO : errno,
                                 absl::StrCat("cannot open ", path));
    }
    char magic[2] = {};
    file.read(magic, 2);
    if (magic[0] == '\x1f' && magic[1] == '\x8b') {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is gzipped, want text: zcat ", path,
                       " | stagecraft ingest -f -"));
    }
    return absl::OkStatus();
  }

  absl::Status SendFile(const std::string& path) {
    std::ifstream file;
    if (path != "-") file.open(path, std::ios::binary);
    std::istream& in = path == "-" ? context_.in() : file;
    std::string line;
    for (int64_t number = 1; std::getline(in, line); ++number) {
      bytes_ += line.size() + 1;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      ++summary_.read;
      if (absl::Status s = SendLine(path, number, line); !s.ok()) return s;
      progress_.Update(bytes_, known_ ? total_ : 0, summary_.read);
    }
    if (in.bad()) {
      return absl::DataLossError(absl::StrCat("cannot read ", path));
    }
    return absl::OkStatus();
  }

  absl::Status SendLine(const std::string& path, int64_t number,
                        const std::string& line) {
    auto parsed = ParseEventLine(line);
    if (!parsed.ok()) {
      ++summary_.malformed;
      if (summary_.malformed_reasons.size() < kMaxReasons) {
        summary_.malformed_reasons.push_back(
            absl::StrCat(path, ":", number, ": ", parsed.status().message()));
      }
      return absl::OkStatus();
    }
    const int64_t tag = (static_cast<int64_t>(file_) << kLineBits) | number;
    if (v1::Alias* alias = std::get_if<v1::Alias>(&*parsed)) {
      return sender_->SendAlias(std::move(*alias), tag);
    }
    return sender_->Send(std::get<v1::Event>(std::move(*parsed)), tag);
  }

  Context& context_;
  const Flags& flags_;
  Progress progress_;
  std::unique_ptr<client::EventSender> sender_;
  SendSummary summary_;
  size_t file_ = 0;
  int64_t bytes_ = 0, total_ = 0;
  bool known_ = true;
};

}  // namespace

void AddIngestCommand(CLI::App& app, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = AddCommand(
      app, context, flags, "ingest", "Send events, one JSON object per line",
      [](Context& c, const Flags& f) { return Ingest(c, f).Run(); });
  command->add_option("-f,--file", flags->files, "Files, or - for input")
      ->required()
      ->type_name("FILE");
  command->add_flag("--allow-rejected", flags->allow_rejected,
                    "Exit with 0 even if some items were rejected");
  command->footer(
      "A line is an event or an alias:\n"
      "  {\"event_id\": \"7\", \"unit_id\": \"u1\", \"name\": \"order\",\n"
      "   \"time\": \"2026-03-14T09:30:00Z\", \"value\": 12.5,\n"
      "   \"attributes\": {\"plan\": \"pro\", \"age\": 31}}     (on one line)\n"
      "  {\"alias\": {\"alias_id\": \"cookie-1\", \"unit_id\": \"u1\"}}\n"
      "Lines that cannot be read and events that the server refuses are "
      "reported\n"
      "and the rest is stored. Sending a file again changes nothing.\n\n"
      "Examples:\n"
      "  stagecraft ingest -f events.ndjson\n"
      "  zcat events.ndjson.gz | stagecraft ingest -f -");
}

}  // namespace stagecraft::cli
