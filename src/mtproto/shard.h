// mtproto/shard.h: what of MTProto lives on one core: its connections, the auth keys it owns, and their sessions.
//
// An auth key belongs to one core, and with it all its sessions and connections; so nothing here has a lock.
// Connections begin anywhere and come here with their first encrypted packet.
// Bounds:  64 sessions a key; keys in memory by use (they can be read again); the bytes that all of it holds for
//          clients who do not take them, or do not send the rest (ServerSettings::queue_memory_max).
// Threads: its core, except where said.
#pragma once
#include <unordered_map>

#include "base/cores.h"
#include "crypto/bind_message.h"
#include "mtproto/connection.h"
#include "mtproto/handshake/handshakes.h"
#include "mtproto/id_clock.h"
#include "mtproto/key_store.h"
#include "mtproto/server.h"
#include "net/address_limits.h"

namespace helio::mtproto {

// What all shards share. Everything in it may be used from any core, except `handshakes`, which live on core 0.
struct Common {
  Cores& cores;
  Clock& clock;
  Handler& handler;
  const ServerSettings& settings;
  SaltSecret salt_secret;
  SeenHeaders seen;
  net::AddressLimits addresses;
  KeyStore store;
  IdClock ids;
  Workers workers;
  std::optional<Handshakes> handshakes;
  std::vector<std::unique_ptr<Shard>> shards;
};

class Shard final : public SessionHome {
 public:
  Shard(Common& common, int core, std::unique_ptr<Random> random);
  ~Shard() override;

  void start();
  Task<bool> stop();  // True: tasks that cross cores bring something back.

  void accept(std::unique_ptr<net::ByteStream> stream, Carrier carrier);

  // ---- For connections ----
  int core() const { return core_; }
  int owner_of(std::int64_t auth_key_id) const { return common_.cores.owner(static_cast<std::uint64_t>(auth_key_id)); }
  Executor executor() const { return common_.cores.executor(core_); }
  TaskGroup& connection_tasks() { return connection_tasks_; }
  std::size_t frame_size_max() const { return common_.settings.frame_size_max; }
  Task<Handshakes::Reply> handshake(boost::asio::ip::address address, Bytes packet);
  void want_flush(Connection& connection);

  // The key if it is in memory and has not expired.
  std::shared_ptr<Key> cached_key(std::int64_t auth_key_id);
  // The same, read from the store if need be.
  Task<std::shared_ptr<Key>> load_key(std::int64_t auth_key_id);
  std::shared_ptr<Session> find_session(const Key& key, std::int64_t session_id);
  // nullptr: the key opens sessions faster than they may be forgotten.
  std::shared_ptr<Session> open_session(const std::shared_ptr<Key>& key, std::int64_t session_id);

  // ---- For keys ----
  Task<KeyKeeper::Kept> keep(NewKey key);
  Task<bool> bind_temp(TempKeyBinding binding);  // On the core of the temporary key.
  Task<bool> drop_temps(std::int64_t permanent_key_id,
                        std::vector<std::int64_t> except);  // On the core of the permanent one.
  void end_key(std::int64_t auth_key_id);                   // With its sessions and connections.

  // ---- SessionHome ----
  Clock& clock() override { return common_.clock; }
  const Clock& ids() override { return common_.ids; }
  Random& random() override { return *random_; }
  Handler& handler() override { return common_.handler; }
  TaskGroup& tasks() override { return tasks_; }
  bool destroy_session(const Key& key, std::int64_t session_id) override;
  Task<bool> destroy_key(std::shared_ptr<Key> key) override;
  // So many bytes more, or less, are held: in a session's queue, or around a connection.
  void queued(std::ptrdiff_t change) override;

  std::size_t queued() const { return queued_; }
  std::size_t connections() const { return connections_.size(); }
  std::size_t sessions() const;

 private:
  // A session that ended early: what it had received must not run in another life of it.
  struct Ended {
    std::int64_t session_id;
    std::int64_t newest_msg_id;
    Ticks forget_at;
  };
  struct Entry {
    std::shared_ptr<Key> key;
    std::vector<std::shared_ptr<Session>> sessions;
    std::vector<Ended> ended;
    Ended others{};  // Stands for those that `ended` had no place for, whatever their session_id.
  };

  Task<> run(std::shared_ptr<Connection> connection);
  void adopt(std::shared_ptr<Connection> connection);
  void remove(Connection& connection);
  void list(const std::shared_ptr<Connection>& connection);
  void unlist(Connection& connection);

  std::shared_ptr<Key> insert(std::shared_ptr<Key> key);
  void close_session(Entry& entry, std::size_t index, bool remember);
  void remember(Entry& entry, const Session& session);
  bool make_room_for_session(Entry& entry);
  void end_session(Session& session);
  void relieve();
  static Task<std::optional<crypto::BindMessage>> open_binding(Shard* owner, TempKeyBinding binding);
  Task<bool> add_bound(std::int64_t permanent_key_id, std::int64_t temp_key_id);
  void drop_elsewhere(std::int64_t auth_key_id);

  void post_flush();
  void flush_all();
  Task<> sweep();
  void sweep_keys();

  Common& common_;
  const int core_;
  std::unique_ptr<Random> random_;
  TaskGroup connection_tasks_;  // End when their streams do.
  TaskGroup tasks_;             // Calls and housekeeping; cancelled at the end.
  bool stopping_ = false;
  bool flush_posted_ = false;
  bool relief_posted_ = false;
  const std::size_t queue_max_;
  std::size_t queued_ = 0;

  std::vector<std::shared_ptr<Connection>> connections_;
  std::unordered_map<std::int64_t, Entry> keys_;
  std::vector<std::shared_ptr<Connection>> to_flush_;
  std::vector<std::int64_t> to_end_;  // Keys that end after the next flush.
  Bytes scratch_;                     // Of flush_all().
};

}  // namespace helio::mtproto
