#include "net/http/request_head.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "net/http/field_text.h"

namespace helio::net::http {

namespace {

constexpr int kBad = 400, kExpectationFailed = 417, kTooLarge = 431, kNotImplemented = 501, kVersionNotSupported = 505;

// Whether `text` consists of letters, digits and `others`.
bool consists_of(View text, View others) {
  return std::ranges::all_of(text, [&](char c) {
    return ('0' <= c && c <= '9') || ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z') || others.find(c) != View::npos;
  });
}

bool is_token(View text) {
  return !text.empty() && consists_of(text, "!#$%&'*+-.^_`|~");
}

bool is_host(View text) {
  return consists_of(text, "-._~:[]%!$&'()*+;=");
}

bool is_value(View text) {
  return std::ranges::all_of(text,
                             [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 127); });
}

// The length of the head with its empty line. It judges lines only, so that a head is read once, when it is whole.
struct Measured {
  std::size_t size = 0;
  int refusal = 0;
};

Measured measure(View bytes) {
  // Whoever speaks TLS or MTProto here shall not have to wait for the deadline.
  if (!bytes.empty() && !is_token(bytes.substr(0, 1))) return {.refusal = kBad};
  std::size_t at = 0;
  for (std::size_t lines = 0;; ++lines) {
    const std::size_t end = bytes.substr(0, kHeadMax).find('\n', at);
    if (end == View::npos) return {.refusal = bytes.size() >= kHeadMax ? kTooLarge : 0};
    if (end == at || bytes[end - 1] != '\r') return {.refusal = kBad};
    if (end - 1 == at) return {.size = end + 1};
    if (lines > kFieldsMax) return {.refusal = kTooLarge};
    at = end + 1;
  }
}

class HeadReader {
 public:
  // The status of the refusal, or 0. `text` is a head without its empty line.
  int read(View text) {
    if (const int refusal = request_line(cut(text, "\r\n"))) return refusal;
    while (!text.empty()) {
      View value = cut(text, "\r\n");
      const bool colon = value.find(':') != View::npos;
      const View name = cut(value, ":");
      value = trimmed(value);
      if (!colon || !is_token(name) || !is_value(value)) return kBad;
      if (const int refusal = field(name, value)) return refusal;
    }
    return finish();
  }

  RequestHead head;

 private:
  int request_line(View line) {
    const View method = cut(line, " "), target = cut(line, " ");
    if (!is_token(method)) return kBad;
    head.method = method;
    if (line.size() != 8 || !line.starts_with("HTTP/") || line[6] != '.') return kBad;
    if (line != "HTTP/1.1" && line != "HTTP/1.0") {
      const bool digits = '0' <= line[5] && line[5] <= '9' && '0' <= line[7] && line[7] <= '9';
      return digits ? kVersionNotSupported : kBad;
    }
    old_ = line == "HTTP/1.0";
    return request_target(target);
  }

  int request_target(View target) {
    if (!std::ranges::all_of(target, [](char c) { return '!' <= c && c <= '~' && c != '#'; })) return kBad;
    constexpr View kScheme = "http://";
    if (equal_in_any_case(target.substr(0, kScheme.size()), kScheme)) {
      target.remove_prefix(kScheme.size());
      const View host = target.substr(0, target.find_first_of("/?"));
      if (host.empty() || !is_host(host)) return kBad;
      target.remove_prefix(host.size());
      if (!target.starts_with('/')) head.target = "/";
    } else if (!target.starts_with('/') && !(target == "*" && head.method == "OPTIONS")) {
      return kBad;
    }
    head.target += target;
    return 0;
  }

  int field(View name, View value) {
    if (equal_in_any_case(name, "Host")) return ++hosts_ == 1 && is_host(value) ? 0 : kBad;
    if (equal_in_any_case(name, "Content-Length")) return length(value);
    if (equal_in_any_case(name, "Transfer-Encoding")) {
      if (std::exchange(head.chunked, true)) return kBad;
      return equal_in_any_case(value, "chunked") ? 0 : kNotImplemented;
    }
    if (equal_in_any_case(name, "Expect")) {
      head.expects_continue = true;
      return equal_in_any_case(value, "100-continue") ? 0 : kExpectationFailed;
    }
    if (equal_in_any_case(name, "Connection")) {
      close_ |= has_token(value, "close");
      keep_alive_ |= has_token(value, "keep-alive");
      upgrade_ |= has_token(value, "upgrade");
    } else if (equal_in_any_case(name, "Upgrade")) {
      web_socket_ |= has_token(value, "websocket");
    } else if (equal_in_any_case(name, "Sec-WebSocket-Key")) {
      return keep_once(fields_.key, value);
    } else if (equal_in_any_case(name, "Sec-WebSocket-Version")) {
      return keep_once(fields_.version, value);
    } else if (equal_in_any_case(name, "Sec-WebSocket-Protocol")) {
      if (!fields_.protocols.empty()) fields_.protocols += ',';
      fields_.protocols += value;
    }
    return 0;
  }

  int length(View value) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (head.content_length || error != std::errc() || end != value.data() + value.size()) return kBad;
    head.content_length = number;
    return 0;
  }

  static int keep_once(std::string& kept, View value) {
    if (value.empty() || !kept.empty()) return kBad;
    kept = value;
    return 0;
  }

  int finish() {
    if (head.chunked && (head.content_length || old_)) return kBad;
    if (hosts_ == 0 && !old_) return kBad;
    head.keep_alive = !close_ && (!old_ || keep_alive_);
    // HTTP/1.0 knows neither (RFC 9110, 7.8 and 10.1.1).
    if (old_) head.expects_continue = false;
    if (!old_ && upgrade_ && web_socket_) head.web_socket = std::move(fields_);
    return 0;
  }

  bool old_ = false;  // HTTP/1.0.
  int hosts_ = 0;
  bool close_ = false, keep_alive_ = false, upgrade_ = false, web_socket_ = false;
  WebSocketFields fields_;
};

}  // namespace

HeadRead read_request_head(View bytes) {
  const auto [size, unmeasured] = measure(bytes);
  if (size == 0) return {.head = {}, .refusal = unmeasured};
  HeadReader reader;
  if (const int refusal = reader.read(bytes.substr(0, size - 2))) return {.head = {}, .refusal = refusal};
  reader.head.size = size;
  return {.head = std::move(reader.head)};
}

}  // namespace helio::net::http
