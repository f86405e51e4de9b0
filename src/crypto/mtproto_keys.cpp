#include "crypto/mtproto_keys.h"

namespace helio::crypto {
namespace {

std::size_t x_of(Sender sender) {
  return sender == Sender::kClient ? 0 : 8;
}

// Joins pieces of hashes into a key or an IV.
Fixed<32> join(std::initializer_list<View> parts) {
  Fixed<32> joined;
  std::size_t at = 0;
  for (View part : parts) {
    ASSERT(at + part.size() <= joined.size());
    std::memcpy(joined.data() + at, part.data(), part.size());
    at += part.size();
  }
  ASSERT(at == joined.size());
  return joined;
}

}  // namespace

std::int64_t auth_key_id(const AuthKey& key) {
  return load_le<std::int64_t>(sha1(key).data() + 12);
}
std::int64_t auth_key_aux_hash(const AuthKey& key) {
  return load_le<std::int64_t>(sha1(key).data());
}

Sha256 msg_key_large(const AuthKey& key, Sender sender, View padded_plaintext) {
  return sha256(view(key).substr(88 + x_of(sender), 32), padded_plaintext);
}
MsgKey msg_key(const Sha256& large) {
  return fixed<16>(view(large).substr(8));
}
std::uint32_t quick_ack(const Sha256& large) {
  return load_le<std::uint32_t>(large.data()) | 0x80000000u;
}

AesKeyIv message_aes(const AuthKey& key, Sender sender, const MsgKey& msg_key) {
  const std::size_t x = x_of(sender);
  const Sha256 a_hash = sha256(msg_key, view(key).substr(x, 36));
  const Sha256 b_hash = sha256(view(key).substr(40 + x, 36), msg_key);
  const View a = view(a_hash), b = view(b_hash);
  return {.key = join({a.substr(0, 8), b.substr(8, 16), a.substr(24, 8)}),
          .iv = join({b.substr(0, 8), a.substr(8, 16), b.substr(24, 8)})};
}

MsgKey msg_key_v1(View plaintext) {
  return fixed<16>(view(sha1(plaintext)).substr(4));
}

AesKeyIv message_aes_v1(const AuthKey& key, Sender sender, const MsgKey& msg_key) {
  const View part = view(key).substr(x_of(sender));
  const Sha1 a_hash = sha1(msg_key, part.substr(0, 32));
  const Sha1 b_hash = sha1(part.substr(32, 16), msg_key, part.substr(48, 16));
  const Sha1 c_hash = sha1(part.substr(64, 32), msg_key);
  const Sha1 d_hash = sha1(msg_key, part.substr(96, 32));
  const View a = view(a_hash), b = view(b_hash), c = view(c_hash), d = view(d_hash);
  return {.key = join({a.substr(0, 8), b.substr(8, 12), c.substr(4, 12)}),
          .iv = join({a.substr(8, 12), b.substr(0, 8), c.substr(16, 4), d.substr(0, 8)})};
}

AesKeyIv exchange_aes(const Fixed<32>& new_nonce, const Fixed<16>& server_nonce) {
  Sha1 new_server = sha1(new_nonce, server_nonce);
  Sha1 server_new = sha1(server_nonce, new_nonce);
  Sha1 new_new = sha1(new_nonce, new_nonce);
  AesKeyIv with{.key = join({view(new_server), view(server_new).substr(0, 12)}),
                .iv = join({view(server_new).substr(12, 8), view(new_new), view(new_nonce).substr(0, 4)})};
  for (Sha1* part : {&new_server, &server_new, &new_new}) wipe(*part);
  return with;
}

Fixed<16> new_nonce_hash(const Fixed<32>& new_nonce, int number, std::int64_t aux_hash) {
  Fixed<9> tail;
  tail[0] = static_cast<char>(number);
  store_le(tail.data() + 1, aux_hash);
  return fixed<16>(view(sha1(new_nonce, tail)).substr(4));
}

std::int64_t first_salt(const Fixed<32>& new_nonce, const Fixed<16>& server_nonce) {
  return load_le<std::int64_t>(new_nonce.data()) ^ load_le<std::int64_t>(server_nonce.data());
}

}  // namespace helio::crypto
