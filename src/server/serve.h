// server/serve.h: `heliograph serve`, from a data folder to a running server and back.
#pragma once
#include <filesystem>

#include "server/settings.h"

namespace helio::server {

// Runs until SIGTERM or SIGINT. Prints one line on standard output when clients can connect:
//   ready mtproto=127.0.0.1:4430 http=127.0.0.1:8080 pid=4711
// Returns the exit code; throws OwnerError for what the owner must mend.
int serve(const std::filesystem::path& data, const Settings& settings);

}  // namespace helio::server
