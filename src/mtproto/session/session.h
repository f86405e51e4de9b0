// mtproto/session/session.h: one session of one auth key: what came, what runs, what must still arrive.
//
// In:      decrypted messages with the right salt, from any connection. Each query runs once; a repeated one gets the
//          stored answer. What breaks a rule gets the notice that the protocol has for it.
// Out:     what is ready for a connection is collected at once: one message as it is, several as a container.
// Order:   queries that arrived together start in the order of their msg_id.
// Life:    made by the first valid message, ended by its home (mtproto/shard.h).
// Threads: the core of its key.
// Source:  https://core.telegram.org/mtproto/description, /mtproto/service_messages,
//          /mtproto/service_messages_about_messages. Foreign bytes.
#pragma once
#include <map>
#include <unordered_map>

#include "base/random.h"
#include "crypto/message.h"
#include "mtproto/handler.h"
#include "mtproto/key.h"
#include "mtproto/session/container.h"
#include "mtproto/session/link.h"
#include "mtproto/session/outgoing.h"
#include "mtproto/session/received.h"

namespace helio::mtproto {

// What a session asks of the core it lives on. Outlives it.
class SessionHome {
 public:
  virtual ~SessionHome() = default;
  virtual Clock& clock() = 0;
  virtual Random& random() = 0;
  virtual Handler& handler() = 0;
  virtual TaskGroup& tasks() = 0;
  // Whether `key` had that session, which is ended.
  virtual bool destroy_session(const Key& key, std::int64_t session_id) = 0;
  // Forgets `key` for good; false if the store could not. Sessions and connections end after what is ready was sent.
  virtual Task<bool> destroy_key(std::shared_ptr<Key> key) = 0;
};

// One encrypted message to be sealed. Its body is its own or one that stays where it is until the session is next used.
struct Packet {
  std::int64_t msg_id = 0;
  std::int32_t seqno = 0;
  Bytes own;
  const Bytes* borrowed = nullptr;

  View body() const { return borrowed ? View(*borrowed) : View(own); }
};

// The code with which a message's msg_id alone is refused at time `now`: 16, 17, 18 or 0. Inside containers old ones
// pass.
int msg_id_problem(std::int64_t msg_id, Wall now, bool in_container);

class Session final : public SessionPort, public std::enable_shared_from_this<Session> {
 public:
  enum class Verdict {
    kOk,
    kRefused,  // The message as a whole was refused with a notice.
    kFlood,    // A limit was passed: the connection gets -429.
  };

  // `below`: what an earlier life of this session may have seen, ids up to this one, is refused as too old.
  Session(SessionHome& home, std::shared_ptr<Key> key, std::int64_t session_id, std::int64_t below);
  ~Session() override;

  // One message from `link`, which becomes a connection of this session.
  Verdict receive(Link& link, const crypto::Envelope& message);
  // Starts the queries received since the last time. After each batch of messages.
  void start_calls();
  // So many queries run that no more should be read; Link::resume() follows.
  bool overloaded() const { return running_.size() >= kRunningMax; }

  // Takes what is ready for `link`, up to about `bytes_max`. Whether something is left.
  bool collect(Link& link, std::size_t bytes_max, std::vector<Packet>& packets);
  void detach(Link& link);
  bool has_link() const { return !links_.empty(); }

  // Without a connection, without a running query, and long enough that no replay of its messages could pass.
  bool expired(Ticks now) const;
  Ticks idle_since() const { return idle_since_; }
  std::int64_t newest_received() const { return received_.newest(); }
  void trim();  // Forgets what it need not know any more. Now and then.
  bool closed() const { return closed_; }
  const std::vector<Link*>& links() const { return links_; }
  void close();  // Its life is over: nothing is pushed or answered any more.

  bool push(Bytes body) override;
  Task<Outcome> outcome_of(std::int64_t msg_id, Ticks deadline) override;
  std::int64_t auth_key_id() const override { return key_->id; }
  std::int64_t session_id() const override { return session_id_; }
  const std::shared_ptr<Key>& key() const { return key_; }

 private:
  static constexpr std::size_t kRunningMax = 512;

  // Sent once, and not again if it is lost: notices, acknowledgements, answers to service messages.
  struct Loose {
    Link* link;
    std::int64_t msg_id;
    std::int32_t seqno;
    Bytes body;
  };
  struct PendingCall {
    std::int64_t msg_id;
    Bytes body;
  };
  struct Waiter;

  Verdict receive_container(Link& link, const InnerMessage& message);
  Verdict receive_one(Link& link, const InnerMessage& message, bool in_container);
  void repeated(Link& link, const InnerMessage& message, const Received& known);
  Verdict act_on(Link& link, const InnerMessage& message, std::uint32_t id, View body, Bytes unpacked);
  Verdict acknowledged(View body);
  Verdict state_requested(Link& link, std::int64_t req_msg_id, const std::vector<std::int64_t>& msg_ids);
  Verdict resend_requested(Link& link, std::int64_t req_msg_id, const std::vector<std::int64_t>& msg_ids);
  Bytes drop_answer(std::int64_t req_msg_id);
  void future_salts_requested(Link& link, std::int64_t req_msg_id, std::int32_t count);
  char state_of(std::int64_t msg_id);
  void greet(std::int64_t first_msg_id);

  void query(Link& link, std::int64_t msg_id, Bytes body);
  static Task<> run_call(std::shared_ptr<Session> self, CallContext context, Bytes body);
  static Task<> run_destroy_key(std::shared_ptr<Session> self, Link* link, std::int64_t msg_id);
  void answered(std::int64_t msg_id, View answer);
  void answer_at_once(Link& link, std::int64_t msg_id, View answer);
  static Task<> wake_at(std::shared_ptr<Session> self, std::shared_ptr<Waiter> waiter, Ticks when);

  void attach(Link& link);
  Link* best_link() { return links_.empty() ? nullptr : links_.front(); }
  Link* living(Link* link);
  std::int32_t content_seqno() { return 2 * content_sent_++ + 1; }
  std::int32_t loose_seqno() const { return 2 * content_sent_; }
  void send_loose(Link* link, MsgKind kind, Bytes body);
  void send_content(Link* link, MsgKind kind, Bytes body, std::int64_t* msg_id = nullptr);
  void notice(Link& link, const InnerMessage& message, int code);
  std::int32_t unixtime() { return home_.clock().unixtime(); }

  SessionHome& home_;
  std::shared_ptr<Key> key_;
  const std::int64_t session_id_;
  bool closed_ = false;
  bool refused_push_ = false;
  bool was_overloaded_ = false;
  std::int32_t content_sent_ = 0;
  std::int64_t first_msg_id_;    // The smallest id a client was told of in new_session_created.
  std::size_t unpack_left_ = 0;  // Bytes that gzip may still become in the message at hand.
  Ticks idle_since_;

  std::vector<Link*> links_;  // The one heard from last comes first.
  ReceivedMessages received_;
  OutgoingMessages outgoing_;
  std::vector<Loose> loose_;
  std::vector<std::int64_t> acks_;  // To be acknowledged to the client.
  std::vector<PendingCall> calls_;
  std::unordered_map<std::int64_t, Link*> running_;               // Queries by msg_id, and who asked.
  std::multimap<std::int64_t, std::shared_ptr<Waiter>> waiters_;  // outcome_of(), by msg_id.
};

}  // namespace helio::mtproto
