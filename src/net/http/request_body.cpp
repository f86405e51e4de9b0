#include "net/http/request_body.h"

#include <algorithm>
#include <charconv>

namespace helio::net::http {

RequestBody::RequestBody(const RequestHead& head, std::size_t size_max) : size_max_(size_max) {
  if (head.chunked) expected_ = Part::kChunkSize;
  left_ = head.content_length.value_or(0);
  if (left_ > size_max) refusal_ = 413;
}

std::size_t RequestBody::take(View bytes) {
  constexpr std::size_t kLineMax = 10;  // Eight digits and their end.
  std::size_t taken = 0;
  while (refusal_ == 0 && !is_whole() && taken < bytes.size()) {
    if (left_ > 0) {
      const View part = bytes.substr(taken, left_);
      bytes_ += part;
      left_ -= part.size();
      taken += part.size();
      continue;
    }
    line_ += bytes[taken++];
    if (line_.back() == '\n') {
      take_line(line_);
      line_.clear();
    } else if (line_.size() == kLineMax) {
      refusal_ = 400;
    }
  }
  return taken;
}

void RequestBody::take_line(View line) {
  refusal_ = 400;
  if (!line.ends_with("\r\n")) return;
  line.remove_suffix(2);
  if (expected_ == Part::kChunkSize) {
    std::uint32_t size = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (error != std::errc() || end != line.data() + line.size()) return;
    refusal_ = size > size_max_ - bytes_.size() ? 413 : 0;
    left_ = size;
    expected_ = size > 0 ? Part::kChunkEnd : Part::kLastEnd;
  } else if (line.empty()) {
    refusal_ = 0;
    expected_ = expected_ == Part::kChunkEnd ? Part::kChunkSize : Part::kNothing;
  }
}

}  // namespace helio::net::http
