#include "crypto/message.h"

#include <gtest/gtest.h>

#include "crypto/test_bytes.h"

namespace helio::crypto {
namespace {

AuthKey random_key(Random& random) {
  AuthKey key;
  random.fill(key);
  return key;
}

// A message with any length field and any amount of padding, honestly hashed and encrypted.
Bytes forge(const AuthKey& key, Sender sender, std::int32_t length, std::size_t body, std::size_t padding) {
  Bytes plain(28, '\x11');
  append_le(plain, length);
  plain.append(body + padding, '\x22');
  const MsgKey message_key = msg_key(msg_key_large(key, sender, plain));
  Bytes frame(8, '\0');
  frame += view(message_key);
  frame.resize(24 + plain.size());
  ige_encrypt(message_aes(key, sender, message_key), plain, frame.data() + 24);
  return frame;
}

TEST(Message, OpensWhatWasSealed) {
  SeededRandom random(7);
  const AuthKey key = random_key(random);
  for (const Sender sender : {Sender::kClient, Sender::kServer}) {
    for (std::size_t size = 0; size <= 100; size += 4) {
      const Bytes body = random.bytes(size);
      const Envelope envelope{.salt = -1, .session_id = 2, .msg_id = 3ll << 40, .seqno = 4, .body = body};
      Bytes frame = seal(envelope, key, 77, sender, random);
      EXPECT_EQ(load_le<std::int64_t>(frame.data()), 77);
      EXPECT_EQ((frame.size() - 24) % 16, 0u);
      const std::size_t padding = frame.size() - 24 - 32 - size;
      EXPECT_TRUE(padding >= 12 && padding < 28);
      const auto opened = open(frame, &key, sender);
      ASSERT_TRUE(opened);
      EXPECT_EQ(opened->envelope.salt, -1);
      EXPECT_EQ(opened->envelope.session_id, 2);
      EXPECT_EQ(opened->envelope.msg_id, 3ll << 40);
      EXPECT_EQ(opened->envelope.seqno, 4);
      EXPECT_EQ(opened->envelope.body, body);
      const View plain = View(frame).substr(24);
      EXPECT_EQ(opened->quick_ack, quick_ack(msg_key_large(key, sender, plain)));
    }
  }
}

TEST(Message, ManyAreSealedAsEachAlone) {
  SeededRandom random(8);
  const AuthKey keys[] = {random_key(random), random_key(random)};
  std::vector<Bytes> bodies;
  std::vector<SealJob> jobs;
  for (std::size_t i = 0; i < 75; ++i) bodies.push_back(random.bytes(random.below(500) * 4));
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    jobs.push_back({.envelope = {.msg_id = static_cast<std::int64_t>(i), .body = bodies[i]},
                    .key = &keys[i % 2],
                    .key_id = 5,
                    .sender = Sender::kServer,
                    .frame = "whatever was there before"});
  }
  seal_many(jobs, random);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto opened = open(jobs[i].frame, &keys[i % 2], Sender::kServer);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->envelope.msg_id, static_cast<std::int64_t>(i));
    EXPECT_EQ(opened->envelope.body, bodies[i]);
  }
}

// Frames of all kinds side by side: whole, of either sender, under another key or none, cut, with a changed byte, with
// a length that is not allowed.
TEST(Message, C01_C02_ManyAreOpenedAsEachAlone) {
  SeededRandom random(18);
  const AuthKey keys[] = {random_key(random), random_key(random), AuthKey{}};
  for (const std::size_t count : {0u, 1u, 2u, 7u, 8u, 9u, 32u, 33u, 200u}) {
    std::vector<Bytes> frames, copies;
    std::vector<OpenJob> jobs(count);
    for (std::size_t i = 0; i < count; ++i) {
      const AuthKey& key = keys[random.below(3)];
      const auto sender = random.below(4) == 0 ? Sender::kServer : Sender::kClient;
      const Bytes body = random.bytes(random.below(300) * 4);
      Bytes frame = random.below(8) == 0
                        ? forge(key, sender, static_cast<std::int32_t>(random.below(40)), 20, 12)
                        : seal({.msg_id = static_cast<std::int64_t>(i), .body = body}, key, 5, sender, random);
      if (random.below(8) == 0) frame.resize(random.below(frame.size()));
      if (random.below(8) == 0 && !frame.empty()) frame[random.below(frame.size())] ^= 1;
      jobs[i].key = random.below(8) == 0 ? nullptr : random.below(8) == 0 ? &keys[random.below(3)] : &key;
      jobs[i].sender = random.below(8) == 0 ? Sender::kServer : sender;
      jobs[i].opened = Opened{};  // Whatever was there before.
      frames.push_back(std::move(frame));
    }
    copies = frames;
    for (std::size_t i = 0; i < count; ++i) jobs[i].frame = frames[i];
    open_many(jobs);
    int good = 0;
    for (std::size_t i = 0; i < count; ++i) {
      SCOPED_TRACE(i);
      const auto alone = open(copies[i], jobs[i].key, jobs[i].sender);
      ASSERT_EQ(jobs[i].opened.has_value(), alone.has_value());
      if (!alone) continue;
      ++good;
      const auto &a = alone->envelope, &b = jobs[i].opened->envelope;
      EXPECT_EQ(std::tie(a.salt, a.session_id, a.msg_id, a.seqno), std::tie(b.salt, b.session_id, b.msg_id, b.seqno));
      EXPECT_EQ(a.body, b.body);
      EXPECT_EQ(alone->quick_ack, jobs[i].opened->quick_ack);
    }
    if (count == 200) {
      EXPECT_TRUE(good > 50 && good < 190) << good;
    }
  }
}

TEST(Message, PaddingIsFreshEachTime) {
  SeededRandom random(9);
  const AuthKey key = random_key(random);
  EXPECT_NE(seal({}, key, 1, Sender::kServer, random), seal({}, key, 1, Sender::kServer, random));
}

TEST(Message, C01_RefusesAnyChangedBit) {
  SeededRandom random(10);
  const AuthKey key = random_key(random);
  const Bytes frame = seal({.body = "four"}, key, 1, Sender::kClient, random);
  for (std::size_t bit = 64; bit < frame.size() * 8; ++bit) {
    Bytes changed = frame;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_FALSE(open(changed, &key, Sender::kClient)) << bit;
  }
}

TEST(Message, C01_A09_RefusesOtherKeysTheOtherDirectionAndNoKey) {
  SeededRandom random(11);
  const AuthKey key = random_key(random), other = random_key(random), zeros{};
  const Bytes frame = seal({}, key, 1, Sender::kClient, random);
  for (const auto& [with, sender] : {std::pair{&other, Sender::kClient}, {&key, Sender::kServer}}) {
    Bytes copy = frame;
    EXPECT_FALSE(open(copy, with, sender));
  }
  Bytes copy = frame;
  EXPECT_FALSE(open(copy, nullptr, Sender::kClient));
  // Not even what was sealed with the key that stands in for an unknown one.
  Bytes dummy = seal({}, zeros, 1, Sender::kClient, random);
  EXPECT_FALSE(open(dummy, nullptr, Sender::kClient));
}

TEST(Message, RefusesFramesOfWrongSize) {
  SeededRandom random(12);
  const AuthKey key = random_key(random);
  const Bytes frame = seal({.body = "12345678"}, key, 1, Sender::kClient, random);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    Bytes cut = frame.substr(0, size);
    ASSERT_FALSE(open(cut, &key, Sender::kClient)) << size;
  }
  Bytes longer = frame + Bytes(15, '\0');
  EXPECT_FALSE(open(longer, &key, Sender::kClient));
}

TEST(Message, C02_JudgesLengthAndPaddingLikeAWrongMsgKey) {
  SeededRandom random(13);
  const AuthKey key = random_key(random);
  struct Case {
    std::int32_t length;
    std::size_t body, padding;
    bool good;
  } cases[] = {
      {4, 4, 12, true},           {20, 20, 12, true},
      {0, 0, 16, true},           {0, 0, 1024, true},
      {32, 32, 0, false},         {36, 36, 12, true},
      {48, 36, 12, false},        {4, 4, 1036, false},
      {0, 0, 1040, false},        {4, 4, 1020, true},
      {2, 4, 12, false},          {-4, 4, 12, false},
      {20, 4, 12, false},         {16, 4, 12, false},
      {24, 4, 12, false},         {8, 4, 12, false},
      {5, 4, 28, false},          {0, 4, 1036, false},
      {0x7ffffffc, 4, 12, false}, {static_cast<std::int32_t>(0x80000004), 4, 12, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(testing::Message() << c.length << " in " << c.body << " + " << c.padding);
    Bytes frame = forge(key, Sender::kClient, c.length, c.body, c.padding);
    EXPECT_EQ(open(frame, &key, Sender::kClient).has_value(), c.good);
  }
}

// The padding of 11 and 1025 bytes that the rule names needs lengths that are no multiple of 4.
TEST(Message, C02_RefusesOddPaddings) {
  SeededRandom random(14);
  const AuthKey key = random_key(random);
  for (const auto& [body, padding] : {std::pair<std::int32_t, std::size_t>{5, 11}, {15, 1025}}) {
    Bytes frame = forge(key, Sender::kServer, body, static_cast<std::size_t>(body), padding);
    EXPECT_FALSE(open(frame, &key, Sender::kServer));
  }
}

}  // namespace
}  // namespace helio::crypto
