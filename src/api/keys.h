// api/keys.h: what API methods ask about authorization keys, of the room that makes them.
//
// Source: https://core.telegram.org/method/auth.bindTempAuthKey, auth.dropTempAuthKeys
#pragma once
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/tasks.h"

namespace helio::api {

struct TempKeyBinding {
  std::int64_t temp_auth_key_id = 0;  // Of the key that encrypted the query.
  std::int64_t session_id = 0;
  std::int64_t msg_id = 0;
  std::int64_t perm_auth_key_id = 0;  // The rest as the client sent it.
  std::int64_t nonce = 0;
  std::int32_t expires_at = 0;
  Bytes encrypted_message;
};

class Keys {
 public:
  virtual ~Keys() = default;

  // Binds the temporary key, in place of one that was bound before. 400 ENCRYPTED_MESSAGE_INVALID unless the encrypted
  // message, under the permanent key, says the same as the rest.
  virtual Task<Result<>> bind_temp(TempKeyBinding binding) = 0;

  // Forgets the temporary keys that are bound to `perm_auth_key_id`, except those named.
  virtual Task<> drop_temps(std::int64_t perm_auth_key_id, std::vector<std::int64_t> except) = 0;
};

}  // namespace helio::api
