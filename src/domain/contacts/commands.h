// domain/contacts/commands.h: what a user's box does for its owner's address book (schema/records.tl, box.*).
#pragma once
#include <span>

#include "domain/box/command.h"

namespace helio::domain {

// box.putContacts.
std::span<const CommandKind> contact_commands();

}  // namespace helio::domain
