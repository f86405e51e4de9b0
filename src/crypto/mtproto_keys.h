// crypto/mtproto_keys.h: everything MTProto derives from a key or a nonce.
//
// Source: https://core.telegram.org/mtproto/description (2.0), /mtproto/description_v1 (1.0), /mtproto/auth_key
// (exchange). Threads: any; pure functions.
#pragma once
#include "crypto/aes_ige.h"
#include "crypto/sha.h"

namespace helio::crypto {

using AuthKey = Number256;  // Always 256 bytes, leading zeros and all.
using MsgKey = Fixed<16>;

// Who wrote a message; decides which part of the auth key is used (x = 0 from the client, 8 from the server).
enum class Sender { kClient, kServer };

// The low 64 bits of SHA1(key), as they stand on the wire, and the high 64 bits.
std::int64_t auth_key_id(const AuthKey& key);
std::int64_t auth_key_aux_hash(const AuthKey& key);

// MTProto 2.0: SHA256 over a part of the key and the whole plaintext with its padding. Its middle is the msg_key, its
// first four bytes are the quick acknowledgement.
Sha256 msg_key_large(const AuthKey& key, Sender sender, View padded_plaintext);
MsgKey msg_key(const Sha256& large);
std::uint32_t quick_ack(const Sha256& large);  // Top bit set, as transports send it.
AesKeyIv message_aes(const AuthKey& key, Sender sender, const MsgKey& msg_key);

// MTProto 1.0, which only auth.bindTempAuthKey still uses: SHA1 over the plaintext without its padding.
MsgKey msg_key_v1(View plaintext);
AesKeyIv message_aes_v1(const AuthKey& key, Sender sender, const MsgKey& msg_key);

// Key exchange: what encrypts server_DH_inner_data and client_DH_inner_data.
AesKeyIv exchange_aes(const Fixed<32>& new_nonce, const Fixed<16>& server_nonce);
// new_nonce_hash1, 2 and 3 of dh_gen_ok, dh_gen_retry and dh_gen_fail: `number` says which.
Fixed<16> new_nonce_hash(const Fixed<32>& new_nonce, int number, std::int64_t aux_hash);
// The first salt of a new key.
std::int64_t first_salt(const Fixed<32>& new_nonce, const Fixed<16>& server_nonce);

}  // namespace helio::crypto
