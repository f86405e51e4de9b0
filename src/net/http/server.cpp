// The only file that parses Boost.Beast: it is dear (16 s of compiler time).
#include "net/http/server.h"

#include <boost/beast/http.hpp>

namespace helio::net::http {

namespace {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;

constexpr std::uint32_t kHeaderSizeMax = 16 << 10;
constexpr std::ptrdiff_t kFieldsMax = 100;

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
  const auto reason = beast::http::obsolete_reason(static_cast<beast::http::status>(response.status));
  text.append(reason.data(), reason.size());
  text += "\r\nContent-Type: " + response.content_type;
  text += "\r\nContent-Length: " + std::to_string(response.body.size());
  text += "\r\nX-Content-Type-Options: nosniff";
  text += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  if (with_body) text += response.body;
  return text;
}

Response plain(int status, std::string_view text) {
  return {.status = status, .body = Bytes(text)};
}

// What to say to a request that could not be read.
Response refusal(const boost::system::error_code& why) {
  using beast::http::error;
  if (why == error::body_limit) return plain(413, "The body is too large.\n");
  if (why == error::header_limit) return plain(431, "The header is too large.\n");
  return plain(400, "This is not HTTP.\n");
}

struct Exchange {
  std::optional<Request> request;   // Or:
  std::optional<Response> refusal;  // or the peer is gone.
  bool keep_alive = false;
};

// Reads one request; what follows it in the stream stays in `held`.
Task<Exchange> read_request(ByteStream& stream, Deadline& deadline, Bytes& held, Limits limits) {
  Parser parser;
  parser.header_limit(kHeaderSizeMax);
  parser.body_limit(limits.body_max);
  parser.eager(true);
  bool begun = !held.empty();
  Exchange exchange;

  while (!parser.is_done()) {
    if (!held.empty()) {
      boost::system::error_code error;
      const std::size_t used = parser.put(asio::buffer(held), error);
      held.erase(0, used);
      if (parser.is_done()) break;
      if (error && error != beast::http::error::need_more) {
        exchange.refusal = refusal(error);
        co_return exchange;
      }
      // Beast waits for the whole header before it takes any of it.
      if (!parser.is_header_done() && held.size() > kHeaderSizeMax) {
        exchange.refusal = refusal(beast::http::error::header_limit);
        co_return exchange;
      }
    }
    const std::span<char> bytes = co_await stream.read();
    if (bytes.empty()) co_return exchange;
    held.append(bytes.data(), bytes.size());
    if (!std::exchange(begun, true)) deadline.set(limits.request_time);
  }

  auto message = parser.release();
  if (std::distance(message.begin(), message.end()) > kFieldsMax) {
    exchange.refusal = refusal(beast::http::error::header_limit);
    co_return exchange;
  }
  exchange.keep_alive = message.keep_alive();
  exchange.request = Request{.method = std::string(message.method_string()),
                             .target = std::string(message.target()),
                             .body = std::move(message.body()),
                             .remote = stream.remote().address()};
  co_return exchange;
}

Task<> serve_requests(ByteStream& stream, Deadline& deadline, Handler& handler, Limits limits) {
  Bytes held;
  for (bool keep_alive = true; keep_alive;) {
    deadline.set(held.empty() ? limits.idle_time : limits.request_time);
    Exchange exchange = co_await read_request(stream, deadline, held, limits);
    if (!exchange.request && !exchange.refusal) break;
    keep_alive = exchange.request && exchange.keep_alive;
    const bool with_body = !exchange.request || exchange.request->method != "HEAD";
    Response response;
    if (exchange.request) {
      Request request = *std::move(exchange.request);
      response = co_await handler.handle(std::move(request));
    } else {
      response = *std::move(exchange.refusal);
    }
    Bytes bytes = rendered(response, keep_alive, with_body);
    if (!co_await write_all(stream, std::move(bytes))) break;
  }
}

}  // namespace

Task<> serve(std::unique_ptr<ByteStream> stream, Clock& clock, Handler& handler, Limits limits) {
  Deadline deadline(*stream, clock, co_await asio::this_coro::executor);
  deadline.set(limits.idle_time);
  deadline.start();
  std::exception_ptr failure;
  try {
    co_await serve_requests(*stream, deadline, handler, limits);
  } catch (...) {
    failure = std::current_exception();
  }
  stream->close();
  // A cancelled task may not wait any more, and this one must.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await deadline.stop();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace helio::net::http
