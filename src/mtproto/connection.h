// mtproto/connection.h: one client's connection: its transport, its time limits, the sessions that use it.
//
// Life:    run() reads until either side is done. When a packet names an auth key of another core, the connection goes
//          there, with everything it holds (mtproto/shard.h).
// Limits:  docs/security.md A05, A07, A11: sizes and times before and after a key is known. A client that does not read
// what it
//          is sent is not read from either.
// Threads: one core at a time.
// Foreign bytes.
#pragma once
#include <memory>

#include "mtproto/session/session.h"
#include "mtproto/transport/transport.h"
#include "net/byte_stream.h"

namespace helio::mtproto {

class Shard;

class Connection final : public Link, public std::enable_shared_from_this<Connection> {
 public:
  // `refused`: there are too many from its address. It is told so in its own transport.
  Connection(Shard& shard, std::unique_ptr<net::ByteStream> stream, SeenHeaders& seen, Random& random, bool refused);
  ~Connection() override;

  // Until the end, or until the connection has to be on another core: that one, or nullopt.
  Task<std::optional<int>> run();

  void leave();                               // Its sessions go on without it.
  bool counted() const { return !refused_; }  // Among those that its address has open.

  // Leaves its sessions and becomes one of `shard`, to be run there. Nothing waits in it.
  std::unique_ptr<net::ByteStream> take_stream(Executor executor);
  void move_to(Shard& shard, std::unique_ptr<net::ByteStream> stream, Random& random);

  // Ends it if a time limit has passed.
  void check_time(Ticks now);
  // No more is read or answered; what is ready is still sent.
  void end();
  void close();

  // What the shard's flush takes from here, and gives back sealed.
  const std::vector<std::shared_ptr<Session>>& sessions() const { return sessions_; }
  std::size_t room() const;
  void append_packet(Bytes& out, View packet);
  void send(Bytes& out);  // Appends nothing to `out`; what could not be sent at once stays with the connection.
  void forget(const Session& session);

  // Packets of sessions that do not exist.
  struct Notice {
    std::shared_ptr<Key> key;
    std::int64_t session_id;
    Packet packet;
  };
  std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }

  void want_flush() override;
  void disconnect_after(seconds delay) override;
  void resume() override;
  net::Endpoint local() const override { return local_; }
  net::Endpoint remote() const override { return remote_; }

  std::size_t place = 0;      // The shard's: where it is in its list,
  bool more_waits = false;    // whether a flush left something behind,
  bool flush_wanted = false;  // and whether it is in the list of those to flush.

 private:
  enum class Step { kMore, kSlow, kClose, kMove };

  Step work_off();
  Step too_long(std::int64_t auth_key_id, std::size_t size);
  Step handle(const Frame& frame);
  Step handle_encrypted(const Frame& frame, std::int64_t auth_key_id);
  Step find_key(std::int64_t auth_key_id, std::shared_ptr<Key>& key);
  Task<Step> do_slow();
  Task<Step> handshake(Bytes packet);
  Task<> wait_for_room();
  static Task<> write_rest(std::shared_ptr<Connection> self);

  Step fail(TransportError error);
  bool congested() const;
  void attach(const std::shared_ptr<Session>& session);
  void send_own();

  Shard* shard_;
  std::unique_ptr<net::ByteStream> stream_;
  const net::Endpoint local_, remote_;
  Transport transport_;
  const bool refused_;
  bool keyed_ = false;  // A packet has been decrypted.
  bool silent_ = false;
  bool ending_ = false;
  bool closed_ = false;
  bool writing_ = false;  // write_rest() waits.
  Bytes out_;             // What the stream would not take yet.
  std::vector<Notice> notices_;
  std::vector<std::shared_ptr<Session>> sessions_;
  std::vector<std::shared_ptr<Session>> fed_;  // Those that got something in this batch.
  std::unique_ptr<Signal> room_;               // Wakes wait_for_room().

  // What do_slow() shall do.
  Bytes slow_packet_;             // A plain message, or
  std::int64_t slow_key_ = 0;     // a key to be looked up.
  std::int64_t missing_key_ = 0;  // It was looked for just now and is not there.
  int move_to_core_ = -1;

  const Ticks accepted_at_;
  Ticks last_frame_at_;
  Ticks frame_begun_at_{};  // Zero: none is under way.
  Ticks wrote_at_{};
  Ticks disconnect_at_{};  // Zero: the idle limit holds.
  Ticks end_at_{};         // Of one that is ending.
  bool any_frame_ = false;
};

}  // namespace helio::mtproto
