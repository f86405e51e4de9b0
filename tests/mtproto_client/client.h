// mtproto_client/client.h: one session of a client: calls, pushes, acknowledgements; and the parts of it, for tests
// that break rules.
//
// Threads: one core.
#pragma once
#include <functional>
#include <unordered_map>

#include "crypto/message.h"
#include "mtproto/msg_id.h"
#include "mtproto_client/key_exchange.h"

namespace helio::client {

struct Message {
  std::int64_t msg_id = 0;
  std::int32_t seqno = 0;
  Bytes body;
};

// Bodies of requests that tests and drivers often need.
Bytes ping(std::int64_t ping_id);
// What is in rpc_error: "400 NAME"; empty for other answers.
std::string error_in(View answer);

class Client {
 public:
  // References outlive the client, which lives on the core of `executor`.
  Client(Executor executor, Clock& clock, Random& random, ClientKey key);
  ~Client();  // After stop().

  // Reads from `wire` until it closes. A new wire takes over from the old one: the session stays.
  void use(std::unique_ptr<Wire> wire);
  // The same over HTTP, with a connection for requests, which wait for their answers for a moment only, and one that
  // is always asking for what comes later.
  void use(std::unique_ptr<Wire> wire, std::unique_ptr<Wire> poll);
  void disconnect();
  Task<> stop();
  bool connected() const { return connected_; }

  // Sends a query and returns the body of its rpc_result, unpacked; empty when there was no answer before the end of
  // the connection or `deadline`. Queries made in one turn of the loop travel in one container.
  Task<Bytes> call(Bytes body, Ticks deadline = Ticks::max());
  // Sends a message that is answered by a push (pong, future_salts) or not at all.
  std::int64_t send(Bytes body, bool content = true);

  // Everything that is no rpc_result: updates, pong, notices. Called with the message that carried it.
  std::function<void(const Message&)> on_push = [](const Message&) {};
  // Every message of the server, also those inside containers and repeated ones, before anything is done with it.
  std::function<void(const Message&)> on_message = [](const Message&) {};

  // ---- For breaking rules ----
  std::int64_t next_msg_id();
  std::int32_t next_seqno(bool content) { return content ? 2 * content_sent_++ + 1 : 2 * content_sent_; }
  // One encrypted packet with exactly this in it.
  void send_packet(const Message& message);
  Bytes seal(const Message& message);
  void send_raw(View packet);
  bool acknowledge = true;  // Off: nothing is ever acknowledged.
  bool repair = true;       // Off: bad_server_salt is not followed.
  std::int64_t session_id;
  ClientKey key;
  int transport_error = 0;  // The last one.
  Wire* wire() { return wire_.get(); }
  Wire* poll_wire() { return poll_.get(); }
  // Waits until something has arrived or the connection has closed.
  Task<> next_arrival();

 private:
  struct Pending {
    explicit Pending(Executor executor) : done(executor) {}
    Bytes body;
    Bytes answer;
    bool over = false;
    Signal done;
  };
  Task<> read(std::shared_ptr<Wire> wire);
  Task<> give_up(std::shared_ptr<Pending> pending, Ticks deadline);
  void take(View packet);
  void take_message(const Message& message);
  void want_flush();
  void flush();
  void add_acks();
  void add_wait(milliseconds max_wait);
  void send_outbox(Wire& wire);
  void poll();
  void send_waiting();
  Task<> drain(std::shared_ptr<Wire> wire);

  Executor executor_;
  Clock& clock_;
  Random& random_;
  TaskGroup tasks_;
  mtproto::MsgIds msg_ids_;
  std::int32_t content_sent_ = 0;
  std::shared_ptr<Wire> wire_;
  std::shared_ptr<Wire> poll_;  // Over HTTP.
  bool connected_ = false;
  bool flushing_ = false;
  bool draining_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::vector<Message> outbox_;
  std::vector<std::int64_t> acks_;
  std::unordered_map<std::int64_t, std::shared_ptr<Pending>> pending_;
  Signal arrival_;
};

// Connects to `to`, makes a permanent key and uses it; nullptr when that fails.
Task<std::unique_ptr<Client>> connect(net::Endpoint to, Transport transport, const crypto::RsaPublicKey& server,
                                      Clock& clock, Random& random);

}  // namespace helio::client
