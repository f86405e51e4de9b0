// mtproto/session/container.h: the envelopes inside an encrypted message: containers, packed and answering ones.
//
// These carry opaque bodies, so they are taken apart by hand; everything else of MTProto goes through tl/mtproto.h.
// Source: https://core.telegram.org/mtproto/service_messages#simple-container. Foreign bytes.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace helio::mtproto {

inline constexpr std::uint32_t kMsgContainerId = 0x73f1f8dc;
inline constexpr std::uint32_t kRpcResultId = 0xf35c6d01;
inline constexpr std::uint32_t kRpcErrorId = 0x2144ca19;
inline constexpr std::uint32_t kGzipPackedId = 0x3072cfa1;

inline constexpr std::size_t kContainerMessagesMax = 1024;

// The constructor that `body` begins with; 0 for a body too short to have one.
inline std::uint32_t constructor_of(View body) {
  return body.size() < 4 ? 0 : load_le<std::uint32_t>(body.data());
}

struct InnerMessage {
  std::int64_t msg_id = 0;
  std::int32_t seqno = 0;
  View body;  // Of a multiple of 4 bytes.
};

struct Container {
  bool too_many = false;  // More than kContainerMessagesMax are claimed; `messages` is empty.
  std::vector<InnerMessage> messages;
};

// `body` begins with kMsgContainerId. nullopt unless its messages fill it exactly, none of them a container.
std::optional<Container> parse_container(View body);

void append_container_header(Bytes& out, std::size_t messages);
void append_inner(Bytes& out, std::int64_t msg_id, std::int32_t seqno, View body);

// What is packed in `body`, which begins with kGzipPackedId; nullopt when it is damaged, longer than `size_max`, or is
// itself packed or a container.
std::optional<Bytes> unpack(View body, std::size_t size_max);

// rpc_result around an encoded answer.
Bytes rpc_result(std::int64_t req_msg_id, View answer);

}  // namespace helio::mtproto
