// server/data_folder.h: the one folder that holds all a server knows, and the lock that keeps it to one process.
//
//   DIR/heliograph.toml   settings (optional, the owner's)
//   DIR/keys/rsa.pem      the key that clients recognise the server by; readable by its user only
//   DIR/keys/secret       32 random bytes that access hashes and stored codes are derived from
//   DIR/store/            the embedded store
//   DIR/admin.sock        commands of the owner (server/admin/)
//   DIR/lock              held by the running server
#pragma once
#include <filesystem>

#include "base/bytes.h"
#include "base/secret.h"

namespace helio::server {

class DataFolder {
 public:
  // Makes the folder when it does not exist, for its user only, and takes the lock.
  // Throws OwnerError when another server runs on it or the file system refuses.
  explicit DataFolder(std::filesystem::path folder);
  DataFolder(const DataFolder&) = delete;
  ~DataFolder();

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path store() const { return folder_ / "store"; }
  std::filesystem::path admin_socket() const { return folder_ / "admin.sock"; }

 private:
  std::filesystem::path folder_;
  int lock_ = -1;
};

// The private key in DIR/keys/rsa.pem as PEM text. Makes it on first use. Throws OwnerError when it cannot be read.
Secret<Bytes> rsa_key_pem(const std::filesystem::path& folder);
// The bytes of DIR/keys/secret, made on first use. Throws OwnerError when they cannot be read.
Secret<Bytes> server_secret(const std::filesystem::path& folder);

}  // namespace helio::server
