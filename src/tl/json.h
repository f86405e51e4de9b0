// tl/json.h: what an object holds, for tests and their logs; never for users' data in the server's log.
//
// Form:    {"_": "peerUser", "user_id": "42"}: fields in the order of the struct, absent ones and flags that are off
// left
//          out; int and double as numbers, long as a string, bytes and int128 as hex, text as text.
#pragma once
#include <string>

#include "tl/object.h"

namespace helio::tl {

std::string to_json(const Object& object);

}  // namespace helio::tl
