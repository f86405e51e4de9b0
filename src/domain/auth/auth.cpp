#include "domain/auth/auth.h"

#include "crypto/hmac.h"
#include "domain/box/record.h"
#include "domain/users/name.h"
#include "domain/users/phone.h"
#include "domain/users/user_id.h"
#include "tl/errors.h"
#include "tl/types/records/Code.h"
#include "tl/types/records/CodeCheck.h"
#include "tl/types/records/Created.h"
#include "tl/types/records/NumberOwner.h"
#include "tl/types/records/box/create.h"
#include "tl/types/records/number/addCode.h"
#include "tl/types/records/number/checkCode.h"
#include "tl/types/records/number/claim.h"
#include "tl/types/records/number/dropCode.h"

namespace helio::domain {

namespace {

constexpr std::int32_t kCodeSeconds = 5 * 60;
constexpr std::size_t kHashSize = 16;  // Random bytes; clients carry it as text, so it travels as hex.
constexpr int kUserIdAttempts = 10;

}  // namespace

Auth::Auth(Boxes& boxes, Users& users, Devices& devices, Clock& clock, std::function<Random&()> random,
           CodeSender& sender, Secret<Bytes> key, AuthSettings settings)
    : boxes_(boxes),
      users_(users),
      devices_(devices),
      clock_(clock),
      random_(std::move(random)),
      sender_(sender),
      key_(std::move(key)),
      settings_(settings) {}

Bytes Auth::proof(std::string_view digits, View hash, std::string_view code) const {
  // None of the parts holds a comma but the code, and that is the last.
  const Bytes what = Bytes("code,").append(digits).append(",").append(hash).append(",").append(code);
  const auto mac = crypto::hmac_sha256(key_.reveal(), what);
  return Bytes(mac.data(), mac.size());
}

std::string Auth::new_code(std::string_view digits) {
  if (has_fixed_code(digits)) return std::string(kCodeLength, digits[5]);
  std::string code;
  for (int i = 0; i < kCodeLength; ++i) code.push_back(static_cast<char>('0' + random_().below(10)));
  return code;
}

bool Auth::has_fixed_code(std::string_view digits) const {
  return settings_.test_numbers && is_test_number(digits);
}

Task<Result<SentCode>> Auth::send_code(std::int64_t auth_key, std::string phone) {
  const auto digits = normal_phone(phone);
  if (!digits) co_return fail(error::PHONE_NUMBER_INVALID);

  const SentCode sent{
      .phone_code_hash = to_hex(random_().bytes(kHashSize)), .length = kCodeLength, .timeout = kCodeSeconds};
  const Secret<std::string> code(new_code(*digits));
  tl::record::Code stored;
  stored.hash = sent.phone_code_hash;
  stored.auth_key = auth_key;
  stored.proof = proof(*digits, sent.phone_code_hash, code.reveal());
  stored.expires = clock_.unixtime() + kCodeSeconds;
  const std::int32_t expires = stored.expires;
  tl::number::addCode command;
  command.code = std::move(stored);
  CO_CHECK(co_await boxes_.run(number_partition(*digits), std::move(command)));

  if (!has_fixed_code(*digits)) co_await sender_.send(Secret<std::string>(*digits), code, expires);
  co_return sent;
}

Task<Result<std::variant<UserId, SignUpRequired>>> Auth::sign_in(std::int64_t auth_key, std::string phone,
                                                                 Bytes phone_code_hash, Secret<std::string> code) {
  const auto digits = normal_phone(phone);
  if (!digits) co_return fail(error::PHONE_NUMBER_INVALID);
  if (code.reveal().empty()) co_return fail(error::PHONE_CODE_EMPTY);

  tl::number::checkCode command;
  command.hash = phone_code_hash;
  command.auth_key = auth_key;
  command.proof = proof(*digits, phone_code_hash, code.reveal());
  command.now = clock_.unixtime();
  CO_TRY(const auto check, co_await boxes_.run(number_partition(*digits), std::move(command)));

  std::variant<UserId, SignUpRequired> answer = SignUpRequired();
  if (tl::as<tl::record::CodeWrong>(check)) co_return fail(error::PHONE_CODE_INVALID);
  if (tl::as<tl::record::CodeExpired>(check)) {
    // A client that never saw our answer signs in again with a code that is used up by now.
    const UserId user = co_await user_on(auth_key, *digits);
    if (!user) co_return fail(error::PHONE_CODE_EXPIRED);
    answer = user;
    co_return answer;
  }
  const auto* right = tl::as<tl::record::CodeRight>(check);
  ASSERT(right);
  if (!right->owner) co_return answer;
  const UserId owner{*right->owner};
  // A sign-up may have been cut off after it claimed the number: there is an owner but nobody home.
  const auto profile = co_await users_.find(owner);
  if (!profile) co_return answer;
  CO_CHECK(co_await enter(auth_key, owner, *digits, phone_code_hash));
  answer = owner;
  co_return answer;
}

Task<Result<UserId>> Auth::sign_up(std::int64_t auth_key, std::string phone, Bytes phone_code_hash,
                                   std::string first_name, std::string last_name) {
  const auto digits = normal_phone(phone);
  if (!digits) co_return fail(error::PHONE_NUMBER_INVALID);
  tl::record::Profile profile;
  profile.phone = *digits;
  profile.first_name = clean_name(first_name);
  profile.last_name = clean_name(last_name);
  profile.created = clock_.unixtime();
  if (profile.first_name.empty()) co_return fail(error::FIRSTNAME_INVALID);
  if (!settings_.registration_open && !has_fixed_code(*digits)) co_return fail(error::SIGNUP_CLOSED);

  auto user = co_await make_user(std::move(profile), phone_code_hash, auth_key);
  if (!user) {
    const UserId signed_in = co_await user_on(auth_key, *digits);  // As in sign_in().
    if (signed_in) co_return signed_in;
    co_return fail(user.error());
  }
  CO_CHECK(co_await enter(auth_key, *user, *digits, phone_code_hash));
  co_return *user;
}

// First the number gets its owner, then the owner a box. Whoever comes later, after a crash or beside us, finds the
// owner's number there and completes the same user.
Task<Result<UserId>> Auth::make_user(tl::record::Profile profile, Bytes hash, std::int64_t auth_key) {
  UserId taken;
  for (int attempt = 0; attempt < kUserIdAttempts; ++attempt) {
    tl::number::claim claim;
    claim.hash = hash;
    claim.auth_key = auth_key;
    claim.now = clock_.unixtime();
    claim.user_id = random_user_id(random_()).value;
    claim.instead_of = taken.value;
    CO_TRY(auto claimed, co_await boxes_.run(number_partition(profile.phone), std::move(claim)));
    const UserId user{answer_of<tl::record::NumberOwner>(std::move(claimed)).user_id};

    profile.user_id = user.value;
    tl::box::create create;
    create.profile = profile;
    CO_TRY(auto created, co_await boxes_.run(user, std::move(create)));
    if (!answer_of<tl::record::Created>(std::move(created)).taken) co_return user;
    taken = user;
  }
  co_return fail(error::INTERNAL);
}

// The device is signed in before its code goes: a client that is cut off in between comes again with the same code.
Task<Result<>> Auth::enter(std::int64_t auth_key, UserId user, std::string digits, Bytes hash) {
  CO_CHECK(co_await devices_.sign_in(auth_key, user, clock_.unixtime()));
  tl::number::dropCode drop;
  drop.hash = std::move(hash);
  CO_CHECK(co_await boxes_.run(number_partition(digits), std::move(drop)));
  co_return Result<>();
}

Task<UserId> Auth::user_on(std::int64_t auth_key, std::string digits) {
  const auto device = co_await devices_.get(auth_key);
  const UserId user{device->user_id};
  if (!user) co_return UserId();
  const auto profile = co_await users_.find(user);
  co_return profile && profile->phone == digits ? user : UserId();
}

Task<Result<>> Auth::log_out(std::int64_t auth_key) {
  return devices_.sign_out(auth_key);
}

}  // namespace helio::domain
