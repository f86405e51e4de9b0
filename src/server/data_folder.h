// server/data_folder.h: the one folder that holds all a server knows, and the lock that keeps it to one process.
//
//   DIR/heliograph.toml   settings (optional, the owner's)
//   DIR/keys/rsa.pem      the key that clients recognise the server by
//   DIR/keys/rsa_previous.pem  the key before it (optional): clients that know only that one are still served
//   DIR/keys/secret       32 random bytes that access hashes and stored codes are derived from
//   DIR/store/            the embedded store
//   DIR/blobs/            media (store/blob.h)
//   DIR/admin.sock        commands of the owner (server/admin/)
//   DIR/lock              held by the running server
#pragma once
#include <filesystem>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/rsa.h"

namespace helio::server {

class DataFolder {
 public:
  // Makes the folder when it does not exist, for its user only, and takes the lock.
  // Throws OwnerError when another server runs on it, a restore into it did not end, or the file system refuses.
  explicit DataFolder(std::filesystem::path folder);
  DataFolder(const DataFolder&) = delete;
  ~DataFolder();

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path store() const { return folder_ / "store"; }
  std::filesystem::path blobs() const { return folder_ / "blobs"; }
  std::filesystem::path admin_socket() const { return folder_ / "admin.sock"; }

 private:
  std::filesystem::path folder_;
  int lock_ = -1;
};

// The keys in DIR/keys: rsa.pem, which is made on first use, and then rsa_previous.pem, if there is one. To change the
// key, an owner renames the first to the second; both work until the second is removed.
// Throws OwnerError when one is no private RSA key of 2048 bits, or may be read by others than its user.
std::vector<crypto::RsaKey> rsa_keys(const std::filesystem::path& folder);
// The bytes of DIR/keys/secret, made on first use. Throws OwnerError when they cannot be read, or others may read them.
Secret<Bytes> server_secret(const std::filesystem::path& folder);

}  // namespace helio::server
