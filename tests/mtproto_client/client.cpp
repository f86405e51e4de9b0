#include "mtproto_client/client.h"

#include <boost/asio/post.hpp>

#include "base/gzip.h"
#include "mtproto/session/container.h"
#include "net/tcp_stream.h"
#include "tl/mtproto.h"
#include "tl/reader.h"
#include "tl/types/mtproto/BadMsgNotification.h"
#include "tl/types/mtproto/HttpWait.h"
#include "tl/types/mtproto/MsgsAck.h"
#include "tl/types/mtproto/NewSession.h"
#include "tl/types/mtproto/RpcError.h"
#include "tl/types/mtproto/ping.h"

namespace helio::client {

namespace mt = tl::mt;
using mtproto::constructor_of;

Bytes ping(std::int64_t ping_id) {
  mt::ping request;
  request.ping_id = ping_id;
  return tl::encode_mtproto(request);
}

std::string error_in(View answer) {
  if (constructor_of(answer) != mtproto::kRpcErrorId) return "";
  const auto object = tl::decode_mtproto(answer);
  const auto* error = object ? tl::as<mt::Rpc_error>(*object) : nullptr;
  return error ? std::to_string(error->error_code) + " " + error->error_message : "";
}

Client::Client(Executor executor, Clock& clock, Random& random, ClientKey client_key)
    : session_id(static_cast<std::int64_t>(random.u64())),
      key(client_key),
      executor_(executor),
      clock_(clock),
      random_(random),
      tasks_(executor),
      arrival_(executor) {}

Client::~Client() = default;

void Client::use(std::unique_ptr<Wire> wire) {
  disconnect();
  wire_ = std::move(wire);
  connected_ = true;
  tasks_.spawn(read(wire_));
  if (!outbox_.empty()) want_flush();
}

void Client::use(std::unique_ptr<Wire> wire, std::unique_ptr<Wire> poll_wire) {
  use(std::move(wire));
  poll_ = std::move(poll_wire);
  if (!poll_) return;
  tasks_.spawn(read(poll_));
  poll();
}

void Client::disconnect() {
  if (wire_) wire_->stream().close();
  if (poll_) poll_->stream().close();
  poll_.reset();
  connected_ = false;
}

Task<> Client::stop() {
  disconnect();
  *alive_ = false;
  tasks_.cancel();
  co_await tasks_.join();
}

Task<> Client::read(std::shared_ptr<Wire> wire) {
  for (;;) {
    const Bytes packet = co_await wire->receive();
    if (packet.empty()) break;
    if (const int error = Wire::error_of(packet)) {
      transport_error = error;
    } else {
      take(packet);
    }
    if (wire == poll_) poll();
    arrival_.notify_all();
  }
  if (wire == wire_) {
    connected_ = false;
    for (auto& [msg_id, pending] : pending_) {
      pending->over = true;
      pending->done.notify_all();
    }
  }
  arrival_.notify_all();
}

Task<> Client::next_arrival() {
  co_await arrival_.wait();
}

void Client::take(View packet) {
  Bytes bytes(packet);
  const auto opened = crypto::open(bytes, &key.bytes, crypto::Sender::kServer);
  if (!opened || opened->envelope.session_id != session_id) return;
  const auto& envelope = opened->envelope;
  if (constructor_of(envelope.body) != mtproto::kMsgContainerId) {
    return take_message({envelope.msg_id, envelope.seqno, Bytes(envelope.body)});
  }
  const auto container = mtproto::parse_container(envelope.body);
  if (!container) return;
  for (const auto& inner : container->messages) take_message({inner.msg_id, inner.seqno, Bytes(inner.body)});
}

void Client::take_message(const Message& message) {
  on_message(message);
  if ((message.seqno & 1) != 0 && acknowledge) {
    acks_.push_back(message.msg_id);
    constexpr std::size_t kAcksAtOnce = 32;  // Otherwise they go with the next request.
    if (acks_.size() >= kAcksAtOnce) want_flush();
  }
  switch (constructor_of(message.body)) {
    case mtproto::kRpcResultId: {
      const auto it = pending_.find(load_le<std::int64_t>(message.body.data() + 4));
      if (it == pending_.end()) return;
      Bytes answer = message.body.substr(12);
      if (constructor_of(answer) == mtproto::kGzipPackedId) {
        answer = mtproto::unpack(answer, 64 << 20).value_or(Bytes());
      }
      it->second->answer = std::move(answer);
      it->second->over = true;
      it->second->done.notify_all();
      pending_.erase(it);
      return;
    }
    case mt::Bad_server_salt::kId: {
      const auto object = tl::decode_mtproto(message.body);
      const auto* bad = object ? tl::as<mt::Bad_server_salt>(*object) : nullptr;
      if (bad && repair) {
        key.salt = bad->new_server_salt;
        // Everything unanswered again: it may have been in a container that was refused.
        auto unanswered = std::exchange(pending_, {});
        for (auto& [msg_id, pending] : unanswered) {
          const std::int64_t again = send(pending->body);
          pending_.emplace(again, std::move(pending));
        }
      }
      break;
    }
    case mt::New_session_created::kId: {
      const auto object = tl::decode_mtproto(message.body);
      if (const auto* created = object ? tl::as<mt::New_session_created>(*object) : nullptr) {
        key.salt = created->server_salt;
      }
      break;
    }
    default: break;
  }
  on_push(message);
}

std::int64_t Client::next_msg_id() {
  // Virtual time likes whole seconds, which servers take for the work of no clock.
  std::int64_t msg_id = msg_ids_.next(clock_, mtproto::MsgKind{0});
  if (static_cast<std::uint32_t>(msg_id) == 0) msg_id = msg_ids_.next(clock_, mtproto::MsgKind{0});
  return msg_id;
}

std::int64_t Client::send(Bytes body, bool content) {
  Message message{next_msg_id(), next_seqno(content), std::move(body)};
  const std::int64_t msg_id = message.msg_id;
  outbox_.push_back(std::move(message));
  want_flush();
  return msg_id;
}

Task<Bytes> Client::call(Bytes body, Ticks deadline) {
  if (!connected_) co_return Bytes();
  auto pending = std::make_shared<Pending>(executor_);
  pending->body = body;
  const std::int64_t msg_id = send(std::move(body));
  pending_.emplace(msg_id, pending);
  if (deadline != Ticks::max()) tasks_.spawn(give_up(pending, deadline));
  while (!pending->over) co_await pending->done.wait();
  std::erase_if(pending_, [&](const auto& entry) { return entry.second == pending; });
  co_return std::move(pending->answer);
}

Task<> Client::give_up(std::shared_ptr<Pending> pending, Ticks deadline) {
  co_await clock_.sleep_until(deadline);
  pending->over = true;
  pending->done.notify_all();
}

void Client::want_flush() {
  if (std::exchange(flushing_, true)) return;
  asio::post(executor_, [this, alive = alive_] {
    if (*alive) flush();
  });
}

void Client::flush() {
  flushing_ = false;
  if (!connected_) return;
  add_acks();
  constexpr milliseconds kMoment{100};  // Later answers come through the other connection.
  if (poll_) add_wait(kMoment);
  send_outbox(*wire_);
  send_waiting();
}

void Client::add_acks() {
  if (acks_.empty()) return;
  mt::Msgs_ack ack;
  ack.msg_ids = std::exchange(acks_, {});
  outbox_.push_back({next_msg_id(), next_seqno(false), tl::encode_mtproto(ack)});
}

void Client::add_wait(milliseconds max_wait) {
  mt::Http_wait wait;
  wait.max_wait = static_cast<std::int32_t>(max_wait.count());
  outbox_.push_back({next_msg_id(), next_seqno(false), tl::encode_mtproto(wait)});
}

// Asks for whatever comes, with what waits to be sent along.
void Client::poll() {
  constexpr milliseconds kLong{25'000};
  add_acks();
  add_wait(kLong);
  send_outbox(*poll_);
  poll_->flush();
}

void Client::send_outbox(Wire& wire) {
  constexpr std::size_t kAtOnce = 1000;
  for (std::size_t from = 0; from < outbox_.size(); from += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, outbox_.size() - from);
    if (count == 1) {
      wire.add(seal(outbox_[from]));
      continue;
    }
    Message container;
    mtproto::append_container_header(container.body, count);
    for (std::size_t i = from; i < from + count; ++i) {
      mtproto::append_inner(container.body, outbox_[i].msg_id, outbox_[i].seqno, outbox_[i].body);
    }
    container.msg_id = next_msg_id();
    container.seqno = next_seqno(false);
    wire.add(seal(container));
  }
  outbox_.clear();
}

void Client::send_waiting() {
  wire_->flush();
  if (!wire_->unsent().empty() && !std::exchange(draining_, true)) tasks_.spawn(drain(wire_));
}

Task<> Client::drain(std::shared_ptr<Wire> wire) {
  co_await wire->drain();
  draining_ = false;
}

Bytes Client::seal(const Message& message) {
  const crypto::Envelope envelope{key.salt, session_id, message.msg_id, message.seqno, message.body};
  return crypto::seal(envelope, key.bytes, key.id, crypto::Sender::kClient, random_);
}

void Client::send_packet(const Message& message) {
  send_raw(seal(message));
}

void Client::send_raw(View packet) {
  wire_->add(packet);
  send_waiting();
}

Task<std::unique_ptr<Client>> connect(net::Endpoint to, Transport transport, const crypto::RsaPublicKey& server,
                                      Clock& clock, Random& random) {
  const auto executor = co_await asio::this_coro::executor;
  auto stream = co_await net::connect_tcp(to);
  if (!stream) co_return nullptr;
  std::unique_ptr<Wire> poll;
  if (transport.http) {
    auto second = co_await net::connect_tcp(to);
    if (!second) co_return nullptr;
    poll = std::make_unique<Wire>(std::move(second), transport, random);
  }
  auto wire = std::make_unique<Wire>(std::move(stream), transport, random);
  const ExchangeOptions options;
  const auto key = co_await exchange_keys(*wire, server, clock, random, options);
  if (!key) co_return nullptr;
  auto client = std::make_unique<Client>(executor, clock, random, *key);
  client->use(std::move(wire), std::move(poll));
  co_return client;
}

}  // namespace helio::client
