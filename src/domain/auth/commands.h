// domain/auth/commands.h: what phone numbers and devices do (schema/records.tl, number.* and device.*).
#pragma once
#include <span>

#include "domain/box/command.h"

namespace helio::domain {

inline constexpr std::int32_t kGuessesMax = 5;
inline constexpr std::size_t kCodesMax = 5;              // Of one number, at a time: the oldest makes room.
inline constexpr std::int32_t kSignUpSeconds = 15 * 60;  // Between the right code and the name of a new user.

// number.addCode, checkCode, claim, dropCode.
std::span<const CommandKind> number_commands();
// device.signIn, setClient, signOut.
std::span<const CommandKind> device_commands();

}  // namespace helio::domain
