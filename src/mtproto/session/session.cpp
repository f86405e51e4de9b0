#include "mtproto/session/session.h"

#include <algorithm>

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

constexpr std::size_t kContainerSent = 1000;            // Messages in one of ours,
constexpr std::size_t kContainerSentBytes = 256 << 10;  // which is closed when it has grown to this.

enum BadMsg { kMsgIdTooLow = 16, kMsgIdTooHigh = 17, kMsgIdBits = 18, kContainerRepeated = 19, kMsgTooOld = 20 };
enum BadSeqno { kSeqnoNotEven = 34, kSeqnoNotOdd = 35, kContainerInvalid = 64 };

}  // namespace

// Someone in outcome_of().
struct Session::Waiter {
  explicit Waiter(Executor executor) : signal(executor) {}
  Signal signal;
  bool over = false;
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
  if (constructor_of(whole.body) == kMsgContainerId) return receive_container(link, whole);
  return receive_one(link, whole, false);
}

// Refused or accepted as a whole; then its messages stand or fall each for itself.
Session::Verdict Session::receive_container(Link& link, const InnerMessage& message) {
  const auto refuse = [&](int code) {
    notice(link, message, code);
    return Verdict::kRefused;
  };
  if (received_.find(message.msg_id)) return refuse(kContainerRepeated);
  if (const int code = msg_id_problem(message.msg_id, home_.clock().now(), false)) return refuse(code);
  if (received_.too_old(message.msg_id)) return refuse(kMsgTooOld);
  if ((message.seqno & 1) != 0) return refuse(kSeqnoNotEven);

  const auto container = parse_container(message.body);
  if (!container) return refuse(kContainerInvalid);
  if (container->too_many) return Verdict::kFlood;
  const auto inside = [&](const InnerMessage& m) { return m.msg_id < message.msg_id && m.seqno <= message.seqno; };
  if (!std::ranges::all_of(container->messages, inside)) return refuse(kContainerInvalid);
  if (const int code = received_.seqno_problem(message.msg_id, message.seqno)) return refuse(code);

  if (!container->messages.empty() && first_msg_id_ == std::numeric_limits<std::int64_t>::max()) {
    greet(std::ranges::min_element(container->messages, {}, &InnerMessage::msg_id)->msg_id);
  }
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
  if (const int code = msg_id_problem(message.msg_id, home_.clock().now(), in_container)) return refuse(code);
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
    case Received::State::kRunning: running_[message.msg_id] = &link; return;
    case Received::State::kDone:
    case Received::State::kFailed:
      if (Outgoing* answer = outgoing_.find(known.answer_msg_id)) {
        outgoing_.requeue(*answer, &link);
        return link.want_flush();
      }
      break;
    case Received::State::kNoted:
    case Received::State::kDropped: break;
  }
  if ((message.seqno & 1) != 0) {
    acks_.push_back(message.msg_id);
    link.want_flush();
  }
}

Session::Verdict Session::act_on(Link& link, const InnerMessage& message, std::uint32_t id, View body, Bytes unpacked) {
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
          return resend_requested(link, message.msg_id, request.msg_ids);
        } else if constexpr (std::is_same_v<T, DropAnswer>) {
          answer_at_once(link, message.msg_id, drop_answer(request.req_msg_id));
        } else if constexpr (std::is_same_v<T, DestroySession>) {
          // The session that asks stays: a client ends that one by going away.
          const bool found = request.session_id != session_id_ && home_.destroy_session(*key_, request.session_id);
          send_loose(&link, MsgKind::kAnswer, destroy_session_result(request.session_id, found));
        } else if constexpr (std::is_same_v<T, DestroyAuthKey>) {
          home_.tasks().spawn(run_destroy_key(shared_from_this(), &link, message.msg_id));
        } else {
          // Information from the client about our messages, or http_wait, which means nothing on a stream.
          static_assert(std::is_same_v<T, Ignored>);
          if ((message.seqno & 1) != 0) {
            acks_.push_back(message.msg_id);
            link.want_flush();
          }
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
  constexpr char kForgotten = 1, kNeverSeen = 2, kAhead = 3, kReceived = 4, kInProgress = 32, kAnswerMade = 64;
  if (const Received* known = received_.find(msg_id)) {
    switch (known->state) {
      case Received::State::kRunning: return kReceived | kInProgress;
      case Received::State::kDone:
      case Received::State::kFailed: return kReceived | kAnswerMade;
      default: return kReceived;
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

Session::Verdict Session::resend_requested(Link& link, std::int64_t req_msg_id,
                                           const std::vector<std::int64_t>& msg_ids) {
  if (msg_ids.size() > kIdsMax) return Verdict::kFlood;
  constexpr char kForgotten = 1, kKnown = 4;
  Bytes states;
  for (const std::int64_t msg_id : msg_ids) {
    Outgoing* message = outgoing_.find(msg_id);
    states.push_back(message ? kKnown : kForgotten);
    if (message) outgoing_.requeue(*message, &link);
  }
  link.want_flush();
  if (states.find(kForgotten) != Bytes::npos) send_loose(&link, MsgKind::kAnswer, msgs_state_info(req_msg_id, states));
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
  std::vector<Salts::Salt> salts;
  for (std::int32_t i = 0; i < std::clamp(count, 1, kSaltsMax); ++i) salts.push_back(key_->salts.future(now, i));
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

void Session::query(Link& link, std::int64_t msg_id, Bytes body) {
  received_.find(msg_id)->state = Received::State::kRunning;
  running_[msg_id] = &link;
  calls_.push_back({msg_id, std::move(body)});
  if (overloaded()) was_overloaded_ = true;
}

void Session::start_calls() {
  if (calls_.empty()) return;
  // The network may have turned them around; the client's order is in the ids.
  std::ranges::sort(calls_, {}, &PendingCall::msg_id);
  auto calls = std::exchange(calls_, {});
  for (PendingCall& call : calls) {
    const Link* link = running_[call.msg_id];
    CallContext context{.session = shared_from_this(),
                        .auth_key_id = key_->id,
                        .permanent_key_id = key_->permanent_id,
                        .session_id = session_id_,
                        .msg_id = call.msg_id,
                        .dc = key_->dc,
                        .local = link ? link->local() : net::Endpoint(),
                        .remote = link ? link->remote() : net::Endpoint()};
    home_.tasks().spawn(run_call(shared_from_this(), std::move(context), std::move(call.body)));
  }
}

Task<> Session::run_call(std::shared_ptr<Session> self, CallContext context, Bytes body) {
  const std::int64_t msg_id = context.msg_id;
  const Bytes answer = co_await self->home_.handler().call(std::move(context), std::move(body));
  self->answered(msg_id, answer);
}

void Session::answered(std::int64_t msg_id, View answer) {
  const auto running = running_.extract(msg_id);
  if (closed_ || !running) return;
  // A dropped one may have been forgotten meanwhile.
  if (Received* known = received_.find(msg_id); known && known->state == Received::State::kRunning) {
    known->state = constructor_of(answer) == kRpcErrorId ? Received::State::kFailed : Received::State::kDone;
    Link* link = running.mapped() ? running.mapped() : best_link();
    send_content(link, MsgKind::kAnswer, rpc_result(msg_id, answer), &known->answer_msg_id);
  }
  const auto [from, to] = waiters_.equal_range(msg_id);
  for (auto it = from; it != to; ++it) it->second->signal.notify_all();
  if (was_overloaded_ && running_.size() <= kRunningMax / 2) {
    was_overloaded_ = false;
    for (Link* link : links_) link->resume();
  }
}

void Session::answer_at_once(Link& link, std::int64_t msg_id, View answer) {
  received_.find(msg_id)->state = Received::State::kRunning;
  running_[msg_id] = &link;
  answered(msg_id, answer);
}

Task<> Session::run_destroy_key(std::shared_ptr<Session> self, Link* link, std::int64_t msg_id) {
  self->running_[msg_id] = link;  // So that detach() knows of it.
  const bool done = co_await self->home_.destroy_key(self->key_);
  const auto running = self->running_.extract(msg_id);
  if (self->closed_ || !running) co_return;
  self->send_loose(running.mapped(), MsgKind::kAnswer, destroy_auth_key_result(done));
}

Task<Outcome> Session::outcome_of(std::int64_t msg_id, Ticks deadline) {
  const auto self = shared_from_this();
  std::shared_ptr<Waiter> waiter;
  while (!closed_) {
    const Received* known = received_.find(msg_id);
    if (known && known->state != Received::State::kRunning) {
      co_return known->state == Received::State::kFailed || known->state == Received::State::kDropped ? Outcome::kFailed
                                                                                                      : Outcome::kDone;
    }
    // Older than the session: sent in another one, and answered there or resent here with a new id.
    if (!known && msg_id < first_msg_id_) co_return Outcome::kDone;
    if (home_.clock().ticks() >= deadline || (waiter && waiter->over)) break;
    if (!waiter) {
      waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
      waiters_.emplace(msg_id, waiter);
      home_.tasks().spawn(wake_at(self, waiter, deadline));
    }
    co_await waiter->signal.wait();
  }
  co_return Outcome::kPending;
}

Task<> Session::wake_at(std::shared_ptr<Session> self, std::shared_ptr<Waiter> waiter, Ticks when) {
  co_await self->home_.clock().sleep_until(when);
  waiter->over = true;
  waiter->signal.notify_all();
  std::erase_if(self->waiters_, [&](const auto& entry) { return entry.second == waiter; });
}

// ---- Out ----

bool Session::push(Bytes body) {
  if (closed_) return false;
  if (outgoing_.full()) {
    refused_push_ = true;
    return false;
  }
  send_content(best_link(), MsgKind::kOther, std::move(body));
  return true;
}

Link* Session::living(Link* link) {
  return std::ranges::find(links_, link) != links_.end() ? link : best_link();
}

void Session::send_loose(Link* link, MsgKind kind, Bytes body) {
  link = living(link);
  if (!link) return;
  loose_.push_back({link, key_->msg_ids.next(home_.clock(), kind), loose_seqno(), std::move(body)});
  link->want_flush();
}

void Session::send_content(Link* link, MsgKind kind, Bytes body, std::int64_t* msg_id) {
  link = living(link);
  Outgoing message{.msg_id = key_->msg_ids.next(home_.clock(), kind),
                   .seqno = content_seqno(),
                   .link = link,
                   .body = std::move(body)};
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

}  // namespace

bool Session::collect(Link& link, std::size_t bytes_max, std::vector<Packet>& packets) {
  if (!acks_.empty() && &link == best_link()) {
    send_loose(&link, MsgKind::kOther, msgs_ack(acks_));
    acks_.clear();
  }
  std::vector<Part> parts;
  std::size_t bytes = 0;
  for (Loose& loose : loose_) {
    if (loose.link == &link) parts.push_back({loose.msg_id, loose.seqno, false, &loose.body, &loose.body});
  }
  bool left = false;
  outgoing_.take_ready(&link, [&](const Outgoing& message) {
    left = bytes > 0 && bytes + message.body.size() > bytes_max;
    if (left) return false;
    bytes += message.body.size();
    parts.push_back({message.msg_id, message.seqno, message.ever_sent, &message.body});
    return true;
  });

  for (std::size_t from = 0; from < parts.size();) {
    std::size_t to = from;
    for (std::size_t size = 0; to < parts.size() && to - from < kContainerSent; ++to) {
      size += parts[to].body->size();
      if (to > from && size > kContainerSentBytes) break;
    }
    Packet& packet = packets.emplace_back();
    if (to - from == 1 && !parts[from].again) {
      packet.msg_id = parts[from].msg_id;
      packet.seqno = parts[from].seqno;
      if (parts[from].own) {
        packet.own = std::move(*parts[from].own);
      } else {
        packet.borrowed = parts[from].body;
      }
    } else {
      append_container_header(packet.own, to - from);
      for (std::size_t i = from; i < to; ++i) append_inner(packet.own, parts[i].msg_id, parts[i].seqno, *parts[i].body);
      packet.msg_id = key_->msg_ids.next(home_.clock(), MsgKind::kOther);
      packet.seqno = loose_seqno();
    }
    from = to;
  }
  std::erase_if(loose_, [&](const Loose& loose) { return loose.link == &link; });
  return left;
}

// ---- Connections and life ----

void Session::attach(Link& link) {
  if (best_link() == &link) return;
  const auto known = std::ranges::find(links_, &link);
  if (known != links_.end()) {
    std::rotate(links_.begin(), known, known + 1);
    return;
  }
  links_.insert(links_.begin(), &link);
  // What waited for a connection, or went out on one that is gone.
  outgoing_.reroute(nullptr, &link);
  if (outgoing_.any_ready(&link)) link.want_flush();
}

void Session::detach(Link& link) {
  std::erase(links_, &link);
  Link* other = best_link();
  outgoing_.reroute(&link, other);
  std::erase_if(loose_, [&](Loose& loose) {
    if (loose.link == &link) loose.link = other;
    return loose.link == nullptr;
  });
  for (auto& [msg_id, asked] : running_) {
    if (asked == &link) asked = other;
  }
  if (other) other->want_flush();
  idle_since_ = home_.clock().ticks();
}

bool Session::expired(Ticks now) const {
  return links_.empty() && running_.empty() && now - idle_since_ > kIdleMax;
}

void Session::trim() {
  const auto before = static_cast<std::int64_t>(unixtime() - kPastMax - kFutureMax) << 32;
  received_.trim(before);
}

void Session::close() {
  if (std::exchange(closed_, true)) return;
  links_.clear();
  for (auto& [msg_id, waiter] : waiters_) waiter->signal.notify_all();
  home_.handler().session_closed(*this);
}

}  // namespace helio::mtproto
