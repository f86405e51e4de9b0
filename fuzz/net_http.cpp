// Any bytes as what an HTTP client sends, cut anywhere: the same requests come out however they were cut.
#include "base/assert.h"
#include "net/http/request_body.h"
#include "net/http/request_head.h"
#include "net/http/web_socket_handshake.h"

namespace helio {
namespace {

namespace http = net::http;

constexpr std::size_t kBodyMax = 300;

struct Outcome {
  std::vector<Bytes> requests;
  int refusal = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void check(const http::RequestHead& head) {
  ASSERT(head.size <= http::kHeadMax);
  ASSERT(!head.method.empty());
  ASSERT(head.target.starts_with('/') || head.target == "*");
  ASSERT(head.target.find_first_of(" \r\n") == Bytes::npos);
  ASSERT(!head.chunked || !head.content_length);
  if (!head.web_socket) return;
  const auto answer = http::answer_web_socket(head);
  ASSERT(answer.accept.size() == (answer.status == 101 ? 28 : 0));
}

// As http::serve() does, without its waits.
class Reader {
 public:
  void feed(View bytes) {
    held_ += bytes;
    while (outcome.refusal == 0) {
      if (!body_) {
        auto read = http::read_request_head(held_);
        outcome.refusal = read.refusal;
        if (!read.head) return;
        check(*read.head);
        head_ = *std::move(read.head);
        held_.erase(0, head_.size);
        body_.emplace(head_, kBodyMax);
      }
      held_.erase(0, body_->take(held_));
      outcome.refusal = body_->refusal();
      if (outcome.refusal != 0 || !body_->is_whole()) return;
      Bytes body = body_->release();
      ASSERT(body.size() <= kBodyMax);
      ASSERT(!head_.content_length || body.size() == *head_.content_length);
      outcome.requests.push_back(head_.method + " " + head_.target + " " + body + (head_.keep_alive ? "+" : "-"));
      body_.reset();
    }
  }

  Outcome outcome;

 private:
  Bytes held_;
  http::RequestHead head_;
  std::optional<http::RequestBody> body_;
};

}  // namespace
}  // namespace helio

// The first byte chooses the cut: pieces of that size, or, above 60, one cut at four times what is above.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const helio::View wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  helio::Reader whole, cut;
  whole.feed(wire);
  const std::size_t first = data[0] > 60 ? (data[0] - 60u) * 4 : data[0] + 1u;
  const std::size_t piece = data[0] > 60 ? wire.size() + 1 : first;
  for (std::size_t at = 0; at < wire.size(); at += at == 0 ? first : piece) {
    cut.feed(wire.substr(at, at == 0 ? first : piece));
  }
  ASSERT(whole.outcome == cut.outcome);
  return 0;
}
