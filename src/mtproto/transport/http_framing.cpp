#include "mtproto/transport/http_framing.h"

#include "base/assert.h"
#include "net/http/status.h"

namespace helio::mtproto {

namespace {

constexpr std::size_t kBodyMax = 16 << 20;  // No setting allows more.

// MTProto has a status of its own.
View reason(int status) {
  return status == 444 ? View("Wrong Data Center") : net::http::reason_of(status);
}

void append_head(Bytes& out, int status, View type, std::size_t size, bool keep_alive) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += reason(status);
  out += "\r\nContent-Type: ";
  out += type;
  out += "\r\nContent-Length: ";
  out += std::to_string(size);
  if (status == 405) out += "\r\nAllow: POST";
  out += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
}

// The status that a request deserves for its head; 0 when it can be served.
int problem(const net::http::RequestHead& head) {
  if (View(head.target).substr(0, head.target.find('?')) != "/api") return 404;
  if (head.method != "POST") return 405;
  if (head.chunked || !head.content_length) return 411;
  if (*head.content_length == 0 || *head.content_length % 4 != 0) return 400;
  return *head.content_length > kBodyMax ? 413 : 0;
}

}  // namespace

HttpFraming::Next HttpFraming::next(Input& input) {
  if (unanswered_) return {};
  std::span<char> bytes = input.bytes();
  if (!head_) {
    auto read = net::http::read_request_head({bytes.data(), bytes.size()});
    if (read.refusal != 0) return {.status = Status::kRefused, .refusal = read.refusal};
    if (!read.head) return {};
    if (const int refusal = problem(*read.head)) return {.status = Status::kRefused, .refusal = refusal};
    head_ = std::move(read.head);
    keep_alive_ = head_->keep_alive;
    input.drop(head_->size);
    bytes = bytes.subspan(head_->size);
  }
  const auto size = static_cast<std::size_t>(*head_->content_length);
  if (bytes.size() < size && std::exchange(head_->expects_continue, false)) return {.status = Status::kContinue};
  if (size > size_max_) {
    if (bytes.size() < 8) return {};
    return {.status = Status::kTooLong, .size = size, .auth_key_id = load_le<std::int64_t>(bytes.data())};
  }
  if (bytes.size() < size) return {};
  return {.status = Status::kFrame, .frame = {.payload = bytes.first(size)}};
}

void HttpFraming::release(Input& input) {
  input.drop(static_cast<std::size_t>(*head_->content_length));
  head_.reset();
  unanswered_ = true;
}

void HttpFraming::begin(Bytes& out, std::size_t payload_size) {
  ASSERT(unanswered_);
  unanswered_ = false;
  append_head(out, 200, "application/octet-stream", payload_size, keep_alive_);
}

void HttpFraming::error(Bytes& out, std::int32_t code) {
  unanswered_ = false;
  keep_alive_ = false;
  append_head(out, -code, "application/octet-stream", sizeof code, false);
  append_le(out, code);
}

void HttpFraming::refuse(Bytes& out, int status) {
  append_head(out, status, "text/plain", reason(status).size() + 1, false);
  out += reason(status);
  out += '\n';
}

}  // namespace helio::mtproto
