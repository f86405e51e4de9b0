#include "mtproto/connection.h"

#include <algorithm>
#include <array>
#include <limits>

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
constexpr std::size_t kLanes = 16;  // Packets opened side by side.

// The key of a packet of legal size.
bool is_of(const Transport::Next& next, std::int64_t auth_key_id) {
  return next.status == Transport::Status::kFrame && next.frame.payload.size() >= kEncryptedSizeMin &&
         load_le<std::int64_t>(next.frame.payload.data()) == auth_key_id;
}

std::size_t memory_of(const Bytes& bytes) {
  return bytes.capacity() > Bytes().capacity() ? bytes.capacity() : 0;
}

}  // namespace

Connection::Connection(Shard& shard, std::unique_ptr<net::ByteStream> stream, SeenHeaders& seen, Random& random,
                       Kind kind)
    : shard_(&shard),
      stream_(std::move(stream)),
      local_(stream_->local()),
      remote_(stream_->remote()),
      transport_(random, seen, kind.obfuscated_only),
      refused_(kind.refused),
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
      co_await end_timers();
      if (closed_) break;
      co_return move_to_core_;
    }
    if (transport_.blocked() && !ending_ && !closed_) {
      co_await wait_for_answer();
      continue;
    }
    const std::span<char> bytes = co_await stream_->read();
    if (bytes.empty()) break;
    if (!ending_) transport_.feed(bytes);
  }
  close();
  co_await end_timers();
  co_return std::nullopt;
}

// Everything that can be done at once with what has arrived.
Connection::Step Connection::work_off() {
  using Status = Transport::Status;
  Step step = Step::kMore;
  bool more = true;
  while (more && step == Step::kMore && !ending_ && !closed_) {
    const Transport::Next next = transport_.next();
    if (transport_.known() && refused_) {
      step = fail(TransportError::kFlood);
      break;
    }
    switch (next.status) {
      case Status::kMore: more = false; break;
      case Status::kSilence: more = false; break;
      case Status::kFrame: step = handle(next.frame); break;
      case Status::kTooLong: step = too_long(next.auth_key_id, next.size); break;
      case Status::kClose: step = Step::kClose; break;
      case Status::kRefused: step = refuse(next.refusal); break;
      case Status::kContinue:
        transport_.go_on(out_);
        send_own();
        break;
    }
  }
  transport_.keep();
  for (const auto& session : fed_) session->start_calls();
  fed_.clear();
  set_timer();
  if (!transport_.in_frame() || transport_.unanswered()) {
    frame_begun_at_.reset();
  } else if (!frame_begun_at_) {
    frame_begun_at_ = shard_->clock().ticks();
  }
  account();
  return step;
}

Connection::Step Connection::too_long(std::int64_t auth_key_id, std::size_t size) {
  constexpr int kContentTooLarge = 413;
  if (auth_key_id == 0 || size > shard_->frame_size_max()) return refuse(kContentTooLarge);
  std::shared_ptr<Key> key;
  const Step step = find_key(auth_key_id, key);
  if (step != Step::kMore) return step;
  if (!key) return refuse(kContentTooLarge);
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
  constexpr int kBadRequest = 400;
  if (frame.payload.size() < kPlainSizeMin) return refuse(kBadRequest);
  const auto auth_key_id = load_le<std::int64_t>(frame.payload.data());
  if (auth_key_id != 0) {
    if (frame.payload.size() < kEncryptedSizeMin) return refuse(kBadRequest);
    return handle_encrypted(frame, auth_key_id);
  }
  if (frame.payload.size() > kFrameSizeBeforeKey) return refuse(kBadRequest);
  slow_packet_.assign(frame.payload.data(), frame.payload.size());
  took_frame();
  return Step::kSlow;
}

// The frame's bytes stay where they are until keep().
void Connection::took_frame() {
  any_frame_ = true;
  last_frame_at_ = shard_->clock().ticks();
  transport_.release();
}

// Otherwise than kMore: the packet is looked at again later, perhaps on another core.
Connection::Step Connection::handle_encrypted(const Frame& frame, std::int64_t auth_key_id) {
  std::shared_ptr<Key> key;
  if (const Step step = find_key(auth_key_id, key); step != Step::kMore) return step;
  took_frame();
  if (key) {
    const Transport::Next next = transport_.next();
    if (is_of(next, auth_key_id)) return handle_several(key, frame, next);
  }
  const auto opened = crypto::open(frame.payload, key ? &key->bytes : nullptr, crypto::Sender::kClient);
  return handle_opened(key, opened, frame.wants_ack);
}

// `first` and `next`, and what follows of the same key: decrypted side by side, then handled one after the other.
Connection::Step Connection::handle_several(const std::shared_ptr<Key>& key, const Frame& first, Transport::Next next) {
  std::array<crypto::OpenJob, kLanes> jobs;
  std::array<bool, kLanes> wants_ack{};
  std::size_t count = 0;
  const auto add = [&](const Frame& frame) {
    jobs[count].frame = frame.payload;
    jobs[count].key = &key->bytes;
    wants_ack[count++] = frame.wants_ack;
  };
  add(first);
  while (count < kLanes && is_of(next, key->id)) {
    add(next.frame);
    took_frame();
    if (count < kLanes) next = transport_.next();
  }
  crypto::open_many(std::span(jobs).first(count));
  Step step = Step::kMore;
  for (std::size_t i = 0; i < count && step == Step::kMore && !ending_ && !closed_; ++i) {
    step = handle_opened(key, jobs[i].opened, wants_ack[i]);
  }
  return step;
}

Connection::Step Connection::handle_opened(const std::shared_ptr<Key>& key, const std::optional<crypto::Opened>& opened,
                                           bool wants_ack) {
  if (!opened) return fail(TransportError::kNotFound);

  if (!std::exchange(keyed_, true)) transport_.raise_limit(shard_->frame_size_max());
  key->used_at = shard_->clock().ticks();
  const crypto::Envelope& message = opened->envelope;
  if (transport_.http()) begin_request(key, message.session_id);
  const std::int32_t now = shard_->ids().unixtime();
  if (!key->salts.accepts(message.salt, now)) {
    notify(key, message.session_id, bad_server_salt(message.msg_id, message.seqno, key->salts.current(now)));
    return Step::kMore;
  }
  std::shared_ptr<Session> session = shard_->find_session(*key, message.session_id);
  if (!session) {
    // A clock that is wrong makes no session: its client first has to learn the time.
    if (const int code = msg_id_problem(message.msg_id, shard_->ids().now(), false)) {
      notify(key, message.session_id, bad_msg_notification(message.msg_id, message.seqno, code));
      return Step::kMore;
    }
    session = shard_->open_session(key, message.session_id);
    if (!session) return fail(TransportError::kFlood);
  }
  attach(session);
  const auto verdict = session->receive(*this, message);
  // Also after a flood: the queries before it were accepted.
  if (std::ranges::find(fed_, session) == fed_.end()) fed_.push_back(session);
  if (verdict == Session::Verdict::kFlood) return fail(TransportError::kFlood);
  if (wants_ack && verdict == Session::Verdict::kOk) {
    transport_.quick_ack(out_, opened->quick_ack);
    want_flush();
  }
  return Step::kMore;
}

// A packet that belongs to no session, or to none any more.
void Connection::notify(const std::shared_ptr<Key>& key, std::int64_t session_id, Bytes body, MsgKind kind) {
  Notice notice{key, session_id, Packet()};
  notice.packet.msg_id = key->msg_ids.next(shard_->ids(), kind);
  notice.packet.own = std::move(body);
  notices_.push_back(std::move(notice));
  shard_->want_flush(*this);
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
  if (closed_) return;
  if (waits()) {
    const auto has_something = [this](const auto& session) { return session->anything_for(*this); };
    if (std::ranges::none_of(sessions_, has_something)) return;  // Asked in case; that is not the time to count from.
    const Ticks now = shard_->clock().ticks();
    if (!request_->first_ready) request_->first_ready = now;
    request_->last_ready = now;
    if (*answer_at() > now) return set_timer();
  }
  shard_->want_flush(*this);
}

Room Connection::room() const {
  if (finished_ || closed_) return {};
  const Room room{.bytes = kBacklogMax - std::min(kBacklogMax, out_.size()),
                  .packets = std::numeric_limits<std::size_t>::max()};
  if (!transport_.http()) return room;
  const bool answerable = waits() && !last_word_ && answer_at() && *answer_at() <= shard_->clock().ticks();
  return {.bytes = room.bytes, .packets = answerable ? 1u : 0u};
}

void Connection::append_packet(Bytes& out, View packet) {
  transport_.begin(out, packet.size());
  out += packet;
  transport_.end(out);
  if (transport_.http()) answered();
}

void Connection::send_own() {
  if (writing_) return;  // write_rest() counts in `out_`, and sends what was appended in its turn.
  Bytes out = std::exchange(out_, Bytes());
  send(out);
}

void Connection::send(Bytes& out) {
  if (closed_ || finished_) return;
  if (last_word_) transport_.error(out, *std::exchange(last_word_, std::nullopt));
  if (!out_.empty()) {
    out_ += out;
    if (writing_) return account();
    out = std::exchange(out_, Bytes());
  }
  View left = out;
  while (!left.empty()) {
    const auto written = stream_->write_some(left);
    if (!written) return close();
    left.remove_prefix(*written);
    if (*written == 0) break;
  }
  out_ = left;
  account();
  if (left.empty()) return finish();
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
  Bytes().swap(self->out_);
  self->writing_ = false;
  self->account();
  if (self->ending_) self->end_at_ = self->shard_->clock().ticks() + kEndingMax;
  self->finish();
  if (self->room_) self->room_->notify_all();
  // What sessions held back while there was no room.
  if (!self->closed_) self->shard_->want_flush(*self);
}

// The client is told, together with what is ready for it, and then listened to no more.
Connection::Step Connection::fail(TransportError error) {
  last_word_ = error;
  stop_reading();
  shard_->want_flush(*this);
  return Step::kMore;
}

// What is no packet at all closes a stream; HTTP has a word for it.
Connection::Step Connection::refuse(int status) {
  if (!transport_.http()) return Step::kClose;
  transport_.refuse(out_, status);
  stop_reading();
  send_own();
  return Step::kMore;
}

void Connection::end() {
  stop_reading();
  finish();
}

// Its last packets are read and dropped, or the system would throw away what it has not read yet.
void Connection::stop_reading() {
  if (std::exchange(ending_, true)) return;
  end_at_ = shard_->clock().ticks() + kEndingMax;
  if (room_) room_->notify_all();
}

void Connection::finish() {
  if (!ending_ || closed_ || writing_ || last_word_ || std::exchange(finished_, true)) return;
  stream_->end_writing();
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  stream_->close();
  if (room_) room_->notify_all();
}

void Connection::account() {
  const std::size_t now = memory_of(out_) + transport_.held();
  shard_->queued(static_cast<std::ptrdiff_t>(now) - static_cast<std::ptrdiff_t>(held_));
  held_ = now;
}

// ---- HTTP: one request, one answer ----

void Connection::begin_request(const std::shared_ptr<Key>& key, std::int64_t session_id) {
  if (!request_) request_ = std::make_unique<Request>(shard_->executor());
  request_->key = key;
  request_->session_id = session_id;
  request_->wait = HttpWait();
  request_->asked_at = shard_->clock().ticks();
  request_->first_ready = request_->last_ready = std::nullopt;
}

// Not while a plain packet is worked on: its answer comes from elsewhere.
bool Connection::waits() const {
  return request_ && request_->key && transport_.unanswered() && !ending_ && !closed_;
}

void Connection::http_wait(const HttpWait& wait) {
  if (request_) request_->wait = wait;
}

// When what is ready has waited for more for long enough; nullopt: nothing is ready.
std::optional<Ticks> Connection::answer_at() const {
  if (!request_->first_ready) return std::nullopt;
  return std::min(*request_->first_ready + request_->wait.max_delay, *request_->last_ready + request_->wait.wait_after);
}

void Connection::nothing_was_ready() {
  if (!waits() || !answer_at() || *answer_at() > shard_->clock().ticks()) return;
  request_->first_ready = request_->last_ready = std::nullopt;
  set_timer();
}

void Connection::set_timer() {
  if (!waits()) return;
  const Ticks when = answer_at().value_or(request_->asked_at + request_->wait.max_wait);
  if (request_->wakes_at && *request_->wakes_at <= when) return;
  if (request_->wakes_at) request_->timers.cancel();
  request_->wakes_at = when;
  request_->timers.spawn(wake_at(shared_from_this(), when));
}

Task<> Connection::wake_at(std::shared_ptr<Connection> self, Ticks when) {
  co_await self->shard_->clock().sleep_until(when);
  Request& request = *self->request_;
  if (request.wakes_at != when) co_return;
  request.wakes_at.reset();
  if (!self->waits()) co_return;
  const Ticks now = self->shard_->clock().ticks();
  if (const auto at = self->answer_at(); at && *at <= now) {
    self->shard_->want_flush(*self);
  } else if (!at && now >= request.asked_at + request.wait.max_wait) {
    Bytes nothing;
    append_container_header(nothing, 0);
    self->notify(request.key, request.session_id, std::move(nothing), MsgKind::kOther);
    if (!self->sessions_.empty()) self->notices_.back().packet.seqno = self->sessions_.front()->loose_seqno();
  } else {
    self->set_timer();
  }
}

void Connection::answered() {
  last_frame_at_ = shard_->clock().ticks();
  for (const auto& session : sessions_) session->park(*this);
  if (request_) {
    request_->key.reset();
    request_->first_ready = request_->last_ready = std::nullopt;
    request_->wakes_at.reset();
    request_->timers.cancel();
  }
  if (transport_.ends_with_answer()) stop_reading();
  if (room_) room_->notify_all();
}

Task<> Connection::wait_for_answer() {
  while (transport_.blocked() && !ending_ && !closed_) {
    if (!room_) room_ = std::make_unique<Signal>(shard_->executor());
    co_await room_->wait();
  }
}

Task<> Connection::end_timers() {
  if (!request_) co_return;
  request_->timers.cancel();
  co_await request_->timers.join();
  request_.reset();
}

// ---- Backpressure ----

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
  const std::size_t sessions_max = transport_.http() ? 1 : kSessionsMax;
  if (sessions_.size() >= sessions_max) {
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
    over = !writing_ && now >= end_at_;
  } else if (!any_frame_) {
    over = passed(accepted_at_, kFirstFrameMax);
  } else if (!keyed_) {
    over = passed(accepted_at_, kHandshakeMax);
  } else if (!transport_.unanswered()) {
    over = disconnect_at_ ? now >= *disconnect_at_ : passed(last_frame_at_, kIdleMax);
  }
  if (frame_begun_at_ && passed(*frame_begun_at_, kFrameMax)) over = true;
  if (writing_ && passed(wrote_at_, kWriteStuckMax)) over = true;
  if (over) close();
}

void Connection::leave() {
  for (const auto& session : sessions_) session->detach(*this);
  sessions_.clear();
  notices_.clear();
  shard_->queued(-static_cast<std::ptrdiff_t>(std::exchange(held_, 0)));
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
