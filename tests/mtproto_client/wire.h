// mtproto_client/wire.h: packets over a byte stream, from the client's end, in any transport.
#pragma once
#include "mtproto/transport/framing.h"
#include "mtproto/transport/obfuscation.h"
#include "net/byte_stream.h"

namespace helio::client {

struct Transport {
  mtproto::Framing framing = mtproto::Framing::kIntermediate;
  bool obfuscated = false;
  bool http = false;  // In place of any framing.
};
inline constexpr Transport kHttp{.http = true};
// Every one that a TCP client may choose, except HTTP, where nothing comes unasked.
inline constexpr Transport kTransports[] = {
    {mtproto::Framing::kAbridged, false}, {mtproto::Framing::kIntermediate, false},
    {mtproto::Framing::kPadded, false},   {mtproto::Framing::kFull, false},
    {mtproto::Framing::kAbridged, true},  {mtproto::Framing::kIntermediate, true},
    {mtproto::Framing::kPadded, true},
};

class Wire {
 public:
  // `random` outlives the wire.
  Wire(std::unique_ptr<net::ByteStream> stream, Transport transport, Random& random);

  // Appends a packet to what flush() sends. Over HTTP: a request; each has its answer, in their order.
  void add(View packet, bool wants_ack = false);
  // Sends what was added; what does not fit at once waits in memory for the next call.
  void flush();
  Task<> drain();  // Until all of it is sent, or the stream is closed.

  // The next packet; empty when the server has closed.
  Task<Bytes> receive();
  // Packets that have arrived whole already; nullopt if none has.
  std::optional<Bytes> take();
  // Requests over HTTP that have no answer yet.
  int unanswered() const { return unanswered_; }
  // The HTTP status of the last answer; 0: none has come.
  int status() const { return status_; }
  // A packet of four bytes is an error of the transport.
  static int error_of(View packet) { return packet.size() == 4 ? load_le<std::int32_t>(packet.data()) : 0; }

  std::vector<std::uint32_t>& quick_acks() { return quick_acks_; }
  net::ByteStream& stream() { return *stream_; }
  Bytes& unsent() { return out_; }

 private:
  std::optional<Bytes> take_response();

  std::unique_ptr<net::ByteStream> stream_;
  const bool http_;
  int unanswered_ = 0;
  int status_ = 0;
  std::optional<mtproto::Obfuscation> obfuscation_;
  mtproto::FrameReader reader_;
  mtproto::FrameWriter writer_;
  mtproto::Input input_;
  Bytes out_;
  std::vector<std::uint32_t> quick_acks_;
};

}  // namespace helio::client
