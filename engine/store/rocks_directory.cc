#include "engine/store/rocks_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace stagecraft::engine {
namespace {

namespace fs = std::filesystem;

absl::Status FromErrno(int error, const std::string& path,
                       absl::string_view action) {
  const std::string message =
      absl::StrCat("store ", path, ": ", action, ": ", std::strerror(error));
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(absl::StrCat(
          message, "; want a directory that this process may write"));
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(
          absl::StrCat(message, "; free space on its disk"));
    case ENOENT:
      return absl::NotFoundError(message);
    case ENAMETOOLONG:
    case ELOOP:
    case ENOTDIR:
      return absl::InvalidArgumentError(message);
    default:
      return absl::UnavailableError(message);
  }
}

// What RocksDB, or a file system's root, may keep in a directory of its own.
bool BelongsToStore(absl::string_view name) {
  return name == "LOCK" || name == "IDENTITY" || name == "lost+found" ||
         absl::StartsWith(name, "LOG") || absl::StartsWith(name, "MANIFEST-") ||
         absl::StartsWith(name, "OPTIONS-") || absl::EndsWith(name, ".log") ||
         absl::EndsWith(name, ".sst") || absl::EndsWith(name, ".dbtmp");
}

std::string Trim(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

absl::Status SyncDirectory(const std::string& path,
                           const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return FromErrno(errno, path, absl::StrCat("open ", directory));
  }
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0) {
    return FromErrno(error, path, absl::StrCat("sync ", directory));
  }
  return absl::OkStatus();
}

std::string ParentOf(const std::string& path) {
  const std::string parent = fs::path(Trim(path)).parent_path().string();
  return parent.empty() ? "." : parent;
}

absl::Status CheckBackupDirectory(const std::string& path,
                                  const std::string& directory) {
  if (directory.empty() || directory.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("store ", path, ": directory of the backup is \"",
                     directory.c_str(), "\", want a path"));
  }
  struct stat info;
  if (::lstat(Trim(directory).c_str(), &info) == 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("store ", path, ": back up to ", directory,
                     ": it exists, want a path that does not"));
  }
  if (errno != ENOENT) {
    return FromErrno(errno, path, absl::StrCat("look for ", directory));
  }
  const std::string parent = ParentOf(directory);
  if (!fs::is_directory(parent)) {
    return absl::NotFoundError(absl::StrCat(
        "store ", path, ": back up to ", directory, ": parent directory ",
        parent, " does not exist, want it to be there"));
  }
  if (::access(parent.c_str(), R_OK | W_OK | X_OK) != 0) {
    return FromErrno(errno, path, absl::StrCat("write to ", parent));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> PrepareDirectory(const std::string& path, bool create) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        "path of the store is empty, want a directory");
  }
  if (path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("path of the store \"", path.c_str(),
                     "\" goes on after a zero byte, want none"));
  }
  const std::string trimmed = Trim(path);
  const std::string parent = ParentOf(path);

  struct stat info;
  if (::stat(trimmed.c_str(), &info) != 0) {
    if (errno != ENOENT) return FromErrno(errno, path, "look for it");
    if (!fs::is_directory(parent)) {
      return absl::NotFoundError(
          absl::StrCat("store ", path, ": parent directory ", parent,
                       " does not exist, want it to be there"));
    }
    if (!create) {
      return absl::NotFoundError(
          absl::StrCat("store ", path,
                       ": does not exist, and creating it was not asked for"));
    }
    if (::mkdir(trimmed.c_str(), 0750) != 0 && errno != EEXIST) {
      return FromErrno(errno, path, "create the directory");
    }
  } else if (!S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("store ", path, ": is a file, want a directory"));
  }
  if (::access(trimmed.c_str(), R_OK | W_OK | X_OK) != 0) {
    return FromErrno(errno, path, "write to the directory");
  }

  if (::access((trimmed + "/CURRENT").c_str(), F_OK) == 0) return true;
  if (!create) {
    return absl::NotFoundError(
        absl::StrCat("store ", path,
                     ": the directory holds no store, and creating it was not "
                     "asked for"));
  }
  std::error_code error;
  for (fs::directory_iterator it(trimmed, error), last; !error && it != last;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!BelongsToStore(name)) {
      return absl::FailedPreconditionError(
          absl::StrCat("store ", path, ": the directory holds no store but \"",
                       name, "\", want an empty or missing directory"));
    }
    // Tables are written long after CURRENT: without it, this was a store.
    if (absl::EndsWith(name, ".sst")) {
      return absl::DataLossError(
          absl::StrCat("store ", path, ": the file CURRENT is missing next to ",
                       name, "; restore the store from a backup"));
    }
  }
  if (error) return FromErrno(error.value(), path, "list the directory");
  if (absl::Status synced = SyncDirectory(path, parent); !synced.ok()) {
    return synced;
  }
  return false;
}

void RemoveOldLists(const std::string& path) {
  constexpr absl::string_view kPrefix = "MANIFEST-";
  const auto number_of = [&](absl::string_view name, uint64_t* number) {
    return absl::ConsumePrefix(&name, kPrefix) &&
           absl::SimpleAtoi(name, number);
  };
  std::string current;
  uint64_t in_use = 0;
  std::ifstream(path + "/CURRENT") >> current;
  if (!number_of(current, &in_use)) return;
  std::error_code error;
  for (fs::directory_iterator it(path, error), last; !error && it != last;
       it.increment(error)) {
    uint64_t number = 0;
    if (number_of(it->path().filename().native(), &number) && number < in_use) {
      ::unlink(it->path().c_str());
    }
  }
}

bool IsLocked(rocksdb::Env* env, const std::string& path) {
  const std::string file = path + "/LOCK";
  if (!env->FileExists(file).ok()) return false;
  rocksdb::FileLock* lock = nullptr;
  if (!env->LockFile(file, &lock).ok()) return true;
  env->UnlockFile(lock).PermitUncheckedError();
  return false;
}

}  // namespace stagecraft::engine
