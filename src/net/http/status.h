// net/http/status.h: HTTP status codes in words (RFC 9110, 15). Pure.
#pragma once
#include "base/bytes.h"

namespace helio::net::http {

// The phrase after a status in an answer; empty for those that nothing here answers with.
View reason_of(int status);

}  // namespace helio::net::http
