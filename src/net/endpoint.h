// net/endpoint.h: an address and a port, and how people write them.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace helio::net {

using Endpoint = boost::asio::ip::tcp::endpoint;

// "127.0.0.1:4430", "[::1]:4430", "0.0.0.0:0" (port 0: the system chooses one). Names are not looked up: nullopt.
std::optional<Endpoint> parse_endpoint(std::string_view text);

// As parse_endpoint reads it.
std::string to_text(const Endpoint& endpoint);

}  // namespace helio::net
