#include "crypto/bind_message.h"

#include "crypto/constant_time.h"

namespace helio::crypto {
namespace {

constexpr std::size_t kClear = 8 + 16;
constexpr std::size_t kInner = 40;
constexpr std::size_t kHashed = 16 + 8 + 4 + 4 + kInner;
constexpr std::size_t kEncrypted = 80;
static_assert(kEncrypted == (kHashed + 15) / 16 * 16);

}  // namespace

std::optional<BindMessage> open_bind_message(View encrypted, const AuthKey& permanent_key,
                                             std::int64_t permanent_key_id) {
  if (encrypted.size() != kClear + kEncrypted) return std::nullopt;
  if (load_le<std::int64_t>(encrypted.data()) != permanent_key_id) return std::nullopt;

  const MsgKey claimed = fixed<16>(encrypted.substr(8));
  Fixed<kEncrypted> plain;
  AesKeyIv with = message_aes_v1(permanent_key, Sender::kClient, claimed);
  ige_decrypt(with, encrypted.substr(kClear), plain.data());
  explicit_bzero(&with, sizeof with);
  const MsgKey real = msg_key_v1(view(plain).substr(0, kHashed));
  if (!equal_constant_time(view(real), view(claimed))) return std::nullopt;
  if (load_le<std::uint32_t>(plain.data() + 28) != kInner) return std::nullopt;
  return BindMessage{.msg_id = load_le<std::int64_t>(plain.data() + 16),
                     .seqno = load_le<std::int32_t>(plain.data() + 24),
                     .inner = fixed<kInner>(view(plain).substr(32))};
}

Bytes seal_bind_message(const BindMessage& message, const AuthKey& permanent_key, std::int64_t permanent_key_id,
                        Random& random) {
  Bytes plain = random.bytes(16);
  append_le(plain, message.msg_id);
  append_le(plain, message.seqno);
  append_le(plain, static_cast<std::int32_t>(kInner));
  plain += view(message.inner);
  const MsgKey key = msg_key_v1(plain);
  plain += random.bytes(kEncrypted - plain.size());

  Bytes sealed;
  append_le(sealed, permanent_key_id);
  sealed += view(key);
  sealed.resize(kClear + kEncrypted);
  ige_encrypt(message_aes_v1(permanent_key, Sender::kClient, key), plain, sealed.data() + kClear);
  return sealed;
}

}  // namespace helio::crypto
