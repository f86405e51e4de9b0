#include "server/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/random.h"
#include "server/backup/restore.h"
#include "server/owner_error.h"

namespace helio::server {

namespace {

std::string why() {
  return std::strerror(errno);
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return;
  if (!folder.parent_path().empty()) std::filesystem::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw OwnerError("cannot make the folder " + folder.string() + ": " + why());
  }
}

// Whoever could read a key may have it: the owner decides whether it is still one.
Bytes read_secret_file(const std::filesystem::path& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw OwnerError("cannot read " + file.string() + ": " + why());
  struct stat status {};
  constexpr mode_t kOthers = 0077;
  if (fstat(fd, &status) != 0) {
    const std::string reason = why();
    close(fd);
    throw OwnerError("cannot read " + file.string() + ": " + reason);
  }
  if ((status.st_mode & kOthers) != 0) {
    close(fd);
    throw OwnerError(file.string() + " can be read by others than its user; make it private with `chmod 600 " +
                     file.string() + "`");
  }
  Bytes content(64 << 10, '\0');
  const ssize_t size = read(fd, content.data(), content.size());
  const std::string reason = why();
  close(fd);
  if (size < 0) throw OwnerError("cannot read " + file.string() + ": " + reason);
  content.resize(static_cast<std::size_t>(size));
  return content;
}

// A key that was half written must not be taken for a key: written beside, flushed, then renamed.
void write_file_durably(const std::filesystem::path& file, View content) {
  const auto beside = file.string() + ".new";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool good =
      fd >= 0 && write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()) && fsync(fd) == 0;
  if (good) good = rename(beside.c_str(), file.c_str()) == 0;
  const std::string reason = why();
  if (fd >= 0) close(fd);
  if (good) {
    const int folder = open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    good = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0) close(folder);
  }
  if (!good) throw OwnerError("cannot write " + file.string() + ": " + reason);
}

}  // namespace

DataFolder::DataFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
  backup::refuse_half_restored(folder_);
  make_folder(folder_);
  const auto file = folder_ / "lock";
  lock_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) throw OwnerError("cannot write into " + folder_.string() + ": " + why());
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    close(lock_);
    throw OwnerError("another Heliograph is running on " + folder_.string() +
                     "; stop it first, or choose another --data");
  }
}

DataFolder::~DataFolder() {
  close(lock_);
}

std::vector<crypto::RsaKey> rsa_keys(const std::filesystem::path& folder) {
  make_folder(folder);
  make_folder(folder / "keys");
  const auto current = folder / "keys" / "rsa.pem", previous = folder / "keys" / "rsa_previous.pem";
  if (!std::filesystem::exists(current)) {
    Bytes pem = crypto::RsaKey::generate().pem();
    write_file_durably(current, pem);
    wipe(pem);
  }
  std::vector<crypto::RsaKey> keys;
  for (const auto& file : {current, previous}) {
    if (file == previous && !std::filesystem::exists(file)) continue;
    Bytes pem = read_secret_file(file);
    auto key = crypto::RsaKey::from_pem(pem);
    wipe(pem);
    if (!key) throw OwnerError(file.string() + " is not an RSA private key of 2048 bits; restore it from a backup");
    keys.push_back(*std::move(key));
  }
  return keys;
}

Secret<Bytes> server_secret(const std::filesystem::path& folder) {
  constexpr std::size_t kSize = 32;
  make_folder(folder);
  make_folder(folder / "keys");
  const auto file = folder / "keys" / "secret";
  if (!std::filesystem::exists(file)) {
    SystemRandom random;
    write_file_durably(file, random.bytes(kSize));
  }
  Secret<Bytes> secret(read_secret_file(file));
  if (secret.reveal().size() != kSize) {
    throw OwnerError(file.string() + " should hold " + std::to_string(kSize) + " bytes; restore it from a backup");
  }
  return secret;
}

}  // namespace helio::server
