// net/http/web_socket_stream.h: a WebSocket, once it is agreed on, as a ByteStream. The server's side.
//
// Shape:   the payload of binary frames, in order; frames and messages have no meaning. What one write_some() is given
//          leaves as one frame: up to 64 KiB of it in one write of the stream below. A frame that did not fit is
//          continued by the next calls, so the caller comes back with the rest of its bytes, in order.
// Answers: a ping, between our own frames and with at most one pong waiting; a close, with a close; text or a broken
//          frame, with the close code of its kind. After each of the last two the stream is at its end; after a
//          refusal it first reads and drops what still comes, until the client ends or 256 KiB are gone, so that the
//          code arrives. How long that may take is the caller's to limit.
// Memory:  as below, and 184 bytes; nothing is kept of what passes.
// Source:  RFC 6455.
#pragma once
#include "net/byte_stream.h"

namespace helio::net::http {

// Takes over `below` after the answer 101; `already_read` is what followed the request.
std::unique_ptr<ByteStream> make_web_socket_stream(std::unique_ptr<ByteStream> below, Bytes already_read);

}  // namespace helio::net::http
