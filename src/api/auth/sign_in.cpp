// api/auth/sign_in.cpp: getting in with a code sent to a phone number, and out again.
// https://core.telegram.org/api/auth
#include "api/render/people.h"
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/CodeSettings.h"
#include "tl/types/api/EmailVerification.h"
#include "tl/types/api/auth/Authorization.h"
#include "tl/types/api/auth/LoggedOut.h"
#include "tl/types/api/auth/SentCode.h"
#include "tl/types/api/auth/SentCodeType.h"
#include "tl/types/api/auth/logOut.h"
#include "tl/types/api/auth/resendCode.h"
#include "tl/types/api/auth/sendCode.h"
#include "tl/types/api/auth/signIn.h"
#include "tl/types/api/auth/signUp.h"

namespace helio::api {
namespace {

// How the code travels is the operator's choice (domain/auth/code_sender.h); of what clients know, a text message is
// nearest: a code from outside, to be typed in.
tl::auth::SentCode sent_code(domain::SentCode sent) {
  tl::auth::SentCodeTypeSms type;
  type.length = sent.length;
  tl::auth::SentCode answer;
  answer.type = type;
  answer.phone_code_hash = std::move(sent.phone_code_hash);
  return answer;
}

Task<Result<tl::auth::SentCode>> send_code(Call call, tl::auth::sendCode request) {
  // Ids are given out by nobody here: any will do, but a client without one is broken.
  if (request.api_id <= 0) co_return fail(error::API_ID_INVALID);
  CO_TRY(auto sent, co_await call.domain().auth.send_code(call.key(), std::move(request.phone_number)));
  co_return sent_code(std::move(sent));
}

// A new code by the same way; the one before stays good until it expires.
Task<Result<tl::auth::SentCode>> resend_code(Call call, tl::auth::resendCode request) {
  CO_TRY(auto sent, co_await call.domain().auth.send_code(call.key(), std::move(request.phone_number)));
  co_return sent_code(std::move(sent));
}

Task<tl::auth::Authorization> authorization(domain::UserId user, Call call) {
  tl::auth::Authorization answer;
  answer.user = co_await render::user(user, user, call.domain());
  co_return answer;
}

Task<Result<tl::Box<tl::auth::TypeAuthorization>>> sign_in(Call call, tl::auth::signIn request) {
  if (!request.phone_code) co_return fail(error::PHONE_CODE_EMPTY);
  Secret<std::string> code(*std::move(request.phone_code));
  CO_TRY(const auto found, co_await call.domain().auth.sign_in(call.key(), std::move(request.phone_number),
                                                               std::move(request.phone_code_hash), std::move(code)));
  const auto* user = std::get_if<domain::UserId>(&found);
  if (!user) co_return tl::auth::AuthorizationSignUpRequired{};
  co_return co_await authorization(*user, call);
}

Task<Result<tl::Box<tl::auth::TypeAuthorization>>> sign_up(Call call, tl::auth::signUp request) {
  CO_TRY(const auto user, co_await call.domain().auth.sign_up(
                              call.key(), std::move(request.phone_number), std::move(request.phone_code_hash),
                              std::move(request.first_name), std::move(request.last_name)));
  co_return co_await authorization(user, call);
}

Task<Result<tl::auth::LoggedOut>> log_out(Call call, tl::auth::logOut) {
  CO_CHECK(co_await call.domain().auth.log_out(call.key()));
  co_return tl::auth::LoggedOut{};
}

constexpr Method kRows[] = {
    {.name = "auth.logOut", .run = method<log_out>, .who = Who::kUsersAndBots},
    {.name = "auth.resendCode", .run = method<resend_code>, .who = Who::kKey},
    {.name = "auth.sendCode", .run = method<send_code>, .who = Who::kKey},
    {.name = "auth.signIn", .run = method<sign_in>, .who = Who::kKey},
    {.name = "auth.signUp", .run = method<sign_up>, .who = Who::kKey},
};

}  // namespace

constinit const Methods kAuthSignIn = kRows;

}  // namespace helio::api
