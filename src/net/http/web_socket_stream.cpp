#include "net/http/web_socket_stream.h"

#include <algorithm>
#include <utility>

#include "net/http/web_socket_frames.h"

namespace helio::net::http {

namespace {

constexpr std::size_t kDroppedMax = 256 << 10;

// One buffer a thread, in which a frame's header meets its payload.
std::span<char> shared_buffer() {
  constexpr std::size_t kSize = 64 << 10;
  thread_local std::unique_ptr<char[]> buffer(new char[kSize]);
  return {buffer.get(), kSize};
}

class WebSocketStream final : public ByteStream {
 public:
  WebSocketStream(std::unique_ptr<ByteStream> below, Bytes already_read) : below_(std::move(below)) {
    if (!already_read.empty()) early_ = std::make_unique<Bytes>(std::move(already_read));
  }

  Task<std::span<char>> read() override {
    while (!over_) {
      if (early_read_) early_.reset();
      // Only now, so that what came before a close is answered before ours.
      if (decoder_.closed()) {
        end_writing();
        if (decoder_.closed() != CloseCode::kNormal) co_await drop_rest();
        over_ = true;
        break;
      }
      std::span<char> bytes;
      if (early_ && !std::exchange(early_read_, true)) {
        bytes = *early_;
      } else {
        bytes = co_await below_->read();
      }
      if (bytes.empty()) break;
      const std::size_t payload = decoder_.decode(bytes);
      answer_ping();
      flush();
      if (payload > 0) co_return bytes.first(payload);
    }
    co_return std::span<char>();
  }

  std::optional<std::size_t> write_some(View bytes) override {
    if (over_ || ended_) return std::nullopt;
    std::size_t taken = 0;
    for (;;) {
      if (frame_left_ == 0) {
        answer_ping();
        frame_left_ = bytes.size() - taken;
        if (frame_left_ > 0) append_frame_header(out_, Opcode::kBinary, frame_left_);
      }
      // What a frame still lacks is what the caller comes back with.
      const View payload = bytes.substr(taken, frame_left_);
      if (out_.empty() && payload.empty()) return taken;
      const View chunk = out_.empty() ? payload : joined(payload);
      const auto written = below_->write_some(chunk);
      if (!written) return std::nullopt;
      const std::size_t of_out = std::min(*written, out_.size());
      consume_out(of_out);
      frame_left_ -= *written - of_out;
      taken += *written - of_out;
      if (*written < chunk.size()) return taken;
    }
  }

  Task<> writable() override { return below_->writable(); }

  void end_writing() override {
    if (over_ || std::exchange(ended_, true)) return;
    // Inside a frame no close can be said; the peer sees the stream end instead.
    if (frame_left_ == 0) append_close_frame(out_, decoder_.closed().value_or(CloseCode::kNormal));
    flush();
    below_->end_writing();
  }

  void close() override {
    over_ = true;
    below_->close();
  }

  Endpoint local() const override { return below_->local(); }
  Endpoint remote() const override { return below_->remote(); }

  std::unique_ptr<ByteStream> move_to(Executor executor) override {
    auto moved = std::make_unique<WebSocketStream>(below_->move_to(executor), Bytes());
    moved->early_ = std::move(early_);
    moved->decoder_ = std::move(decoder_);
    moved->out_ = std::move(out_);
    moved->frame_left_ = frame_left_;
    moved->early_read_ = early_read_;
    moved->ended_ = ended_;
    moved->over_ = std::exchange(over_, true);
    return moved;
  }

 private:
  // A refused client may be in the middle of a long message. The caller closes when read() is over, and closing with
  // unread input would make the system throw our close frame away.
  Task<> drop_rest() {
    for (std::size_t dropped = 0; dropped < kDroppedMax;) {
      const std::span<char> bytes = co_await below_->read();
      if (bytes.empty()) break;
      dropped += bytes.size();
    }
  }

  // Puts the pong in line where the newest ping wants one and a frame of ours may begin. Else the decoder keeps it.
  void answer_ping() {
    if (frame_left_ > 0 || !out_.empty() || ended_) return;
    if (const auto ping = decoder_.take_ping()) {
      append_frame_header(out_, Opcode::kPong, ping->size());
      out_ += *ping;
    }
  }

  // `out_` and as much of `payload` as the shared buffer has room for.
  View joined(View payload) const {
    const std::span<char> buffer = shared_buffer();
    payload = payload.substr(0, buffer.size() - out_.size());
    std::ranges::copy(payload, std::ranges::copy(out_, buffer.data()).out);
    return {buffer.data(), out_.size() + payload.size()};
  }

  // Sends what fits. Nobody waits for room here: the rest leaves with the next write or read.
  void flush() {
    if (!out_.empty()) consume_out(below_->write_some(out_).value_or(0));
  }

  void consume_out(std::size_t size) {
    out_.erase(0, size);
    if (out_.empty()) out_.shrink_to_fit();  // An idle stream keeps no pong's memory.
  }

  std::unique_ptr<ByteStream> below_;
  std::unique_ptr<Bytes> early_;  // What followed the request; until it is read and left.
  WebSocketDecoder decoder_;
  Bytes out_;                     // Of frames that have begun: goes before any payload. A pong and a header at most.
  std::uint64_t frame_left_ = 0;  // Payload that the frame in `out_`, or the last one sent, still lacks.
  bool early_read_ = false;
  bool ended_ = false;  // Our close is said.
  bool over_ = false;
};

static_assert(sizeof(WebSocketStream) <= 184);

}  // namespace

std::unique_ptr<ByteStream> make_web_socket_stream(std::unique_ptr<ByteStream> below, Bytes already_read) {
  return std::make_unique<WebSocketStream>(std::move(below), std::move(already_read));
}

}  // namespace helio::net::http
