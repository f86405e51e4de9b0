#include "net/http/web_socket_handshake.h"

#include <algorithm>

#include "crypto/sha.h"
#include "net/http/field_text.h"

namespace helio::net::http {

namespace {

constexpr View kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(View bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const View group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= group.size() ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

// 16 bytes in base64.
bool is_key(View text) {
  return text.size() == 24 && text.ends_with("==") &&
         std::ranges::all_of(text.substr(0, 22), [](char c) { return kDigits.find(c) != View::npos; });
}

}  // namespace

WebSocketAnswer answer_web_socket(const RequestHead& head) {
  const WebSocketFields& fields = *head.web_socket;
  const bool has_body = head.chunked || head.content_length.value_or(0) > 0;
  if (head.method != "GET" || has_body || !is_key(fields.key)) return {.status = 400, .accept = {}};
  if (fields.version != "13") return {.status = 426, .accept = {}};
  // Sub-protocols are compared as they are written.
  View offered = fields.protocols;
  bool binary = false;
  while (!offered.empty() && !binary) binary = trimmed(cut(offered, ",")) == "binary";
  if (!binary) return {.status = 400, .accept = {}};
  constexpr View kSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return {.status = 101, .accept = base64(crypto::view(crypto::sha1(fields.key, kSalt)))};
}

}  // namespace helio::net::http
