#include "recording/stream.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "mtproto/transport/detect.h"
#include "mtproto/transport/framing.h"
#include "mtproto/transport/obfuscation.h"

namespace helio::recording {

namespace {

constexpr std::size_t kPacketMax = 64 << 20;
constexpr View kEndOfHead = "\r\n\r\n";

bool contains_folded(View text, View lower) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::ranges::search(text, lower, same).begin() != text.end();
}

std::size_t content_length(View head) {
  constexpr View kName = "content-length:";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  const auto found = std::ranges::search(head, kName, same);
  return found.empty() ? 0 : std::strtoul(&*found.begin() + kName.size(), nullptr, 10);
}

// One direction of HTTP: heads, bodies, and the payloads of WebSocket frames once the protocol was switched.
class HttpReader {
 public:
  std::vector<Bytes> heads;
  std::vector<Bytes> bodies;  // Taken by the caller.
  Bytes frames;               // WebSocket, as they came,
  Bytes payload;              // and unmasked. Taken by the caller.

  void feed(View bytes) {
    held_ += bytes;
    while (upgraded_ ? read_frame() : read_message()) {
    }
  }

 private:
  bool read_message() {
    const std::size_t end = held_.find(kEndOfHead);
    if (end == Bytes::npos) return false;
    const Bytes head = held_.substr(0, end + kEndOfHead.size());
    const std::size_t length = content_length(head);
    if (held_.size() < head.size() + length) return false;
    heads.push_back(head);
    if (length > 0) bodies.push_back(held_.substr(head.size(), length));
    held_.erase(0, head.size() + length);
    upgraded_ = contains_folded(head, "upgrade: websocket");
    return true;
  }

  bool read_frame() {
    if (held_.size() < 2) return false;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(held_[i]); };
    std::size_t at = 2;
    std::uint64_t size = byte(1) & 0x7f;
    const std::size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
    const bool masked = (byte(1) & 0x80) != 0;
    if (held_.size() < at + more + (masked ? 4 : 0)) return false;
    if (more > 0) size = 0;
    for (std::size_t i = 0; i < more; ++i) size = size << 8 | byte(at++);
    const std::size_t mask = at;
    if (masked) at += 4;
    if (size > kPacketMax || held_.size() < at + size) return false;
    if ((byte(0) & 0x08) == 0) {  // No ping, pong or close.
      for (std::size_t i = 0; i < size; ++i) {
        payload.push_back(static_cast<char>(byte(at + i) ^ (masked ? byte(mask + i % 4) : 0)));
      }
    }
    frames.append(held_, 0, at + size);
    held_.erase(0, at + size);
    return true;
  }

  Bytes held_;
  bool upgraded_ = false;
};

// The packets of one direction of a transport that is known.
class PacketReader {
 public:
  PacketReader(mtproto::Framing framing, mtproto::Side side, std::optional<crypto::AesCtr> cipher)
      : reader_(framing, side), cipher_(std::move(cipher)) {
    reader_.raise_limit(kPacketMax);
  }

  void feed(Bytes bytes, bool from_client, std::int64_t time, std::vector<Packet>& packets) {
    using Status = mtproto::FrameReader::Status;
    if (cipher_) cipher_->apply(bytes);
    input_.add(bytes);
    for (;;) {
      const auto next = reader_.next(input_);
      if (next.status == Status::kAck) continue;
      if (next.status != Status::kFrame) break;
      packets.push_back({from_client, time, Bytes(next.frame.payload.data(), next.frame.payload.size())});
      reader_.release(input_);
    }
    input_.keep();
  }

 private:
  mtproto::FrameReader reader_;
  std::optional<crypto::AesCtr> cipher_;
  mtproto::Input input_;
};

// Both directions below HTTP. The client's first bytes say how to read either.
class TransportReader {
 public:
  void feed(Bytes bytes, bool from_client, std::int64_t time, std::vector<Packet>& packets) {
    if (!from_client) {
      if (server_) server_->feed(std::move(bytes), false, time, packets);
      return;
    }
    if (!client_) {
      first_ += bytes;
      bytes = start();
    }
    if (client_) client_->feed(std::move(bytes), true, time, packets);
  }

 private:
  // What follows the beginning, once that is there.
  Bytes start() {
    using mtproto::Detected;
    using mtproto::Framing;
    switch (mtproto::detect(first_)) {
      case Detected::kMore:
      case Detected::kHttp:
      case Detected::kTls: return {};
      case Detected::kAbridged: open(Framing::kAbridged, {}, {}); return first_.substr(1);
      case Detected::kIntermediate: open(Framing::kIntermediate, {}, {}); return first_.substr(4);
      case Detected::kPadded: open(Framing::kPadded, {}, {}); return first_.substr(4);
      case Detected::kFull: open(Framing::kFull, {}, {}); return first_;
      case Detected::kObfuscated: break;
    }
    auto obfuscation = mtproto::accept_obfuscation(View(first_).substr(0, mtproto::kObfuscationHeaderSize));
    if (!obfuscation) return {};
    open(obfuscation->framing, std::move(obfuscation->in), std::move(obfuscation->out));
    return first_.substr(mtproto::kObfuscationHeaderSize);
  }

  void open(mtproto::Framing framing, std::optional<crypto::AesCtr> in, std::optional<crypto::AesCtr> out) {
    client_.emplace(framing, mtproto::Side::kServer, std::move(in));
    server_.emplace(framing, mtproto::Side::kClient, std::move(out));
  }

  Bytes first_;
  std::optional<PacketReader> client_, server_;
};

bool is_http(const Stream& stream) {
  const auto first = std::ranges::find(stream.chunks, true, &Chunk::from_client);
  return first != stream.chunks.end() && mtproto::detect(first->data) == mtproto::Detected::kHttp;
}

}  // namespace

Bytes Stream::sent() const {
  Bytes all;
  for (const Chunk& chunk : chunks) {
    if (chunk.from_client) all += chunk.data;
  }
  return all;
}

std::optional<Stream> read_stream(const std::filesystem::path& file) {
  Stream stream{.name = file.filename().string()};
  const std::size_t port = stream.name.find('-');
  const std::size_t number = stream.name.find('-', port + 1);
  const std::size_t client = stream.name.find('-', number + 1);
  if (port == Bytes::npos || number == Bytes::npos || client == Bytes::npos) return std::nullopt;
  stream.life = std::atoi(stream.name.c_str());
  stream.port = stream.name.substr(port + 1, number - port - 1);
  stream.client = stream.name.substr(client + 1);

  std::ifstream in(file, std::ios::binary);
  const Bytes all{std::istreambuf_iterator<char>(in), {}};
  constexpr std::size_t kHead = 13;
  for (View left = all; left.size() >= kHead;) {
    const std::size_t size = load_le<std::uint32_t>(left.data() + 9);
    if (left.size() < kHead + size) break;
    if (left[0] != 'e') {
      stream.chunks.push_back(
          {left[0] == 'c', load_le<std::int64_t>(left.data() + 1), Bytes(left.substr(kHead, size))});
    }
    left.remove_prefix(kHead + size);
  }
  return stream;
}

std::vector<Packet> packets_of(const Stream& stream) {
  std::vector<Packet> packets;
  TransportReader transport;
  const bool http = is_http(stream);
  HttpReader client, server;
  for (const Chunk& chunk : stream.chunks) {
    if (!http) {
      transport.feed(chunk.data, chunk.from_client, chunk.time, packets);
      continue;
    }
    HttpReader& reader = chunk.from_client ? client : server;
    reader.feed(chunk.data);
    transport.feed(std::exchange(reader.payload, {}), chunk.from_client, chunk.time, packets);
    for (Bytes& body : std::exchange(reader.bodies, {})) {
      packets.push_back({chunk.from_client, chunk.time, std::move(body)});
    }
  }
  return packets;
}

HttpParts http_parts_of(const Stream& stream) {
  HttpReader reader;
  if (is_http(stream)) reader.feed(stream.sent());
  return {std::move(reader.heads), std::move(reader.frames), std::move(reader.payload)};
}

}  // namespace helio::recording
