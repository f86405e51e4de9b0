// mtproto/connection.h: one client's connection: its transport, its time limits, the sessions that use it.
//
// Life:    run() reads until either side is done. When a packet names an auth key of another core, the connection goes
//          there, with everything it holds (mtproto/shard.h).
// HTTP:    a request waits for its answer, as long as http_wait allows; then the connection is parked in its session
//          until the next request. It serves one session at a time.
// Limits:  docs/security.md A05, A07, A11: sizes and times before and after a key is known. A client that does not read
//          what it is sent is not read from either. What a connection holds in memory is reported to its shard.
// Threads: one core at a time.
// Foreign bytes.
#pragma once
#include <memory>

#include "crypto/message.h"
#include "mtproto/session/session.h"
#include "mtproto/transport/transport.h"
#include "net/byte_stream.h"

namespace helio::mtproto {

class Shard;

class Connection final : public Link, public std::enable_shared_from_this<Connection> {
 public:
  struct Kind {
    bool refused = false;          // There are too many from its address. It is told so in its own transport.
    bool obfuscated_only = false;  // It came over WebSocket.
  };
  Connection(Shard& shard, std::unique_ptr<net::ByteStream> stream, SeenHeaders& seen, Random& random, Kind kind);
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
  Room room() const;
  void append_packet(Bytes& out, View packet);
  // Sends what waited, `out`, and what ends the connection, at once; what does not fit stays with the connection. `out`
  // is used up.
  void send(Bytes& out);
  void nothing_was_ready();  // For all that was wanted.
  void forget(const Session& session);
  bool closed() const { return closed_; }
  std::size_t held() const { return held_; }  // Bytes of memory for what is not complete, or not sent.

  // Packets of sessions that do not exist.
  struct Notice {
    std::shared_ptr<Key> key;
    std::int64_t session_id;
    Packet packet;
  };
  std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }

  void want_flush() override;
  void disconnect_after(seconds delay) override;
  void http_wait(const HttpWait& wait) override;
  void resume() override;
  net::Endpoint local() const override { return local_; }
  net::Endpoint remote() const override { return remote_; }

  std::size_t place = 0;      // The shard's: where it is in its list,
  bool more_waits = false;    // whether a flush left something behind,
  bool flush_wanted = false;  // and whether it is in the list of those to flush.

 private:
  enum class Step { kMore, kSlow, kClose, kMove };

  // An HTTP request under way, and what it may wait for.
  struct Request {
    explicit Request(Executor executor) : timers(executor) {}
    std::shared_ptr<Key> key;
    std::int64_t session_id = 0;
    HttpWait wait;
    Ticks asked_at{};
    std::optional<Ticks> first_ready, last_ready;
    std::optional<Ticks> wakes_at;  // Of the task in `timers` that still matters.
    TaskGroup timers;
  };

  Step work_off();
  Step too_long(std::int64_t auth_key_id, std::size_t size);
  Step handle(const Frame& frame);
  Step handle_encrypted(const Frame& frame, std::int64_t auth_key_id);
  Step handle_several(const std::shared_ptr<Key>& key, const Frame& first, Transport::Next next);
  Step handle_opened(const std::shared_ptr<Key>& key, const std::optional<crypto::Opened>& opened, bool wants_ack);
  Step find_key(std::int64_t auth_key_id, std::shared_ptr<Key>& key);
  void took_frame();
  Task<Step> do_slow();
  Task<Step> handshake(Bytes packet);
  Task<> wait_for_room();
  Task<> wait_for_answer();
  static Task<> write_rest(std::shared_ptr<Connection> self);

  Step fail(TransportError error);
  Step refuse(int status);
  bool congested() const;
  void attach(const std::shared_ptr<Session>& session);
  void notify(const std::shared_ptr<Key>& key, std::int64_t session_id, Bytes body, MsgKind kind = MsgKind::kAnswer);
  void send_own();
  void stop_reading();
  void finish();
  void account();

  bool waits() const;  // An encrypted request is under way.
  void begin_request(const std::shared_ptr<Key>& key, std::int64_t session_id);
  std::optional<Ticks> answer_at() const;
  void set_timer();
  static Task<> wake_at(std::shared_ptr<Connection> self, Ticks when);
  void answered();
  Task<> end_timers();

  Shard* shard_;
  std::unique_ptr<net::ByteStream> stream_;
  const net::Endpoint local_, remote_;
  Transport transport_;
  const bool refused_;
  bool keyed_ = false;     // A packet has been decrypted.
  bool ending_ = false;    // Nothing is read any more,
  bool finished_ = false;  // or written.
  bool closed_ = false;
  bool writing_ = false;  // write_rest() waits.
  Bytes out_;             // What the stream would not take yet, and quick acks.
  std::optional<TransportError> last_word_;
  std::size_t held_ = 0;  // As reported.
  std::unique_ptr<Request> request_;
  std::vector<Notice> notices_;
  std::vector<std::shared_ptr<Session>> sessions_;
  std::vector<std::shared_ptr<Session>> fed_;  // Those that got something in this batch.
  std::unique_ptr<Signal> room_;               // Wakes wait_for_room() and wait_for_answer().

  // What do_slow() shall do.
  Bytes slow_packet_;             // A plain message, or
  std::int64_t slow_key_ = 0;     // a key to be looked up.
  std::int64_t missing_key_ = 0;  // It was looked for just now and is not there.
  int move_to_core_ = -1;

  const Ticks accepted_at_;
  Ticks last_frame_at_;
  std::optional<Ticks> frame_begun_at_;  // One is under way.
  Ticks wrote_at_{};
  std::optional<Ticks> disconnect_at_;  // In place of the idle limit.
  Ticks end_at_{};                      // Of one that is ending.
  bool any_frame_ = false;
};

}  // namespace helio::mtproto
