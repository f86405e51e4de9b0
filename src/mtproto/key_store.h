// mtproto/key_store.h: permanent auth keys in the store: partition "k" and the id in big-endian, key "a", a
// record.AuthKey.
//
// Threads: any.
#pragma once
#include <optional>

#include "crypto/mtproto_keys.h"
#include "store/kv.h"

namespace helio::mtproto {

struct StoredKey {
  crypto::Wiped<256> bytes;
  std::int32_t created_at = 0;
  int dc = 0;
};

class KeyStore {
 public:
  enum class Added { kYes, kIdTaken, kNotNow };

  explicit KeyStore(store::Kv& kv) : kv_(kv) {}

  // Throws StoreDown.
  Task<std::optional<StoredKey>> find(std::int64_t auth_key_id);
  // Durable when this says kYes.
  Task<Added> add(std::int64_t auth_key_id, StoredKey key);
  // Whether it is gone for good.
  Task<bool> erase(std::int64_t auth_key_id);

 private:
  store::Kv& kv_;
};

}  // namespace helio::mtproto
