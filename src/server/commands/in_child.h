// server/commands/in_child.h: work in a folder that is gone afterwards, however the work ends.
//
// The work is done by a child process in a new folder. This process waits for it, takes Ctrl-C and SIGTERM for it, and
// removes the folder when nobody writes there any more. Only a kill -9 of this process leaves the folder; the child
// ends with it.
#pragma once
#include <filesystem>
#include <functional>

namespace helio::server::commands {

// The exit code of the work, or 128 and the signal that ended it. Call it before the process has threads. `parent`:
// where the folder is made. Throws OwnerError; what the work throws ends in a sentence of the child, and 1.
int in_child(const std::filesystem::path& parent, const std::function<int(const std::filesystem::path& folder)>& work);

}  // namespace helio::server::commands
