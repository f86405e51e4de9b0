// crypto/message.h: the encrypted message of MTProto 2.0, sealed and opened. Bytes only: sessions judge the fields.
//
// Shape:   auth_key_id (8), msg_key (16), then IGE over salt (8), session_id (8), msg_id (8), seqno (4), length (4),
// body
//          and 12 to 1024 bytes of padding. Integers little-endian.
// Rules:   everything is decrypted and hashed before any of it is looked at; every reason to refuse gives the same
// answer
//          after the same work.
// Threads: any, except as Random says.
// Source:  https://core.telegram.org/mtproto/description, /mtproto/security_guidelines.
#pragma once
#include <optional>
#include <span>

#include "base/random.h"
#include "crypto/mtproto_keys.h"

namespace helio::crypto {

struct Envelope {
  std::int64_t salt = 0;
  std::int64_t session_id = 0;
  std::int64_t msg_id = 0;
  std::int32_t seqno = 0;
  View body;  // A multiple of 4 bytes.
};

// One message to seal; borrows key and body for the length of the call, `frame` is the result.
struct SealJob {
  Envelope envelope;
  const AuthKey* key = nullptr;
  std::int64_t key_id = 0;
  Sender sender = Sender::kServer;
  Bytes frame;
};

// Padding is fresh with each call. A message that is sent again must be the stored frame, never a second sealing under
// the same msg_id.
Bytes seal(const Envelope& envelope, const AuthKey& key, std::int64_t key_id, Sender sender, Random& random);
// The same for many at once, encrypted side by side: several times as fast in sum.
void seal_many(std::span<SealJob> jobs, Random& random);

struct Opened {
  Envelope envelope;            // Its body points into the frame.
  std::uint32_t quick_ack = 0;  // To be sent if the client asked for it.
};

// Decrypts in place, leaving the frame unusable if refused. `key` is the one that the frame's auth_key_id names; null
// if there is none, which costs the same time. nullopt: the frame is too short, or no whole number of blocks, or the
// key is null, or msg_key is wrong, or length or padding are not allowed. The caller's answer is the same for all of
// them.
std::optional<Opened> open(std::span<char> frame, const AuthKey* key, Sender sender);

// One frame to open; borrows frame and key for the length of the call, `opened` is the result.
struct OpenJob {
  std::span<char> frame;
  const AuthKey* key = nullptr;
  Sender sender = Sender::kClient;
  std::optional<Opened> opened;
};

// The same for many at once, decrypted side by side: of each job what open() would say, for the same work.
void open_many(std::span<OpenJob> jobs);

}  // namespace helio::crypto
