// net/http/request_body.h: the body that follows a request's head, by length or in chunks. Pure: no stream, no wait.
//
// Source: RFC 9112, 6 and 7. Foreign bytes. Nothing is reserved for a declared length: memory grows with what arrives.
// Chunk extensions and trailers, which nobody needs and others read in other ways, are refused.
#pragma once
#include "net/http/request_head.h"

namespace helio::net::http {

class RequestBody {
 public:
  RequestBody(const RequestHead& head, std::size_t size_max);

  // Takes what belongs to the body and returns its length; it stops at the end of the body and at a refusal.
  std::size_t take(View bytes);

  bool is_whole() const { return expected_ == Part::kNothing && left_ == 0; }
  int refusal() const { return refusal_; }  // The status to answer with before closing, or 0.
  Bytes release() { return std::move(bytes_); }

 private:
  enum class Part { kNothing, kChunkSize, kChunkEnd, kLastEnd };  // The line that follows the next `left_` bytes.

  void take_line(View line);

  Part expected_ = Part::kNothing;
  int refusal_ = 0;
  std::uint64_t left_ = 0;
  std::size_t size_max_;
  Bytes line_, bytes_;
};

}  // namespace helio::net::http
