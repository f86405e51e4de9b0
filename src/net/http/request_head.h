// net/http/request_head.h: the head of one HTTP/1.1 request out of bytes that arrive in pieces. Pure: no stream, no
// wait.
//
// Source: RFC 9112, RFC 9110. Foreign bytes. Limits: 16 KiB, 100 fields. What breaks them or HTTP is refused, never
// guessed, so that nobody in front of us can read another request out of the same bytes: bare CR or LF, folded lines,
// blanks around names, repeated or listed lengths, a length beside chunks, codings other than `chunked`, absent or
// repeated hosts. The answer depends on the bytes alone, not on how they were cut.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace helio::net::http {

inline constexpr std::size_t kHeadMax = 16 << 10;  // In bytes.
inline constexpr std::size_t kFieldsMax = 100;

// What a request to become a WebSocket says (RFC 6455, 4.2.1). As sent; unchecked.
struct WebSocketFields {
  std::string key, version;
  std::string protocols;  // All that are offered, with commas between.
};

struct RequestHead {
  std::size_t size = 0;  // In bytes, with the empty line: the body begins here.
  std::string method;    // As sent.
  std::string target;    // Path and query as sent; of an absolute target (to a proxy) without its scheme and host.
  std::optional<std::uint64_t> content_length;
  bool chunked = false;  // Transfer-Encoding: chunked, in place of a length.
  bool keep_alive = true;
  bool expects_continue = false;
  std::optional<WebSocketFields> web_socket;  // Where both Connection and Upgrade ask for one.
};

struct HeadRead {
  std::optional<RequestHead> head;  // Or:
  int refusal = 0;                  // the status to answer with before closing; or neither: more bytes are needed.
};

// `bytes` begin with a request. Reads what is there of its head, each time from the start.
HeadRead read_request_head(View bytes);

}  // namespace helio::net::http
