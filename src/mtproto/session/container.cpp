#include "mtproto/session/container.h"

#include "base/gzip.h"
#include "tl/reader.h"

namespace helio::mtproto {

std::optional<Container> parse_container(View body) {
  tl::Reader in(body);
  in.u32();
  const std::uint32_t count = in.u32();
  Container container{.too_many = count > kContainerMessagesMax, .messages = {}};
  if (!in.ok()) return std::nullopt;
  if (container.too_many) return container;

  container.messages.reserve(std::min<std::size_t>(count, in.left() / 16));
  for (std::uint32_t i = 0; i < count; ++i) {
    InnerMessage message;
    message.msg_id = in.i64();
    message.seqno = in.i32();
    const std::uint32_t size = in.u32();
    message.body = in.raw(size);
    if (!in.ok() || size % 4 != 0 || constructor_of(message.body) == kMsgContainerId) return std::nullopt;
    container.messages.push_back(message);
  }
  if (in.left() != 0) return std::nullopt;
  return container;
}

void append_container_header(Bytes& out, std::size_t messages) {
  append_le(out, kMsgContainerId);
  append_le(out, static_cast<std::uint32_t>(messages));
}

void append_inner(Bytes& out, std::int64_t msg_id, std::int32_t seqno, View body) {
  append_le(out, msg_id);
  append_le(out, seqno);
  append_le(out, static_cast<std::uint32_t>(body.size()));
  out += body;
}

std::optional<Bytes> unpack(View body, std::size_t size_max) {
  tl::Reader in(body);
  in.u32();
  const View packed = in.string();
  if (!in.ok() || in.left() != 0) return std::nullopt;
  auto plain = gunzip(packed, size_max);
  if (!plain || plain->size() % 4 != 0) return std::nullopt;
  const std::uint32_t id = constructor_of(*plain);
  if (id == kGzipPackedId || id == kMsgContainerId) return std::nullopt;
  return plain;
}

Bytes rpc_result(std::int64_t req_msg_id, View answer) {
  Bytes result;
  result.reserve(12 + answer.size());
  append_le(result, kRpcResultId);
  append_le(result, req_msg_id);
  result += answer;
  return result;
}

}  // namespace helio::mtproto
