#include "mtproto_client/wire.h"

#include "mtproto/transport/detect.h"

namespace helio::client {

using mtproto::FrameReader;
using mtproto::Framing;
using mtproto::Side;

Wire::Wire(std::unique_ptr<net::ByteStream> stream, Transport transport, Random& random)
    : stream_(std::move(stream)),
      http_(transport.http),
      reader_(transport.framing, Side::kClient),
      writer_(transport.framing, Side::kClient, random) {
  constexpr std::size_t kPacketMax = 64 << 20;
  reader_.raise_limit(kPacketMax);
  if (http_) return;
  if (transport.obfuscated) {
    mtproto::Opening opening = mtproto::open_obfuscation(transport.framing, 2, random);
    out_ = std::move(opening.header);
    obfuscation_ = std::move(opening.obfuscation);
  } else if (transport.framing == Framing::kAbridged) {
    out_ = "\xef";
  } else if (transport.framing != Framing::kFull) {
    append_le(out_, transport.framing == Framing::kPadded ? mtproto::kPaddedTag : mtproto::kIntermediateTag);
  }
}

void Wire::add(View packet, bool wants_ack) {
  if (http_) {
    out_ += "POST /api HTTP/1.1\r\nHost: helio.test\r\nContent-Length: " + std::to_string(packet.size()) + "\r\n\r\n";
    out_ += packet;
    ++unanswered_;
    return;
  }
  const std::size_t from = out_.size();
  writer_.begin(out_, packet.size(), wants_ack);
  out_ += packet;
  writer_.end(out_);
  if (obfuscation_) obfuscation_->out.apply(std::span(out_).subspan(from));
}

void Wire::flush() {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    const auto written = stream_->write_some(View(out_).substr(sent));
    if (!written) break;
    sent += *written;
    if (*written == 0) break;
  }
  out_.erase(0, sent);
}

Task<> Wire::drain() {
  for (;;) {
    const std::size_t before = out_.size();
    flush();
    if (out_.empty()) co_return;
    if (out_.size() == before && !stream_->write_some({})) co_return;
    co_await stream_->writable();
  }
}

// The body of the next response that has arrived whole. What is no HTTP at all never becomes one.
std::optional<Bytes> Wire::take_response() {
  const std::span<char> bytes = input_.bytes();
  const View text(bytes.data(), bytes.size());
  const std::size_t head_size = text.find("\r\n\r\n");
  constexpr View kLength = "\r\nContent-Length: ";
  const std::size_t length_at = text.substr(0, head_size).find(kLength);
  constexpr std::size_t kStatusAt = 9;  // Behind "HTTP/1.1 ".
  if (head_size != View::npos && length_at == View::npos && text.substr(kStatusAt, 3) == "100") {
    input_.drop(head_size + 4);
    return take_response();
  }
  if (head_size == View::npos || length_at == View::npos) return std::nullopt;
  const auto size = std::stoul(std::string(text.substr(length_at + kLength.size(), kStatusAt)));
  if (text.size() < head_size + 4 + size) return std::nullopt;
  status_ = std::stoi(std::string(text.substr(kStatusAt, 3)));
  Bytes body(text.substr(head_size + 4, size));
  input_.drop(head_size + 4 + size);
  --unanswered_;
  return body;
}

std::optional<Bytes> Wire::take() {
  if (http_) {
    auto body = take_response();
    if (!body) input_.keep();
    return body;
  }
  for (;;) {
    const FrameReader::Next next = reader_.next(input_);
    if (next.status == FrameReader::Status::kAck) {
      quick_acks_.push_back(next.ack);
      continue;
    }
    if (next.status != FrameReader::Status::kFrame) {
      input_.keep();
      return std::nullopt;
    }
    Bytes packet(next.frame.payload.data(), next.frame.payload.size());
    reader_.release(input_);
    return packet;
  }
}

Task<Bytes> Wire::receive() {
  for (;;) {
    if (auto packet = take()) {
      input_.keep();  // The stream's buffer is everybody's.
      co_return *std::move(packet);
    }
    const std::span<char> bytes = co_await stream_->read();
    if (bytes.empty()) co_return Bytes();
    if (obfuscation_) obfuscation_->in.apply(bytes);
    input_.add(bytes);
  }
}

}  // namespace helio::client
