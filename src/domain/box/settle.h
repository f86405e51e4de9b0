// domain/box/settle.h: the command that every box understands.
#pragma once
#include <span>

#include "domain/box/command.h"

namespace helio::domain {

// box.settle: stores the cursor of delivered effects, where the box has one.
std::span<const CommandKind> settle_commands();

}  // namespace helio::domain
