// domain/messages/commands.h: what a user's box does for messages (schema/records.tl, box.*).
#pragma once
#include <span>

#include "domain/box/command.h"

namespace helio::domain {

// box.sendMessage, readHistory, receive.
std::span<const CommandKind> message_commands();

}  // namespace helio::domain
