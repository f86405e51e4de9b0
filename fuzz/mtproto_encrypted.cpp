// Frames under a key: any bytes, and any plaintext in an envelope that is right. Input: how (a byte), then what.
#include "base/assert.h"
#include "crypto/message.h"

namespace helio::crypto {
namespace {

AuthKey fuzz_key() {
  AuthKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(i * 7 + 3);
  return key;
}

// Honestly hashed and encrypted; what is left over at the end of whole blocks is dropped.
Bytes sealed(const AuthKey& key, Sender sender, View plain) {
  plain = plain.substr(0, plain.size() / 16 * 16);
  const MsgKey message_key = msg_key(msg_key_large(key, sender, plain));
  Bytes frame(8, '\0');
  frame += view(message_key);
  frame.resize(24 + plain.size());
  ige_encrypt(message_aes(key, sender, message_key), plain, frame.data() + 24);
  return frame;
}

// What docs/security.md C02 allows, said another way.
bool allowed(View plain) {
  if (plain.size() < 32 + 12) return false;
  const std::int64_t length = load_le<std::int32_t>(plain.data() + 28);
  const std::int64_t padding = static_cast<std::int64_t>(plain.size()) - 32 - length;
  return length >= 0 && length % 4 == 0 && padding >= 12 && padding <= 1024;
}

void play(View input) {
  static const AuthKey key = fuzz_key();
  if (input.empty()) return;
  const auto how = static_cast<unsigned char>(input[0]);
  input.remove_prefix(1);
  const Sender sender = (how & 1) != 0 ? Sender::kServer : Sender::kClient;

  Bytes frame(input);
  if ((how & 2) != 0) {
    const View plain = input.substr(0, input.size() / 16 * 16);
    frame = sealed(key, sender, plain);
    Bytes copy = frame;
    const auto opened = open(copy, &key, sender);
    ASSERT(opened.has_value() == allowed(plain));
    if (opened) {
      const auto& envelope = opened->envelope;
      ASSERT(envelope.salt == load_le<std::int64_t>(plain.data()));
      ASSERT(envelope.session_id == load_le<std::int64_t>(plain.data() + 8));
      ASSERT(envelope.msg_id == load_le<std::int64_t>(plain.data() + 16));
      ASSERT(envelope.seqno == load_le<std::int32_t>(plain.data() + 24));
      ASSERT(envelope.body == plain.substr(32, envelope.body.size()));
      ASSERT((opened->quick_ack & 0x80000000u) != 0);
    }
  } else {
    Bytes copy = frame;
    ASSERT(!open(copy, &key, sender));  // A right msg_key is not found by chance.
  }

  // Many at once say the same as each alone: right, without a key, from the other side, and cut.
  std::vector<Bytes> frames{frame, frame, frame, frame.substr(0, frame.size() / 2)};
  std::vector<OpenJob> jobs(frames.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i] = {frames[i], &key, sender, {}};
  jobs[1].key = nullptr;
  jobs[2].sender = sender == Sender::kClient ? Sender::kServer : Sender::kClient;
  open_many(jobs);
  for (std::size_t i = 1; i < jobs.size(); ++i) ASSERT(!jobs[i].opened);
  const auto alone = open(frame, &key, sender);
  ASSERT(alone.has_value() == jobs[0].opened.has_value());
  if (alone) ASSERT(alone->envelope.body == jobs[0].opened->envelope.body);
}

}  // namespace
}  // namespace helio::crypto

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  helio::crypto::play({reinterpret_cast<const char*>(data), size});
  return 0;
}
