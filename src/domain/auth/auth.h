// domain/auth/auth.h: getting in: a code sent to a phone number, then sign-in or sign-up.
// https://core.telegram.org/api/auth
//
// A code lives 5 minutes, bears 5 guesses, belongs to one number and one auth key. A guess is counted durably before
// anybody learns whether it was right. At rest there is only a keyed hash of it.
// Sign-up survives a crash at any point: first the phone number gets its user id, then the user's box is made;
// repeating the call completes what is missing.
//
// Errors:  400 PHONE_NUMBER_INVALID, PHONE_CODE_EMPTY, PHONE_CODE_INVALID, PHONE_CODE_EXPIRED, FIRSTNAME_INVALID;
//          403 SIGNUP_CLOSED (ours). Of the store as domain/box/boxes.h says.
// Threads: any core.
#pragma once
#include <functional>
#include <variant>

#include "base/random.h"
#include "domain/auth/code_sender.h"
#include "domain/auth/devices.h"
#include "domain/box/boxes.h"
#include "domain/users/users.h"

namespace helio::domain {

inline constexpr int kCodeLength = 6;

struct AuthSettings {
  bool registration_open = false;  // Whether strangers may sign up.
  bool test_numbers = false;       // 99966XYYYY take the code XXXXXX and may always sign up.
};

struct SentCode {
  Bytes phone_code_hash;
  int length = kCodeLength;
  std::int32_t timeout = 0;  // Seconds the code is good for.
};

struct SignUpRequired {};

class Auth {
 public:
  // `random` gives the calling core's source. `key` makes the hashes of codes.
  Auth(Boxes& boxes, Users& users, Devices& devices, Clock& clock, std::function<Random&()> random, CodeSender& sender,
       Secret<Bytes> key, AuthSettings settings);

  Task<Result<SentCode>> send_code(std::int64_t auth_key, std::string phone);
  // The device is signed in when a UserId comes back. SignUpRequired: the number is nobody's; sign_up with the same
  // hash.
  Task<Result<std::variant<UserId, SignUpRequired>>> sign_in(std::int64_t auth_key, std::string phone,
                                                             Bytes phone_code_hash, Secret<std::string> code);
  Task<Result<UserId>> sign_up(std::int64_t auth_key, std::string phone, Bytes phone_code_hash, std::string first_name,
                               std::string last_name);
  Task<Result<>> log_out(std::int64_t auth_key);

 private:
  Bytes proof(std::string_view digits, View hash, std::string_view code) const;
  std::string new_code(std::string_view digits);
  bool has_fixed_code(std::string_view digits) const;
  Task<Result<UserId>> make_user(tl::record::Profile profile, Bytes hash, std::int64_t auth_key);
  Task<Result<>> enter(std::int64_t auth_key, UserId user, std::string digits, Bytes hash);
  // Who is signed in on the device, if it is the owner of the number; else nobody.
  Task<UserId> user_on(std::int64_t auth_key, std::string digits);

  Boxes& boxes_;
  Users& users_;
  Devices& devices_;
  Clock& clock_;
  std::function<Random&()> random_;
  CodeSender& sender_;
  Secret<Bytes> key_;
  AuthSettings settings_;
};

}  // namespace helio::domain
