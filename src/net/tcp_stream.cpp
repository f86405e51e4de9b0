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
  explicit TcpStream(TcpSocket socket) : TcpStream(std::move(socket), Endpoint(), Endpoint()) {
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    local_ = socket_.local_endpoint(ignored);
    remote_ = socket_.remote_endpoint(ignored);
  }

  // One that was another's before, with its addresses.
  TcpStream(TcpSocket socket, Endpoint local, Endpoint remote)
      : socket_(std::move(socket)), local_(local), remote_(remote) {
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
  }

  // Not a coroutine: the frame of one more would be 200 bytes of every idle connection.
  Task<std::span<char>> read() override {
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(std::span<char>)>(
        [](auto reader, TcpStream* stream) { stream->wait_to_read(std::move(reader)); }, use_task, this);
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
    TcpSocket moved(executor);
    if (socket_.is_open()) {
      boost::system::error_code error;
      const auto handle = socket_.release(error);
      if (!error) moved.assign(local_.protocol(), handle, error);
    }
    return std::make_unique<TcpStream>(std::move(moved), local_, remote_);
  }

 private:
  // Reads for `reader`, the waiting coroutine, once there is something; speaks for it to the loop, so that it can be
  // cancelled.
  template <class Reader>
  struct OnReadable {
    using executor_type = asio::associated_executor_t<Reader>;
    using cancellation_slot_type = asio::associated_cancellation_slot_t<Reader>;
    executor_type get_executor() const noexcept { return asio::get_associated_executor(reader); }
    cancellation_slot_type get_cancellation_slot() const noexcept {
      return asio::get_associated_cancellation_slot(reader);
    }

    void operator()(boost::system::error_code failure) {
      if (failure || !stream->socket_.is_open()) return reader(std::span<char>());
      const std::span<char> buffer = shared_buffer();
      const std::size_t size = stream->socket_.read_some(asio::buffer(buffer.data(), buffer.size()), failure);
      if (failure == asio::error::would_block) return stream->wait_to_read(std::move(reader));
      reader(failure ? std::span<char>() : buffer.first(size));
    }

    TcpStream* stream;
    Reader reader;
  };

  template <class Reader>
  void wait_to_read(Reader reader) {
    socket_.async_wait(TcpSocket::wait_read, OnReadable<Reader>{this, std::move(reader)});
  }

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
