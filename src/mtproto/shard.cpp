#include "mtproto/shard.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "crypto/bind_message.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/BindAuthKeyInner.h"

namespace helio::mtproto {

namespace {

constexpr std::size_t kSessionsMax = 64;
constexpr std::size_t kEndedMax = 256;
constexpr seconds kEndedKept{400};  // Longer than any msg_id is accepted.
constexpr std::size_t kKeysMax = 20'000;
constexpr seconds kKeyIdleMax{600};
constexpr milliseconds kStartPauseMax{100};

// Clients open several connections under one permanent key, each with a temporary key of its own (docs/decisions).
constexpr std::size_t kBoundMax = 32;
// They compute expires_at after the exchange, by their own clock.
constexpr std::int32_t kExpirySlack = 60;

}  // namespace

Shard::Shard(Common& common, int core, std::unique_ptr<Random> random)
    : common_(common),
      core_(core),
      random_(std::move(random)),
      connection_tasks_(common.cores.executor(core)),
      tasks_(common.cores.executor(core)),
      queue_max_(std::max(common.settings.queue_memory_max / static_cast<std::size_t>(common.cores.count()),
                          common.settings.queue_memory_core_min)) {}

Shard::~Shard() = default;

void Shard::start() {
  tasks_.spawn(sweep());
}

Task<bool> Shard::stop() {
  stopping_ = true;
  for (const auto& connection : connections_) connection->close();
  for (auto& [id, entry] : keys_) {
    while (!entry.sessions.empty()) close_session(entry, entry.sessions.size() - 1, false);
  }
  co_await connection_tasks_.join();
  tasks_.cancel();
  co_await tasks_.join();
  co_return true;
}

// ---- Connections ----

void Shard::accept(std::unique_ptr<net::ByteStream> stream, Carrier carrier) {
  if (stopping_) return;
  const Connection::Kind kind{.refused = !common_.addresses.enter(stream->remote().address()),
                              .obfuscated_only = carrier == Carrier::kWebSocket};
  const auto connection = std::make_shared<Connection>(*this, std::move(stream), common_.seen, *random_, kind);
  list(connection);
  connection_tasks_.spawn(run(connection));
}

Task<> Shard::run(std::shared_ptr<Connection> connection) {
  // Nobody is answered before it is known which identifiers were given out in an earlier life.
  for (milliseconds pause(1); !common_.ids.started() && !stopping_ && !connection->closed();
       pause = std::min(2 * pause, kStartPauseMax)) {
    co_await common_.clock.sleep(pause);
  }
  const std::optional<int> next = co_await connection->run();
  unlist(*connection);
  if (!next) {
    remove(*connection);
    co_return;
  }
  Shard* to = common_.shards[static_cast<std::size_t>(*next)].get();
  auto stream = connection->take_stream(to->executor());
  common_.cores.post(*next, [to, connection = std::move(connection), stream = std::move(stream)]() mutable {
    connection->move_to(*to, std::move(stream), *to->random_);
    to->adopt(std::move(connection));
  });
}

void Shard::adopt(std::shared_ptr<Connection> connection) {
  if (stopping_) return remove(*connection);
  list(connection);
  connection_tasks_.spawn(run(std::move(connection)));
}

void Shard::remove(Connection& connection) {
  connection.leave();
  if (connection.counted()) common_.addresses.leave(connection.remote().address());
}

void Shard::list(const std::shared_ptr<Connection>& connection) {
  connection->place = connections_.size();
  connections_.push_back(connection);
}

void Shard::unlist(Connection& connection) {
  const std::size_t place = connection.place;
  std::swap(connections_[place], connections_.back());
  connections_[place]->place = place;
  connections_.pop_back();
  if (std::exchange(connection.flush_wanted, false)) {
    std::erase_if(to_flush_, [&](const auto& other) { return other.get() == &connection; });
  }
}

Task<Handshakes::Reply> Shard::handshake(boost::asio::ip::address address, Bytes packet) {
  Handshakes* handshakes = &*common_.handshakes;
  auto work = [handshakes, address, packet = std::move(packet)] { return handshakes->handle(address, packet); };
  co_return co_await common_.cores.on(0, std::move(work));
}

// ---- Keys ----

std::shared_ptr<Key> Shard::cached_key(std::int64_t auth_key_id) {
  const auto it = keys_.find(auth_key_id);
  if (it == keys_.end()) return nullptr;
  const std::shared_ptr<Key>& key = it->second.key;
  if (key->temporary && common_.ids.unixtime() >= key->expires_at) {
    end_key(auth_key_id);
    return nullptr;
  }
  return key;
}

Task<std::shared_ptr<Key>> Shard::load_key(std::int64_t auth_key_id) {
  if (auto key = cached_key(auth_key_id)) co_return key;
  auto stored = co_await common_.store.find(auth_key_id);
  // Another connection may have read it meanwhile; it may even have been destroyed since.
  if (auto key = cached_key(auth_key_id)) co_return key;
  if (!stored) co_return nullptr;
  auto key = std::make_shared<Key>(auth_key_id, stored->bytes, common_.salt_secret);
  key->created_at = stored->created_at;
  key->dc = stored->dc;
  key->permanent_id = auth_key_id;
  co_return insert(std::move(key));
}

std::shared_ptr<Key> Shard::insert(std::shared_ptr<Key> key) {
  key->used_at = common_.clock.ticks();
  keys_[key->id].key = key;
  return key;
}

Task<KeyKeeper::Kept> Shard::keep(NewKey made) {
  if (stopping_) co_return KeyKeeper::Kept::kNotNow;
  const std::int32_t now = common_.ids.unixtime();
  auto key = std::make_shared<Key>(made.id, made.bytes, common_.salt_secret);
  key->created_at = now;
  key->dc = made.dc;
  if (keys_.contains(made.id)) co_return KeyKeeper::Kept::kIdTaken;
  if (made.expires_in > 0) {
    key->temporary = true;
    key->expires_at = now + made.expires_in;
    try {
      const auto stored = co_await common_.store.find(made.id);
      if (stored) co_return KeyKeeper::Kept::kIdTaken;
    } catch (const store::StoreDown&) {
      co_return KeyKeeper::Kept::kNotNow;
    }
  } else {
    key->permanent_id = made.id;
    StoredKey stored{made.bytes, now, made.dc};
    const auto added = co_await common_.store.add(made.id, stored);
    if (added == KeyStore::Added::kIdTaken) co_return KeyKeeper::Kept::kIdTaken;
    if (added == KeyStore::Added::kNotNow) co_return KeyKeeper::Kept::kNotNow;
  }
  if (keys_.contains(made.id)) co_return KeyKeeper::Kept::kIdTaken;
  crypto::wipe(made.bytes);
  key->salts.add_first(made.first_salt, now);
  insert(std::move(key));
  co_return KeyKeeper::Kept::kYes;
}

// Opens the envelope where the permanent key is.
Task<std::optional<crypto::BindMessage>> Shard::open_binding(Shard* owner, TempKeyBinding binding) {
  const auto key = co_await owner->load_key(binding.permanent_key_id);
  if (!key || key->temporary) co_return std::nullopt;
  co_return crypto::open_bind_message(binding.encrypted_message, key->bytes, key->id);
}

Task<bool> Shard::bind_temp(TempKeyBinding binding) {
  const int owner = owner_of(binding.permanent_key_id);
  Shard* other = common_.shards[static_cast<std::size_t>(owner)].get();
  auto open = [other, binding] { return open_binding(other, binding); };
  const auto message = co_await common_.cores.on(owner, std::move(open));
  if (!message || message->msg_id != binding.msg_id || message->seqno != 0) co_return false;
  const auto object = tl::decode_mtproto(crypto::view(message->inner));
  const auto* inner = object ? tl::as<tl::mt::Bind_auth_key_inner>(*object) : nullptr;
  const bool same = inner && inner->nonce == binding.nonce && inner->temp_auth_key_id == binding.temp_key_id &&
                    inner->perm_auth_key_id == binding.permanent_key_id &&
                    inner->temp_session_id == binding.session_id && inner->expires_at == binding.expires_at;
  const auto key = cached_key(binding.temp_key_id);
  if (!same || !key || !key->temporary) co_return false;
  if (key->permanent_id != 0 && key->permanent_id != binding.permanent_key_id) co_return false;
  if (binding.expires_at <= common_.ids.unixtime() || binding.expires_at > key->expires_at + kExpirySlack) {
    co_return false;
  }

  auto add = [other, permanent = binding.permanent_key_id, temp = binding.temp_key_id] {
    return other->add_bound(permanent, temp);
  };
  if (!co_await common_.cores.on(owner, std::move(add))) co_return false;
  key->expires_at = std::min(key->expires_at, binding.expires_at);
  key->permanent_id = binding.permanent_key_id;
  co_return true;
}

Task<bool> Shard::add_bound(std::int64_t permanent_key_id, std::int64_t temp_key_id) {
  const auto key = co_await load_key(permanent_key_id);
  if (!key) co_return false;
  std::erase(key->bound, temp_key_id);
  key->bound.push_back(temp_key_id);
  if (key->bound.size() > kBoundMax) {
    drop_elsewhere(key->bound.front());
    key->bound.erase(key->bound.begin());
  }
  co_return true;
}

Task<bool> Shard::drop_temps(std::int64_t permanent_key_id, std::vector<std::int64_t> except) {
  const auto key = cached_key(permanent_key_id);  // Not in memory: nothing is bound to it.
  if (!key) co_return false;
  std::erase_if(key->bound, [&](std::int64_t temp) {
    if (std::ranges::find(except, temp) != except.end()) return false;
    drop_elsewhere(temp);
    return true;
  });
  co_return true;
}

void Shard::drop_elsewhere(std::int64_t auth_key_id) {
  const int owner = owner_of(auth_key_id);
  Shard* shard = common_.shards[static_cast<std::size_t>(owner)].get();
  common_.cores.post(owner, [shard, auth_key_id] { shard->end_key(auth_key_id); });
}

// Not at once: what is ready for its connections is sent first, the answer to destroy_auth_key among it.
void Shard::end_key(std::int64_t auth_key_id) {
  if (!keys_.contains(auth_key_id)) return;
  post_flush();
  to_end_.push_back(auth_key_id);
}

Task<bool> Shard::destroy_key(std::shared_ptr<Key> key) {
  if (!key->temporary) {
    if (!co_await common_.store.erase(key->id)) co_return false;
    common_.handler.key_destroyed(key->id);
    for (const std::int64_t temp : key->bound) drop_elsewhere(temp);
  }
  end_key(key->id);
  co_return true;
}

// ---- Sessions ----

std::shared_ptr<Session> Shard::find_session(const Key& key, std::int64_t session_id) {
  const auto& sessions = keys_.at(key.id).sessions;
  const auto it = std::ranges::find(sessions, session_id, &Session::session_id);
  return it == sessions.end() ? nullptr : *it;
}

std::shared_ptr<Session> Shard::open_session(const std::shared_ptr<Key>& key, std::int64_t session_id) {
  Entry& entry = keys_.at(key->id);
  if (entry.sessions.size() >= kSessionsMax && !make_room_for_session(entry)) return nullptr;
  const Ticks now = common_.clock.ticks();
  std::erase_if(entry.ended, [&](const Ended& ended) { return now >= ended.forget_at; });
  std::int64_t below = now < entry.others.forget_at ? entry.others.newest_msg_id : 0;
  for (const Ended& ended : entry.ended) {
    if (ended.session_id == session_id) below = std::max(below, ended.newest_msg_id);
  }
  entry.sessions.push_back(std::make_shared<Session>(*this, key, session_id, below));
  return entry.sessions.back();
}

// Ends the session that has been without a connection for longest. Too many of those at once: false.
bool Shard::make_room_for_session(Entry& entry) {
  std::erase_if(entry.ended, [now = common_.clock.ticks()](const Ended& ended) { return now >= ended.forget_at; });
  std::size_t oldest = entry.sessions.size();
  for (std::size_t i = 0; i < entry.sessions.size(); ++i) {
    if (entry.sessions[i]->has_link()) continue;
    if (oldest == entry.sessions.size() || entry.sessions[i]->idle_since() < entry.sessions[oldest]->idle_since()) {
      oldest = i;
    }
  }
  if (oldest == entry.sessions.size() || entry.ended.size() >= kEndedMax) return false;
  close_session(entry, oldest, true);
  return true;
}

void Shard::close_session(Entry& entry, std::size_t index, bool remember) {
  const std::shared_ptr<Session> session = entry.sessions[index];
  entry.sessions.erase(entry.sessions.begin() + static_cast<std::ptrdiff_t>(index));
  if (remember) this->remember(entry, *session);
  for (Link* link : session->links()) static_cast<Connection*>(link)->forget(*session);
  session->close();
}

// Where there are too many to remember each, the oldest ones are taken for one that is about every session of the key.
void Shard::remember(Entry& entry, const Session& session) {
  const Ticks now = common_.clock.ticks();
  if (entry.ended.size() >= kEndedMax) {
    const Ended& oldest = entry.ended.front();
    if (now >= entry.others.forget_at) entry.others.newest_msg_id = 0;
    entry.others.newest_msg_id = std::max(entry.others.newest_msg_id, oldest.newest_msg_id);
    entry.others.forget_at = std::max(entry.others.forget_at, oldest.forget_at);
    entry.ended.erase(entry.ended.begin());
  }
  entry.ended.push_back({session.session_id(), session.newest_received(), now + kEndedKept});
}

void Shard::end_session(Session& session) {
  const auto it = keys_.find(session.key()->id);
  if (it == keys_.end()) return;
  auto& sessions = it->second.sessions;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    if (sessions[i].get() == &session) return close_session(it->second, i, true);
  }
}

bool Shard::destroy_session(const Key& key, std::int64_t session_id) {
  Entry& entry = keys_.at(key.id);
  const auto it = std::ranges::find(entry.sessions, session_id, &Session::session_id);
  if (it == entry.sessions.end() || entry.ended.size() >= kEndedMax) return false;
  close_session(entry, static_cast<std::size_t>(it - entry.sessions.begin()), true);
  return true;
}

std::size_t Shard::sessions() const {
  std::size_t count = 0;
  for (const auto& [id, entry] : keys_) count += entry.sessions.size();
  return count;
}

// ---- Sending ----

// Once per turn of the loop, however much becomes ready in it.
void Shard::want_flush(Connection& connection) {
  if (std::exchange(connection.flush_wanted, true)) return;
  post_flush();
  to_flush_.push_back(connection.shared_from_this());
}

void Shard::post_flush() {
  if (!std::exchange(flush_posted_, true)) asio::post(executor(), [this] { flush_all(); });
}

void Shard::flush_all() {
  flush_posted_ = false;
  // What is being collected may make more ready (an acknowledgement): that belongs to the same flush.
  std::vector<std::shared_ptr<Connection>> connections;
  struct From {
    Connection* connection;
    std::shared_ptr<Key> key;
    std::int64_t session_id;
  };
  std::vector<From> from;
  std::vector<Packet> packets;
  for (std::size_t i = 0; i < to_flush_.size(); ++i) {
    const auto connection = to_flush_[i];
    const std::size_t first = packets.size();
    for (auto& notice : connection->take_notices()) {
      packets.push_back(std::move(notice.packet));
      from.push_back({connection.get(), notice.key, notice.session_id});
    }
    const Room room = connection->room();
    if (room.bytes == 0 || room.packets <= packets.size() - first) continue;  // It asks again when it has some.
    for (const auto& session : connection->sessions()) {
      connection->more_waits |= session->collect(*connection, room, packets);
      from.resize(packets.size(), {connection.get(), session->key(), session->session_id()});
    }
    if (packets.size() == first) connection->nothing_was_ready();
  }
  connections.swap(to_flush_);
  for (const auto& connection : connections) connection->flush_wanted = false;

  std::vector<crypto::SealJob> jobs;
  jobs.reserve(packets.size());
  const std::int32_t now = common_.ids.unixtime();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    jobs.push_back({.envelope = {.salt = from[i].key->salts.current(now),
                                 .session_id = from[i].session_id,
                                 .msg_id = packets[i].msg_id,
                                 .seqno = packets[i].seqno,
                                 .body = packets[i].body()},
                    .key = &from[i].key->bytes,
                    .key_id = from[i].key->id,
                    .sender = crypto::Sender::kServer,
                    .frame = {}});
  }
  crypto::seal_many(jobs, *random_);

  std::size_t next = 0;
  for (const auto& connection : connections) {
    scratch_.clear();
    for (; next < jobs.size() && from[next].connection == connection.get(); ++next) {
      connection->append_packet(scratch_, jobs[next].frame);
    }
    connection->send(scratch_);
    if (std::exchange(connection->more_waits, false) && connection->room().bytes > 0) want_flush(*connection);
  }
  constexpr std::size_t kScratchKept = 256 << 10;
  if (scratch_.capacity() > kScratchKept) Bytes().swap(scratch_);

  for (const std::int64_t id : std::exchange(to_end_, {})) {
    const auto it = keys_.find(id);
    if (it == keys_.end()) continue;
    Entry entry = std::move(it->second);
    keys_.erase(it);
    while (!entry.sessions.empty()) {
      for (Link* link : entry.sessions.back()->links()) static_cast<Connection*>(link)->end();
      close_session(entry, entry.sessions.size() - 1, false);
    }
  }
}

// ---- Memory ----

void Shard::queued(std::ptrdiff_t change) {
  queued_ += static_cast<std::size_t>(change);
  if (queued_ <= queue_max_ || stopping_ || std::exchange(relief_posted_, true)) return;
  asio::post(executor(), [this] { relieve(); });  // Not in the middle of what the session is doing.
}

// Sessions without a connection end first, longest idle first; then connections that hold most, with their sessions.
// Their clients learn from new_session_created that they have to ask for what they missed.
void Shard::relieve() {
  relief_posted_ = false;
  if (queued_ <= queue_max_ || stopping_) return;
  const std::size_t goal = queue_max_ - queue_max_ / 8;

  std::vector<std::shared_ptr<Session>> idle;
  for (const auto& [id, entry] : keys_) {
    for (const auto& session : entry.sessions) {
      if (!session->has_link() && session->queued_bytes() > 0) idle.push_back(session);
    }
  }
  std::ranges::stable_sort(idle, {}, [](const auto& session) { return session->idle_since(); });
  for (const auto& session : idle) {
    if (queued_ <= goal) break;
    end_session(*session);
  }
  if (queued_ <= goal) return;

  struct Holder {
    std::size_t bytes;
    std::shared_ptr<Connection> connection;
  };
  std::vector<Holder> holders;
  for (const auto& connection : connections_) {
    std::size_t bytes = connection->held();
    for (const auto& session : connection->sessions()) bytes += session->queued_bytes();
    if (bytes > 0) holders.push_back({bytes, connection});
  }
  std::ranges::stable_sort(holders, std::ranges::greater(), &Holder::bytes);
  std::size_t closing = 0;  // Bytes that connections give back a little later, when they have ended.
  for (const auto& [bytes, connection] : holders) {
    if (queued_ <= goal + closing) break;
    closing += connection->held();
    connection->close();
    const auto sessions = connection->sessions();
    for (const auto& session : sessions) end_session(*session);
  }
  log::warn("mtproto.queues_full", {{"core", core_}, {"left", queued_}});
}

// ---- Time ----

Task<> Shard::sweep() {
  for (int turn = 0;; ++turn) {
    co_await common_.clock.sleep(seconds(1));
    const Ticks now = common_.clock.ticks();
    for (const auto& connection : connections_) connection->check_time(now);
    constexpr int kKeysEvery = 10;
    if (turn % kKeysEvery == 0) sweep_keys();
  }
}

void Shard::sweep_keys() {
  const Ticks now = common_.clock.ticks();
  const Wall time = common_.ids.peek();
  const auto unixtime = static_cast<std::int32_t>(std::chrono::duration_cast<seconds>(time.time_since_epoch()).count());
  std::vector<std::int64_t> unused;
  for (auto& [id, entry] : keys_) {
    for (std::size_t i = entry.sessions.size(); i-- > 0;) {
      entry.sessions[i]->trim(time);
      if (entry.sessions[i]->expired(now)) close_session(entry, i, false);
    }
    std::erase_if(entry.ended, [&](const Ended& ended) { return now >= ended.forget_at; });
    const Key& key = *entry.key;
    const bool unneeded = keys_.size() > kKeysMax && entry.sessions.empty() && now - key.used_at > kKeyIdleMax;
    if (key.temporary) {
      // One that was never bound speaks for nobody; anybody can make them.
      if (unixtime >= key.expires_at || (unneeded && key.permanent_id == 0)) end_key(id);
    } else if (unneeded && entry.ended.empty() && key.bound.empty()) {
      unused.push_back(id);
    }
  }
  for (const std::int64_t id : unused) keys_.erase(id);
}

}  // namespace helio::mtproto
