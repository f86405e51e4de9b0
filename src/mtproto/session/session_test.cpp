// Rules C of docs/security.md, on a whole server in virtual time.
#include "mtproto/session/session.h"

#include <gtest/gtest.h>

#include "base/gzip.h"
#include "crypto/aes_ige.h"
#include "mtproto/session/service.h"
#include "mtproto_client/world.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/BadMsgNotification.h"
#include "tl/types/mtproto/FutureSalt.h"
#include "tl/types/mtproto/FutureSalts.h"
#include "tl/types/mtproto/HttpWait.h"
#include "tl/types/mtproto/MsgResendReq.h"
#include "tl/types/mtproto/MsgsAck.h"
#include "tl/types/mtproto/MsgsStateInfo.h"
#include "tl/types/mtproto/MsgsStateReq.h"
#include "tl/types/mtproto/NewSession.h"
#include "tl/types/mtproto/destroy_session.h"
#include "tl/types/mtproto/get_future_salts.h"
#include "tl/types/mtproto/ping_delay_disconnect.h"
#include "tl/types/mtproto/rpc_drop_answer.h"

namespace helio::client {

namespace mt = tl::mt;
using mtproto::constructor_of;

namespace {

#define IN_WORLD(suite, name)               \
  static Task<> suite##_##name(World& w);   \
  TEST(suite, name) {                       \
    World world;                            \
    world.clock.run(suite##_##name(world)); \
  }                                         \
  Task<> suite##_##name(World& w)

// What a client got, message by message.
struct Log {
  explicit Log(Client& client) {
    client.on_message = [this](const Message& message) { messages.push_back(message); };
  }
  std::vector<Message> messages;

  // The codes of notices about `msg_id`.
  std::vector<int> notices(std::int64_t msg_id) const {
    std::vector<int> codes;
    for (const Message& message : messages) {
      const auto object = tl::decode_mtproto(message.body);
      if (!object) continue;
      if (const auto* bad = tl::as<mt::Bad_msg_notification>(*object)) {
        if (bad->bad_msg_id == msg_id) codes.push_back(bad->error_code);
      } else if (const auto* salt = tl::as<mt::Bad_server_salt>(*object)) {
        if (salt->bad_msg_id == msg_id) codes.push_back(salt->error_code);
      }
    }
    return codes;
  }
  int count(std::uint32_t id) const {
    return static_cast<int>(
        std::ranges::count_if(messages, [&](const Message& m) { return constructor_of(m.body) == id; }));
  }
  std::vector<Message> answers(std::int64_t req_msg_id) const {
    std::vector<Message> found;
    for (const Message& message : messages) {
      const bool answer = constructor_of(message.body) == mtproto::kRpcResultId &&
                          load_le<std::int64_t>(message.body.data() + 4) == req_msg_id;
      if (answer) found.push_back(message);
    }
    return found;
  }
  template <class T>
  std::optional<T> last() const {
    for (auto it = messages.rbegin(); it != messages.rend(); ++it) {
      const auto object = tl::decode_mtproto(it->body);
      if (const auto* found = object ? tl::as<T>(*object) : nullptr) return *found;
    }
    return std::nullopt;
  }
};

Task<> settle(World& w) {
  co_await w.clock.sleep(milliseconds(10));
}

Message container_of(Client& client, const std::vector<Message>& inner) {
  Message container;
  mtproto::append_container_header(container.body, inner.size());
  for (const Message& message : inner) {
    mtproto::append_inner(container.body, message.msg_id, message.seqno, message.body);
  }
  container.msg_id = client.next_msg_id();
  container.seqno = client.next_seqno(false);
  return container;
}

Message query_of(Client& client, std::uint32_t id = queries::kEcho) {
  const std::int64_t msg_id = client.next_msg_id();
  return {msg_id, client.next_seqno(true), queries::make(id)};
}

Bytes acks_of(std::vector<std::int64_t> msg_ids) {
  mt::Msgs_ack ack;
  ack.msg_ids = std::move(msg_ids);
  return tl::encode_mtproto(ack);
}

Bytes packed(View body) {
  Bytes out;
  append_le(out, mtproto::kGzipPackedId);
  const Bytes gz = gzip(body);
  out.push_back('\xfe');
  out.push_back(static_cast<char>(gz.size()));
  out.push_back(static_cast<char>(gz.size() >> 8));
  out.push_back(static_cast<char>(gz.size() >> 16));
  out += gz;
  out.append((4 - out.size() % 4) % 4, '\0');
  return out;
}

}  // namespace

IN_WORLD(Session, A12_AQuickAckComesOnlyForWhatWasAccepted) {
  for (const Transport transport : kTransports) {
    if (transport.framing == mtproto::Framing::kFull) continue;
    const auto client = co_await w.client(transport);
    const Message good = query_of(*client);
    Bytes packet = client->seal(good);
    client->wire()->add(packet, true);
    client->wire()->flush();
    co_await settle(w);
    EXPECT_EQ(client->wire()->quick_acks().size(), 1u);
    Bytes copy = packet;
    const auto opened = crypto::open(copy, &client->key.bytes, crypto::Sender::kClient);
    if (opened && !client->wire()->quick_acks().empty()) {
      EXPECT_EQ(client->wire()->quick_acks()[0], opened->quick_ack);
    }
    const Message even{client->next_msg_id(), 2, queries::make(queries::kEcho)};
    packet = client->seal(even);
    client->wire()->add(packet, true);
    client->wire()->flush();
    co_await settle(w);
    EXPECT_EQ(client->wire()->quick_acks().size(), 1u);
    co_await client->stop();
  }
}

// A packet with `area` behind its head, of which `length` bytes are said to be the message, honestly hashed.
static Bytes forged(Client& client, std::int64_t msg_id, std::int32_t length, std::size_t area) {
  Bytes plain;
  append_le(plain, client.key.salt);
  append_le(plain, client.session_id);
  append_le(plain, msg_id);
  append_le(plain, client.next_seqno(true));
  append_le(plain, length);
  Bytes body = queries::make(queries::kEcho, Bytes(area - 4, 'x'));
  plain += body;
  const auto& key = client.key.bytes;
  const auto msg_key = crypto::msg_key(crypto::msg_key_large(key, crypto::Sender::kClient, plain));
  Bytes packet;
  append_le(packet, client.key.id);
  packet += crypto::view(msg_key);
  packet.resize(24 + plain.size());
  crypto::ige_encrypt(crypto::message_aes(key, crypto::Sender::kClient, msg_key), plain, packet.data() + 24);
  return packet;
}

IN_WORLD(Session, C01_APacketWithAnyWrongBitRunsNothing) {
  const auto first = co_await w.client();
  for (const std::size_t bit : {64u, 191u, 192u, 320u, 450u, 575u}) {
    const auto client = w.sibling(*first);
    const Message query = query_of(*client);
    Bytes packet = client->seal(query);
    packet[bit / 8] = static_cast<char>(packet[bit / 8] ^ (1 << bit % 8));
    client->send_raw(packet);
    co_await settle(w);
    EXPECT_EQ(client->transport_error, -404) << bit;
    EXPECT_FALSE(client->connected());
    EXPECT_TRUE(w.handler->runs.empty());
    co_await client->stop();
  }
  co_await first->stop();
}

IN_WORLD(Session, C02_LengthsAndPaddingsThatAreNotAllowedLookLikeAWrongMsgKey) {
  struct Case {
    std::int32_t length;
    std::size_t area;
    bool good;
  } cases[] = {{16, 16, false},  {8, 16, false},    {5, 16, false},    {4, 16, true},  // Padding 0, 8, 11, 12,
               {16, 1040, true}, {15, 1040, false}, {12, 1040, false},                 // 1024, 1025, 1028.
               {2, 16, false},   {-4, 32, false},   {20, 16, false},   {1 << 30, 32, false}};
  const auto first = co_await w.client();
  for (const auto& [length, area, good] : cases) {
    const auto client = w.sibling(*first);
    const std::int64_t msg_id = client->next_msg_id();
    client->send_raw(forged(*client, msg_id, length, area));
    co_await settle(w);
    EXPECT_EQ(client->transport_error, good ? 0 : -404) << length << " of " << area;
    EXPECT_EQ(client->connected(), good);
    EXPECT_EQ(w.handler->runs.contains(msg_id), good) << length << " of " << area;
    co_await client->stop();
  }
  co_await first->stop();
}

IN_WORLD(Session, C03_ClocksAndBitsOfMsgIds) {
  const auto client = co_await w.client();
  const auto now = static_cast<std::int64_t>(w.clock.unixtime());
  const std::pair<std::int64_t, int> cases[] = {
      {(now << 32) + 1, 18},
      {(now << 32) + 6, 18},
      {(now - 301) << 32 | 4, 16},
      {(now + 31) << 32 | 4, 17},
      {now << 32, 16},
      {4, 16},
      {-4, 16},
      {std::int64_t{0}, 16},
  };
  // The same in a session that exists and in ones that do not.
  for (const bool fresh : {false, true}) {
    for (const auto& [msg_id, code] : cases) {
      const auto sender = fresh ? w.sibling(*client) : w.sibling(*client, true);
      Log log(*sender);
      sender->send_packet({msg_id, 1, queries::make(queries::kEcho)});
      co_await settle(w);
      EXPECT_EQ(log.notices(msg_id), std::vector{code}) << msg_id;
      EXPECT_EQ(w.handler->runs.count(msg_id), 0u);
      if (fresh) {
        EXPECT_EQ(log.count(mt::New_session_created::kId), 0);
      }
      co_await sender->stop();
    }
  }
  for (const std::int64_t good : {(now - 298) << 32 | 4, (now + 29) << 32 | 4}) {
    const auto sender = w.sibling(*client);
    sender->send_packet({good, 1, queries::make(queries::kEcho)});
    co_await settle(w);
    EXPECT_EQ(w.handler->runs[good], 1);
    co_await sender->stop();
  }
  co_await client->stop();
}

IN_WORLD(Session, C04_ARepeatedQueryRunsOnceAndIsAnsweredAgain) {
  const auto client = co_await w.client();
  client->acknowledge = false;
  Log log(*client);
  const Message query = query_of(*client);
  client->send_packet(query);
  co_await settle(w);
  client->send_packet(query);
  client->send_packet(container_of(*client, {query}));
  co_await settle(w);
  EXPECT_EQ(w.handler->runs[query.msg_id], 1);
  const auto answers = log.answers(query.msg_id);
  EXPECT_GE(answers.size(), 2u);
  for (const Message& answer : answers) {
    EXPECT_EQ(answer.msg_id, answers[0].msg_id);
    EXPECT_EQ(answer.seqno, answers[0].seqno);
    EXPECT_EQ(answer.body, answers[0].body);
  }
  // Once acknowledged it is gone; the query still does not run.
  client->send_packet({client->next_msg_id(), client->next_seqno(false), acks_of({answers[0].msg_id})});
  client->send_packet(query);
  co_await settle(w);
  EXPECT_EQ(w.handler->runs[query.msg_id], 1);
  EXPECT_EQ(log.answers(query.msg_id).size(), answers.size());
  EXPECT_EQ(log.last<mt::Msgs_ack>().value_or(mt::Msgs_ack()).msg_ids, std::vector{query.msg_id});
  co_await client->stop();
}

IN_WORLD(Session, C04_ARepeatedQueryWaitsForTheOneThatRuns) {
  const auto client = co_await w.client();
  Log log(*client);
  const Message query = query_of(*client, queries::kSlow);
  client->send_packet(query);
  client->send_packet(query);
  co_await settle(w);
  client->send_packet(query);
  co_await w.clock.sleep(seconds(2));
  EXPECT_EQ(w.handler->runs[query.msg_id], 1);
  EXPECT_EQ(log.answers(query.msg_id).size(), 1u);
  EXPECT_TRUE(log.notices(query.msg_id).empty());
  co_await client->stop();
}

IN_WORLD(Session, C04_ContainersAndWhatIsBelowAllKept) {
  const auto client = co_await w.client();
  Log log(*client);
  const Message first = query_of(*client);
  const Message container = container_of(*client, {first});
  client->send_packet(container);
  client->send_packet(container);
  co_await settle(w);
  EXPECT_EQ(log.notices(container.msg_id), std::vector{19});
  EXPECT_EQ(w.handler->runs[first.msg_id], 1);

  for (int i = 0; i < 20; ++i) {
    std::vector<Message> many;
    for (int j = 0; j < 1000; ++j) many.push_back({client->next_msg_id(), client->next_seqno(true), ping(j)});
    client->send_packet(container_of(*client, many));
    co_await settle(w);
  }
  client->send_packet(container_of(*client, {first}));
  co_await settle(w);
  EXPECT_EQ(log.notices(first.msg_id), std::vector{20});
  EXPECT_EQ(w.handler->runs[first.msg_id], 1);
  co_await client->stop();
}

IN_WORLD(Session, C05_InnerMessagesMayBeOldButNotRepeated) {
  const auto client = co_await w.client();
  Log log(*client);
  const std::int64_t old = static_cast<std::int64_t>(w.clock.unixtime() - 3000) << 32 | 4;
  const Message inner{old, client->next_seqno(true), queries::make(queries::kEcho)};
  client->send_packet(container_of(*client, {inner}));
  co_await settle(w);
  EXPECT_EQ(w.handler->runs[old], 1);
  client->send_packet(container_of(*client, {inner}));
  co_await settle(w);
  EXPECT_EQ(w.handler->runs[old], 1);
  EXPECT_TRUE(log.notices(old).empty());
  co_await client->stop();
}

IN_WORLD(Session, C05_InnerMessagesTooOldToKnowAreRefused) {
  const auto client = co_await w.client();
  Log log(*client);
  std::vector<Message> first;
  for (int i = 0; i < 1000; ++i) first.push_back({client->next_msg_id(), client->next_seqno(true), ping(i)});
  const std::int64_t old = first[0].msg_id - 4;  // Never received.
  client->send_packet(container_of(*client, first));
  for (int i = 0; i < 10; ++i) {
    std::vector<Message> many;
    for (int j = 0; j < 1000; ++j) many.push_back({client->next_msg_id(), client->next_seqno(true), ping(j)});
    client->send_packet(container_of(*client, many));
    co_await settle(w);
  }
  client->send_packet(container_of(*client, {{old, 1, queries::make(queries::kEcho)}}));
  co_await settle(w);
  EXPECT_EQ(log.notices(old), std::vector{20});
  EXPECT_EQ(w.handler->runs.count(old), 0u);
  co_await client->stop();
}

static Task<bool> salt_accepted(World& w, const Client& owner, std::int64_t value) {
  const auto client = w.sibling(owner);
  client->repair = false;
  client->key.salt = value;
  Log seen(*client);
  const std::int64_t msg_id = client->send(queries::make(queries::kEcho));
  co_await settle(w);
  const bool yes = w.handler->runs.contains(msg_id);
  EXPECT_EQ(seen.notices(msg_id), yes ? std::vector<int>() : std::vector{48});
  if (!yes) {
    // The right one comes with the notice.
    client->key.salt = seen.last<mt::Bad_server_salt>()->new_server_salt;
    const Bytes answer = co_await client->call(queries::make(queries::kEcho), w.in(seconds(1)));
    EXPECT_FALSE(answer.empty());
    co_await settle(w);
  }
  co_await client->stop();
  co_return yes;
}

IN_WORLD(Session, C06_SaltsLastAnHour) {
  const auto first = co_await w.client();
  Log log(*first);
  mt::get_future_salts request;
  const std::pair<int, int> counts[] = {{-5, 1}, {1, 1}, {64, 64}, {1000, 64}};
  for (const auto& [asked, given] : counts) {
    request.num = asked;
    first->send(tl::encode_mtproto(request));
    co_await settle(w);
    const auto salts = log.last<mt::Future_salts>();
    EXPECT_EQ(salts ? static_cast<int>(salts->salts.size()) : 0, given);
  }
  const auto salts = log.last<mt::Future_salts>()->salts;
  const auto salt = [&](std::size_t i) { return *tl::as<mt::Future_salt>(salts[i]); };
  for (std::size_t i = 1; i < salts.size(); ++i) {
    EXPECT_EQ(salt(i).valid_since, salt(i - 1).valid_since + 1800);
    EXPECT_EQ(salt(i).valid_until, salt(i).valid_since + 3600);
  }
  co_await first->stop();

  const auto until = [&](std::int32_t when) { return seconds(when - w.clock.unixtime()); };
  bool yes = co_await salt_accepted(w, *first, salt(0).salt);
  EXPECT_TRUE(yes);
  yes = co_await salt_accepted(w, *first, salt(1).salt);
  EXPECT_FALSE(yes) << "not yet";
  yes = co_await salt_accepted(w, *first, 12345);
  EXPECT_FALSE(yes);
  co_await w.clock.sleep(until(salt(0).valid_until - 2));
  yes = co_await salt_accepted(w, *first, salt(0).salt);
  EXPECT_TRUE(yes);
  yes = co_await salt_accepted(w, *first, salt(1).salt);
  EXPECT_TRUE(yes);
  co_await w.clock.sleep(until(salt(0).valid_until + 1));
  yes = co_await salt_accepted(w, *first, salt(0).salt);
  EXPECT_FALSE(yes);
}

IN_WORLD(Session, C07_ARecordedFrameDoesNothingAfterARestart) {
  auto client = co_await w.client();
  // Under a salt of the half hour: the one of the key exchange is in memory only.
  Log before(*client);
  mt::get_future_salts request;
  request.num = 1;
  client->send(tl::encode_mtproto(request));
  co_await settle(w);
  const auto salts = before.last<mt::Future_salts>().value_or(mt::Future_salts()).salts;
  EXPECT_EQ(salts.size(), 1u);
  for (const auto& salt : salts) client->key.salt = tl::as<mt::Future_salt>(salt)->salt;
  const Message query = query_of(*client);
  const Bytes frame = client->seal(query);
  client->send_raw(frame);
  co_await settle(w);
  EXPECT_EQ(w.handler->runs[query.msg_id], 1);
  co_await client->stop();
  w.kv->crash();
  co_await w.server->stop();
  w.server.reset();
  w.start();

  const auto replay = w.sibling(*client, true);
  Log log(*replay);
  replay->send_raw(frame);
  co_await settle(w);
  EXPECT_EQ(w.handler->runs.count(query.msg_id), 0u);
  EXPECT_EQ(log.notices(query.msg_id), std::vector{48});
  // The owner of the key goes on after the notice.
  const Bytes answer = co_await replay->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  co_await replay->stop();
}

IN_WORLD(Session, C08_SessionsAreToldApartAndNewOnesAnnounced) {
  const auto a = co_await w.client();
  const auto b = w.sibling(*a);
  Log log_a(*a), log_b(*b);
  const Message first = query_of(*a);
  a->send_packet(first);
  co_await b->call(queries::make(queries::kEcho));
  co_await settle(w);
  EXPECT_EQ(log_a.count(mt::New_session_created::kId), 1);
  EXPECT_EQ(log_b.count(mt::New_session_created::kId), 1);
  const auto created = log_a.last<mt::New_session_created>();
  EXPECT_EQ(created->first_msg_id, first.msg_id);
  EXPECT_NE(created->unique_id, log_b.last<mt::New_session_created>()->unique_id);
  for (const auto& context : w.handler->contexts) {
    context.session->push(queries::make(0x20000000u | static_cast<std::uint32_t>(context.session_id & 0xff)));
  }
  co_await settle(w);
  EXPECT_EQ(log_a.count(0x20000000u | static_cast<std::uint32_t>(a->session_id & 0xff)), 1);
  EXPECT_EQ(log_b.count(0x20000000u | static_cast<std::uint32_t>(b->session_id & 0xff)), 1);

  // A message that was sent before the first one and came later.
  const std::int64_t earlier = first.msg_id - (std::int64_t{5} << 32);
  a->send_packet(container_of(*a, {{earlier, 0, ping(1)}}));
  co_await settle(w);
  EXPECT_EQ(log_a.count(mt::New_session_created::kId), 2);
  EXPECT_EQ(log_a.last<mt::New_session_created>()->first_msg_id, earlier);
  EXPECT_NE(log_a.last<mt::New_session_created>()->unique_id, created->unique_id);
  co_await a->stop();
  co_await b->stop();
}

IN_WORLD(Session, C08_ASessionIsAnnouncedOnceAndAgainOnlyForSmallerIds) {
  const auto client = co_await w.client();
  Log log(*client);
  client->send_packet({client->next_msg_id(), client->next_seqno(true), ping(1)});
  co_await settle(w);
  EXPECT_EQ(log.count(mt::New_session_created::kId), 1) << "a ping is enough";
  co_await client->call(queries::make(queries::kEcho));
  for (int i = 0; i < 3; ++i) {
    client->disconnect();
    co_await w.clock.sleep(seconds(100));
    client->use(w.wire());
    client->send(ping(i));
    co_await client->call(queries::make(queries::kEcho));
  }
  const auto second = w.sibling(*client, true);
  Log log_second(*second);
  second->send_packet({client->next_msg_id(), client->next_seqno(true), ping(1)});
  co_await settle(w);
  EXPECT_EQ(log.count(mt::New_session_created::kId), 1);
  EXPECT_EQ(log_second.count(mt::New_session_created::kId), 0);

  // Several at once, from the newest to the oldest: one announcement, of the smallest.
  std::vector<Message> older;
  const std::int64_t base = static_cast<std::int64_t>(w.clock.unixtime() - 2000) << 32;
  for (int i = 5; i > 0; --i) older.push_back({base + 400 * i, 0, ping(i)});
  client->send_packet(container_of(*client, older));
  co_await settle(w);
  EXPECT_EQ(log.count(mt::New_session_created::kId), 2);
  EXPECT_EQ(log.last<mt::New_session_created>()->first_msg_id, base + 400);
  co_await client->stop();
  co_await second->stop();
}

IN_WORLD(Session, C08_TheOldestIdleSessionMakesRoomAndItsFramesStayDead) {
  const auto first = co_await w.client();
  const Message query = query_of(*first);
  const Bytes frame = first->seal(query);
  first->send_raw(frame);
  co_await settle(w);
  first->disconnect();
  co_await settle(w);
  std::vector<std::unique_ptr<Client>> others;
  for (int i = 0; i < 64; ++i) {
    others.push_back(w.sibling(*first));
    co_await others.back()->call(queries::make(queries::kEcho));
    if (i > 0) others.back()->disconnect();
    co_await settle(w);
  }
  EXPECT_EQ(w.handler->closed, std::set{first->session_id});
  const auto replay = w.sibling(*first, true);
  replay->send_raw(frame);
  co_await settle(w);
  EXPECT_EQ(w.handler->runs[query.msg_id], 1);
  EXPECT_EQ(w.handler->closed.count(others[0]->session_id), 0u) << "it has a connection";
  co_await replay->stop();
  co_await first->stop();
  for (const auto& other : others) co_await other->stop();
}

// The code of the notice that a message gets; 0 for none.
static Task<int> code_for(World& w, Client& client, Log& log, std::int64_t msg_id, std::int32_t seqno, Bytes body) {
  Message message{msg_id, seqno, std::move(body)};
  client.send_packet(message);
  co_await settle(w);
  const auto codes = log.notices(msg_id);
  co_return codes.empty() ? 0 : codes[0];
}

IN_WORLD(Session, C09_Seqnos) {
  const auto client = co_await w.client();
  Log log(*client);
  const auto id = [&] { return client->next_msg_id(); };
  const Bytes ack = acks_of({1});
  int code = co_await code_for(w, *client, log, id(), 1, queries::make(queries::kEcho));
  EXPECT_EQ(code, 0);
  Message container = container_of(*client, {});
  container.seqno = 3;
  code = co_await code_for(w, *client, log, container.msg_id, container.seqno, container.body);
  EXPECT_EQ(code, 34);
  code = co_await code_for(w, *client, log, id(), 2, queries::make(queries::kEcho));
  EXPECT_EQ(code, 35);
  code = co_await code_for(w, *client, log, id(), 2, packed(queries::make(queries::kEcho)));
  EXPECT_EQ(code, 35) << "a packed query is a query";
  code = co_await code_for(w, *client, log, id(), 3, packed(queries::make(queries::kEcho)));
  EXPECT_EQ(code, 0);
  code = co_await code_for(w, *client, log, id(), 4, packed(ack));
  EXPECT_EQ(code, 0);
  const std::int64_t between = id();
  code = co_await code_for(w, *client, log, id(), 5, queries::make(queries::kEcho));
  EXPECT_EQ(code, 0);
  code = co_await code_for(w, *client, log, id(), 5, queries::make(queries::kEcho));
  EXPECT_EQ(code, 32) << "the same odd number";
  code = co_await code_for(w, *client, log, id(), 3, queries::make(queries::kEcho));
  EXPECT_EQ(code, 32);
  code = co_await code_for(w, *client, log, between, 7, queries::make(queries::kEcho));
  EXPECT_EQ(code, 33);
  code = co_await code_for(w, *client, log, id(), 6, ping(1));
  EXPECT_EQ(code, 0);
  code = co_await code_for(w, *client, log, id(), 7, ping(1));
  EXPECT_EQ(code, 0) << "service messages may count or not";
  code = co_await code_for(w, *client, log, id(), 8, ack);
  EXPECT_EQ(code, 0);
  code = co_await code_for(w, *client, log, id(), 8, ack);
  EXPECT_EQ(code, 0);
  code = co_await code_for(w, *client, log, id(), 9, ack);
  EXPECT_EQ(code, 0) << "some clients count acknowledgements: docs/decisions/0005";
  co_await client->stop();
}

// docs/decisions/0005-odd-acknowledgements.md
IN_WORLD(Session, C09_AnAcknowledgementWithAnOddSeqnoCountsAndGetsNoNotice) {
  const auto client = co_await w.client();
  client->acknowledge = false;
  Log log(*client);
  const Message query = query_of(*client);
  client->send_packet(query);
  co_await settle(w);
  const auto answers = log.answers(query.msg_id);
  EXPECT_EQ(answers.size(), 1u);
  if (answers.empty()) co_return;
  const Message ack{client->next_msg_id(), client->next_seqno(true), acks_of({answers[0].msg_id})};
  client->send_packet(ack);
  co_await settle(w);
  EXPECT_TRUE(log.notices(ack.msg_id).empty());
  client->send_packet(query);
  co_await settle(w);
  EXPECT_EQ(log.answers(query.msg_id).size(), 1u) << "acknowledged, so not sent again";
  co_await client->stop();
}

IN_WORLD(Session, C04_AQueryOlderThanAllKeptIsRefusedAsTooOld) {
  const auto client = co_await w.client();
  Log log(*client);
  const Message old{client->next_msg_id(), 1, queries::make(queries::kEcho)};
  client->next_seqno(true);
  for (int i = 0; i < 8191;) {
    std::vector<Message> many;
    for (; many.size() < 1000 && i + 1 + static_cast<int>(many.size()) < 8191;) {
      many.push_back({client->next_msg_id(), 2, ping(1)});
    }
    i += static_cast<int>(many.size()) + 1;  // And the container.
    client->send_packet(container_of(*client, many));
    co_await settle(w);
  }
  // The one that makes 8192: the older half is forgotten, and it is the oldest.
  client->send_packet(old);
  co_await settle(w);
  EXPECT_EQ(log.notices(old.msg_id), std::vector{20});
  EXPECT_EQ(w.handler->runs.count(old.msg_id), 0u);
  const Bytes answer = co_await client->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  co_await client->stop();
}

IN_WORLD(Session, C10_ContainersStandOrFallAsAWhole) {
  const auto client = co_await w.client();
  Log log(*client);
  client->send_packet(container_of(*client, {}));
  co_await settle(w);
  EXPECT_TRUE(log.messages.empty()) << "an empty one is legal";

  using Break = std::function<void(Message & container, std::vector<Message> & inner)>;
  const std::pair<const char*, Break> breaks[] = {
      {"cut", [](Message& c, auto&) { c.body.resize(c.body.size() - 4); }},
      {"longer", [](Message& c, auto&) { c.body.append(4, '\0'); }},
      {"a size of 6", [](Message& c, auto&) { c.body[8 + 12] = 6; }},
      {"a negative size", [](Message& c, auto&) { c.body[8 + 15] = '\xff'; }},
      {"one message less than said", [](Message& c, auto&) { c.body[4] = 3; }},
      {"a container inside", [](Message& c, auto&) { store_le(c.body.data() + 8 + 16, mtproto::kMsgContainerId); }},
      {"an inner id above its own", [](Message& c, auto&) { c.msg_id -= std::int64_t{20} << 32; }},
      {"a seqno above its own", [](Message& c, auto&) { c.seqno -= 2; }},
  };
  for (const auto& [what, change] : breaks) {
    std::vector<Message> inner{query_of(*client), query_of(*client)};
    Message container = container_of(*client, inner);
    change(container, inner);
    client->send_packet(container);
    co_await settle(w);
    EXPECT_EQ(log.notices(container.msg_id), std::vector{64}) << what;
    for (const Message& message : inner) EXPECT_EQ(w.handler->runs.count(message.msg_id), 0u) << what;
    // Their numbers are free again, as far as the server knows.
    client->send_packet(container_of(*client, inner));
    co_await settle(w);
    for (const Message& message : inner) EXPECT_EQ(w.handler->runs[message.msg_id], 1) << what;
  }
  std::vector<Message> many;
  for (int i = 0; i < 1025; ++i) many.push_back({client->next_msg_id(), client->next_seqno(true), ping(i)});
  client->send_packet(container_of(*client, many));
  co_await settle(w);
  EXPECT_EQ(client->transport_error, -429);
  co_await client->stop();
}

IN_WORLD(Session, C10_ABadMessageInsideDoesNotSpoilTheOthers) {
  const auto client = co_await w.client();
  Log log(*client);
  const Message before = query_of(*client);
  const Message even{client->next_msg_id(), client->next_seqno(false), queries::make(queries::kEcho)};
  const Message after = query_of(*client);
  client->send_packet(container_of(*client, {before, even, after}));
  co_await settle(w);
  EXPECT_EQ(log.notices(even.msg_id), std::vector{35});
  EXPECT_EQ(w.handler->order, (std::vector{before.msg_id, after.msg_id}));
  co_await client->stop();
}

IN_WORLD(Session, C11_MessagesOfAnotherSessionAreNotSentAgain) {
  const auto a = co_await w.client();
  const auto b = w.sibling(*a);
  a->acknowledge = false;
  Log log_a(*a), log_b(*b);
  const Message query = query_of(*a);
  a->send_packet(query);
  co_await b->call(queries::make(queries::kEcho));
  co_await settle(w);
  const auto answers = log_a.answers(query.msg_id);
  EXPECT_EQ(answers.size(), 1u);
  if (answers.empty()) co_return;
  log_b.messages.clear();
  mt::Msg_resend_req resend;
  resend.msg_ids = {answers[0].msg_id};
  b->send(tl::encode_mtproto(resend), false);
  co_await settle(w);
  EXPECT_EQ(log_b.messages.size(), 1u);
  EXPECT_EQ(to_hex(log_b.last<mt::Msgs_state_info>().value_or(mt::Msgs_state_info()).info), "01");
  co_await a->stop();
  co_await b->stop();
}

IN_WORLD(Session, C11_IdsInServiceMessagesAreBounded) {
  const auto first = co_await w.client();
  const std::vector<std::int64_t> legal(8192, 5), many(8193, 5);
  mt::Msgs_ack ack;
  mt::Msgs_state_req state;
  mt::Msg_resend_req resend;
  ack.msg_ids = state.msg_ids = resend.msg_ids = legal;
  for (const auto* message :
       {static_cast<tl::Object*>(&ack), static_cast<tl::Object*>(&state), static_cast<tl::Object*>(&resend)}) {
    const auto client = w.sibling(*first);
    client->send(tl::encode_mtproto(*message), false);
    co_await settle(w);
    EXPECT_EQ(client->transport_error, 0);
    co_await client->stop();
  }
  ack.msg_ids = state.msg_ids = resend.msg_ids = many;
  for (const auto* message :
       {static_cast<tl::Object*>(&ack), static_cast<tl::Object*>(&state), static_cast<tl::Object*>(&resend)}) {
    const auto client = w.sibling(*first);
    client->send(tl::encode_mtproto(*message), false);
    co_await settle(w);
    EXPECT_EQ(client->transport_error, -429);
    co_await client->stop();
  }
  co_await first->stop();
}

static Task<bool> refused(World& w, Client& client, Bytes body) {
  const Bytes said = co_await client.call(std::move(body), w.in(seconds(5)));
  co_return error_in(said) == "400 INPUT_FETCH_ERROR";
}

IN_WORLD(Session, C12_PackedQueries) {
  const auto client = co_await w.client();
  const Bytes query = queries::make(queries::kEcho, Bytes(5000, 'x'));
  Bytes answer = co_await client->call(packed(query));
  EXPECT_EQ(answer, query);
  bool no = co_await refused(w, *client, packed(packed(query)));
  EXPECT_TRUE(no) << "twice";
  Log log(*client);
  client->send(packed(ping(7)));
  co_await settle(w);
  EXPECT_EQ(log.count(0x347773c5), 1) << "a short service message";
  Bytes container;
  mtproto::append_container_header(container, 0);
  no = co_await refused(w, *client, packed(container));
  EXPECT_TRUE(no) << "a container";
  no = co_await refused(w, *client, packed(Bytes((4 << 20) + 4, 'b')));
  EXPECT_TRUE(no) << "a bomb";
  Bytes cut = packed(query);
  cut[20] = static_cast<char>(cut[20] ^ 0x55);
  no = co_await refused(w, *client, cut);
  EXPECT_TRUE(no) << "damaged";
  // Many bombs that are each just legal share one allowance.
  std::vector<Message> bombs;
  const Bytes bomb = packed(queries::make(queries::kEcho, Bytes(3 << 20, 'b')));
  for (int i = 0; i < 50; ++i) bombs.push_back({client->next_msg_id(), client->next_seqno(true), bomb});
  client->send_packet(container_of(*client, bombs));
  co_await w.clock.sleep(seconds(1));
  int ran = 0;
  for (const Message& message : bombs) ran += w.handler->runs.contains(message.msg_id);
  EXPECT_EQ(ran, 1);
  co_await client->stop();
}

IN_WORLD(Session, C14_OneSessionEndsAnotherOfItsKey) {
  const auto a = co_await w.client();
  const auto b = w.sibling(*a);
  const auto stranger = co_await w.client();
  const Message query = query_of(*b);
  const Bytes frame = b->seal(query);
  b->send_raw(frame);
  co_await settle(w);
  co_await stranger->call(queries::make(queries::kEcho));
  Log log(*a);
  constexpr std::uint32_t kOk = 0xe22045fc, kNone = 0x62d350c9;
  const auto destroy = [&](std::int64_t session_id) {
    mt::destroy_session request;
    request.session_id = session_id;
    a->send(tl::encode_mtproto(request));
  };
  destroy(a->session_id);
  destroy(stranger->session_id);
  destroy(12345);
  co_await settle(w);
  EXPECT_EQ(log.count(kNone), 3);
  destroy(b->session_id);
  co_await settle(w);
  EXPECT_EQ(log.count(kOk), 1);
  EXPECT_EQ(w.handler->closed, std::set{b->session_id});
  b->send_raw(frame);  // What it had received does not run in its next life.
  co_await settle(w);
  EXPECT_EQ(w.handler->runs[query.msg_id], 1);
  for (auto* client : {a.get(), b.get(), stranger.get()}) co_await client->stop();
}

IN_WORLD(Session, C15_PingDelayDisconnectAndHttpWait) {
  const auto first = co_await w.client();
  mt::ping_delay_disconnect request;
  mt::Http_wait http;
  http.max_wait = 25'000;
  const std::pair<int, int> cases[] = {{20, 20}, {100'000, 600}, {-1, 300}, {0, 300}};
  for (const auto& [asked, seconds_open] : cases) {
    const auto client = w.sibling(*first);
    Log log(*client);
    client->send(tl::encode_mtproto(http), false);
    request.disconnect_delay = asked;
    client->send(tl::encode_mtproto(request));
    co_await w.clock.sleep(seconds(seconds_open - 2));
    EXPECT_TRUE(client->connected()) << asked;
    EXPECT_EQ(log.count(0x347773c5), 1);
    co_await w.clock.sleep(seconds(4));
    EXPECT_FALSE(client->connected()) << asked;
    EXPECT_FALSE(w.handler->closed.contains(client->session_id)) << "the session stays";
    co_await client->stop();
  }
  co_await first->stop();
}

IN_WORLD(Session, C16_ASlowConsumerLosesUpdatesAndIsTold) {
  const auto client = co_await w.client();
  client->acknowledge = false;
  Log log(*client);
  co_await client->call(queries::make(queries::kEcho));
  const auto session = w.handler->contexts.back().session;
  int taken = 0;
  while (session->push(queries::make(0x20000001)) && taken < 10'000) ++taken;
  EXPECT_GE(taken, 4000);
  EXPECT_LE(taken, 4096);
  EXPECT_FALSE(session->push(queries::make(0x20000002)));
  EXPECT_EQ(w.handler->rooms, 0);
  co_await w.clock.sleep(seconds(1));
  EXPECT_EQ(log.count(0x20000001), taken);
  w.handler->on_room = [](mtproto::SessionPort& port) { EXPECT_TRUE(port.push(queries::make(0x20000003))); };
  std::vector<std::int64_t> acks;
  for (const Message& message : log.messages) acks.push_back(message.msg_id);
  client->send(acks_of(acks), false);
  co_await settle(w);
  EXPECT_EQ(w.handler->rooms, 1);
  EXPECT_EQ(log.count(0x20000003), 1);

  // Answers are never refused; the oldest that were sent give way.
  const auto big = queries::make(queries::kEcho, Bytes(1 << 20, 'x'));
  for (int i = 0; i < 20; ++i) {
    const Bytes answer = co_await client->call(big);
    EXPECT_EQ(answer.size(), big.size());
  }
  co_await client->stop();
}

IN_WORLD(Session, C16_TheQueueIsBoundedInBytesAsWell) {
  const auto client = co_await w.client();
  client->acknowledge = false;
  co_await client->call(queries::make(queries::kEcho));
  const auto session = w.handler->contexts.back().session;
  int taken = 0;
  while (session->push(queries::make(0x20000001, Bytes((64 << 10) - 4, 'x'))) && taken < 1000) ++taken;
  EXPECT_GE(taken, 120);
  EXPECT_LE(taken, 128);
  co_await client->stop();
}

IN_WORLD(Session, C16_ContentGetsAnAnswerOrAnAcknowledgement) {
  const auto client = co_await w.client();
  client->acknowledge = false;
  Log log(*client);
  mt::Msgs_state_info info;  // Content by its seqno, and nothing answers it.
  const Message odd{client->next_msg_id(), client->next_seqno(true), tl::encode_mtproto(info)};
  const Message even{client->next_msg_id(), client->next_seqno(false), tl::encode_mtproto(info)};
  const Message query = query_of(*client);
  client->send_packet(container_of(*client, {odd, even, query}));
  co_await settle(w);
  EXPECT_EQ(log.count(mt::Msgs_ack::kId), 1);
  EXPECT_EQ(log.last<mt::Msgs_ack>().value_or(mt::Msgs_ack()).msg_ids, std::vector{odd.msg_id});
  EXPECT_EQ(log.answers(query.msg_id).size(), 1u);

  // What the client does not acknowledge comes again with its next connection, and what it does not.
  const auto session = w.handler->contexts.back().session;
  session->push(queries::make(0x20000001));
  session->push(queries::make(0x20000002));
  co_await settle(w);
  for (const Message& message : log.messages) {
    if (constructor_of(message.body) == 0x20000002) client->send(acks_of({message.msg_id}), false);
  }
  co_await settle(w);
  client->disconnect();
  co_await settle(w);
  log.messages.clear();
  client->use(w.wire());
  client->send(ping(1));
  co_await settle(w);
  EXPECT_EQ(log.count(0x20000001), 1);
  EXPECT_EQ(log.count(0x20000002), 0);
  EXPECT_EQ(log.answers(query.msg_id).size(), 1u);
  co_await client->stop();
}

IN_WORLD(Session, C17_WhatIsSentAgainIsWhatWasSent) {
  const auto client = co_await w.client();
  client->acknowledge = false;
  Log log(*client);
  const Message query = query_of(*client);
  client->send_packet(query);
  co_await settle(w);
  w.handler->contexts.back().session->push(queries::make(0x20000001, "update"));
  co_await settle(w);
  const std::vector<Message> before = log.messages;
  EXPECT_EQ(before.size(), 3u);  // new_session_created, the answer, the update.

  client->disconnect();
  co_await settle(w);
  log.messages.clear();
  std::vector<Bytes> packets;
  client->use(w.wire());
  client->send(ping(1));
  co_await settle(w);
  // All of it again, and the pong; msg_id, seqno and bytes as before.
  for (const Message& old : before) {
    const auto again = std::ranges::find(log.messages, old.msg_id, &Message::msg_id);
    EXPECT_NE(again, log.messages.end());
    if (again == log.messages.end()) continue;
    EXPECT_EQ(again->seqno, old.seqno);
    EXPECT_EQ(again->body, old.body);
  }
  // Asked for by name, and what is not there any more.
  mt::Msg_resend_req resend;
  resend.msg_ids = {before[1].msg_id, 12345};
  log.messages.clear();
  client->send(tl::encode_mtproto(resend), false);
  co_await settle(w);
  EXPECT_EQ(std::ranges::count(log.messages, before[1].msg_id, &Message::msg_id), 1);
  EXPECT_EQ(to_hex(log.last<mt::Msgs_state_info>()->info), "0401");
  co_await client->stop();
}

IN_WORLD(Session, C17_NothingSentAgainTravelsUnderItsOwnIdAlone) {
  const auto client = co_await w.client();
  client->acknowledge = false;
  Log log(*client);
  const Message query = query_of(*client);
  client->send_packet(query);
  co_await settle(w);
  // One message is left to be sent again: the answer.
  const auto greeting = std::ranges::find(log.messages, mt::New_session_created::kId,
                                          [](const Message& m) { return constructor_of(m.body); });
  EXPECT_NE(greeting, log.messages.end());
  if (greeting == log.messages.end()) co_return;
  client->send_packet({client->next_msg_id(), client->next_seqno(false), acks_of({greeting->msg_id})});
  co_await settle(w);
  const std::vector<Message> before = log.answers(query.msg_id);
  EXPECT_EQ(before.size(), 1u);
  client->disconnect();
  co_await settle(w);
  // The raw packets of the second connection: no msg_id of an envelope was used before.
  const auto wire = w.wire();
  wire->add(client->seal(query));
  wire->flush();
  co_await settle(w);
  Bytes packet = co_await wire->receive();
  const auto opened = crypto::open(packet, &client->key.bytes, crypto::Sender::kServer);
  EXPECT_TRUE(opened);
  const auto container = opened && constructor_of(opened->envelope.body) == mtproto::kMsgContainerId
                             ? mtproto::parse_container(opened->envelope.body)
                             : std::nullopt;
  EXPECT_TRUE(container);
  if (!container) co_return;
  EXPECT_EQ(container->messages.size(), before.size());
  for (const Message& old : before) {
    EXPECT_GT(opened->envelope.msg_id, old.msg_id) << "the container's own id is new";
    const auto again = std::ranges::find(container->messages, old.msg_id, &mtproto::InnerMessage::msg_id);
    EXPECT_NE(again, container->messages.end());
    if (again == container->messages.end()) continue;
    EXPECT_EQ(again->seqno, old.seqno);
    EXPECT_EQ(again->body, old.body);
  }
  co_await client->stop();
}

// The wall clock of a machine whose owner, or its battery, sets it back.
class SetBackClock final : public Clock {
 public:
  SetBackClock(Clock& clock, seconds by) : clock_(clock), by_(by) {}
  Wall now() const override { return clock_.now() - by_; }
  Ticks ticks() const override { return clock_.ticks(); }
  Task<> sleep_until(Ticks when) override { return clock_.sleep_until(when); }

 private:
  Clock& clock_;
  const seconds by_;
};

IN_WORLD(Session, C18_IdsRiseAcrossAKillAndAClockThatWasSetBack) {
  const auto first = co_await w.client();
  std::vector<std::int64_t> ids;
  first->on_message = [&](const Message& message) { ids.push_back(message.msg_id); };
  for (int i = 0; i < 10; ++i) {
    co_await first->call(queries::make(queries::kEcho));
    co_await w.clock.sleep(milliseconds(700));
  }
  co_await first->stop();
  std::int64_t newest = std::ranges::max(ids);
  w.kv->crash();
  co_await w.server->stop();
  w.server.reset();
  for (const int back : {10, 60, 3600, 3600, 3600, 3600, 3600, 3600}) {
    SetBackClock clock(w.clock, seconds(back));
    // The key of a client may be there sooner than the mark.
    store::ModelFaults slow;
    slow.delay_max = milliseconds(500);
    w.kv = std::make_unique<store::ModelKv>(w.disk, w.clock, ++w.starts, slow);
    std::vector<crypto::RsaKey> keys{server_key()};
    auto make_random = [seed = w.starts * 1000]() mutable { return std::make_unique<SeededRandom>(++seed); };
    w.server =
        std::make_unique<mtproto::Server>(w.cores, clock, *w.kv, *w.handler, std::move(keys), w.settings, make_random);
    const auto client = w.sibling(*first, true);
    ids.clear();
    client->on_message = [&](const Message& message) { ids.push_back(message.msg_id); };
    // Its own clock goes as before: it is judged by what it was told.
    const Bytes answer = co_await client->call(queries::make(queries::kEcho), w.in(seconds(5)));
    EXPECT_FALSE(answer.empty());
    EXPECT_GE(ids.size(), 2u);
    for (const std::int64_t id : ids) EXPECT_GT(id, newest) << back;
    newest = std::ranges::max(ids);
    co_await client->stop();
    w.kv->crash();
    co_await w.server->stop();
    w.server.reset();
  }
}

// Clients take the time from both, and say when a temporary key ends by it.
IN_WORLD(Session, C18_AKeyExchangeTellsTheTimeOfTheIdentifiers) {
  const auto before = co_await w.client();
  co_await before->stop();
  w.kv->crash();
  co_await w.server->stop();
  w.server.reset();
  SetBackClock clock(w.clock, seconds(3600));
  w.kv = std::make_unique<store::ModelKv>(w.disk, w.clock, ++w.starts);
  std::vector<crypto::RsaKey> keys{server_key()};
  auto make_random = [seed = w.starts * 1000]() mutable { return std::make_unique<SeededRandom>(++seed); };
  w.server =
      std::make_unique<mtproto::Server>(w.cores, clock, *w.kv, *w.handler, std::move(keys), w.settings, make_random);
  const auto temp = co_await w.client(temporary(3600));
  std::int64_t newest = 0;
  temp->on_message = [&](const Message& message) { newest = message.msg_id; };
  co_await temp->call(queries::make(queries::kEcho));
  EXPECT_NEAR(temp->key.expires_at - 3600, mtproto::unixtime_of(newest), 10);
  co_await temp->stop();
  co_await w.server->stop();
  w.server.reset();
}

IN_WORLD(Session, C18_ServerIdsRiseAndSayTheirKind) {
  const auto client = co_await w.client();
  std::vector<Message> seen;
  client->on_message = [&](const Message& message) { seen.push_back(message); };
  for (int i = 0; i < 20; ++i) {
    client->send(ping(i));
    co_await client->call(queries::make(queries::kEcho));
    w.handler->contexts.back().session->push(queries::make(0x20000001));
  }
  co_await settle(w);
  std::set<std::int64_t> ids;
  for (const Message& message : seen) {
    const auto id = constructor_of(message.body);
    const bool answers = id == mtproto::kRpcResultId || id == 0x347773c5;
    EXPECT_EQ(message.msg_id % 4, answers ? 1 : 3);
    EXPECT_TRUE(ids.insert(message.msg_id).second);
    EXPECT_EQ(message.msg_id >> 32, w.clock.unixtime());
  }
  EXPECT_GE(seen.size(), 60u);
  co_await client->stop();
}

IN_WORLD(Session, AnswersGoWhereTheQuestionCameFromOrElsewhere) {
  const auto a = co_await w.client();
  const auto b = w.sibling(*a, true);  // The same session on a second connection.
  Log log_a(*a), log_b(*b);
  const Message first = query_of(*a, queries::kSlow);
  const std::int64_t base = w.clock.unixtime();
  a->send_packet(first);
  co_await settle(w);
  b->send_packet({(base << 32) + (1 << 20), 3, ping(1)});
  const Message second{(base << 32) + (1 << 21), 5, queries::make(queries::kSlow)};
  a->send_packet(second);
  co_await settle(w);
  b->send_packet({(base << 32) + (1 << 22), 7, ping(2)});
  co_await w.clock.sleep(milliseconds(1100));
  EXPECT_EQ(log_a.answers(first.msg_id).size(), 1u);
  EXPECT_EQ(log_b.answers(first.msg_id).size(), 0u);

  const Message third{(base << 32) + (1 << 23), 9, queries::make(queries::kSlow)};
  a->send_packet(third);
  co_await settle(w);
  a->disconnect();
  co_await w.clock.sleep(milliseconds(1100));
  EXPECT_EQ(log_b.answers(third.msg_id).size(), 1u);
  co_await a->stop();
  co_await b->stop();
}

IN_WORLD(Session, QueriesThatCameTogetherStartInTheirOrder) {
  const auto client = co_await w.client();
  std::vector<Message> sent;
  for (int i = 0; i < 10; ++i) sent.push_back(query_of(*client));
  for (auto it = sent.rbegin(); it != sent.rend(); ++it) client->wire()->add(client->seal(*it));
  client->wire()->flush();
  co_await settle(w);
  EXPECT_EQ(w.handler->order.size(), sent.size());
  EXPECT_TRUE(std::ranges::is_sorted(w.handler->order));
  co_await client->stop();
}

static Task<Bytes> outcome_after(World& w, Client& client, std::int64_t msg_id, int number) {
  Log log(client);
  const std::int64_t own = (static_cast<std::int64_t>(w.clock.unixtime()) << 32) + (std::int64_t{number} << 24) + 4;
  client.send_packet({own, 2 * number + 1, queries::after(msg_id)});
  co_await w.clock.sleep(milliseconds(1500));
  const auto answers = log.answers(own);
  co_return answers.empty() ? Bytes() : answers[0].body.substr(12);
}

IN_WORLD(Session, C13_InvokeAfterHoldsAcrossConnectionsOfOneSession) {
  const auto a = co_await w.client();
  const auto b = w.sibling(*a, true);
  const auto other = w.sibling(*a);  // Another session of the same key.
  co_await other->call(queries::make(queries::kEcho));
  co_await a->call(queries::make(queries::kEcho));
  const std::int64_t base = static_cast<std::int64_t>(w.clock.unixtime()) << 32;
  const auto id = [&](int number) { return base + (std::int64_t{number} << 20) + 4; };
  const std::int64_t slow = id(100), failing = id(200), never = id(300), late = id(400), failing_late = id(500);
  a->send_packet({slow, 11, queries::make(queries::kSlow)});
  a->send_packet({failing, 13, queries::make(queries::kFail)});
  a->send_packet({never, 15, queries::make(queries::kNever)});
  co_await settle(w);
  Bytes outcome = co_await outcome_after(w, *b, failing, 50);
  EXPECT_EQ(outcome, "fail");
  outcome = co_await outcome_after(w, *b, slow, 60);
  EXPECT_EQ(outcome, "done");
  outcome = co_await outcome_after(w, *b, never, 70);
  EXPECT_EQ(outcome, "wait") << "it runs and runs";
  outcome = co_await outcome_after(w, *b, id(600), 80);
  EXPECT_EQ(outcome, "wait") << "never seen: half a second, then no";

  // The query that is waited for comes last, on the other connection.
  Log log(*b);
  const std::int64_t own = (static_cast<std::int64_t>(w.clock.unixtime()) << 32) + (std::int64_t{90} << 24);
  b->send_packet({own, 2 * 90 + 1, queries::after(late)});
  b->send_packet({own + 4, 2 * 90 + 3, queries::after(failing_late)});
  co_await w.clock.sleep(milliseconds(200));
  EXPECT_TRUE(log.answers(own).empty());
  a->send_packet({late, 17, queries::make(queries::kEcho)});
  a->send_packet({failing_late, 19, queries::make(queries::kFail)});
  co_await settle(w);
  const auto answers = log.answers(own), answers_failing = log.answers(own + 4);
  EXPECT_EQ(answers.size() == 1 ? answers[0].body.substr(12) : "none", "done");
  EXPECT_EQ(answers_failing.size() == 1 ? answers_failing[0].body.substr(12) : "none", "fail");

  // Ids mean something within their session only.
  outcome = co_await outcome_after(w, *other, late, 100);
  EXPECT_EQ(outcome, "wait");
  for (auto* client : {a.get(), b.get(), other.get()}) co_await client->stop();
}

// GramJS, once restarted, still waits for queries of the session it had before.
IN_WORLD(Session, InvokeAfterAQueryOfAnEarlierSessionDoesNotWait) {
  const auto client = co_await w.client();
  const Message first = query_of(*client);
  client->send_packet(first);
  co_await settle(w);
  const std::int64_t earlier = first.msg_id - (std::int64_t{100} << 32);
  Bytes outcome = co_await outcome_after(w, *client, earlier, 50);
  EXPECT_EQ(outcome, "done");
  outcome = co_await outcome_after(w, *client, first.msg_id + 4, 60);
  EXPECT_EQ(outcome, "wait") << "not older, and never seen";
  co_await client->stop();
}

static Task<std::uint32_t> dropped(Client& client, std::int64_t msg_id) {
  mt::rpc_drop_answer drop;
  drop.req_msg_id = msg_id;
  const Bytes answer = co_await client.call(tl::encode_mtproto(drop));
  co_return constructor_of(answer);
}

IN_WORLD(Session, StateRequestsAndDroppedAnswers) {
  const auto client = co_await w.client();
  client->acknowledge = false;
  Log log(*client);
  const Message done = query_of(*client);
  const Message running = query_of(*client, queries::kNever);
  client->send_packet(done);
  client->send_packet(running);
  const std::int64_t skipped = client->next_msg_id();
  const Message last = query_of(*client);
  client->send_packet(last);
  co_await settle(w);
  mt::Msgs_state_req state;
  const Message counted{client->next_msg_id(), client->next_seqno(true), ping(1)};
  const Message uncounted{client->next_msg_id(), client->next_seqno(false), ping(2)};
  const Message failed = query_of(*client, queries::kFail);
  client->send_packet(container_of(*client, {counted, uncounted, failed}));
  co_await settle(w);
  // Answered; running; between the others and never seen; ahead of all; answered with an error; with nothing that must
  // be acknowledged to the client, once by its own count and once not.
  state.msg_ids = {done.msg_id,   running.msg_id, skipped,         last.msg_id + (std::int64_t{10} << 32),
                   failed.msg_id, counted.msg_id, uncounted.msg_id};
  const std::int64_t asked = client->send(tl::encode_mtproto(state), false);
  co_await settle(w);
  EXPECT_EQ(to_hex(log.last<mt::Msgs_state_info>()->info), "64240203640414");
  EXPECT_EQ(log.last<mt::Msgs_state_info>()->req_msg_id, asked);

  std::uint32_t id = co_await dropped(*client, done.msg_id);
  EXPECT_EQ(id, 0xa43ad8b7);
  id = co_await dropped(*client, done.msg_id);
  EXPECT_EQ(id, 0x5e2ad36e);
  id = co_await dropped(*client, running.msg_id);
  EXPECT_EQ(id, 0xcd78e586);
  id = co_await dropped(*client, 12345);
  EXPECT_EQ(id, 0x5e2ad36e);
  w.handler->release_all();
  co_await settle(w);
  EXPECT_EQ(log.answers(running.msg_id).size(), 0u);
  co_await client->stop();
}

IN_WORLD(Session, OldMessagesAreForgottenAndThoseThatRunAreNot) {
  const auto client = co_await w.client();
  Log log(*client);
  const Message old = query_of(*client);
  const Message running = query_of(*client, queries::kNever);
  client->send_packet(container_of(*client, {old, running}));
  for (int i = 0; i < 10; ++i) {
    std::vector<Message> many;
    for (int j = 0; j < 1000; ++j) many.push_back({client->next_msg_id(), client->next_seqno(true), ping(j)});
    client->send_packet(container_of(*client, many));
    co_await settle(w);
  }
  mt::Msgs_state_req state;
  state.msg_ids = {old.msg_id, running.msg_id};
  client->send(tl::encode_mtproto(state), false);
  co_await settle(w);
  EXPECT_EQ(to_hex(log.last<mt::Msgs_state_info>()->info), "0124");
  client->send_packet(container_of(*client, {running}));
  w.handler->release_all();
  co_await settle(w);
  EXPECT_EQ(w.handler->runs[running.msg_id], 1);
  EXPECT_EQ(log.answers(running.msg_id).size(), 1u);
  client->send_packet(container_of(*client, {running}));
  co_await settle(w);
  EXPECT_EQ(w.handler->runs[running.msg_id], 1);
  co_await client->stop();
}

IN_WORLD(Session, ADroppedQueryMayBeForgottenBeforeItEnds) {
  const auto client = co_await w.client();
  Log log(*client);
  const Message running = query_of(*client, queries::kNever);
  client->send_packet(running);
  co_await settle(w);
  const std::uint32_t id = co_await dropped(*client, running.msg_id);
  EXPECT_EQ(id, 0xcd78e586);
  for (int i = 0; i < 10; ++i) {
    std::vector<Message> many;
    for (int j = 0; j < 1000; ++j) many.push_back({client->next_msg_id(), client->next_seqno(true), ping(j)});
    client->send_packet(container_of(*client, many));
    co_await settle(w);
  }
  w.handler->release_all();
  co_await settle(w);
  EXPECT_EQ(log.answers(running.msg_id).size(), 0u);
  const Bytes answer = co_await client->call(queries::make(queries::kEcho));
  EXPECT_FALSE(answer.empty());
  co_await client->stop();
}

// What came before a flood was accepted, so it runs; a query that never ended would keep its session for ever.
IN_WORLD(Session, AQueryBeforeAFloodRuns) {
  const auto client = co_await w.client();
  const Message query = query_of(*client);
  const Message ack{client->next_msg_id(), client->next_seqno(false), acks_of(std::vector<std::int64_t>(8193, 5))};
  client->send_packet(container_of(*client, {query, ack}));
  co_await settle(w);
  EXPECT_EQ(client->transport_error, -429);
  EXPECT_EQ(w.handler->runs[query.msg_id], 1);
  co_await client->stop();
}

IN_WORLD(Session, ManyQueriesInFlightAreHeldBackNotLost) {
  const auto client = co_await w.client();
  std::vector<std::int64_t> asked;
  std::vector<Message> batch;
  for (int i = 0; i < 3000; ++i) {
    batch.push_back(query_of(*client, queries::kNever));
    asked.push_back(batch.back().msg_id);
    if (batch.size() == 100) {
      client->send_packet(container_of(*client, batch));
      batch.clear();
      co_await settle(w);
    }
  }
  EXPECT_LT(w.handler->runs.size(), 700u);
  w.handler->release_all();
  co_await w.clock.sleep(seconds(1));
  for (const std::int64_t msg_id : asked) EXPECT_EQ(w.handler->runs[msg_id], 1);
  co_await client->stop();
}

IN_WORLD(Session, ASessionWithoutConnectionsEndsAfterAWhile) {
  const auto client = co_await w.client();
  co_await client->call(queries::make(queries::kEcho));
  client->disconnect();
  co_await w.clock.sleep(seconds(590));
  EXPECT_TRUE(w.handler->closed.empty());
  co_await w.clock.sleep(seconds(40));
  EXPECT_EQ(w.handler->closed, std::set{client->session_id});
  co_await client->stop();
}

}  // namespace helio::client
