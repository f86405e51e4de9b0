// server/admin/call.h: sends one command to the server that runs on a data folder (server/admin/listener.h).
#pragma once
#include <filesystem>
#include <string>

#include "server/admin/listener.h"

namespace helio::server::admin {

// `line`: the command and its arguments. A server that cannot be reached gives a Reply that says so.
Reply call(const std::filesystem::path& socket, const std::string& line);

}  // namespace helio::server::admin
