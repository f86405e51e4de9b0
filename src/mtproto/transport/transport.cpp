#include "mtproto/transport/transport.h"

#include "mtproto/transport/detect.h"

namespace helio::mtproto {

void Transport::feed(std::span<char> bytes) {
  if (silent_) return;
  if (obfuscation_) obfuscation_->in.apply(bytes);
  input_.add(bytes);
}

Transport::Status Transport::detect_transport() {
  const std::span<char> first = input_.bytes();
  std::optional<Framing> framing;
  std::size_t used = 0;
  switch (detect({first.data(), first.size()})) {
    case Detected::kMore: return Status::kMore;
    case Detected::kHttp: return Status::kHttp;
    case Detected::kTls: return Status::kClose;
    case Detected::kAbridged: framing = Framing::kAbridged, used = 1; break;
    case Detected::kIntermediate: framing = Framing::kIntermediate, used = 4; break;
    case Detected::kPadded: framing = Framing::kPadded, used = 4; break;
    case Detected::kFull: framing = Framing::kFull; break;
    case Detected::kObfuscated: {
      const View header(first.data(), kObfuscationHeaderSize);
      obfuscation_ = accept_obfuscation(header);
      if (!obfuscation_ || !seen_.add(header)) {
        silent_ = true;
        input_ = Input();
        return Status::kSilence;
      }
      framing = obfuscation_->framing;
      used = kObfuscationHeaderSize;
      obfuscation_->in.apply(first.subspan(used));
    }
  }
  input_.drop(used);
  reader_.emplace(*framing, Side::kServer);
  writer_.emplace(*framing, Side::kServer, *random_);
  return Status::kFrame;
}

Transport::Next Transport::next() {
  if (silent_) return {.status = Status::kSilence};
  if (!reader_) {
    if (const Status status = detect_transport(); status != Status::kFrame) return {.status = status};
  }
  const FrameReader::Next next = reader_->next(input_);
  switch (next.status) {
    case FrameReader::Status::kFrame: return {.status = Status::kFrame, .frame = next.frame};
    case FrameReader::Status::kTooLong:
      return {.status = Status::kTooLong, .size = next.size, .auth_key_id = next.auth_key_id};
    case FrameReader::Status::kMore: return {.status = Status::kMore};
    case FrameReader::Status::kAck:
    case FrameReader::Status::kBroken: break;
  }
  return {.status = Status::kClose};
}

void Transport::obfuscate(Bytes& out, std::size_t from) {
  if (obfuscation_) obfuscation_->out.apply(std::span(out).subspan(from));
}

void Transport::begin(Bytes& out, std::size_t payload_size) {
  frame_start_ = out.size();
  writer_->begin(out, payload_size);
}

void Transport::end(Bytes& out) {
  writer_->end(out);
  obfuscate(out, frame_start_);
}

void Transport::error(Bytes& out, TransportError error) {
  begin(out, sizeof error);
  append_le(out, static_cast<std::int32_t>(error));
  end(out);
}

void Transport::quick_ack(Bytes& out, std::uint32_t token) {
  const std::size_t from = out.size();
  writer_->quick_ack(out, token);
  obfuscate(out, from);
}

void Transport::use(Random& random) {
  random_ = &random;
  if (writer_) writer_->use(random);
}

}  // namespace helio::mtproto
