#include "mtproto/connection.h"

#include <algorithm>

#include "mtproto/session/service.h"
#include "mtproto/shard.h"

namespace helio::mtproto {

namespace {

constexpr seconds kFirstFrameMax{10};
constexpr seconds kFrameMax{30};
constexpr seconds kHandshakeMax{60};
constexpr seconds kIdleMax{300};
constexpr seconds kWriteStuckMax{60};
constexpr seconds kEndingMax{2};

constexpr std::size_t kPlainSizeMin = 24;
constexpr std::size_t kEncryptedSizeMin = 72;
constexpr std::size_t kBacklogMax = 1 << 20;
constexpr std::size_t kSessionsMax = 64;

}  // namespace

Connection::Connection(Shard& shard, std::unique_ptr<net::ByteStream> stream, SeenHeaders& seen, Random& random,
                       bool refused)
    : shard_(&shard),
      stream_(std::move(stream)),
      local_(stream_->local()),
      remote_(stream_->remote()),
      transport_(random, seen),
      refused_(refused),
      accepted_at_(shard.clock().ticks()),
      last_frame_at_(accepted_at_) {}

Connection::~Connection() {
  ASSERT(sessions_.empty());
}

// ---- In ----

Task<std::optional<int>> Connection::run() {
  for (;;) {
    Step step = work_off();
    while (step == Step::kSlow) {
      step = co_await do_slow();
      if (step == Step::kMore) step = work_off();
    }
    if (step == Step::kClose) break;
    if (congested()) co_await wait_for_room();
    if (step == Step::kMove) {
      while (writing_ && !closed_) {
        if (!room_) room_ = std::make_unique<Signal>(shard_->executor());
        co_await room_->wait();
      }
      if (closed_) break;
      co_return move_to_core_;
    }
    const std::span<char> bytes = co_await stream_->read();
    if (bytes.empty()) break;
    if (!ending_) transport_.feed(bytes);
  }
  close();
  co_return std::nullopt;
}

// Everything that can be done at once with what has arrived.
Connection::Step Connection::work_off() {
  Step step = Step::kMore;
  while (step == Step::kMore && !ending_ && !closed_) {
    const Transport::Next next = transport_.next();
    if (transport_.known() && refused_) {
      step = fail(TransportError::kFlood);
      break;
    }
    if (next.status == Transport::Status::kMore) break;
    if (next.status == Transport::Status::kSilence) {
      silent_ = true;
      break;
    }
    if (next.status == Transport::Status::kTooLong) {
      step = too_long(next.auth_key_id, next.size);
    } else if (next.status == Transport::Status::kFrame) {
      step = handle(next.frame);
      // Otherwise the packet is looked at again later, perhaps on another core.
      if (step == Step::kMore || !slow_packet_.empty()) {
        any_frame_ = true;
        last_frame_at_ = shard_->clock().ticks();
        transport_.release();
      }
    } else {
      step = Step::kClose;
    }
  }
  transport_.keep();
  for (const auto& session : fed_) session->start_calls();
  fed_.clear();
  if (!transport_.in_frame()) {
    frame_begun_at_ = Ticks();
  } else if (frame_begun_at_ == Ticks()) {
    frame_begun_at_ = shard_->clock().ticks();
  }
  return step;
}

Connection::Step Connection::too_long(std::int64_t auth_key_id, std::size_t size) {
  if (auth_key_id == 0 || size > shard_->frame_size_max()) return Step::kClose;
  std::shared_ptr<Key> key;
  const Step step = find_key(auth_key_id, key);
  if (step != Step::kMore) return step;
  if (!key) return Step::kClose;
  transport_.raise_limit(shard_->frame_size_max());
  return Step::kMore;
}

// kMore: `key` is the key, or null where there is none.
Connection::Step Connection::find_key(std::int64_t auth_key_id, std::shared_ptr<Key>& key) {
  if (const int owner = shard_->owner_of(auth_key_id); owner != shard_->core()) {
    move_to_core_ = owner;
    return Step::kMove;
  }
  key = shard_->cached_key(auth_key_id);
  if (key || std::exchange(missing_key_, 0) == auth_key_id) return Step::kMore;
  slow_key_ = auth_key_id;
  return Step::kSlow;
}

Connection::Step Connection::handle(const Frame& frame) {
  if (frame.payload.size() < kPlainSizeMin) return Step::kClose;
  const auto auth_key_id = load_le<std::int64_t>(frame.payload.data());
  if (auth_key_id != 0) {
    if (frame.payload.size() < kEncryptedSizeMin) return Step::kClose;
    return handle_encrypted(frame, auth_key_id);
  }
  if (frame.payload.size() > kFrameSizeBeforeKey) return Step::kClose;
  slow_packet_.assign(frame.payload.data(), frame.payload.size());
  return Step::kSlow;
}

Connection::Step Connection::handle_encrypted(const Frame& frame, std::int64_t auth_key_id) {
  std::shared_ptr<Key> key;
  if (const Step step = find_key(auth_key_id, key); step != Step::kMore) return step;
  const auto opened = crypto::open(frame.payload, key ? &key->bytes : nullptr, crypto::Sender::kClient);
  if (!opened) return fail(TransportError::kNotFound);

  if (!std::exchange(keyed_, true)) transport_.raise_limit(shard_->frame_size_max());
  key->used_at = shard_->clock().ticks();
  const crypto::Envelope& message = opened->envelope;
  const auto notify = [&](Bytes body) {
    Notice notice{key, message.session_id, Packet()};
    notice.packet.msg_id = key->msg_ids.next(shard_->clock(), MsgKind::kAnswer);
    notice.packet.own = std::move(body);
    notices_.push_back(std::move(notice));
    want_flush();
    return Step::kMore;
  };
  const std::int32_t now = shard_->clock().unixtime();
  if (!key->salts.accepts(message.salt, now)) {
    return notify(bad_server_salt(message.msg_id, message.seqno, key->salts.current(now)));
  }
  std::shared_ptr<Session> session = shard_->find_session(*key, message.session_id);
  if (!session) {
    // A clock that is wrong makes no session: its client first has to learn the time.
    if (const int code = msg_id_problem(message.msg_id, shard_->clock().now(), false)) {
      return notify(bad_msg_notification(message.msg_id, message.seqno, code));
    }
    session = shard_->open_session(key, message.session_id);
    if (!session) return fail(TransportError::kFlood);
  }
  attach(session);
  const auto verdict = session->receive(*this, message);
  // Also after a flood: the queries before it were accepted.
  if (std::ranges::find(fed_, session) == fed_.end()) fed_.push_back(session);
  if (verdict == Session::Verdict::kFlood) return fail(TransportError::kFlood);
  if (frame.wants_ack && verdict == Session::Verdict::kOk) {
    transport_.quick_ack(out_, opened->quick_ack);
    want_flush();
  }
  return Step::kMore;
}

Task<Connection::Step> Connection::do_slow() {
  if (!slow_packet_.empty()) co_return co_await handshake(std::exchange(slow_packet_, Bytes()));
  const std::int64_t auth_key_id = std::exchange(slow_key_, 0);
  try {
    const auto key = co_await shard_->load_key(auth_key_id);
    if (!key) missing_key_ = auth_key_id;
  } catch (const store::StoreDown&) {
    co_return Step::kClose;  // Nobody knows whether it exists, so the client must not hear that it does not.
  }
  co_return Step::kMore;
}

Task<Connection::Step> Connection::handshake(Bytes packet) {
  const auto reply = co_await shard_->handshake(remote_.address(), std::move(packet));
  if (closed_) co_return Step::kClose;
  if (reply.packet.empty()) co_return fail(reply.error);
  append_packet(out_, reply.packet);
  send_own();
  co_return Step::kMore;
}

// ---- Out ----

void Connection::want_flush() {
  if (!closed_) shard_->want_flush(*this);
}

std::size_t Connection::room() const {
  return kBacklogMax - std::min(kBacklogMax, out_.size());
}

void Connection::append_packet(Bytes& out, View packet) {
  transport_.begin(out, packet.size());
  out += packet;
  transport_.end(out);
}

void Connection::send_own() {
  if (writing_) return;  // write_rest() counts in `out_`, and sends what was appended in its turn.
  Bytes out = std::exchange(out_, Bytes());
  send(out);
}

void Connection::send(Bytes& out) {
  if (closed_) return;
  View left = out;
  if (!out_.empty()) {
    out_ += left;
    if (writing_) return;
    out = std::exchange(out_, Bytes());
    left = out;
  }
  while (!left.empty()) {
    const auto written = stream_->write_some(left);
    if (!written) return close();
    left.remove_prefix(*written);
    if (*written == 0) break;
  }
  if (left.empty()) return;
  out_ = left;
  if (writing_) return;
  writing_ = true;
  wrote_at_ = shard_->clock().ticks();
  shard_->connection_tasks().spawn(write_rest(shared_from_this()));
}

Task<> Connection::write_rest(std::shared_ptr<Connection> self) {
  std::size_t sent = 0;
  while (!self->closed_ && sent < self->out_.size()) {
    co_await self->stream_->writable();
    const auto written = self->stream_->write_some(View(self->out_).substr(sent));
    if (!written) {
      self->close();
      break;
    }
    if (*written > 0) self->wrote_at_ = self->shard_->clock().ticks();
    sent += *written;
    if (sent > kBacklogMax / 2) {
      self->out_.erase(0, sent);
      sent = 0;
    }
  }
  self->out_ = Bytes();
  self->writing_ = false;
  if (self->ending_ && !self->closed_) self->stream_->end_writing();
  if (self->room_) self->room_->notify_all();
  // What sessions held back while there was no room.
  self->want_flush();
}

// The client is told, and then listened to no more. Its last packets are read and dropped, or the system would throw
// away what it has not read yet.
Connection::Step Connection::fail(TransportError error) {
  transport_.error(out_, error);
  send_own();
  end();
  return Step::kMore;
}

void Connection::end() {
  if (ending_ || closed_) return;
  ending_ = true;
  end_at_ = shard_->clock().ticks() + kEndingMax;
  if (!writing_) stream_->end_writing();
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  stream_->close();
  if (room_) room_->notify_all();
}

bool Connection::congested() const {
  return out_.size() >= kBacklogMax || std::ranges::any_of(sessions_, [](const auto& s) { return s->overloaded(); });
}

Task<> Connection::wait_for_room() {
  while (congested() && !closed_ && !ending_) {
    if (!room_) room_ = std::make_unique<Signal>(shard_->executor());
    co_await room_->wait();
  }
}

void Connection::resume() {
  if (room_) room_->notify_all();
}

// ---- Sessions, time, place ----

void Connection::attach(const std::shared_ptr<Session>& session) {
  if (std::ranges::find(sessions_, session) != sessions_.end()) return;
  if (sessions_.size() >= kSessionsMax) {
    sessions_.front()->detach(*this);
    sessions_.erase(sessions_.begin());
  }
  sessions_.push_back(session);
}

void Connection::forget(const Session& session) {
  std::erase_if(sessions_, [&](const auto& s) { return s.get() == &session; });
  if (room_) room_->notify_all();
}

void Connection::disconnect_after(seconds delay) {
  disconnect_at_ = shard_->clock().ticks() + delay;
}

void Connection::check_time(Ticks now) {
  const auto passed = [&](Ticks since, seconds limit) { return now - since >= limit; };
  bool over = false;
  if (ending_) {
    over = now >= end_at_;
  } else if (!any_frame_) {
    over = passed(accepted_at_, kFirstFrameMax);
  } else if (!keyed_) {
    over = passed(accepted_at_, kHandshakeMax);
  } else {
    over = disconnect_at_ != Ticks() ? now >= disconnect_at_ : passed(last_frame_at_, kIdleMax);
  }
  if (frame_begun_at_ != Ticks() && passed(frame_begun_at_, kFrameMax)) over = true;
  if (writing_ && passed(wrote_at_, kWriteStuckMax)) over = true;
  if (over) close();
}

void Connection::leave() {
  for (const auto& session : sessions_) session->detach(*this);
  sessions_.clear();
  notices_.clear();
}

std::unique_ptr<net::ByteStream> Connection::take_stream(Executor executor) {
  leave();
  room_.reset();
  return stream_->move_to(executor);
}

void Connection::move_to(Shard& shard, std::unique_ptr<net::ByteStream> stream, Random& random) {
  shard_ = &shard;
  stream_ = std::move(stream);
  transport_.use(random);
}

}  // namespace helio::mtproto
