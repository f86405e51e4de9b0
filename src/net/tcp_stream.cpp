#include "net/tcp_stream.h"

#include <array>
#include <boost/asio/as_tuple.hpp>

namespace helio::net {

namespace {

// One buffer a thread: read() fills it, its caller empties it before it waits again. An idle connection has none.
std::span<char> shared_buffer() {
  constexpr std::size_t kSize = 64 << 10;
  thread_local std::unique_ptr<char[]> buffer(new char[kSize]);
  return {buffer.get(), kSize};
}

class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(TcpSocket socket) : socket_(std::move(socket)) {
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    local_ = socket_.local_endpoint(ignored);
    remote_ = socket_.remote_endpoint(ignored);
  }

  Task<std::span<char>> read() override {
    while (socket_.is_open()) {
      const auto [failure] = co_await socket_.async_wait(TcpSocket::wait_read, asio::as_tuple(use_task));
      if (failure || !socket_.is_open()) break;
      const std::span<char> buffer = shared_buffer();
      boost::system::error_code error;
      const std::size_t size = socket_.read_some(asio::buffer(buffer.data(), buffer.size()), error);
      if (error == asio::error::would_block) continue;
      if (error) break;
      co_return buffer.first(size);
    }
    co_return std::span<char>();
  }

  std::optional<std::size_t> write_some(View bytes) override {
    boost::system::error_code error;
    const std::size_t size = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
    if (error == asio::error::would_block) return 0;
    if (error) return std::nullopt;
    return size;
  }

  Task<> writable() override { co_await socket_.async_wait(TcpSocket::wait_write, asio::as_tuple(use_task)); }

  void end_writing() override {
    boost::system::error_code ignored;
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
  }

  void close() override {
    boost::system::error_code ignored;
    socket_.shutdown(TcpSocket::shutdown_both, ignored);
    socket_.close(ignored);
  }

  Endpoint local() const override { return local_; }
  Endpoint remote() const override { return remote_; }

  std::unique_ptr<ByteStream> move_to(Executor executor) override {
    if (!socket_.is_open()) return std::make_unique<TcpStream>(TcpSocket(executor));
    boost::system::error_code error;
    const auto protocol = local_.protocol();
    const auto handle = socket_.release(error);
    TcpSocket moved(executor);
    if (!error) moved.assign(protocol, handle, error);
    return std::make_unique<TcpStream>(std::move(moved));
  }

 private:
  TcpSocket socket_;
  Endpoint local_, remote_;  // Kept: a log line or a limit still wants them when the peer is gone.
};

}  // namespace

std::unique_ptr<ByteStream> make_tcp_stream(TcpSocket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

Task<std::unique_ptr<ByteStream>> connect_tcp(Endpoint to) {
  TcpSocket socket(co_await asio::this_coro::executor);
  const auto [error] = co_await socket.async_connect(to, asio::as_tuple(use_task));
  if (error) co_return nullptr;
  co_return make_tcp_stream(std::move(socket));
}

}  // namespace helio::net
