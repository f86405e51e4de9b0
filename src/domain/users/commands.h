// domain/users/commands.h: what a user's box does for its owner's person (schema/records.tl, box.*).
#pragma once
#include <span>

#include "domain/box/command.h"

namespace helio::domain {

// box.create.
std::span<const CommandKind> user_commands();

}  // namespace helio::domain
