// mtproto/transport/http_framing.h: MTProto over HTTP: a packet is the body of a request, or that of its response.
//
// One packet a request, one answer a request, in turn: the next request is not looked at before this one is answered.
// Source: https://core.telegram.org/mtproto/transports#http, RFC 9112. Foreign bytes. Heads are bounded by
// net/http/request_head.h, bodies by the limit that FrameReader has.
#pragma once
#include <optional>

#include "mtproto/transport/framing.h"
#include "net/http/request_head.h"

namespace helio::mtproto {

class HttpFraming {
 public:
  enum class Status {
    kMore,      // The next request is not complete, or the one before it has no answer yet.
    kFrame,     // `frame` is the body of a request, and stays so until release(); from then on it wants an answer.
    kTooLong,   // FrameReader's.
    kContinue,  // The client waits for go_on() before it sends the body.
    kRefused,   // No request that can be served: refuse() with `refusal`, and close.
  };
  struct Next {
    Status status = Status::kMore;
    Frame frame{};
    std::size_t size = 0;
    std::int64_t auth_key_id = 0;
    int refusal = 0;
  };

  Next next(Input& input);
  void release(Input& input);
  void raise_limit(std::size_t size_max) { size_max_ = size_max; }

  bool in_request() const { return head_.has_value(); }  // Its head has arrived, its body not yet.
  bool unanswered() const { return unanswered_; }
  bool keep_alive() const { return keep_alive_; }  // Whether the connection goes on after the answer.

  // The answer's head; the caller appends exactly `payload_size` bytes.
  void begin(Bytes& out, std::size_t payload_size);
  // A transport error is an HTTP status as well. COMPAT(Telegram Desktop, TDLib): they read that and not the body. The
  // connection ends.
  void error(Bytes& out, std::int32_t code);
  static void go_on(Bytes& out) { out += "HTTP/1.1 100 Continue\r\n\r\n"; }
  static void refuse(Bytes& out, int status);

 private:
  std::size_t size_max_ = kFrameSizeBeforeKey;
  std::optional<net::http::RequestHead> head_;  // Of a request whose body is awaited.
  bool unanswered_ = false;
  bool keep_alive_ = true;
};

}  // namespace helio::mtproto
