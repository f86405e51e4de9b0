#include "api/api.h"

#include "api/cancellation.h"
#include "api/wrappers.h"
#include "base/assert.h"
#include "base/log.h"
#include "tl/decode.h"
#include "tl/errors.h"
#include "tl/mtproto.h"
#include "tl/types/mtproto/RpcError.h"

namespace helio::api {
namespace {

// How long invokeAfterMsg waits. Clients send both queries at once, so the first is here or on its way; but they chain
// dozens after a reconnect, a busy machine takes its time, and few get over MSG_WAIT_TIMEOUT without losing something.
constexpr seconds kAfterPatience{10};

Bytes rpc_error(const Error& error) {
  tl::mt::Rpc_error answer;
  answer.error_code = error.code;
  answer.error_message = text_of(error);
  return tl::encode_mtproto(answer);
}

// Who may call what. 401 makes clients log out: it is for those who are.
Result<> admit(Who who, const tl::record::Device* device) {
  if (who == Who::kAnyone) return {};
  if (!device) return fail(error::AUTH_KEY_PERM_EMPTY);
  if (who == Who::kKey) return {};
  if (device->user_id == 0) return fail(error::AUTH_KEY_UNREGISTERED);
  // There are no bots yet: whoever is signed in is a user.
  if (who == Who::kBots) return fail(error::USER_BOT_REQUIRED);
  return {};
}

}  // namespace

Api::Api(Services services, Settings settings)
    : services_(std::move(services)),
      settings_(std::move(settings)),
      pushes_(services_.domain, services_.cores, services_.clock) {}

Task<Bytes> Api::call(Context context, Bytes body) {
  // The one place where a broken machine becomes an answer: the client tries again later.
  try {
    auto result = co_await answer(std::move(context), std::move(body));
    co_return result ? *std::move(result) : rpc_error(result.error());
  } catch (const std::exception& broken) {
    if (is_cancellation(broken)) throw;
    log::error("api.call_failed", {{"what", broken.what()}});
  }
  co_return rpc_error(error::INTERNAL);
}

Task<Result<Bytes>> Api::answer(Context context, Bytes body) {
  CO_TRY(auto unwrapped, unwrap(std::move(body)));
  CO_TRY(auto request, tl::decode_method(unwrapped.query));
  const Method* method = table_.find(tl::id_of(*request.object()));
  const std::optional<std::int64_t> key = context.perm_auth_key_id;

  // What initConnection says counts even when the method is none of ours: clients do not say it again.
  Device device;
  if (key) device = co_await services_.domain.devices.get(*key);
  if (key && (unwrapped.layer || unwrapped.client)) {
    CO_CHECK(co_await remember_client(*key, device, unwrapped));
  }
  CO_CHECK(co_await wait_for(context.session, unwrapped.after));
  // The query that was waited for may have signed somebody in.
  if (key) device = co_await services_.domain.devices.get(*key);

  if (!method) co_return fail(error::METHOD_INVALID);
  CO_CHECK(admit(method->who, device.get()));

  const tl::Layer stored = device ? tl::served_layer(device->layer).value_or(tl::Layer{}) : tl::Layer{};
  tl::Layer layer = unwrapped.layer.value_or(stored);
  if (layer == tl::Layer{}) {
    // Nobody said which layer. What may be asked before initConnection is answered in the newest one.
    if (method->who != Who::kAnyone) co_return fail(error::CONNECTION_NOT_INITED);
    layer = tl::kNewestLayer;
  }

  // Before the method runs, so that nothing falls between what it answers and what is pushed.
  const bool follows = key && !unwrapped.without_updates;
  const domain::UserId before{device ? device->user_id : 0};
  if (follows && before) co_await follow_updates(context, before, layer);
  Call call({services_, settings_, context, layer, device});
  auto result = co_await method->run.call(std::move(call), std::move(request));

  if (!key) co_return result;
  device = co_await services_.domain.devices.get(*key);
  if (const domain::UserId after{device->user_id}; after != before) {
    // Somebody signed in or out: whoever was followed on this key is no longer its user.
    pushes_.close_all(*key);
    if (follows && after) co_await follow_updates(std::move(context), after, layer);
  }
  co_return result;
}

Task<Result<>> Api::remember_client(std::int64_t key, Device device, Unwrapped unwrapped) {
  const int layer = unwrapped.layer ? unwrapped.layer->number : device->layer;
  if (layer == 0) co_return fail(error::CONNECTION_LAYER_INVALID);
  domain::ClientInfo info{layer,
                          device->api_id,
                          device->device_model,
                          device->system_version,
                          device->app_version,
                          device->system_lang_code,
                          device->lang_pack,
                          device->lang_code};
  if (auto& client = unwrapped.client) {
    info.api_id = client->api_id;
    info.device_model = std::move(client->device_model);
    info.system_version = std::move(client->system_version);
    info.app_version = std::move(client->app_version);
    info.system_lang_code = std::move(client->system_lang_code);
    info.lang_pack = std::move(client->lang_pack);
    info.lang_code = std::move(client->lang_code);
  } else if (device->layer == 0) {
    co_return fail(error::CONNECTION_NOT_INITED);
  }
  co_return co_await services_.domain.devices.set_client(key, std::move(info));
}

Task<Result<>> Api::wait_for(std::shared_ptr<Session> session, std::vector<std::int64_t> msg_ids) {
  const Ticks deadline = services_.clock.ticks() + kAfterPatience;
  for (const std::int64_t msg_id : msg_ids) {
    switch (co_await session->outcome_of(msg_id, deadline)) {
      case Outcome::kDone: break;
      case Outcome::kFailed: co_return fail(error::MSG_WAIT_FAILED);
      case Outcome::kPending: co_return fail(error::MSG_WAIT_TIMEOUT);
    }
  }
  co_return Result<>{};
}

Task<> Api::follow_updates(Context context, domain::UserId user, tl::Layer layer) {
  const SessionKey session{*context.perm_auth_key_id, context.session_id};
  co_await pushes_.open(session, user, layer, std::move(context.session));
}

Task<> Api::key_destroyed(std::int64_t auth_key_id) {
  pushes_.close_all(auth_key_id);
  const auto done = co_await services_.domain.auth.log_out(auth_key_id);
  if (!done) log::error("api.key_destroyed_failed", {{"what", done.error().name}});
}

}  // namespace helio::api
