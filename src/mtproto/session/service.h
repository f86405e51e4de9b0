// mtproto/session/service.h: service messages, which are about the session itself: read, and written.
//
// Source: https://core.telegram.org/mtproto/service_messages, /mtproto/service_messages_about_messages. Foreign bytes.
#pragma once
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mtproto/salts.h"
#include "mtproto/session/link.h"

namespace helio::mtproto {

inline constexpr std::uint32_t kMsgsAckId = 0x62d6b459;

struct Ping {
  std::int64_t ping_id = 0;
  std::int32_t disconnect_delay = 0;  // Seconds; not above 0: none.
};
struct GetFutureSalts {
  std::int32_t count = 0;
};
struct StateRequest {
  std::vector<std::int64_t> msg_ids;
};
struct ResendRequest {
  std::vector<std::int64_t> msg_ids;
  bool answers = false;  // The ids are those of queries; what is meant are their answers.
};
struct DropAnswer {
  std::int64_t req_msg_id = 0;
};
struct DestroySession {
  std::int64_t session_id = 0;
};
struct DestroyAuthKey {};
struct Ignored {};  // What a client tells about our messages; what only a server says.

using Service = std::variant<Ping, GetFutureSalts, StateRequest, ResendRequest, DropAnswer, DestroySession,
                             DestroyAuthKey, HttpWait, Ignored>;

// Whether the constructor belongs to the session rather than to the floor above.
bool is_service(std::uint32_t id);
// nullopt when `body`, whose constructor is_service(), breaks its form.
std::optional<Service> parse_service(View body);

Bytes pong(std::int64_t msg_id, std::int64_t ping_id);
Bytes msgs_ack(const std::vector<std::int64_t>& msg_ids);
Bytes msgs_state_info(std::int64_t req_msg_id, View states);
Bytes msg_detailed_info(std::int64_t msg_id, std::int64_t answer_msg_id, std::int32_t bytes, std::int32_t status);
Bytes future_salts(std::int64_t req_msg_id, std::int32_t now, const std::vector<Salts::Salt>& salts);
Bytes new_session_created(std::int64_t first_msg_id, std::int64_t unique_id, std::int64_t salt);
Bytes bad_msg_notification(std::int64_t msg_id, std::int32_t seqno, int code);
Bytes bad_server_salt(std::int64_t msg_id, std::int32_t seqno, std::int64_t salt);
Bytes destroy_session_result(std::int64_t session_id, bool found);
Bytes destroy_auth_key_result(bool done);
Bytes rpc_error(const Error& error);
Bytes rpc_answer_unknown();
Bytes rpc_answer_dropped_running();
Bytes rpc_answer_dropped(std::int64_t msg_id, std::int32_t seqno, std::int32_t bytes);

}  // namespace helio::mtproto
