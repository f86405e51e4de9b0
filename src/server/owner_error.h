// server/owner_error.h: what stops the server and only its owner can mend. One sentence that says what to do; exit
// code 1.
#pragma once
#include <stdexcept>

namespace helio::server {

struct OwnerError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace helio::server
