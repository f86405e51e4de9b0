// server/admin/call.h: sends one command to the server that runs on a data folder (server/admin/listener.h).
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/admin/listener.h"

namespace helio::server::admin {

using OnLine = std::function<void(std::string_view line)>;

// `words`: the command and its arguments. `progress` is given what a long command says before its answer.
// nullopt when no server listens there.
std::optional<Reply> find_and_call(const std::filesystem::path& socket, const std::vector<std::string>& words,
                                   const OnLine& progress = nullptr);

// The same; a server that cannot be reached gives a Reply that says so.
Reply call(const std::filesystem::path& socket, const std::vector<std::string>& words,
           const OnLine& progress = nullptr);

}  // namespace helio::server::admin
