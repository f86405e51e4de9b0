#include "mtproto/session/session.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "mtproto/session/service.h"
#include "tl/errors.h"
#include "tl/reader.h"

namespace helio::mtproto {

namespace {

constexpr std::int32_t kPastMax = 300;   // Seconds that a msg_id may be old,
constexpr std::int32_t kFutureMax = 30;  // or ahead.
constexpr std::size_t kUnpackedMax = 4 << 20;
constexpr std::size_t kIdsMax = 8192;  // In msgs_ack, msgs_state_req and msg_resend_req.
constexpr std::int32_t kSaltsMax = 64;
constexpr seconds kIdleMax{
    600};  // Longer than any msg_id is accepted: docs/security.md C04 holds after the session's end.

constexpr std::size_t kRepeatedBytesMax = 4 << 10;  // Of an answer that is sent again without being asked for by name.

constexpr std::size_t kContainerSent = 1000;            // Messages in one of ours,
constexpr std::size_t kContainerSentBytes = 256 << 10;  // which is closed when it has grown to this.

constexpr std::size_t kLooseMax = 16'384;
constexpr std::size_t kLooseBytesMax = 1 << 20;
constexpr std::size_t kCallsMax = 8192;  // Queries that wait to be started.
constexpr std::size_t kCallsBytesMax = 8 << 20;
constexpr std::size_t kWaitingMax = 512;  // Callers of outcome_of().

enum BadMsg { kMsgIdTooLow = 16, kMsgIdTooHigh = 17, kMsgIdBits = 18, kContainerRepeated = 19, kMsgTooOld = 20 };
enum BadSeqno { kSeqnoNotEven = 34, kSeqnoNotOdd = 35, kContainerInvalid = 64 };

}  // namespace

// Someone in outcome_of(): registers itself for as long as it lives.
class Session::Waiting {
 public:
  Waiting(Session& session, std::int64_t msg_id, Ticks until, Executor executor)
      : signal(executor), deadline(until), session_(session), place_(session.waiting_.emplace(msg_id, this)) {}
  ~Waiting() { session_.waiting_.erase(place_); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  Signal signal;
  const Ticks deadline;

 private:
  Session& session_;
  const std::multimap<std::int64_t, Waiting*>::iterator place_;
};

int msg_id_problem(std::int64_t msg_id, Wall now, bool in_container) {
  if ((msg_id & 3) != 0) return kMsgIdBits;
  const auto ours = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
  const std::int64_t theirs = msg_id >> 32;
  // No clock gives a whole second: a client that sends one has no clock.
  if (!in_container && (theirs < ours - kPastMax || static_cast<std::uint32_t>(msg_id) == 0)) return kMsgIdTooLow;
  return theirs > ours + kFutureMax ? kMsgIdTooHigh : 0;
}

Session::Session(SessionHome& home, std::shared_ptr<Key> key, std::int64_t session_id, std::int64_t below)
    : home_(home),
      key_(std::move(key)),
      session_id_(session_id),
      first_msg_id_(std::numeric_limits<std::int64_t>::max()),
      idle_since_(home.clock().ticks()),
      received_(below) {}

Session::~Session() = default;

// ---- In ----

Session::Verdict Session::receive(Link& link, const crypto::Envelope& message) {
  attach(link);
  unpack_left_ = kUnpackedMax;
  const InnerMessage whole{message.msg_id, message.seqno, message.body};
  const bool container = constructor_of(whole.body) == kMsgContainerId;
  const Verdict verdict = container ? receive_container(link, whole) : receive_one(link, whole, false);
  account();
  return verdict;
}

// Refused or accepted as a whole; then its messages stand or fall each for itself.
Session::Verdict Session::receive_container(Link& link, const InnerMessage& message) {
  const auto refuse = [&](int code) {
    notice(link, message, code);
    return Verdict::kRefused;
  };
  if (received_.find(message.msg_id)) return refuse(kContainerRepeated);
  if (const int code = msg_id_problem(message.msg_id, home_.ids().now(), false)) return refuse(code);
  if (received_.too_old(message.msg_id)) return refuse(kMsgTooOld);
  if ((message.seqno & 1) != 0) return refuse(kSeqnoNotEven);

  const auto container = parse_container(message.body);
  if (!container) return refuse(kContainerInvalid);
  if (container->too_many) return Verdict::kFlood;
  const auto inside = [&](const InnerMessage& m) { return m.msg_id < message.msg_id && m.seqno <= message.seqno; };
  if (!std::ranges::all_of(container->messages, inside)) return refuse(kContainerInvalid);
  if (const int code = received_.seqno_problem(message.msg_id, message.seqno)) return refuse(code);

  // One greeting for all of them.
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const InnerMessage& inner : container->messages) {
    if (!received_.too_old(inner.msg_id)) first = std::min(first, inner.msg_id);
  }
  if (first < first_msg_id_) greet(first);
  received_.add({.msg_id = message.msg_id, .seqno = message.seqno, .state = Received::State::kContainer});
  for (const InnerMessage& inner : container->messages) {
    if (receive_one(link, inner, true) == Verdict::kFlood) return Verdict::kFlood;
  }
  return Verdict::kOk;
}

Session::Verdict Session::receive_one(Link& link, const InnerMessage& message, bool in_container) {
  const auto refuse = [&](int code) {
    notice(link, message, code);
    return Verdict::kRefused;
  };
  if (const Received* known = received_.find(message.msg_id)) {
    repeated(link, message, *known);
    return Verdict::kOk;
  }
  if (const int code = msg_id_problem(message.msg_id, home_.ids().now(), in_container)) return refuse(code);
  if (received_.too_old(message.msg_id)) return refuse(kMsgTooOld);

  // The wrapper gzip_packed has no parity of its own: clients send packed queries with odd seqnos.
  View body = message.body;
  Bytes unpacked;
  bool broken = false;
  if (constructor_of(body) == kGzipPackedId) {
    auto plain = unpack(body, unpack_left_);
    broken = !plain.has_value();
    if (plain) {
      unpack_left_ -= plain->size();
      unpacked = *std::move(plain);
      body = unpacked;
    }
  }
  const std::uint32_t id = constructor_of(body);
  const bool odd = (message.seqno & 1) != 0;
  // COMPAT(mtcute, 0.30): its msgs_ack has an odd seqno, so that one gets no notice.
  if (!is_service(id) && !odd) return refuse(kSeqnoNotOdd);
  if (const int code = received_.seqno_problem(message.msg_id, message.seqno)) return refuse(code);

  if (!is_service(id) && call_flood()) return Verdict::kFlood;
  received_.add({.msg_id = message.msg_id, .seqno = message.seqno});
  if (!received_.find(message.msg_id)) return refuse(kMsgTooOld);  // Older than all that are kept: forgotten at once.
  if (message.msg_id < first_msg_id_) greet(message.msg_id);
  if (broken) {
    answer_at_once(link, message.msg_id, rpc_error(error::INPUT_FETCH_ERROR));
    return Verdict::kOk;
  }
  return act_on(link, message, id, body, std::move(unpacked));
}

// Never runs again. The client did not get our answer, or has not got it yet.
void Session::repeated(Link& link, const InnerMessage& message, const Received& known) {
  switch (known.state) {
    case Received::State::kContainer: return notice(link, message, kContainerRepeated);
    case Received::State::kRunning: asked_[message.msg_id] = &link; return;
    case Received::State::kDone:
    case Received::State::kFailed:
      if (Outgoing* answer = outgoing_.find(known.answer_msg_id)) {
        // It is on its way. A long one is sent again only to those who then ask for it.
        if (answer->sent && answer->body.size() > kRepeatedBytesMax) {
          Bytes info = msg_detailed_info(message.msg_id, answer->msg_id, static_cast<std::int32_t>(answer->body.size()),
                                         state_of(message.msg_id));
          return send_loose(&link, MsgKind::kAnswer, std::move(info), true);
        }
        outgoing_.requeue(*answer, &link);
        return link.want_flush();
      }
      break;
    case Received::State::kNoted:
    case Received::State::kDropped: break;
  }
  acknowledge_later(link, message);
}

// Those that count as content, and get no other answer.
void Session::acknowledge_later(Link& link, const InnerMessage& message) {
  // Past that many a client repeats what it hears nothing of, and hears of it then.
  if ((message.seqno & 1) == 0 || acks_.size() >= kIdsMax) return;
  acks_.push_back(message.msg_id);
  link.want_flush();
}

// `body` may lie in `unpacked`.
Session::Verdict Session::act_on(Link& link, const InnerMessage& message, std::uint32_t id, View body,
                                 Bytes&& unpacked) {
  if (!is_service(id)) {
    query(link, message.msg_id, unpacked.empty() ? Bytes(body) : std::move(unpacked));
    return Verdict::kOk;
  }
  if (id == kMsgsAckId) return acknowledged(body);

  const auto service = parse_service(body);
  if (!service) {
    answer_at_once(link, message.msg_id, rpc_error(error::INPUT_FETCH_ERROR));
    return Verdict::kOk;
  }
  return std::visit(
      [&]<class T>(const T& request) {
        if constexpr (std::is_same_v<T, Ping>) {
          if (request.disconnect_delay > 0) link.disconnect_after(seconds(std::min(request.disconnect_delay, 600)));
          send_loose(&link, MsgKind::kAnswer, pong(message.msg_id, request.ping_id));
        } else if constexpr (std::is_same_v<T, GetFutureSalts>) {
          future_salts_requested(link, message.msg_id, request.count);
        } else if constexpr (std::is_same_v<T, StateRequest>) {
          return state_requested(link, message.msg_id, request.msg_ids);
        } else if constexpr (std::is_same_v<T, ResendRequest>) {
          return resend_requested(link, message.msg_id, request);
        } else if constexpr (std::is_same_v<T, DropAnswer>) {
          answer_at_once(link, message.msg_id, drop_answer(request.req_msg_id));
        } else if constexpr (std::is_same_v<T, DestroySession>) {
          // The session that asks stays: a client ends that one by going away.
          const bool found = request.session_id != session_id_ && home_.destroy_session(*key_, request.session_id);
          send_loose(&link, MsgKind::kAnswer, destroy_session_result(request.session_id, found));
        } else if constexpr (std::is_same_v<T, DestroyAuthKey>) {
          if (std::exchange(destroying_key_, true)) {
            send_loose(&link, MsgKind::kAnswer, destroy_auth_key_result(false));
          } else {
            asked_[message.msg_id] = &link;
            home_.tasks().spawn(run_destroy_key(shared_from_this(), message.msg_id));
          }
        } else {
          if constexpr (std::is_same_v<T, HttpWait>) {
            link.http_wait(request);
          } else {
            static_assert(std::is_same_v<T, Ignored>);
          }
          acknowledge_later(link, message);
        }
        return Verdict::kOk;
      },
      *service);
}

Session::Verdict Session::acknowledged(View body) {
  tl::Reader in(body);
  in.u32();
  const std::uint32_t vector = in.u32();
  const std::uint32_t count = in.u32();
  if (count > kIdsMax) return Verdict::kFlood;
  if (vector != tl::kVectorId || in.left() != count * 8) return Verdict::kOk;
  for (std::uint32_t i = 0; i < count; ++i) outgoing_.acknowledge(in.i64());
  if (refused_push_ && outgoing_.half_empty()) {
    refused_push_ = false;
    home_.handler().has_room(*this);
  }
  return Verdict::kOk;
}

char Session::state_of(std::int64_t msg_id) {
  constexpr char kForgotten = 1, kNeverSeen = 2, kAhead = 3, kReceived = 4;
  constexpr char kNeedsNoAck = 16, kQueryTaken = 32, kAnswerMade = 64;
  if (const Received* known = received_.find(msg_id)) {
    switch (known->state) {
      case Received::State::kRunning: return kReceived | kQueryTaken;
      case Received::State::kDone:
      case Received::State::kFailed: return kReceived | kQueryTaken | kAnswerMade;
      default: return (known->seqno & 1) != 0 ? kReceived : kReceived | kNeedsNoAck;
    }
  }
  if (received_.too_old(msg_id)) return kForgotten;
  return msg_id > received_.newest() ? kAhead : kNeverSeen;
}

Session::Verdict Session::state_requested(Link& link, std::int64_t req_msg_id,
                                          const std::vector<std::int64_t>& msg_ids) {
  if (msg_ids.size() > kIdsMax) return Verdict::kFlood;
  Bytes states;
  for (const std::int64_t msg_id : msg_ids) states.push_back(state_of(msg_id));
  send_loose(&link, MsgKind::kAnswer, msgs_state_info(req_msg_id, states));
  return Verdict::kOk;
}

Session::Verdict Session::resend_requested(Link& link, std::int64_t req_msg_id, const ResendRequest& request) {
  if (request.msg_ids.size() > kIdsMax) return Verdict::kFlood;
  constexpr char kForgotten = 1, kKnown = 4;
  Bytes states;
  bool all = true;
  for (const std::int64_t msg_id : request.msg_ids) {
    const Received* query = request.answers ? received_.find(msg_id) : nullptr;
    Outgoing* message = outgoing_.find(query ? query->answer_msg_id : request.answers ? 0 : msg_id);
    states.push_back(request.answers ? state_of(msg_id) : message ? kKnown : kForgotten);
    if (message) outgoing_.requeue(*message, &link);
    all = all && message;
  }
  link.want_flush();
  if (!all) send_loose(&link, MsgKind::kAnswer, msgs_state_info(req_msg_id, states));
  return Verdict::kOk;
}

Bytes Session::drop_answer(std::int64_t req_msg_id) {
  Received* known = received_.find(req_msg_id);
  if (known && known->state == Received::State::kRunning) {
    known->state = Received::State::kDropped;
    return rpc_answer_dropped_running();
  }
  Outgoing* answer = known ? outgoing_.find(known->answer_msg_id) : nullptr;
  if (!answer) return rpc_answer_unknown();
  Bytes dropped = rpc_answer_dropped(answer->msg_id, answer->seqno, static_cast<std::int32_t>(answer->body.size()));
  outgoing_.drop(*answer);
  known->state = Received::State::kDropped;
  return dropped;
}

void Session::future_salts_requested(Link& link, std::int64_t req_msg_id, std::int32_t count) {
  const std::int32_t now = unixtime();
  const auto salts = key_->salts.future(now, std::clamp(count, 1, kSaltsMax));
  send_loose(&link, MsgKind::kAnswer, future_salts(req_msg_id, now, salts));
}

// The client learns that we know nothing of what it sent before `first_msg_id`, and sends that again.
void Session::greet(std::int64_t first_msg_id) {
  first_msg_id_ = first_msg_id;
  const auto unique_id = static_cast<std::int64_t>(home_.random().u64());
  send_content(best_link(), MsgKind::kOther,
               new_session_created(first_msg_id, unique_id, key_->salts.current(unixtime())));
}

// ---- Queries ----

bool Session::call_flood() const {
  return calls_.size() >= kCallsMax || calls_bytes_ >= kCallsBytesMax;
}

void Session::query(Link& link, std::int64_t msg_id, Bytes body) {
  received_.find(msg_id)->state = Received::State::kRunning;
  asked_[msg_id] = &link;
  calls_bytes_ += body.size();
  calls_.emplace(msg_id, std::move(body));
}

void Session::start_calls() {
  while (!calls_.empty() && running() < kRunningMax && !outgoing_.crowded()) {
    // The network may have turned them around; the client's order is in the ids.
    auto call = calls_.extract(calls_.begin());
    calls_bytes_ -= call.mapped().size();
    const Link* link = asked_[call.key()];
    CallContext context{.session = shared_from_this(),
                        .auth_key_id = key_->id,
                        .permanent_key_id = key_->permanent_id,
                        .session_id = session_id_,
                        .msg_id = call.key(),
                        .dc = key_->dc,
                        .local = link ? link->local() : net::Endpoint(),
                        .remote = link ? link->remote() : net::Endpoint()};
    home_.tasks().spawn(run_call(shared_from_this(), std::move(context), std::move(call.mapped())));
  }
  balance();
  if (was_overloaded_ && !overloaded()) {
    was_overloaded_ = false;
    for (Link* link : links_) link->resume();
  }
}

bool Session::overloaded() const {
  return live_ > 0 && (!calls_.empty() || outgoing_.crowded());
}

Task<> Session::run_call(std::shared_ptr<Session> self, CallContext context, Bytes body) {
  const std::int64_t msg_id = context.msg_id;
  const Bytes answer = co_await self->home_.handler().call(std::move(context), std::move(body));
  self->answered(msg_id, answer);
}

void Session::answered(std::int64_t msg_id, View answer) {
  const auto asked = asked_.extract(msg_id);
  if (closed_ || !asked) return;
  // A dropped one may have been forgotten meanwhile.
  if (Received* known = received_.find(msg_id); known && known->state == Received::State::kRunning) {
    known->state = constructor_of(answer) == kRpcErrorId ? Received::State::kFailed : Received::State::kDone;
    send_content(asked.mapped(), MsgKind::kAnswer, rpc_result(msg_id, answer), &known->answer_msg_id);
  }
  wake_waiters(msg_id);
  balance();
  relieve();
}

void Session::answer_at_once(Link& link, std::int64_t msg_id, View answer) {
  received_.find(msg_id)->state = Received::State::kRunning;
  asked_[msg_id] = &link;
  answered(msg_id, answer);
}

Task<> Session::run_destroy_key(std::shared_ptr<Session> self, std::int64_t msg_id) {
  const bool done = co_await self->home_.destroy_key(self->key_);
  self->destroying_key_ = false;
  const auto asked = self->asked_.extract(msg_id);
  if (self->closed_ || !asked) co_return;
  self->send_loose(asked.mapped(), MsgKind::kAnswer, destroy_auth_key_result(done));
  self->balance();
  self->relieve();
}

Task<Outcome> Session::outcome_of(std::int64_t msg_id, Ticks deadline) {
  const auto self = shared_from_this();
  std::optional<Waiting> waiting;
  while (!closed_) {
    const Received* known = received_.find(msg_id);
    if (known && known->state != Received::State::kRunning) {
      co_return known->state == Received::State::kFailed || known->state == Received::State::kDropped ? Outcome::kFailed
                                                                                                      : Outcome::kDone;
    }
    // Older than the session: sent in another one, and answered there or resent here with a new id.
    if (!known && msg_id < first_msg_id_) co_return Outcome::kDone;
    if (home_.clock().ticks() >= deadline || (!waiting && waiting_.size() >= kWaitingMax)) break;
    if (!waiting) {
      const auto executor = co_await asio::this_coro::executor;
      waiting.emplace(*this, msg_id, deadline, executor);
      if (deadline < wake_at_) {
        wake_at_ = deadline;
        home_.tasks().spawn(wake_late(self, deadline));
      }
    }
    co_await waiting->signal.wait();
  }
  co_return Outcome::kPending;
}

void Session::wake_waiters(std::int64_t msg_id) {
  const auto [from, to] = waiting_.equal_range(msg_id);
  for (auto it = from; it != to; ++it) it->second->signal.notify_all();
}

// Wakes those whose deadline has passed. One sleeper is enough: it goes on to the next deadline.
Task<> Session::wake_late(std::shared_ptr<Session> self, Ticks when) {
  co_await self->home_.clock().sleep_until(when);
  Ticks next = Ticks::max();
  for (const auto& [msg_id, waiting] : self->waiting_) {
    if (waiting->deadline <= when) {
      waiting->signal.notify_all();
    } else {
      next = std::min(next, waiting->deadline);
    }
  }
  if (self->wake_at_ != when) co_return;  // Another one sleeps.
  self->wake_at_ = next;
  if (next != Ticks::max()) self->home_.tasks().spawn(wake_late(self, next));
}

// ---- Out ----

bool Session::push(Bytes body) {
  if (closed_) return false;
  if (outgoing_.full()) {
    refused_push_ = true;
    return false;
  }
  send_content(best_link(), MsgKind::kOther, std::move(body));
  balance();
  return true;
}

Link* Session::living(Link* link) const {
  const auto end = links_.begin() + static_cast<std::ptrdiff_t>(live_);
  return std::find(links_.begin(), end, link) != end ? link : best_link();
}

void Session::send_loose(Link* link, MsgKind kind, Bytes body, bool content) {
  link = living(link);
  // To nobody, or to a client that asks on and reads nothing.
  if (links_.empty() || loose_.size() >= kLooseMax || loose_bytes_ + body.size() > kLooseBytesMax) return;
  loose_bytes_ += body.size();
  loose_.push_back({.link = link,
                    .msg_id = next_msg_id(kind),
                    .seqno = content ? content_seqno() : loose_seqno(),
                    .body = std::move(body)});
  if (link) link->want_flush();
}

void Session::send_content(Link* link, MsgKind kind, Bytes body, std::int64_t* msg_id) {
  link = living(link);
  Outgoing message{.msg_id = next_msg_id(kind), .seqno = content_seqno(), .link = link, .body = std::move(body)};
  if (msg_id) *msg_id = message.msg_id;
  outgoing_.add(std::move(message));
  if (link) link->want_flush();
}

void Session::notice(Link& link, const InnerMessage& message, int code) {
  log::debug("session.notice", {{"code", code}});
  send_loose(&link, MsgKind::kAnswer, bad_msg_notification(message.msg_id, message.seqno, code));
}

namespace {

// One message on its way out, and where its bytes are.
struct Part {
  std::int64_t msg_id;
  std::int32_t seqno;
  bool again;  // Sent before: never twice under its own id outside a container.
  const Bytes* body;
  Bytes* own = nullptr;  // The same, if it may be taken.
};

// Which messages travel together: as many as there is room for.
class Packing {
 public:
  explicit Packing(Room room) : room_(room) {}

  // False: `part` has to wait, and so have those behind it.
  bool add(const Part& part) {
    const std::size_t size = part.body->size();
    if (room_.bytes == 0 || (bytes_ > 0 && bytes_ + size > room_.bytes)) return false;
    const bool fits =
        !packets_.empty() && packets_.back().size() < kContainerSent && packet_bytes_ + size <= kContainerSentBytes;
    if (!fits) {
      if (packets_.size() == room_.packets) return false;
      packets_.emplace_back();
      packet_bytes_ = 0;
    }
    packets_.back().push_back(part);
    packet_bytes_ += size;
    bytes_ += size;
    return true;
  }
  const std::vector<std::vector<Part>>& packets() const { return packets_; }

 private:
  const Room room_;
  std::vector<std::vector<Part>> packets_;
  std::size_t packet_bytes_ = 0;  // Of the last one,
  std::size_t bytes_ = 0;         // and of all.
};

}  // namespace

bool Session::collect(Link& link, Room room, std::vector<Packet>& packets) {
  if (living(&link) != &link) return false;
  if (!acks_.empty()) send_loose(&link, MsgKind::kOther, msgs_ack(std::exchange(acks_, {})));
  Packing packing(room);
  bool left = false;
  for (Loose& loose : loose_) {
    if (loose.link != &link) continue;
    left = !packing.add({loose.msg_id, loose.seqno, false, &loose.body, &loose.body});
    if (left) break;
    loose.taken = true;
    loose_bytes_ -= loose.body.size();
  }
  if (!left) {
    outgoing_.take_ready(&link, [&](const Outgoing& message) {
      left = !packing.add({message.msg_id, message.seqno, message.ever_sent, &message.body});
      return !left;
    });
  }

  for (const std::vector<Part>& parts : packing.packets()) {
    Packet& packet = packets.emplace_back();
    if (parts.size() == 1 && !parts[0].again) {
      packet.msg_id = parts[0].msg_id;
      packet.seqno = parts[0].seqno;
      if (parts[0].own) {
        packet.own = std::move(*parts[0].own);
      } else {
        packet.borrowed = parts[0].body;
      }
    } else {
      append_container_header(packet.own, parts.size());
      for (const Part& part : parts) append_inner(packet.own, part.msg_id, part.seqno, *part.body);
      packet.msg_id = next_msg_id(MsgKind::kOther);
      packet.seqno = loose_seqno();
    }
  }
  std::erase_if(loose_, [](const Loose& loose) { return loose.taken; });
  constexpr std::size_t kLooseKept = 64;
  if (loose_.empty() && loose_.capacity() > kLooseKept) loose_ = {};
  balance();
  relieve();
  return left;
}

bool Session::anything_for(const Link& link) const {
  return !acks_.empty() || outgoing_.any_ready(&link) || std::ranges::find(loose_, &link, &Loose::link) != loose_.end();
}

// ---- Connections and life ----

void Session::attach(Link& link) {
  if (best_link() == &link) return;
  const auto known = std::ranges::find(links_, &link);
  const bool lives = known < links_.begin() + static_cast<std::ptrdiff_t>(live_);
  if (known != links_.end()) {
    std::rotate(links_.begin(), known, known + 1);
  } else {
    links_.insert(links_.begin(), &link);
  }
  bool ready = false;
  if (!lives) {
    ++live_;
    // What waited for a connection, or went out on one that is gone.
    outgoing_.reroute(nullptr, &link);
    for (Loose& loose : loose_) {
      if (!loose.link) loose.link = &link;
    }
    ready = !loose_.empty() || outgoing_.any_ready(&link);
  }
  if (ready) link.want_flush();
  balance();
}

void Session::park(Link& link) {
  const auto known = std::ranges::find(links_, &link);
  if (known >= links_.begin() + static_cast<std::ptrdiff_t>(live_)) return;
  std::rotate(known, known + 1, links_.end());
  --live_;
  outgoing_.reroute_unsent(&link, best_link());
  hand_over(link);
}

void Session::detach(Link& link) {
  const auto known = std::ranges::find(links_, &link);
  if (known == links_.end()) return;
  if (known < links_.begin() + static_cast<std::ptrdiff_t>(live_)) --live_;
  links_.erase(known);
  outgoing_.reroute(&link, best_link());
  hand_over(link);
  if (links_.empty()) {
    loose_.clear();
    loose_bytes_ = 0;
    idle_since_ = home_.clock().ticks();
  }
  balance();
}

// What `link`, which carries nothing any more, was to carry besides content.
void Session::hand_over(Link& link) {
  Link* other = best_link();
  for (Loose& loose : loose_) {
    if (loose.link == &link) loose.link = other;
  }
  for (auto& [msg_id, asked] : asked_) {
    if (asked == &link) asked = other;
  }
  if (other) other->want_flush();
  relieve();
}

// After whatever changed what is held.
void Session::balance() {
  // A connection that takes nothing any more must not hold up the others.
  if (live_ > 1 && outgoing_.crowded()) {
    outgoing_.gather_unsent(best_link());
    best_link()->want_flush();
  }
  account();
  if (overloaded()) was_overloaded_ = true;
}

void Session::account() {
  const std::size_t bytes = outgoing_.bytes() + loose_bytes_ + calls_bytes_;
  if (bytes != reported_bytes_) {
    home_.queued(static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(reported_bytes_));
    reported_bytes_ = bytes;
  }
}

// Soon, and not now: what was collected is not sent yet, and what arrived with a query not received.
void Session::relieve() {
  if (relief_posted_ || closed_ || (calls_.empty() && !was_overloaded_)) return;
  relief_posted_ = true;
  asio::post(home_.tasks().executor(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->relief_posted_ = false;
    self->start_calls();
  });
}

bool Session::expired(Ticks now) const {
  return links_.empty() && running() == 0 && now - idle_since_ > kIdleMax;
}

void Session::trim(Wall now) {
  received_.trim(msg_id_at(now - seconds(kPastMax + kFutureMax)));
}

void Session::close() {
  if (std::exchange(closed_, true)) return;
  links_.clear();
  live_ = 0;
  outgoing_ = OutgoingMessages();
  loose_.clear();
  loose_bytes_ = 0;
  acks_.clear();
  calls_.clear();
  calls_bytes_ = 0;
  asked_.clear();
  balance();
  for (auto& [msg_id, waiting] : waiting_) waiting->signal.notify_all();
  home_.handler().session_closed(*this);
}

}  // namespace helio::mtproto
