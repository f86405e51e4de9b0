// mtproto/transport/detect.h: which transport a client chose, from the first bytes of its connection.
//
// Source: https://core.telegram.org/mtproto/mtproto-transports. Foreign bytes.
#pragma once
#include <cstdint>

#include "base/bytes.h"

namespace helio::mtproto {

inline constexpr std::uint32_t kAbridgedTag = 0xefefefef;  // One byte of it in the clear, four inside obfuscation.
inline constexpr std::uint32_t kIntermediateTag = 0xeeeeeeee;
inline constexpr std::uint32_t kPaddedTag = 0xdddddddd;

enum class Detected { kMore, kAbridged, kIntermediate, kPadded, kFull, kObfuscated, kHttp, kTls };

// What `first`, all that has arrived, is the beginning of; kMore while that cannot be told. Obfuscation is what nothing
// else can be, and needs its whole header of 64 bytes.
Detected detect(View first);

}  // namespace helio::mtproto
