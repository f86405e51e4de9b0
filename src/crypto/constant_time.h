// crypto/constant_time.h: comparing secrets in a time that tells nothing about them.
#pragma once
#include "crypto/fixed.h"

namespace helio::crypto {

// Whether both have the same bytes. Their lengths may be told by the time, what is in them may not.
bool equal_constant_time(View a, View b);

// All bits set when `a` equals `b`, none otherwise: lets a loop pick a result without a branch.
std::uint32_t equal_mask(View a, View b);

}  // namespace helio::crypto
