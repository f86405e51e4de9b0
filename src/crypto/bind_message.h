// crypto/bind_message.h: the envelope of auth.bindTempAuthKey, the last one of MTProto 1.0.
//
// Its padding is not authenticated, so only one exact form passes: 104 bytes = auth_key_id (8), msg_key (16), then IGE
// over random (16), msg_id (8), seqno (4), length (4) = 40, bind_auth_key_inner (40) and 8 bytes of padding. Always
// from the client, always under the permanent key. Source: https://core.telegram.org/method/auth.bindTempAuthKey,
// /mtproto/description_v1.
#pragma once
#include <optional>

#include "base/random.h"
#include "crypto/mtproto_keys.h"

namespace helio::crypto {

struct BindMessage {
  std::int64_t msg_id = 0;  // Must be that of the request.
  std::int32_t seqno = 0;   // Must be 0.
  Fixed<40> inner{};        // bind_auth_key_inner, with its constructor id.
};

// nullopt for every other form, another key's id, or a wrong msg_key: one refusal, no detail.
std::optional<BindMessage> open_bind_message(View encrypted, const AuthKey& permanent_key,
                                             std::int64_t permanent_key_id);

// What a client sends: for tests and load drivers.
Bytes seal_bind_message(const BindMessage& message, const AuthKey& permanent_key, std::int64_t permanent_key_id,
                        Random& random);

}  // namespace helio::crypto
