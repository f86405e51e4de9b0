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
  const Detected detected = detect({first.data(), first.size()});
  if (obfuscated_only_ && detected != Detected::kMore && detected != Detected::kObfuscated) return Status::kClose;
  switch (detected) {
    case Detected::kMore: return Status::kMore;
    case Detected::kHttp: http_ = std::make_unique<HttpFraming>(); return Status::kFrame;
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
  if (!known()) {
    if (const Status status = detect_transport(); status != Status::kFrame) return {.status = status};
  }
  if (http_) return next_request();
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

Transport::Next Transport::next_request() {
  const HttpFraming::Next next = http_->next(input_);
  switch (next.status) {
    case HttpFraming::Status::kMore: return {.status = Status::kMore};
    case HttpFraming::Status::kFrame: return {.status = Status::kFrame, .frame = next.frame};
    case HttpFraming::Status::kTooLong:
      return {.status = Status::kTooLong, .size = next.size, .auth_key_id = next.auth_key_id};
    case HttpFraming::Status::kContinue: return {.status = Status::kContinue};
    case HttpFraming::Status::kRefused: break;
  }
  return {.status = Status::kRefused, .refusal = next.refusal};
}

void Transport::obfuscate(Bytes& out, std::size_t from) {
  if (obfuscation_) obfuscation_->out.apply(std::span(out).subspan(from));
}

void Transport::begin(Bytes& out, std::size_t payload_size) {
  if (http_) return http_->begin(out, payload_size);
  frame_start_ = out.size();
  writer_->begin(out, payload_size);
}

void Transport::end(Bytes& out) {
  if (http_) return;
  writer_->end(out);
  obfuscate(out, frame_start_);
}

void Transport::error(Bytes& out, TransportError error) {
  if (http_) return http_->error(out, static_cast<std::int32_t>(error));
  begin(out, sizeof error);
  append_le(out, static_cast<std::int32_t>(error));
  end(out);
}

void Transport::quick_ack(Bytes& out, std::uint32_t token) {
  if (http_) return;  // A frame of it cannot ask for one.
  const std::size_t from = out.size();
  writer_->quick_ack(out, token);
  obfuscate(out, from);
}

void Transport::use(Random& random) {
  random_ = &random;
  if (writer_) writer_->use(random);
}

}  // namespace helio::mtproto
