#include "crypto/message.h"

#include "crypto/constant_time.h"

namespace helio::crypto {
namespace {

constexpr std::size_t kClear = 8 + 16;              // auth_key_id and msg_key.
constexpr std::size_t kHeader = 8 + 8 + 8 + 4 + 4;  // salt to length.
constexpr std::size_t kPaddingMin = 12;
constexpr std::size_t kPaddingMax = 1024;
constexpr std::size_t kAtOnce = 32;  // Enough to keep all lanes busy; bounds the keys on the stack.
constexpr std::size_t kEncryptedMin = (kHeader + kPaddingMin + 15) / 16 * 16;

// The least padding that fills the last block.
std::size_t padding_for(std::size_t body) {
  const std::size_t size = kHeader + body + kPaddingMin;
  return kPaddingMin + (16 - size % 16) % 16;
}

// Everything but the encryption; returns what to encrypt with.
AesKeyIv prepare(SealJob& job, Random& random) {
  const Envelope& envelope = job.envelope;
  ASSERT(envelope.body.size() % 4 == 0);
  ASSERT(envelope.body.size() < std::size_t{1} << 30);
  const std::size_t padding = padding_for(envelope.body.size());

  Bytes& frame = job.frame;
  frame.clear();
  frame.reserve(kClear + kHeader + envelope.body.size() + padding);
  append_le(frame, job.key_id);
  frame.append(16, '\0');
  append_le(frame, envelope.salt);
  append_le(frame, envelope.session_id);
  append_le(frame, envelope.msg_id);
  append_le(frame, envelope.seqno);
  append_le(frame, static_cast<std::int32_t>(envelope.body.size()));
  frame += envelope.body;
  frame.append(padding, '\0');
  random.fill(std::span(frame).last(padding));

  const MsgKey key = msg_key(msg_key_large(*job.key, job.sender, View(frame).substr(kClear)));
  std::memcpy(frame.data() + 8, key.data(), key.size());
  return message_aes(*job.key, job.sender, key);
}

IgeJob encryption(const AesKeyIv& with, Bytes& frame) {
  return {&with, View(frame).substr(kClear), frame.data() + kClear};
}

// What stands in for an unknown key, which costs what a known one does: nobody learns from the time which keys exist.
constexpr AuthKey kNoKey{};

bool may_be_sealed(std::span<const char> frame) {
  return frame.size() >= kClear + kEncryptedMin && (frame.size() - kClear) % 16 == 0;
}

MsgKey claimed_msg_key(std::span<const char> frame) {
  return fixed<16>(View(frame.data() + 8, 16));
}

IgeJob decryption(const AesKeyIv& with, std::span<char> frame) {
  return {&with, View(frame.data() + kClear, frame.size() - kClear), frame.data() + kClear};
}

// Of a frame that has been decrypted.
std::optional<Opened> judge(std::span<const char> frame, const AuthKey* key, Sender sender) {
  const bool known = key != nullptr;
  if (!known) key = &kNoKey;
  const View plain(frame.data() + kClear, frame.size() - kClear);
  const Sha256 large = msg_key_large(*key, sender, plain);
  const bool right = equal_constant_time(view(msg_key(large)), View(frame.data() + 8, 16));
  if (!right || !known) return std::nullopt;

  // From here on the sender is known to hold the key.
  const auto length = load_le<std::uint32_t>(plain.data() + 28);
  const std::size_t room = plain.size() - kHeader;
  if (length % 4 != 0 || length > room) return std::nullopt;
  if (const std::size_t padding = room - length; padding < kPaddingMin || padding > kPaddingMax) return std::nullopt;
  return Opened{.envelope = {.salt = load_le<std::int64_t>(plain.data()),
                             .session_id = load_le<std::int64_t>(plain.data() + 8),
                             .msg_id = load_le<std::int64_t>(plain.data() + 16),
                             .seqno = load_le<std::int32_t>(plain.data() + 24),
                             .body = plain.substr(kHeader, length)},
                .quick_ack = quick_ack(large)};
}

}  // namespace

Bytes seal(const Envelope& envelope, const AuthKey& key, std::int64_t key_id, Sender sender, Random& random) {
  SealJob job{envelope, &key, key_id, sender, {}};
  AesKeyIv with = prepare(job, random);
  const IgeJob work = encryption(with, job.frame);
  ige_encrypt(with, work.in, work.out);
  explicit_bzero(&with, sizeof with);
  return std::move(job.frame);
}

void seal_many(std::span<SealJob> jobs, Random& random) {
  while (!jobs.empty()) {
    const std::size_t count = std::min(kAtOnce, jobs.size());
    AesKeyIv with[kAtOnce];
    IgeJob encryptions[kAtOnce];
    for (std::size_t i = 0; i < count; ++i) {
      with[i] = prepare(jobs[i], random);
      encryptions[i] = encryption(with[i], jobs[i].frame);
    }
    ige_encrypt_many({encryptions, count});
    explicit_bzero(with, sizeof with[0] * count);
    jobs = jobs.subspan(count);
  }
}

std::optional<Opened> open(std::span<char> frame, const AuthKey* key, Sender sender) {
  if (!may_be_sealed(frame)) return std::nullopt;
  const MsgKey claimed = claimed_msg_key(frame);
  AesKeyIv with = message_aes(key ? *key : kNoKey, sender, claimed);
  const IgeJob work = decryption(with, frame);
  ige_decrypt(with, work.in, work.out);
  explicit_bzero(&with, sizeof with);
  return judge(frame, key, sender);
}

void open_many(std::span<OpenJob> jobs) {
  while (!jobs.empty()) {
    const std::size_t count = std::min(kAtOnce, jobs.size());
    AesKeyIv with[kAtOnce];
    IgeJob decryptions[kAtOnce];
    std::size_t sealed = 0;
    for (OpenJob& job : jobs.first(count)) {
      if (!may_be_sealed(job.frame)) continue;
      with[sealed] = message_aes(job.key ? *job.key : kNoKey, job.sender, claimed_msg_key(job.frame));
      decryptions[sealed] = decryption(with[sealed], job.frame);
      ++sealed;
    }
    ige_decrypt_many({decryptions, sealed});
    explicit_bzero(with, sizeof with[0] * sealed);
    for (OpenJob& job : jobs.first(count)) {
      job.opened = may_be_sealed(job.frame) ? judge(job.frame, job.key, job.sender) : std::nullopt;
    }
    jobs = jobs.subspan(count);
  }
}

}  // namespace helio::crypto
