// api/auth/keys.cpp: temporary keys (perfect forward secrecy). https://core.telegram.org/api/pfs
#include "api/rows.h"
#include "tl/types/api/auth/bindTempAuthKey.h"
#include "tl/types/api/auth/dropTempAuthKeys.h"

namespace helio::api {
namespace {

Task<Result<bool>> bind_temp_auth_key(Call call, tl::auth::bindTempAuthKey request) {
  TempKeyBinding binding;
  binding.temp_auth_key_id = call.context().auth_key_id;
  binding.session_id = call.context().session_id;
  binding.msg_id = call.context().msg_id;
  binding.perm_auth_key_id = request.perm_auth_key_id;
  binding.nonce = request.nonce;
  binding.expires_at = request.expires_at;
  binding.encrypted_message = std::move(request.encrypted_message);
  CO_CHECK(co_await call.keys().bind_temp(std::move(binding)));
  co_return true;
}

Task<Result<bool>> drop_temp_auth_keys(Call call, tl::auth::dropTempAuthKeys request) {
  co_await call.keys().drop_temps(call.key(), std::move(request.except_auth_keys));
  co_return true;
}

constexpr Method kRows[] = {
    {.name = "auth.bindTempAuthKey", .run = method<bind_temp_auth_key>, .who = Who::kAnyone},
    {.name = "auth.dropTempAuthKeys", .run = method<drop_temp_auth_keys>, .who = Who::kKey},
};

}  // namespace

constinit const Methods kAuthKeys = kRows;

}  // namespace helio::api
