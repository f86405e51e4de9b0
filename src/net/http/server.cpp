#include "net/http/server.h"

#include "net/http/request_body.h"
#include "net/http/request_head.h"
#include "net/http/status.h"
#include "net/http/web_socket_handshake.h"
#include "net/http/web_socket_stream.h"

namespace helio::net::http {

namespace {

constexpr seconds kFarewellMax{2};
constexpr std::size_t kFarewellBytesMax = 256 << 10;

// Closes the stream when a request, or the pause before it, takes too long.
class Deadline {
 public:
  Deadline(ByteStream& stream, Clock& clock, Executor executor) : stream_(stream), clock_(clock), watch_(executor) {}

  void set(seconds from_now) { at_ = clock_.ticks() + from_now; }
  void start() { watch_.spawn(run()); }
  Task<> stop() {
    watch_.cancel();
    co_await watch_.join();
  }

 private:
  Task<> run() {
    // `at_` moves both ways; a look each second is exact enough and needs no waking.
    while (clock_.ticks() < at_) co_await clock_.sleep(seconds(1));
    stream_.close();
  }

  ByteStream& stream_;
  Clock& clock_;
  Ticks at_;
  TaskGroup watch_;
};

Task<bool> write_all(ByteStream& stream, Bytes bytes) {
  View left = bytes;
  while (!left.empty()) {
    const auto written = stream.write_some(left);
    if (!written) co_return false;
    left.remove_prefix(*written);
    if (!left.empty()) co_await stream.writable();
  }
  co_return true;
}

Bytes rendered(const Response& response, bool keep_alive, bool with_body) {
  Bytes text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text += reason_of(response.status);
  text += "\r\nContent-Type: " + response.content_type;
  text += "\r\nContent-Length: " + std::to_string(response.body.size());
  text += "\r\nX-Content-Type-Options: nosniff";
  if (response.status == 426) {
    text += "\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n\r\n";
  } else {
    text += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  }
  if (with_body) text += response.body;
  return text;
}

Bytes refused(int status) {
  Response response{.status = status, .body = Bytes(reason_of(status)) + ".\n"};
  return rendered(response, false, true);
}

Bytes switched(const WebSocketAnswer& answer) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         answer.accept + "\r\nSec-WebSocket-Protocol: binary\r\n\r\n";
}

// One connection. Its calls never overlap.
class Conversation {
 public:
  Conversation(ByteStream& stream, Deadline& deadline, Handler& handler, Limits limits)
      : stream_(stream), deadline_(deadline), handler_(handler), limits_(limits) {}

  // Returns when the last answer is on its way. When that was to a WebSocket, its path.
  Task<std::optional<std::string>> run() {
    for (;;) {
      deadline_.set(held_.empty() ? limits_.idle_time : limits_.request_time);
      int refusal = co_await read_head();
      if (refusal == 0) {
        std::string path = head_.target.substr(0, head_.target.find('?'));
        if (head_.web_socket && handler_.takes_web_socket(path)) {
          const WebSocketAnswer answer = answer_web_socket(head_);
          if (answer.status == 101) {
            Bytes bytes = switched(answer);
            if (!co_await write_all(stream_, std::move(bytes))) co_return std::nullopt;
            co_return path;
          }
          refusal = answer.status;
        }
      }
      if (refusal == 0) refusal = co_await read_body();
      if (refusal == kGone) co_return std::nullopt;
      if (refusal != 0) {
        Bytes bytes = refused(refusal);
        if (co_await write_all(stream_, std::move(bytes))) co_await take_leave();
        co_return std::nullopt;
      }
      // An idle connection keeps nothing of its last request. (Assigning an empty string would keep the room.)
      if (held_.empty()) held_.shrink_to_fit();
      head_.web_socket.reset();
      const bool with_body = head_.method != "HEAD";
      Request request{.method = std::move(head_.method),
                      .target = std::move(head_.target),
                      .body = std::move(body_),
                      .remote = stream_.remote().address()};
      const Response response = co_await handler_.handle(std::move(request));
      Bytes bytes = rendered(response, head_.keep_alive, with_body);
      if (!co_await write_all(stream_, std::move(bytes))) co_return std::nullopt;
      if (!head_.keep_alive) break;
    }
    co_await take_leave();
    co_return std::nullopt;
  }

  // What followed the last request.
  Bytes release_rest() {
    held_.shrink_to_fit();
    return std::move(held_);
  }

 private:
  static constexpr int kGone = -1;  // In place of a status: the peer is gone, or its time is over.

  Task<bool> read_more() {
    const std::span<char> bytes = co_await stream_.read();
    held_.append(bytes.data(), bytes.size());
    co_return !bytes.empty();
  }

  // The status of the refusal, 0, or kGone. Handlers run while nothing is read, so `held_` stays below one read more
  // than a head.
  Task<int> read_head() {
    bool begun = !held_.empty();
    HeadRead read = read_request_head(held_);
    while (!read.head && read.refusal == 0) {
      if (!co_await read_more()) co_return kGone;
      if (!std::exchange(begun, true)) deadline_.set(limits_.request_time);
      read = read_request_head(held_);
    }
    if (!read.head) co_return read.refusal;
    head_ = *std::move(read.head);
    held_.erase(0, head_.size);
    co_return 0;
  }

  Task<int> read_body() {
    RequestBody body(head_, limits_.body_max);
    bool encouraged = !head_.expects_continue;
    for (;;) {
      held_.erase(0, body.take(held_));
      if (body.refusal() != 0) co_return body.refusal();
      if (body.is_whole()) break;
      if (!std::exchange(encouraged, true)) {
        Bytes go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!co_await write_all(stream_, std::move(go_on))) co_return kGone;
      }
      if (!co_await read_more()) co_return kGone;
    }
    body_ = body.release();
    co_return 0;
  }

  // Closing with unread input would make the system throw our last answer away.
  Task<> take_leave() {
    stream_.end_writing();
    deadline_.set(kFarewellMax);
    for (std::size_t read = 0; read < kFarewellBytesMax;) {
      const std::span<char> bytes = co_await stream_.read();
      if (bytes.empty()) break;
      read += bytes.size();
    }
  }

  ByteStream& stream_;
  Deadline& deadline_;
  Handler& handler_;
  Limits limits_;
  Bytes held_;  // Read, and not yet understood.
  RequestHead head_;
  Bytes body_;
};

}  // namespace

Task<> serve(std::unique_ptr<ByteStream> stream, Clock& clock, Handler& handler, Limits limits) {
  Deadline deadline(*stream, clock, co_await asio::this_coro::executor);
  deadline.set(limits.idle_time);
  deadline.start();
  Conversation conversation(*stream, deadline, handler, limits);
  std::optional<std::string> web_socket;
  std::exception_ptr failure;
  try {
    web_socket = co_await conversation.run();
  } catch (...) {
    failure = std::current_exception();
  }
  if (!web_socket) stream->close();
  // A cancelled task may not wait any more, and this one must.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await deadline.stop();
  if (failure) std::rethrow_exception(failure);
  if (web_socket) {
    handler.web_socket(*std::move(web_socket), make_web_socket_stream(std::move(stream), conversation.release_rest()));
  }
}

}  // namespace helio::net::http
