#include "engine/frame_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/store/temp_directory.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

namespace fs = std::filesystem;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

using Frames = std::vector<std::pair<uint32_t, std::string>>;

class FrameFileTest : public ::testing::Test {
 protected:
  void WriteFrames(const Frames& frames) {
    auto writer = FrameWriter::Create(path_);
    ASSERT_THAT(writer, IsOk());
    for (const auto& [kind, payload] : frames) {
      ASSERT_THAT(writer->Append(kind, payload), IsOk());
    }
    ASSERT_THAT(writer->Commit(), IsOk());
    EXPECT_EQ(writer->bytes(), fs::file_size(path_));
  }

  // All frames, or the first error.
  absl::StatusOr<Frames> ReadFrames(const std::string& path) {
    auto reader = FrameReader::Open(path);
    if (!reader.ok()) return reader.status();
    Frames frames;
    while (true) {
      const auto frame = reader->Next();
      if (!frame.ok()) {
        // Stays refused.
        EXPECT_EQ(reader->Next().status(), frame.status());
        return frame.status();
      }
      if (!frame->has_value()) break;
      frames.emplace_back((*frame)->kind, std::string((*frame)->payload));
    }
    const auto again = reader->Next();
    EXPECT_TRUE(again.ok() && !again->has_value());
    return frames;
  }

  std::string Content() {
    std::ifstream file(path_, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  }

  std::string Damage(const std::string& content) {
    const std::string path = directory_.path("damaged");
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    return path;
  }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  TempDirectory directory_;
  std::string path_ = directory_.path("file");
};

TEST_F(FrameFileTest, FramesComeBack) {
  std::mt19937_64 random(1);
  Frames frames = {{0, ""}, {7, "seven"}, {kFirstReservedKind - 1, "last"}};
  // Around the size of what is written and read at once, and far above.
  for (const size_t size : {size_t{1} << 20, (size_t{1} << 20) - 16,
                            (size_t{1} << 20) - 48, size_t{5} << 20}) {
    std::string payload(size, '\0');
    for (size_t i = 0; i < size; i += 97)
      payload[i] = static_cast<char>(random());
    frames.emplace_back(size, payload);
    frames.emplace_back(1, "");
  }
  for (int i = 0; i < 1000; ++i) {
    frames.emplace_back(i, std::string(random() % 5000, 'x'));
  }
  WriteFrames(frames);
  const auto read = ReadFrames(path_);
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(*read == frames);
  EXPECT_THAT(Names(), ElementsAre("file"));
}

TEST_F(FrameFileTest, LargestFrameComesBack) {
  WriteFrames({{1, std::string(kMaxFrameBytes, 'a')}, {2, "b"}});
  const auto read = ReadFrames(path_);
  ASSERT_THAT(read, IsOk());
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].second.size(), kMaxFrameBytes);
  EXPECT_EQ((*read)[1].second, "b");
}

TEST_F(FrameFileTest, EmptyFileOfFrames) {
  WriteFrames({});
  const auto read = ReadFrames(path_);
  ASSERT_THAT(read, IsOk());
  EXPECT_THAT(*read, IsEmpty());
}

TEST_F(FrameFileTest, ReplacesOnlyWhenCommitted) {
  WriteFrames({{1, "old"}});
  {
    auto writer = FrameWriter::Create(path_);
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT(writer->Append(1, "new"), IsOk());
    FrameWriter moved = *std::move(writer);
    ASSERT_THAT(moved.Append(2, "more"), IsOk());
    EXPECT_EQ(Names().size(), 2u);
    EXPECT_THAT(*ReadFrames(path_), ElementsAre(Pair(1, "old")));
  }
  EXPECT_THAT(Names(), ElementsAre("file"));
  EXPECT_THAT(*ReadFrames(path_), ElementsAre(Pair(1, "old")));
  // What a crash left under the other name is in nobody's way.
  std::ofstream(path_ + ".tmp") << std::string(10000, 'x');
  WriteFrames({{3, "new"}});
  EXPECT_THAT(*ReadFrames(path_), ElementsAre(Pair(3, "new")));
  EXPECT_THAT(Names(), ElementsAre("file"));
}

TEST_F(FrameFileTest, RefusesWhatIsNoFrame) {
  auto writer = FrameWriter::Create(path_);
  ASSERT_THAT(writer, IsOk());
  EXPECT_THAT(writer->Append(1, std::string(kMaxFrameBytes + 1, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("payload of 67108865 bytes")));
  EXPECT_THAT(writer->Append(kFirstReservedKind, "a"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("kind 4294967040, want below")));
  EXPECT_THAT(writer->Append(1, "a"), IsOk());
  EXPECT_THAT(writer->Commit(), IsOk());
  EXPECT_THAT(
      writer->Append(1, "a"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("committed")));
  EXPECT_THAT(writer->Commit(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                         HasSubstr("committed")));
  EXPECT_THAT(*ReadFrames(path_), ElementsAre(Pair(1, "a")));
}

TEST_F(FrameFileTest, NamesWhatIsMissing) {
  EXPECT_THAT(FrameReader::Open(path_),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(path_), HasSubstr("No such file"))));
  EXPECT_THAT(FrameWriter::Create(directory_.path("no/file")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no/file")));
  EXPECT_THAT(
      FrameReader::Open(directory_.path()),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Is a directory")));
}

TEST_F(FrameFileTest, EveryTruncationAndFlipIsRefused) {
  WriteFrames({{1, "first"}, {2, ""}, {0x01020304, "a payload, longer"}});
  const std::string content = Content();
  const auto damaged =
      StatusIs(absl::StatusCode::kDataLoss,
               AllOf(HasSubstr("file "), HasSubstr("at byte")));
  for (size_t size = 0; size < content.size(); ++size) {
    EXPECT_THAT(ReadFrames(Damage(content.substr(0, size))), damaged) << size;
  }
  for (size_t i = 0; i < content.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = content;
      flipped[i] ^= static_cast<char>(1 << bit);
      EXPECT_THAT(ReadFrames(Damage(flipped)), damaged) << i << " " << bit;
    }
  }
  EXPECT_THAT(ReadFrames(Damage(content + "x")), damaged);
  EXPECT_THAT(ReadFrames(Damage(content + content)), damaged);
  // A frame that is missing or comes twice, each whole: 16 bytes are the
  // file's head, 21 the first frame.
  EXPECT_THAT(ReadFrames(Damage(content.substr(0, 16) + content.substr(37))),
              damaged);
  EXPECT_THAT(ReadFrames(Damage(content.substr(0, 37) + content.substr(16))),
              damaged);
}

// The bytes of FORMAT.md.
TEST_F(FrameFileTest, HasTheStoredForm) {
  WriteFrames({{2, "abc"}});
  const std::string content = Content();
  ASSERT_EQ(content.size(), 16u + 16 + 3 + 16 + 16);
  EXPECT_EQ(content.substr(0, 9), "sgcframe\x01");
  EXPECT_EQ(content.substr(24, 11),
            std::string("\x02\0\0\0\x03\0\0\0", 8) + "abc");
  EXPECT_EQ(content.substr(43, 8),
            std::string("\xff\xff\xff\xff\x10\0\0\0", 8));
  EXPECT_EQ(content.substr(51),
            std::string("\x01\0\0\0\0\0\0\0\x23\0\0\0\0\0\0\0", 16));
}

TEST_F(FrameFileTest, FullDiskIsResourceExhausted) {
  struct stat info;
  if (::stat("/dev/full", &info) != 0 || !S_ISCHR(info.st_mode)) {
    GTEST_SKIP() << "there is no /dev/full";
  }
  // The temporary file is the device that is always full.
  ASSERT_EQ(::symlink("/dev/full", (path_ + ".tmp").c_str()), 0);
  const auto full =
      StatusIs(absl::StatusCode::kResourceExhausted,
               AllOf(HasSubstr(path_), HasSubstr("No space left on device")));
  {
    auto writer = FrameWriter::Create(path_);
    ASSERT_THAT(writer, IsOk());
    EXPECT_THAT(writer->Append(1, "small"), IsOk());
    EXPECT_THAT(writer->Commit(), full);
    EXPECT_FALSE(writer->Commit().ok());
  }
  EXPECT_THAT(Names(), IsEmpty());
  ASSERT_EQ(::symlink("/dev/full", (path_ + ".tmp").c_str()), 0);
  auto writer = FrameWriter::Create(path_);
  ASSERT_THAT(writer, IsOk());
  EXPECT_THAT(writer->Append(1, std::string(3 << 20, 'x')), full);
  EXPECT_FALSE(writer->Append(1, "small").ok());
  EXPECT_FALSE(writer->Commit().ok());
  EXPECT_THAT(Names(), IsEmpty());
}

}  // namespace
}  // namespace stagecraft::engine
