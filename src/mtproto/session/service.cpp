#include "mtproto/session/service.h"

#include <algorithm>

#include "tl/mtproto.h"
#include "tl/types/mtproto/BadMsgNotification.h"
#include "tl/types/mtproto/DestroyAuthKeyRes.h"
#include "tl/types/mtproto/DestroySessionRes.h"
#include "tl/types/mtproto/FutureSalt.h"
#include "tl/types/mtproto/FutureSalts.h"
#include "tl/types/mtproto/HttpWait.h"
#include "tl/types/mtproto/MsgDetailedInfo.h"
#include "tl/types/mtproto/MsgResendReq.h"
#include "tl/types/mtproto/MsgsAck.h"
#include "tl/types/mtproto/MsgsAllInfo.h"
#include "tl/types/mtproto/MsgsStateInfo.h"
#include "tl/types/mtproto/MsgsStateReq.h"
#include "tl/types/mtproto/NewSession.h"
#include "tl/types/mtproto/Pong.h"
#include "tl/types/mtproto/RpcDropAnswer.h"
#include "tl/types/mtproto/RpcError.h"
#include "tl/types/mtproto/destroy_auth_key.h"
#include "tl/types/mtproto/destroy_session.h"
#include "tl/types/mtproto/get_future_salts.h"
#include "tl/types/mtproto/ping.h"
#include "tl/types/mtproto/ping_delay_disconnect.h"
#include "tl/types/mtproto/rpc_drop_answer.h"

namespace helio::mtproto {

namespace mt = tl::mt;

static_assert(kMsgsAckId == mt::Msgs_ack::kId);

namespace {

// Described with the others, but missing in every schema: msg_resend_ans_req msg_ids:Vector<long> = MsgResendReq.
constexpr std::uint32_t kResendAnswersId = 0x8610baeb;

milliseconds clamped_wait(std::int32_t asked) {
  constexpr std::int32_t kWaitMax = 25'000;
  return milliseconds(std::clamp(asked, 0, kWaitMax));
}

// As msg_resend_req, which has the same fields.
std::optional<Service> parse_resend_answers(View body) {
  Bytes same(body);
  store_le(same.data(), mt::Msg_resend_req::kId);
  const auto object = tl::decode_mtproto(same);
  const auto* resend = object ? tl::as<mt::Msg_resend_req>(*object) : nullptr;
  if (!resend) return std::nullopt;
  return ResendRequest{.msg_ids = resend->msg_ids, .answers = true};
}

}  // namespace

bool is_service(std::uint32_t id) {
  switch (id) {
    case mt::ping::kId:
    case mt::ping_delay_disconnect::kId:
    case mt::get_future_salts::kId:
    case mt::Msgs_ack::kId:
    case mt::Msgs_state_req::kId:
    case mt::Msgs_state_info::kId:
    case mt::Msgs_all_info::kId:
    case mt::Msg_detailed_info::kId:
    case mt::Msg_new_detailed_info::kId:
    case mt::Msg_resend_req::kId:
    case kResendAnswersId:
    case mt::rpc_drop_answer::kId:
    case mt::destroy_session::kId:
    case mt::destroy_auth_key::kId:
    case mt::Http_wait::kId: return true;
    default: return false;
  }
}

std::optional<Service> parse_service(View body) {
  if (load_le<std::uint32_t>(body.data()) == kResendAnswersId) return parse_resend_answers(body);
  const auto object = tl::decode_mtproto(body);
  if (!object) return std::nullopt;
  if (const auto* ping = tl::as<mt::ping>(*object)) return Ping{.ping_id = ping->ping_id};
  if (const auto* ping = tl::as<mt::ping_delay_disconnect>(*object)) return Ping{ping->ping_id, ping->disconnect_delay};
  if (const auto* salts = tl::as<mt::get_future_salts>(*object)) return GetFutureSalts{salts->num};
  if (const auto* state = tl::as<mt::Msgs_state_req>(*object)) return StateRequest{state->msg_ids};
  if (const auto* resend = tl::as<mt::Msg_resend_req>(*object)) return ResendRequest{.msg_ids = resend->msg_ids};
  if (const auto* drop = tl::as<mt::rpc_drop_answer>(*object)) return DropAnswer{drop->req_msg_id};
  if (const auto* destroy = tl::as<mt::destroy_session>(*object)) return DestroySession{destroy->session_id};
  if (tl::as<mt::destroy_auth_key>(*object)) return DestroyAuthKey{};
  if (const auto* wait = tl::as<mt::Http_wait>(*object)) {
    return HttpWait{.max_delay = clamped_wait(wait->max_delay),
                    .wait_after = clamped_wait(wait->wait_after),
                    .max_wait = clamped_wait(wait->max_wait)};
  }
  return Ignored{};
}

Bytes pong(std::int64_t msg_id, std::int64_t ping_id) {
  mt::Pong answer;
  answer.msg_id = msg_id;
  answer.ping_id = ping_id;
  return tl::encode_mtproto(answer);
}

Bytes msgs_ack(const std::vector<std::int64_t>& msg_ids) {
  mt::Msgs_ack ack;
  ack.msg_ids = msg_ids;
  return tl::encode_mtproto(ack);
}

Bytes msgs_state_info(std::int64_t req_msg_id, View states) {
  mt::Msgs_state_info info;
  info.req_msg_id = req_msg_id;
  info.info = states;
  return tl::encode_mtproto(info);
}

Bytes msg_detailed_info(std::int64_t msg_id, std::int64_t answer_msg_id, std::int32_t bytes, std::int32_t status) {
  mt::Msg_detailed_info info;
  info.msg_id = msg_id;
  info.answer_msg_id = answer_msg_id;
  info.bytes = bytes;
  info.status = status;
  return tl::encode_mtproto(info);
}

Bytes future_salts(std::int64_t req_msg_id, std::int32_t now, const std::vector<Salts::Salt>& salts) {
  mt::Future_salts answer;
  answer.req_msg_id = req_msg_id;
  answer.now = now;
  for (const Salts::Salt& salt : salts) {
    mt::Future_salt one;
    one.valid_since = salt.since;
    one.valid_until = salt.until;
    one.salt = salt.value;
    answer.salts.push_back(std::move(one));
  }
  return tl::encode_mtproto(answer);
}

Bytes new_session_created(std::int64_t first_msg_id, std::int64_t unique_id, std::int64_t salt) {
  mt::New_session_created created;
  created.first_msg_id = first_msg_id;
  created.unique_id = unique_id;
  created.server_salt = salt;
  return tl::encode_mtproto(created);
}

Bytes bad_msg_notification(std::int64_t msg_id, std::int32_t seqno, int code) {
  mt::Bad_msg_notification notification;
  notification.bad_msg_id = msg_id;
  notification.bad_msg_seqno = seqno;
  notification.error_code = code;
  return tl::encode_mtproto(notification);
}

Bytes bad_server_salt(std::int64_t msg_id, std::int32_t seqno, std::int64_t salt) {
  constexpr int kBadSalt = 48;
  mt::Bad_server_salt notification;
  notification.bad_msg_id = msg_id;
  notification.bad_msg_seqno = seqno;
  notification.error_code = kBadSalt;
  notification.new_server_salt = salt;
  return tl::encode_mtproto(notification);
}

Bytes destroy_session_result(std::int64_t session_id, bool found) {
  mt::Destroy_session_ok ok;
  mt::Destroy_session_none none;
  ok.session_id = none.session_id = session_id;
  return found ? tl::encode_mtproto(ok) : tl::encode_mtproto(none);
}

Bytes destroy_auth_key_result(bool done) {
  return done ? tl::encode_mtproto(mt::Destroy_auth_key_ok()) : tl::encode_mtproto(mt::Destroy_auth_key_fail());
}

Bytes rpc_error(const Error& error) {
  mt::Rpc_error answer;
  answer.error_code = error.code;
  answer.error_message = text_of(error);
  return tl::encode_mtproto(answer);
}

Bytes rpc_answer_unknown() {
  return tl::encode_mtproto(mt::Rpc_answer_unknown());
}

Bytes rpc_answer_dropped_running() {
  return tl::encode_mtproto(mt::Rpc_answer_dropped_running());
}

Bytes rpc_answer_dropped(std::int64_t msg_id, std::int32_t seqno, std::int32_t bytes) {
  mt::Rpc_answer_dropped dropped;
  dropped.msg_id = msg_id;
  dropped.seq_no = seqno;
  dropped.bytes = bytes;
  return tl::encode_mtproto(dropped);
}

}  // namespace helio::mtproto
