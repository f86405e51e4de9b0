// api/account/security.cpp: what protects an account. https://core.telegram.org/api/srp, /api/auth#session-invalidation
#include "api/rows.h"
#include "tl/types/api/Authorization.h"
#include "tl/types/api/Passkey.h"
#include "tl/types/api/PasswordKdfAlgo.h"
#include "tl/types/api/SecurePasswordKdfAlgo.h"
#include "tl/types/api/User.h"
#include "tl/types/api/WebAuthorization.h"
#include "tl/types/api/account/Authorizations.h"
#include "tl/types/api/account/Passkeys.h"
#include "tl/types/api/account/Password.h"
#include "tl/types/api/account/WebAuthorizations.h"
#include "tl/types/api/account/getAuthorizations.h"
#include "tl/types/api/account/getPasskeys.h"
#include "tl/types/api/account/getPassword.h"
#include "tl/types/api/account/getWebAuthorizations.h"

namespace helio::api {
namespace {

constexpr std::int32_t kSrpGenerator = 3;
constexpr std::size_t kSaltSize = 8, kSecureRandomSize = 256;

// Nobody has a password yet; clients check the algorithm they would make one with all the same.
Task<Result<tl::account::Password>> get_password(Call call, tl::account::getPassword) {
  tl::PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow algo;
  algo.salt1 = call.random().bytes(kSaltSize);
  algo.salt2 = call.random().bytes(2 * kSaltSize);
  algo.g = kSrpGenerator;
  algo.p = call.settings().srp_prime;
  tl::SecurePasswordKdfAlgoPBKDF2HMACSHA512iter100000 secure;
  secure.salt = call.random().bytes(kSaltSize);
  tl::account::Password answer;
  answer.new_algo = std::move(algo);
  answer.new_secure_algo = std::move(secure);
  answer.secure_random = call.random().bytes(kSecureRandomSize);
  co_return answer;
}

// The device that asks. The others are not listed yet: who is signed in where is known by key, not by user.
Task<Result<tl::account::Authorizations>> get_authorizations(Call call, tl::account::getAuthorizations) {
  const auto& device = call.device();
  tl::Authorization current;
  current.current = true;  // And its hash is 0.
  current.device_model = device.device_model;
  current.system_version = device.system_version;
  current.app_version = device.app_version;
  current.api_id = device.api_id;
  current.date_created = device.signed_in;
  current.date_active = call.now();
  current.ip = call.context().remote_ip;
  tl::account::Authorizations answer;
  answer.authorization_ttl_days = 365;
  answer.authorizations.push_back(std::move(current));
  co_return answer;
}

constexpr Method kRows[] = {
    {.name = "account.getAuthorizations", .run = method<get_authorizations>},
    {.name = "account.getPasskeys", .run = always<tl::account::getPasskeys, tl::account::Passkeys>},
    {.name = "account.getPassword", .run = method<get_password>},
    {.name = "account.getWebAuthorizations",
     .run = always<tl::account::getWebAuthorizations, tl::account::WebAuthorizations>},
};

}  // namespace

constinit const Methods kAccountSecurity = kRows;

}  // namespace helio::api
