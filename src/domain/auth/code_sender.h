// domain/auth/code_sender.h: how a login code reaches the owner of a number. server/ plugs a console, later e-mail.
#pragma once
#include <string>

#include "base/secret.h"
#include "base/tasks.h"

namespace helio::domain {

class CodeSender {
 public:
  virtual ~CodeSender() = default;
  // Returns when the code is on its way. Any core, several calls at once. `digits` are of the phone number.
  virtual Task<> send(Secret<std::string> digits, Secret<std::string> code, std::int32_t expires) = 0;
};

}  // namespace helio::domain
