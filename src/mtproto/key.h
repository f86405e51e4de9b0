// mtproto/key.h: one auth key in memory, on the core that owns it.
#pragma once
#include <vector>

#include "crypto/mtproto_keys.h"
#include "mtproto/msg_id.h"
#include "mtproto/salts.h"

namespace helio::mtproto {

struct Key {
  Key(std::int64_t auth_key_id, const crypto::AuthKey& auth_key, const SaltSecret& secret)
      : id(auth_key_id), bytes(auth_key), salts(secret, auth_key_id) {}
  ~Key() { crypto::wipe(bytes); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  const std::int64_t id;
  crypto::AuthKey bytes;
  std::int32_t created_at = 0;
  int dc = 0;  // As the client named it in the key exchange; 0: it did not.

  bool temporary = false;
  std::int32_t expires_at = 0;    // Of a temporary key.
  std::int64_t permanent_id = 0;  // Its own id, or of the key that a temporary one is bound to; 0: not bound.

  std::vector<std::int64_t> bound;  // Of a permanent key: the temporary keys that speak for it, oldest first.
  Salts salts;
  MsgIds msg_ids;  // Of all its sessions: what rises for a key rises for each of them.
  Ticks used_at{};
};

}  // namespace helio::mtproto
