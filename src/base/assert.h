// base/assert.h: ASSERT(x) states what must be true, and stays on in release.
//
// For bugs of ours only. What a client, a network or a disk sends is never asserted: it is a Result or an exception.
#pragma once

namespace helio {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;
}

#define ASSERT(condition)                                      \
  (__builtin_expect(static_cast<bool>(condition), 1) ? void(0) \
                                                     : ::helio::assertion_failed(#condition, __FILE__, __LINE__))
