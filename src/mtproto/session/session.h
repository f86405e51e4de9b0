// mtproto/session/session.h: one session of one auth key: what came, what runs, what must still arrive.
//
// In:      decrypted messages with the right salt, from any connection. Each query runs once; a repeated one gets the
//          stored answer. What breaks a rule gets the notice that the protocol has for it.
// Out:     what is ready for a connection is collected at once: one message as it is, several as a container.
// Order:   queries that wait together start in the order of their msg_id.
// Bounds:  queries that run, and that wait to; what is queued for the client (outgoing.h, kLooseBytesMax); ids that are
//          remembered (received.h) or to be acknowledged. Past them nothing is read (overloaded()), what is sent
//          without a promise is dropped, and a client that goes on all the same gets -429.
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
#include "mtproto/session/service.h"

namespace helio::mtproto {

// What a session asks of the core it lives on. Outlives it.
class SessionHome {
 public:
  virtual ~SessionHome() = default;
  virtual Clock& clock() = 0;
  // What identifiers are made of and judged by (mtproto/id_clock.h).
  virtual const Clock& ids() { return clock(); }
  virtual Random& random() = 0;
  virtual Handler& handler() = 0;
  virtual TaskGroup& tasks() = 0;
  // Whether `key` had that session, which is ended.
  virtual bool destroy_session(const Key& key, std::int64_t session_id) = 0;
  // Forgets `key` for good; false if the store could not. Sessions and connections end after what is ready was sent.
  virtual Task<bool> destroy_key(std::shared_ptr<Key> key) = 0;
  // The bytes that a session holds for its client, or of queries that wait, became more or less by `change`.
  virtual void queued(std::ptrdiff_t /*change*/) {}
};

// One encrypted message to be sealed. Its body is its own or one that stays where it is until the session is next used.
struct Packet {
  std::int64_t msg_id = 0;
  std::int32_t seqno = 0;
  Bytes own;
  const Bytes* borrowed = nullptr;

  View body() const { return borrowed ? View(*borrowed) : View(own); }
};

// What a connection can take now.
struct Room {
  std::size_t bytes = 0;    // About.
  std::size_t packets = 0;  // An HTTP response has one.
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

  // One message from `link`, which becomes a connection of this session, also after it was parked.
  Verdict receive(Link& link, const crypto::Envelope& message);
  // Starts the queries received, as far as there is room. After each batch of messages.
  void start_calls();
  // So much is under way that no more should be read; Link::resume() follows. Never because of answers that wait while
  // no connection can carry them: the next message may bring one.
  bool overloaded() const;

  // Takes what is ready for `link`, as far as there is room: full packets first, then one of what is left. Whether
  // something is left behind.
  bool collect(Link& link, Room room, std::vector<Packet>& packets);
  bool anything_for(const Link& link) const;
  // `link` is there, but can carry nothing until it brings the next message: what it has not sent yet goes elsewhere.
  // What it has sent may have arrived, and is sent again only once it is detached.
  void park(Link& link);
  void detach(Link& link);
  bool has_link() const { return !links_.empty(); }

  // The seqno of a message without content that is made now.
  std::int32_t loose_seqno() const { return 2 * content_sent_; }
  // Bytes held for the client, or of queries that wait, as SessionHome::queued() was told.
  std::size_t queued_bytes() const { return reported_bytes_; }

  // Without a connection, without a running query, and long enough that no replay of its messages could pass.
  bool expired(Ticks now) const;
  Ticks idle_since() const { return idle_since_; }
  std::int64_t newest_received() const { return received_.newest(); }
  void trim(Wall now);  // Forgets what it need not know any more. Now and then.
  bool closed() const { return closed_; }
  const std::vector<Link*>& links() const { return links_; }  // Parked ones as well.
  void close();  // Its life is over: nothing is pushed or answered any more.

  bool push(Bytes body) override;
  Task<Outcome> outcome_of(std::int64_t msg_id, Ticks deadline) override;
  std::int64_t auth_key_id() const override { return key_->id; }
  std::int64_t session_id() const override { return session_id_; }
  const std::shared_ptr<Key>& key() const { return key_; }

 private:
  static constexpr std::size_t kRunningMax = 128;
  // Sent once, and not again if it is lost: notices, acknowledgements, answers to service messages.
  struct Loose {
    Link* link;  // Null: the next one.
    std::int64_t msg_id;
    std::int32_t seqno;
    Bytes body;
    bool taken = false;
  };
  class Waiting;

  Verdict receive_container(Link& link, const InnerMessage& message);
  Verdict receive_one(Link& link, const InnerMessage& message, bool in_container);
  void repeated(Link& link, const InnerMessage& message, const Received& known);
  Verdict act_on(Link& link, const InnerMessage& message, std::uint32_t id, View body, Bytes&& unpacked);
  Verdict acknowledged(View body);
  Verdict state_requested(Link& link, std::int64_t req_msg_id, const std::vector<std::int64_t>& msg_ids);
  Verdict resend_requested(Link& link, std::int64_t req_msg_id, const ResendRequest& request);
  Bytes drop_answer(std::int64_t req_msg_id);
  void future_salts_requested(Link& link, std::int64_t req_msg_id, std::int32_t count);
  char state_of(std::int64_t msg_id);
  void acknowledge_later(Link& link, const InnerMessage& message);
  void greet(std::int64_t first_msg_id);

  bool call_flood() const;
  void query(Link& link, std::int64_t msg_id, Bytes body);
  static Task<> run_call(std::shared_ptr<Session> self, CallContext context, Bytes body);
  static Task<> run_destroy_key(std::shared_ptr<Session> self, std::int64_t msg_id);
  void answered(std::int64_t msg_id, View answer);
  void answer_at_once(Link& link, std::int64_t msg_id, View answer);
  void wake_waiters(std::int64_t msg_id);
  static Task<> wake_late(std::shared_ptr<Session> self, Ticks when);

  void attach(Link& link);
  void hand_over(Link& link);
  Link* best_link() const { return live_ == 0 ? nullptr : links_.front(); }
  Link* living(Link* link) const;
  std::int32_t content_seqno() { return 2 * content_sent_++ + 1; }
  void send_loose(Link* link, MsgKind kind, Bytes body, bool content = false);
  void send_content(Link* link, MsgKind kind, Bytes body, std::int64_t* msg_id = nullptr);
  void notice(Link& link, const InnerMessage& message, int code);
  std::int32_t unixtime() { return home_.ids().unixtime(); }
  std::int64_t next_msg_id(MsgKind kind) { return key_->msg_ids.next(home_.ids(), kind); }
  std::size_t running() const { return asked_.size() - calls_.size(); }
  void account();
  void balance();
  void relieve();

  SessionHome& home_;
  std::shared_ptr<Key> key_;
  const std::int64_t session_id_;
  bool closed_ = false;
  bool destroying_key_ = false;
  bool refused_push_ = false;
  bool was_overloaded_ = false;
  bool relief_posted_ = false;
  std::int32_t content_sent_ = 0;
  std::int64_t first_msg_id_;    // The smallest id a client was told of in new_session_created.
  std::size_t unpack_left_ = 0;  // Bytes that gzip may still become in the message at hand.
  Ticks idle_since_;

  std::vector<Link*> links_;  // The one heard from last comes first; those that are parked come last.
  std::size_t live_ = 0;      // That are not parked.
  ReceivedMessages received_;
  OutgoingMessages outgoing_;
  std::vector<Loose> loose_;
  std::size_t loose_bytes_ = 0;
  std::vector<std::int64_t> acks_;                 // To be acknowledged to the client.
  std::map<std::int64_t, Bytes> calls_;            // Queries that wait to be started, by msg_id.
  std::size_t calls_bytes_ = 0;                    // Of them.
  std::unordered_map<std::int64_t, Link*> asked_;  // All that are not answered, and who asked.
  std::multimap<std::int64_t, Waiting*> waiting_;  // outcome_of(), by msg_id. They live in its callers.
  Ticks wake_at_ = Ticks::max();                   // When wake_late() comes next.
  std::size_t reported_bytes_ = 0;
};

}  // namespace helio::mtproto
