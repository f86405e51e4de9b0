// net/http/web_socket_handshake.h: whether a request may become a WebSocket. Pure.
//
// Source: RFC 6455, 4.2. The sub-protocol is `binary` and nothing else, and no extension is ever agreed on: MTProto
// over WebSocket demands the one (https://core.telegram.org/mtproto/transports#websocket) and compression gains nothing
// on ciphertext. Foreign bytes.
#pragma once
#include "net/http/request_head.h"

namespace helio::net::http {

struct WebSocketAnswer {
  int status = 101;    // Or 400, 426: refused.
  std::string accept;  // Sec-WebSocket-Accept, with 101.
};

// `head` has `web_socket`.
WebSocketAnswer answer_web_socket(const RequestHead& head);

}  // namespace helio::net::http
