// One session between connections that come, go, and take little: what goes where, and what is held meanwhile.
#include <gtest/gtest.h>

#include "base/virtual_clock.h"
#include "mtproto/session/session.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/HttpWait.h"
#include "tl/types/mtproto/MsgDetailedInfo.h"
#include "tl/types/mtproto/MsgResendReq.h"
#include "tl/types/mtproto/MsgsAck.h"
#include "tl/types/mtproto/MsgsAllInfo.h"
#include "tl/types/mtproto/MsgsStateInfo.h"
#include "tl/types/mtproto/MsgsStateReq.h"
#include "tl/types/mtproto/ping.h"

namespace helio::mtproto {

namespace mt = tl::mt;

namespace {

constexpr std::uint32_t kUpdate = 0x20000001;
constexpr std::uint32_t kQuery = 0x10000001;
constexpr std::size_t kUnlimited = 1 << 30;

// Answers with as many bytes as the query says, at once or when released.
class Answering final : public Handler {
 public:
  explicit Answering(Executor executor) : released(executor) {}
  Task<Bytes> call(CallContext context, Bytes body) override {
    started.push_back(context.msg_id);
    while (hold) co_await released.wait();
    co_return Bytes(load_le<std::uint32_t>(body.data() + 4), 'a');
  }
  void has_room(SessionPort&) override {}
  void session_closed(SessionPort&) override {}
  void key_destroyed(std::int64_t) override {}

  std::vector<std::int64_t> started;
  bool hold = false;
  Signal released;
};

class FakeLink final : public Link {
 public:
  void want_flush() override { wanted = true; }
  void disconnect_after(seconds) override {}
  void http_wait(const HttpWait& asked) override { wait = asked; }
  void resume() override { ++resumed; }
  net::Endpoint local() const override { return {}; }
  net::Endpoint remote() const override { return {}; }

  bool wanted = false;
  int resumed = 0;
  std::optional<HttpWait> wait;
};

struct Got {
  std::int64_t msg_id = 0;
  std::int32_t seqno = 0;
  Bytes body;
  bool operator==(const Got&) const = default;
};

// A session, its home, and a client that numbers its messages as it should.
class Links : public testing::Test, public SessionHome {
 public:
  ~Links() override {
    session_->close();
    EXPECT_EQ(queued_, 0) << "what was held is given back";
    tasks_.cancel();
    clock_.run(tasks_.join());
  }

  Clock& clock() override { return clock_; }
  Random& random() override { return random_; }
  Handler& handler() override { return handler_; }
  TaskGroup& tasks() override { return tasks_; }
  bool destroy_session(const Key&, std::int64_t) override { return false; }
  Task<bool> destroy_key(std::shared_ptr<Key>) override { co_return false; }
  void queued(std::ptrdiff_t change) override { queued_ += change; }

  std::int64_t send(FakeLink& link, Bytes body, bool content = true) {
    const std::int64_t msg_id = next_id_ += 4;
    crypto::Envelope envelope;
    envelope.msg_id = msg_id;
    envelope.seqno = content ? 2 * content_++ + 1 : 2 * content_;
    envelope.body = body;
    last_ = session_->receive(link, envelope);
    return msg_id;
  }
  std::int64_t query(FakeLink& link, std::uint32_t answer_size = 4) { return send(link, query_body(answer_size)); }
  static Bytes query_body(std::uint32_t answer_size) {
    Bytes body;
    append_le(body, kQuery);
    append_le(body, answer_size);
    return body;
  }
  static Bytes update(char what = 'u', std::size_t size = 4) {
    Bytes body;
    append_le(body, kUpdate);
    return body + Bytes(size, what);
  }
  template <class T>
  static Bytes of_ids(std::vector<std::int64_t> msg_ids) {
    T message;
    message.msg_ids = std::move(msg_ids);
    return tl::encode_mtproto(message);
  }
  void run() {
    session_->start_calls();
    clock_.run_for(milliseconds(0));
  }
  // All messages of what `link` takes now.
  std::vector<Got> collect(FakeLink& link, Room room = {kUnlimited, kUnlimited}) {
    packets_.clear();
    left_ = session_->collect(link, room, packets_);
    std::vector<Got> all;
    for (const Packet& packet : packets_) {
      if (constructor_of(packet.body()) != kMsgContainerId) {
        all.push_back({packet.msg_id, packet.seqno, Bytes(packet.body())});
        continue;
      }
      const auto container = parse_container(packet.body());
      EXPECT_TRUE(container);
      for (const auto& m : container->messages) all.push_back({m.msg_id, m.seqno, Bytes(m.body)});
    }
    return all;
  }
  static int count(const std::vector<Got>& messages, std::uint32_t id) {
    return static_cast<int>(std::ranges::count(messages, id, [](const Got& m) { return constructor_of(m.body); }));
  }
  template <class T>
  static std::optional<T> find(const std::vector<Got>& messages) {
    for (const Got& message : messages) {
      const auto object = tl::decode_mtproto(message.body);
      if (const auto* found = object ? tl::as<T>(*object) : nullptr) return *found;
    }
    return std::nullopt;
  }

  asio::io_context context_;
  VirtualClock clock_{context_};
  SeededRandom random_{1};
  Answering handler_{context_.get_executor()};
  TaskGroup tasks_{context_.get_executor()};
  const SaltSecret secret_{};
  const std::shared_ptr<Key> key_ = std::make_shared<Key>(1, crypto::AuthKey{}, secret_);
  const std::shared_ptr<Session> session_ = std::make_shared<Session>(*this, key_, 1, 0);
  std::int64_t next_id_ = msg_id_at(clock_.now()) + 4;
  std::int32_t content_ = 0;
  Session::Verdict last_ = Session::Verdict::kOk;
  std::vector<Packet> packets_;
  bool left_ = false;
  std::ptrdiff_t queued_ = 0;
  FakeLink a, b;
};

TEST_F(Links, OnePacketHasWhateverFitsInOneContainer) {
  query(a);
  mt::ping ping;
  send(a, tl::encode_mtproto(ping));
  session_->push(update());
  run();
  const auto all = collect(a, {kUnlimited, 1});
  ASSERT_EQ(packets_.size(), 1u);
  EXPECT_EQ(all.size(), 4u);  // new_session_created, pong, the answer, the update.
  EXPECT_FALSE(left_);

  for (int i = 0; i < 10; ++i) session_->push(update('x', 50'000));
  std::size_t got = 0;
  for (int rounds = 0; got < 10; ++rounds) {
    ASSERT_LT(rounds, 4);
    got += collect(a, {kUnlimited, 1}).size();
    EXPECT_EQ(packets_.size(), 1u);
    EXPECT_EQ(left_, got < 10);
  }
  EXPECT_TRUE(collect(a, {kUnlimited, 1}).empty());
  EXPECT_TRUE(packets_.empty());
}

TEST_F(Links, NoMoreIsTakenThanThereIsRoomFor) {
  mt::Msgs_state_req states;
  states.msg_ids.assign(8000, 1);
  for (int i = 0; i < 20; ++i) send(a, tl::encode_mtproto(states), false);
  for (int i = 0; i < 5; ++i) session_->push(update('x', 8000));
  std::size_t messages = 0;
  for (int rounds = 0; messages < 26; ++rounds) {
    ASSERT_LT(rounds, 20);
    messages += collect(a, {20'000, kUnlimited}).size();
    std::size_t bytes = 0;
    for (const Packet& packet : packets_) bytes += packet.body().size();
    EXPECT_LE(bytes, 20'000u + 16 * packets_.size() + 100);
    EXPECT_EQ(left_, messages < 26);
  }
  EXPECT_EQ(messages, 26u);
  session_->push(update());
  EXPECT_TRUE(collect(a, {0, 1}).empty());
  EXPECT_TRUE(left_);
  EXPECT_TRUE(collect(a, {kUnlimited, 0}).empty());
  EXPECT_TRUE(left_);
  EXPECT_EQ(collect(a).size(), 1u);
}

TEST_F(Links, AParkedConnectionKeepsWhatItSentAndGivesAwayTheRest) {
  query(a);
  run();
  const auto sent = collect(a);
  EXPECT_EQ(sent.size(), 2u);
  query(a);
  run();  // The answer waits on a,
  handler_.hold = true;
  const std::int64_t slow = query(a);  // and this query runs.
  mt::ping ping;
  send(b, tl::encode_mtproto(ping));
  collect(b);
  send(a, tl::encode_mtproto(ping));
  run();
  session_->park(a);
  EXPECT_TRUE(session_->has_link());
  EXPECT_TRUE(b.wanted);
  auto got = collect(b);
  EXPECT_EQ(count(got, kRpcResultId), 1);
  EXPECT_EQ(got.size(), 2u) << "the waiting answer and the pong; not what was sent";
  EXPECT_TRUE(collect(a).empty());
  handler_.hold = false;
  handler_.released.notify_all();
  run();
  got = collect(b);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(load_le<std::int64_t>(got[0].body.data() + 4), slow);

  b.wanted = false;
  session_->detach(a);
  EXPECT_TRUE(b.wanted);
  got = collect(b);
  EXPECT_EQ(got, sent) << "sent on a connection that died, and not acknowledged";
}

TEST_F(Links, WithoutALivingConnectionMessagesWaitForOne) {
  mt::ping ping;
  query(a);
  send(a, tl::encode_mtproto(ping));
  run();
  session_->park(a);
  session_->push(update());
  EXPECT_TRUE(collect(a).empty());
  EXPECT_TRUE(session_->has_link());
  a.wanted = false;
  send(a, of_ids<mt::Msgs_ack>({}), false);
  EXPECT_TRUE(a.wanted);
  EXPECT_EQ(collect(a).size(), 4u);  // new_session_created, the answer, the pong, the update.
  session_->park(a);
  session_->detach(a);
  EXPECT_FALSE(session_->has_link());
  session_->detach(a);
  send(b, of_ids<mt::Msgs_ack>({}), false);
  EXPECT_EQ(collect(b).size(), 3u) << "all but the pong";
}

TEST_F(Links, WhatIsHeldIsToldToTheHome) {
  EXPECT_EQ(queued_, 0);
  handler_.hold = true;
  query(a);
  run();
  collect(a);
  const auto greeting = queued_;
  session_->push(update('x', 1000));
  EXPECT_EQ(queued_, greeting + 1004);
  EXPECT_EQ(session_->queued_bytes(), static_cast<std::size_t>(queued_));
  const auto got = collect(a);
  EXPECT_EQ(queued_, greeting + 1004) << "until it is acknowledged";
  std::vector<std::int64_t> ids;
  for (const Got& message : got) ids.push_back(message.msg_id);
  send(a, of_ids<mt::Msgs_ack>(ids), false);
  EXPECT_EQ(queued_, greeting);
  mt::ping ping;
  send(a, tl::encode_mtproto(ping));
  EXPECT_EQ(queued_, greeting + 20);
  collect(a);
  EXPECT_EQ(queued_, greeting);
  query(a);
  EXPECT_EQ(queued_, greeting + 8) << "a query that waits";
  run();
  EXPECT_EQ(queued_, greeting);
}

TEST_F(Links, C15_HttpWaitIsClampedAndPassedOn) {
  const std::pair<std::int32_t, int> cases[] = {{-1, 0},
                                                {0, 0},
                                                {700, 700},
                                                {25'000, 25'000},
                                                {25'001, 25'000},
                                                {std::numeric_limits<std::int32_t>::max(), 25'000},
                                                {std::numeric_limits<std::int32_t>::min(), 0}};
  for (const auto& [asked, given] : cases) {
    mt::Http_wait request;
    request.max_delay = asked;
    send(a, tl::encode_mtproto(request), false);
    EXPECT_EQ(a.wait->max_delay, milliseconds(given));
    EXPECT_EQ(a.wait->wait_after, milliseconds(0));
    EXPECT_EQ(a.wait->max_wait, milliseconds(0));
    request = {};
    request.wait_after = asked;
    send(a, tl::encode_mtproto(request), false);
    EXPECT_EQ(a.wait->max_delay, milliseconds(0));
    EXPECT_EQ(a.wait->wait_after, milliseconds(given));
    request = {};
    request.max_wait = asked;
    send(a, tl::encode_mtproto(request), false);
    EXPECT_EQ(a.wait->max_wait, milliseconds(given));
  }
  EXPECT_EQ(HttpWait().max_delay, milliseconds(0));
  EXPECT_EQ(HttpWait().wait_after, milliseconds(0));
  EXPECT_EQ(HttpWait().max_wait, milliseconds(25'000));
  collect(a);
  mt::Http_wait request;
  const std::int64_t odd = send(a, tl::encode_mtproto(request), true);
  EXPECT_EQ(find<mt::Msgs_ack>(collect(a))->msg_ids, std::vector{odd});
}

TEST_F(Links, C04_ALongAnswerIsAnnouncedAndSentAgainToWhoAsksForIt) {
  const std::int64_t last_short = query(a, 4084), first_long = query(a, 4088);  // With rpc_result 4 KiB, and more.
  run();
  const auto first = collect(a);
  ASSERT_EQ(first.size(), 3u);
  const auto again = [&](std::int64_t msg_id, std::int32_t seqno) {
    crypto::Envelope envelope;
    envelope.msg_id = msg_id;
    envelope.seqno = seqno;
    const Bytes body = query_body(4);
    envelope.body = body;
    session_->receive(b, envelope);
    run();
    return collect(b);
  };
  auto got = again(last_short, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0], first[1]);
  got = again(first_long, 3);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].seqno % 2, 1) << "it asks to be acknowledged";
  EXPECT_EQ(got[0].msg_id % 4, 1);
  const auto info = find<mt::Msg_detailed_info>(got);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->msg_id, first_long);
  EXPECT_EQ(info->answer_msg_id, first[2].msg_id);
  EXPECT_EQ(info->bytes, 4100);
  EXPECT_EQ(info->status, 4 + 32 + 64);

  send(b, of_ids<mt::Msg_resend_req>({info->answer_msg_id}), false);
  got = collect(b);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0], first[2]) << "byte for byte";
  EXPECT_NE(packets_[0].msg_id, first[2].msg_id) << "in a container of its own";

  // The same, asked for by the query.
  Bytes by_query = of_ids<mt::Msg_resend_req>({first_long, 12345});
  store_le(by_query.data(), 0x8610baebu);
  send(b, by_query, false);
  got = collect(b);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(std::ranges::count(got, first[2]), 1);
  EXPECT_EQ(to_hex(find<mt::Msgs_state_info>(got)->info), "6402");

  // Not when the connection that it went out on is gone.
  session_->detach(b);
  send(a, of_ids<mt::Msgs_ack>({first[1].msg_id}), false);
  got = collect(a);
  EXPECT_EQ(std::ranges::count(got, first[2]), 1);
  EXPECT_EQ(handler_.started.size(), 2u);
}

TEST_F(Links, WhatAClientSaysOfOurMessagesIsTakenAndChangesNothing) {
  query(a);
  run();
  const auto sent = collect(a);
  mt::Msg_detailed_info detailed;
  mt::Msgs_state_info states;
  mt::Msgs_all_info all;
  mt::Msg_new_detailed_info fresh;
  detailed.answer_msg_id = fresh.answer_msg_id = states.req_msg_id = sent[1].msg_id;
  all.msg_ids = {sent[1].msg_id};
  all.info = states.info = "\x01";
  for (const auto* message : {static_cast<const tl::Object*>(&detailed), static_cast<const tl::Object*>(&states),
                              static_cast<const tl::Object*>(&all), static_cast<const tl::Object*>(&fresh)}) {
    send(a, tl::encode_mtproto(*message), false);
    EXPECT_TRUE(collect(a).empty());
    const std::int64_t odd = send(a, tl::encode_mtproto(*message), true);
    const auto got = collect(a);
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(find<mt::Msgs_ack>(got)->msg_ids, std::vector{odd});
  }
  EXPECT_EQ(handler_.started.size(), 1u);
}

TEST_F(Links, C16_AnswersThatNobodyTakesHoldBackQueriesAndLoseNone) {
  constexpr std::uint32_t kSize = 256 << 10;
  std::vector<std::int64_t> asked;
  for (int i = 0; i < 400; ++i) asked.push_back(query(a, kSize));
  run();
  EXPECT_TRUE(session_->overloaded());
  EXPECT_LE(handler_.started.size(), 128u + 16u);
  EXPECT_LE(session_->queued_bytes(), 160u * kSize);
  const std::size_t stuck = handler_.started.size();
  clock_.run_for(seconds(10));
  EXPECT_EQ(handler_.started.size(), stuck) << "none was taken";

  std::map<std::int64_t, int> answers;
  for (int rounds = 0; rounds < 400 && answers.size() < asked.size(); ++rounds) {
    for (const Got& message : collect(a, {1 << 20, kUnlimited})) {
      if (constructor_of(message.body) == kRpcResultId) answers[load_le<std::int64_t>(message.body.data() + 4)]++;
    }
    clock_.run_for(milliseconds(0));
  }
  EXPECT_EQ(answers.size(), asked.size());
  EXPECT_FALSE(session_->overloaded());
  EXPECT_GT(a.resumed, 0);
  EXPECT_EQ(handler_.started.size(), asked.size());
  EXPECT_TRUE(std::ranges::is_sorted(handler_.started)) << "in the order of their msg_id";
}

TEST_F(Links, AConnectionThatTakesNothingDoesNotHoldUpAnother) {
  for (int i = 0; i < 40; ++i) query(a, 256 << 10);
  run();
  EXPECT_TRUE(session_->overloaded());
  const std::int64_t asked = query(b);
  EXPECT_TRUE(b.wanted);
  bool answered = false;
  for (int rounds = 0; rounds < 20 && !answered; ++rounds) {
    for (const Got& message : collect(b, {1 << 20, kUnlimited})) {
      answered = answered || (constructor_of(message.body) == kRpcResultId &&
                              load_le<std::int64_t>(message.body.data() + 4) == asked);
    }
    run();
  }
  EXPECT_TRUE(answered);
}

TEST_F(Links, ASessionWithoutALivingConnectionIsNeverOverloadedByWhatWaits) {
  for (int i = 0; i < 40; ++i) query(a, 256 << 10);
  run();
  EXPECT_TRUE(session_->overloaded());
  session_->park(a);
  EXPECT_FALSE(session_->overloaded()) << "the next message brings the connection that takes it";
}

TEST_F(Links, AClientThatReadsNothingAndAsksOnIsFlooding) {
  handler_.hold = true;
  int accepted = 0;
  while (last_ != Session::Verdict::kFlood && accepted < 20'000) {
    query(a);
    session_->start_calls();
    ++accepted;
  }
  EXPECT_GE(accepted, 8192);
  EXPECT_LE(accepted, 8192 + 200);
  EXPECT_EQ(handler_.started.size(), 0u);
}

TEST_F(Links, WhatIsSentWithoutAPromiseIsBounded) {
  mt::Msgs_state_req states;
  states.msg_ids.assign(8192, 1);
  const Bytes request = tl::encode_mtproto(states);
  for (int i = 0; i < 300; ++i) send(a, request, false);
  EXPECT_LE(session_->queued_bytes(), (1u << 20) + 1000);
  mt::Msgs_state_info info;
  const Bytes odd = tl::encode_mtproto(info);
  for (int i = 0; i < 10'000; ++i) send(a, odd);
  const auto got = collect(a);
  EXPECT_LE(got.size(), 200u);
  send(a, odd);
  const auto acks = find<mt::Msgs_ack>(collect(a));
  ASSERT_TRUE(acks);
  EXPECT_LE(acks->msg_ids.size(), 8192u);
}

static Task<> wait_for(std::shared_ptr<Session> session, std::int64_t msg_id, Ticks deadline,
                       std::vector<Outcome>& out) {
  const Outcome outcome = co_await session->outcome_of(msg_id, deadline);
  out.push_back(outcome);
}

TEST_F(Links, C13_WaitersForAnOutcomeAreBounded) {
  query(a);
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 600; ++i) {
    tasks_.spawn(wait_for(session_, next_id_ + 4, clock_.ticks() + milliseconds(500), outcomes));
  }
  clock_.run_for(milliseconds(0));
  EXPECT_EQ(outcomes.size(), 600u - 512u) << "told at once that nobody knows";
  query(a);
  run();
  EXPECT_EQ(outcomes.size(), 600u);
  EXPECT_EQ(std::ranges::count(outcomes, Outcome::kDone), 512);
  EXPECT_EQ(std::ranges::count(outcomes, Outcome::kPending), 88);

  // Each with a deadline of its own, also one before those that are waited for.
  outcomes.clear();
  for (const int ms : {300, 100, 200, 100}) {
    tasks_.spawn(wait_for(session_, next_id_ + 400, clock_.ticks() + milliseconds(ms), outcomes));
  }
  const std::pair<int, std::size_t> steps[] = {{99, 0}, {2, 2}, {98, 2}, {2, 3}, {98, 3}, {2, 4}};
  for (const auto& [ms, woken] : steps) {
    clock_.run_for(milliseconds(ms));
    EXPECT_EQ(outcomes.size(), woken);
  }
}

}  // namespace
}  // namespace helio::mtproto
